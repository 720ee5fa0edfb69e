//! Sandboxes in containers, by any engine that speaks Docker's API.

mod container;
mod create;
mod door;
mod execute;
mod fault;
mod images;
mod maker;
mod memory;
mod rooms;

pub use container::Container;
pub use images::Layer;
pub use rooms::Kept;
pub(crate) use rooms::is_within;

use crate::proxy::{Forwarder, Upstream};
use async_trait::async_trait;
use bollard::errors::Error as Backend;
use bollard::models::ContainerSummary;
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, CreateImageOptionsBuilder, ListContainersOptionsBuilder,
    RemoveContainerOptionsBuilder, RemoveImageOptionsBuilder,
};
use create::Base;
use door::{Door, WayOut};
use fault::Fault;
use futures_util::TryStreamExt as _;
use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;
use troupe_core::port::sandbox::{Blueprint, Leftover, Sandbox, SandboxEngine};
use troupe_core::port::{Error, ErrorKind};

/// What every container of Troupe is labelled with; its value is its owner.
const OWNER: &str = "troupe.owner";
/// Labels a container with the process that made it.
const MAKER: &str = "troupe.maker";
/// Labels a container with its own name. Labels go over to images, and from them to containers that others start:
/// those have other names.
const NAME: &str = "troupe.name";
/// Labels a container that stays with the run that it is kept for.
const RUN: &str = "troupe.run";
/// Labels a container that stays with its name: the run's, a `/`, and its own in the run.
const ROOM: &str = "troupe.room";
/// Labels a container that stays with the folder in which its run is kept.
const WORKSPACE: &str = "troupe.workspace";
/// Labels a container that stays with the image that was asked for: it may stand on another one.
const IMAGE: &str = "troupe.image";
/// Labels a container that stays with what cannot be changed in it.
const SHAPE: &str = "troupe.shape";
/// Labels a container that stays with the bytes of its own files that lie in its image.
const BELOW: &str = "troupe.below";

/// What `troupe` is called with to hand connections on in a sandbox.
pub const FORWARD: [&str; 2] = ["sandbox", "forward"];

/// How long an answer of the engine may take: committing an image of some gigabytes is the slowest.
const ANSWER: Duration = Duration::from_secs(900);

/// An engine that speaks Docker's API, such as Docker and Podman.
#[derive(Debug, Clone)]
pub struct Docker {
    client: bollard::Docker,
    fault: Fault,
    version: String,
    way: WayOut,
}

impl Docker {
    /// The engine at `DOCKER_HOST`, or at the usual socket.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub async fn connect() -> Result<Self, Error> {
        let host = std::env::var("DOCKER_HOST").ok().filter(|host| !host.is_empty());
        Self::connect_to(&host.unwrap_or_else(|| "unix:///var/run/docker.sock".to_owned())).await
    }

    /// The engine at an address such as `unix:///var/run/docker.sock` or `tcp://127.0.0.1:2375`.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub async fn connect_to(host: &str) -> Result<Self, Error> {
        let fault = Fault::at(host);
        let client = bollard::Docker::connect_with_host(host).map_err(|error| fault.unreachable(error))?;
        let client = client.with_timeout(ANSWER).negotiate_version().await;
        let client = client.map_err(|error| fault.unreachable(error))?;
        let version = client.version().await.map_err(|error| fault.unreachable(error))?;
        Ok(Self {
            client,
            fault,
            version: version.version.unwrap_or_else(|| "of no version".to_owned()),
            way: WayOut {
                forwarder: Forwarder::new(&FORWARD),
                upstream: Upstream::of_machine(),
            },
        })
    }

    /// With another way for sandboxes that may reach some hosts only: the program that is put into them, and the proxy
    /// that this machine goes through.
    pub fn reaching(self, forwarder: Forwarder, upstream: Upstream) -> Self {
        let way = WayOut { forwarder, upstream };
        Self { way, ..self }
    }

    /// The engine's version.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Why sandboxes that may reach some hosts only do not reach them, where the machine's own proxy is one that they
    /// cannot go through.
    pub fn barred(&self) -> Option<&str> {
        self.way.upstream.barred()
    }

    /// A container that runs.
    pub(crate) async fn start(&self, blueprint: &Blueprint) -> Result<Container, Error> {
        self.start_on(blueprint, &Base::of(blueprint)).await
    }

    async fn start_on(&self, blueprint: &Blueprint, base: &Base) -> Result<Container, Error> {
        let container = self.make(blueprint, base).await?;
        if let Err(error) = container.start().await {
            // What did not start is of no use to anybody.
            let _ = container.remove().await;
            return Err(error);
        }
        Ok(container)
    }

    async fn make(&self, blueprint: &Blueprint, base: &Base) -> Result<Container, Error> {
        let name = new_name();
        let door = Door::open(blueprint, &name, &self.way)?;
        let id = self.create_container(blueprint, base, &name, door.as_ref()).await?;
        Ok(self.container(id, blueprint, door, base.below))
    }

    /// Removes all sandboxes that this process has made, except for those that runs go on with.
    ///
    /// # Errors
    /// When the engine cannot list or remove them.
    pub async fn remove_own(&self) -> Result<(), Error> {
        let mut own = self.labelled(&format!("{MAKER}={}", maker::own())).await?;
        own.retain(|sandbox| !sandbox.labels.as_ref().is_some_and(|labels| labels.contains_key(RUN)));
        for sandbox in own {
            self.remove(&sandbox.id.unwrap_or_default()).await?;
        }
        Ok(())
    }

    /// Sandboxes with a label, running or not.
    pub(crate) async fn labelled(&self, label: &str) -> Result<Vec<ContainerSummary>, Error> {
        self.listed(label, false).await
    }

    async fn listed(&self, label: &str, with_sizes: bool) -> Result<Vec<ContainerSummary>, Error> {
        let filters = HashMap::from([("label".to_owned(), vec![label.to_owned()])]);
        let options = ListContainersOptionsBuilder::new();
        let options = options.all(true).size(with_sizes).filters(&filters).build();
        let found = self.client.list_containers(Some(options)).await;
        let mut found = found.map_err(|error| self.fault.of("cannot list sandboxes", error))?;
        found.retain(is_sandbox);
        Ok(found)
    }

    async fn pull(&self, image: &str) -> Result<(), Error> {
        let options = CreateImageOptionsBuilder::new().from_image(image).build();
        let pulled: Result<Vec<_>, Backend> = self.client.create_image(Some(options), None, None).try_collect().await;
        pulled.map(drop).map_err(|error| {
            let why = fault::words(&error);
            let message = format!("there is no image `{image}` here, and it cannot be pulled: {why}");
            Error::new(ErrorKind::Missing, message).caused_by(error)
        })
    }

    fn container(&self, id: String, blueprint: &Blueprint, door: Option<Door>, below: u64) -> Container {
        Container::new(self.client.clone(), self.fault.clone(), id, blueprint, door, below)
    }

    async fn create_container(
        &self,
        blueprint: &Blueprint,
        base: &Base,
        name: &str,
        door: Option<&Door>,
    ) -> Result<String, Error> {
        let mounts = door.map_or(&[][..], Door::mounts);
        let options = || Some(CreateContainerOptionsBuilder::new().name(name).build());
        let body = || create::body(blueprint, base, name, mounts);
        let mut created = self.client.create_container(options(), body()).await;
        if created.as_ref().is_err_and(fault::is_missing) {
            self.pull(&base.image).await?;
            created = self.client.create_container(options(), body()).await;
        }
        let created = created.map_err(|error| self.fault.of("cannot make a sandbox", error))?;
        Ok(created.id)
    }
}

#[async_trait]
impl SandboxEngine for Docker {
    async fn create(&self, blueprint: &Blueprint) -> Result<Box<dyn Sandbox>, Error> {
        Ok(Box::new(self.start(blueprint).await?))
    }

    async fn image(&self, name: &str) -> Result<Option<String>, Error> {
        match self.client.inspect_image(name).await {
            Ok(image) => Ok(image.id),
            Err(error) if fault::is_missing(&error) => Ok(None),
            Err(error) => Err(self.fault.of("cannot look for an image", error)),
        }
    }

    async fn image_bytes(&self, name: &str) -> Result<Option<u64>, Error> {
        self.whole(name).await
    }

    async fn remove_image(&self, name: &str) -> Result<(), Error> {
        let options = RemoveImageOptionsBuilder::new().build();
        match self.client.remove_image(name, Some(options), None).await {
            Err(error) if fault::is_conflict(&error) => {
                let message = format!("`{name}` is in use by a container");
                Err(Error::new(ErrorKind::Conflict, message).caused_by(error))
            }
            Err(error) if !fault::is_missing(&error) => Err(self.fault.of("cannot remove an image", error)),
            _ => Ok(()),
        }
    }

    async fn leftovers(&self) -> Result<Vec<Leftover>, Error> {
        let found = self.labelled(OWNER).await?;
        let left = found.into_iter().filter_map(|container| {
            let labels = container.labels.unwrap_or_default();
            let maker = labels.get(MAKER).map_or("", String::as_str);
            let is_left = !labels.contains_key(RUN) && !maker::lives(maker);
            is_left.then(|| Leftover {
                id: container.id.unwrap_or_default(),
                owner: labels.get(OWNER).cloned().unwrap_or_default(),
                image: container.image.unwrap_or_default(),
                process: maker::process(maker),
            })
        });
        Ok(left.collect())
    }

    async fn remove(&self, id: &str) -> Result<(), Error> {
        remove(&self.client, &self.fault, id).await
    }
}

/// A name for a container that nobody else has, with the process that makes it.
fn new_name() -> String {
    format!("troupe-{}-{:016x}", std::process::id(), RandomState::new().hash_one(0))
}

/// Whether Troupe made a container.
fn is_sandbox(container: &ContainerSummary) -> bool {
    let name = container.labels.as_ref().and_then(|labels| labels.get(NAME));
    let names = container.names.iter().flatten();
    name.is_some_and(|name| names.map(|it| it.trim_start_matches('/')).any(|it| it == name))
}

/// Ends everything in a container and removes it with its volumes.
async fn remove(client: &bollard::Docker, fault: &Fault, id: &str) -> Result<(), Error> {
    let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
    match client.remove_container(id, Some(options)).await {
        Err(error) if fault::is_missing(&error) || fault::is_conflict(&error) => Ok(()),
        removed => removed.map_err(|error| fault.of("cannot remove a sandbox", error)),
    }
}

#[cfg(test)]
pub(crate) mod tests;
