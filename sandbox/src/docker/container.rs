//! One container.

use super::door::Door;
use super::execute::execute;
use super::fault::Fault;
use async_trait::async_trait;
use bollard::models::ContainerConfig;
use bollard::query_parameters::{
    CommitContainerOptionsBuilder, DownloadFromContainerOptionsBuilder, InspectContainerOptionsBuilder,
    KillContainerOptionsBuilder, StartContainerOptions, UploadToContainerOptionsBuilder,
};
use futures_util::StreamExt as _;
use std::sync::atomic::AtomicU64;
use troupe_core::port::Error;
use troupe_core::port::sandbox::{Blueprint, Ended, Execution, Listener, Pieces, Sandbox};

/// A running container.
#[derive(Debug)]
pub struct Container {
    pub(super) client: bollard::Docker,
    pub(super) fault: Fault,
    pub(super) id: String,
    /// Environment variables of its commands: given with each, since those of a container become its image's.
    pub(super) env: Vec<String>,
    /// Bytes of its own files that lie in its image: it goes on from another one's.
    pub(super) below: u64,
    /// Bytes that its own files may take.
    pub(super) disk_bytes: Option<u64>,
    /// Processes that the kernel has killed for want of memory, as far as is known.
    pub(super) killed: AtomicU64,
    /// Its way to listed hosts, where it has one.
    pub(super) door: Option<Door>,
}

impl Container {
    pub(super) fn new(
        client: bollard::Docker,
        fault: Fault,
        id: String,
        blueprint: &Blueprint,
        door: Option<Door>,
        below: u64,
    ) -> Self {
        Self {
            client,
            fault,
            id,
            below,
            env: blueprint
                .env
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .chain(door.iter().flat_map(Door::variables))
                .collect(),
            disk_bytes: blueprint.resources.disk_mb.map(|mebibytes| u64::from(mebibytes) << 20),
            killed: AtomicU64::new(0),
            door,
        }
    }

    pub(super) async fn start(&self) -> Result<(), Error> {
        let started = self
            .client
            .start_container(&self.id, None::<StartContainerOptions>)
            .await;
        started.map_err(|error| self.fault.of("cannot start a sandbox", error))
    }

    /// Bytes that its own files take now.
    pub(super) async fn size(&self) -> Option<u64> {
        let size = size_of(&self.client, &self.id).await;
        size.map(|size| size + self.below)
    }
}

/// Bytes of the files of a container that do not lie in its image.
pub(super) async fn size_of(client: &bollard::Docker, id: &str) -> Option<u64> {
    let options = InspectContainerOptionsBuilder::new().size(true).build();
    let container = client.inspect_container(id, Some(options)).await.ok()?;
    container.size_rw.and_then(|size| u64::try_from(size).ok())
}

/// Ends all that runs in a container, and the container with it. One that is not running has ended by itself.
pub(super) async fn kill(client: &bollard::Docker, id: &str) {
    let options = KillContainerOptionsBuilder::new().signal("KILL").build();
    let _ = client.kill_container(id, Some(options)).await;
}

#[async_trait]
impl Sandbox for Container {
    fn id(&self) -> &str {
        &self.id
    }

    async fn execute(&self, execution: Execution, listener: &mut dyn Listener) -> Result<Ended, Error> {
        execute(self, execution, listener).await
    }

    async fn put(&self, folder: &str, archive: Vec<u8>) -> Result<(), Error> {
        let options = UploadToContainerOptionsBuilder::new().path(folder).build();
        let body = bollard::body_full(archive.into());
        let put = self.client.upload_to_container(&self.id, Some(options), body).await;
        put.map_err(|error| self.fault.of(&format!("cannot put files into `{folder}`"), error))
    }

    fn take(&self, path: &str) -> Pieces<'_> {
        let options = DownloadFromContainerOptionsBuilder::new().path(path).build();
        let pieces = self.client.download_from_container(&self.id, Some(options));
        let path = path.to_owned();
        Box::pin(pieces.map(move |piece| {
            let piece = piece.map(|piece| piece.to_vec());
            piece.map_err(|error| self.fault.of(&format!("cannot take `{path}`"), error))
        }))
    }

    async fn changes(&self) -> Result<Vec<String>, Error> {
        let changes = self.client.container_changes(&self.id).await;
        let changes = changes.map_err(|error| self.fault.of("cannot list what has changed", error))?;
        Ok(changes
            .unwrap_or_default()
            .into_iter()
            .map(|change| change.path)
            .collect())
    }

    async fn commit(&self, name: &str) -> Result<String, Error> {
        let (repository, tag) = name.rsplit_once(':').unwrap_or((name, "latest"));
        let options = CommitContainerOptionsBuilder::new()
            .container(&self.id)
            .repo(repository)
            .tag(tag)
            .pause(true)
            .build();
        // What waits in a sandbox is not what waits in a container that somebody starts from the image.
        let config = ContainerConfig {
            entrypoint: Some(Vec::new()),
            cmd: Some(vec!["/bin/bash".to_owned()]),
            ..ContainerConfig::default()
        };
        let committed = self.client.commit_container(options, config).await;
        let committed = committed.map_err(|error| self.fault.of(&format!("cannot keep `{name}`"), error))?;
        // Podman leaves the kind of digest out here, and nowhere else.
        Ok(match committed.id.contains(':') {
            true => committed.id,
            false => format!("sha256:{}", committed.id),
        })
    }

    /// Ends it whole, whatever hides from its parent, and starts it again.
    async fn halt(&self) -> Result<(), Error> {
        kill(&self.client, &self.id).await;
        self.killed.store(0, std::sync::atomic::Ordering::Relaxed);
        self.start().await
    }

    async fn remove(&self) -> Result<(), Error> {
        super::remove(&self.client, &self.fault, &self.id).await
    }
}
