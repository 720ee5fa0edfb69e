//! What one sandbox has, in another one: as an image, and by what lies outside of it.

use super::{FROM, Kept};
use crate::docker::container::{Container, kill, size_of};
use crate::docker::create::Base;
use crate::docker::{Docker, fault, new_name};
use crate::proxy::StandIn;
use bollard::models::ContainerConfig;
use bollard::query_parameters::{
    CommitContainerOptionsBuilder, DownloadFromContainerOptionsBuilder, InspectContainerOptions,
    UploadToContainerOptionsBuilder,
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use troupe_core::port::room::Found;
use troupe_core::port::sandbox::{Blueprint, Deaf, Execution, Sandbox as _, SandboxEngine as _};
use troupe_core::port::{Error, ErrorKind};

/// Where images lie that sandboxes were turned into.
const SNAPSHOTS: &str = "troupe-room/";
/// Removes what is in a folder, names with a dot in front too.
const CLEAR: &str = "for it in \"$1\"/* \"$1\"/.[!.]* \"$1\"/..?*; do rm -rf -- \"$it\"; done";

impl Docker {
    /// The same room in a container as the blueprint wants it. The old one is there until the new one has its files.
    pub(super) async fn renewed(&self, old: &Kept, blueprint: &Blueprint) -> Result<(Container, Found), Error> {
        kill(&self.client, &old.id).await;
        let is_same_image = old.image == blueprint.image;
        let mut base = match is_same_image {
            true => self.snapshot(old).await?,
            false => Base::of(blueprint),
        };
        base.labels.push((FROM, old.id.clone()));
        let renewed = async {
            let new = self.start_on(blueprint, &base).await?;
            let filled = match is_same_image {
                true => self.filled(old, &new).await.map(|()| Found::Files),
                false => self.carried(old, &new, &blueprint.directory).await,
            };
            if filled.is_err() {
                let _ = new.remove().await;
            }
            filled.map(|found| (new, found))
        };
        match renewed.await {
            Ok(renewed) => {
                self.discard(old).await?;
                Ok(renewed)
            }
            Err(error) => {
                let _ = self.forget_snapshot(&base.image).await;
                Err(error)
            }
        }
    }

    /// A sandbox's files as an image that is named after nobody.
    pub(super) async fn snapshot(&self, kept: &Kept) -> Result<Base, Error> {
        let own = size_of(&self.client, &kept.id).await;
        let repository = format!("{SNAPSHOTS}{}", new_name());
        let options = CommitContainerOptionsBuilder::new();
        let options = options.container(&kept.id).repo(&repository).tag("kept").pause(true);
        let committed = self
            .client
            .commit_container(options.build(), ContainerConfig::default())
            .await;
        committed.map_err(|error| self.fault.of("cannot keep the files of a sandbox", error))?;
        Ok(Base {
            image: format!("{repository}:kept"),
            labels: Vec::new(),
            below: kept.below + own.unwrap_or(0),
        })
    }

    /// Removes an image of a sandbox, unless a container stands on it.
    pub(super) async fn forget_snapshot(&self, image: &str) -> Result<(), Error> {
        let local = image.strip_prefix("localhost/").unwrap_or(image);
        if !local.starts_with(SNAPSHOTS) {
            return Ok(());
        }
        match self.remove_image(image).await {
            Err(error) if error.kind == ErrorKind::Conflict => Ok(()),
            removed => removed,
        }
    }

    /// Fills a container that was made of another one's files with what lies outside of those: in volumes, which an
    /// image may declare.
    pub(super) async fn filled(&self, old: &Kept, new: &Container) -> Result<(), Error> {
        let found = self
            .client
            .inspect_container(&old.id, None::<InspectContainerOptions>)
            .await;
        let found = found.map_err(|error| self.fault.of("cannot look at a sandbox", error))?;
        let mounts = found.mounts.unwrap_or_default().into_iter();
        let volumes = mounts.filter(|mount| mount.typ.as_deref() == Some("volume"));
        for path in volumes.filter_map(|mount| mount.destination) {
            self.carried(old, new, &path).await?;
        }
        Ok(())
    }

    /// Puts a folder of one container in the place of the same folder of another one.
    async fn carried(&self, old: &Kept, new: &Container, folder: &str) -> Result<Found, Error> {
        if folder.trim_matches('/').is_empty() {
            return Ok(Found::Nothing);
        }
        let _folder = StandIn::of(&old.container)?;
        let options = DownloadFromContainerOptionsBuilder::new()
            .path(&format!("{folder}/."))
            .build();
        let mut pieces = Box::pin(self.client.download_from_container(&old.id, Some(options)));
        let first = match pieces.try_next().await {
            Ok(first) => first,
            Err(error) if fault::is_no_file(&error) => return Ok(Found::Nothing),
            Err(error) => return Err(self.fault.of(&format!("cannot take `{folder}`"), error)),
        };
        // Only what there is something for is cleared.
        let clear = Execution {
            arguments: ["sh", "-c", CLEAR, "sh", folder].map(str::to_owned).to_vec(),
            ..Execution::script("")
        };
        new.execute(clear, &mut Deaf).await?;
        let pieces = stream::iter(first.map(Ok)).chain(pieces.map_err(std::io::Error::other));
        let options = UploadToContainerOptionsBuilder::new().path(folder).build();
        let body = bollard::body_try_stream(pieces);
        let put = self.client.upload_to_container(&new.id, Some(options), body).await;
        put.map_err(|error| self.fault.of(&format!("cannot put files into `{folder}`"), error))?;
        Ok(Found::Directory)
    }
}
