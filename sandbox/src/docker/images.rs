//! Images: the layers that they stand on, those that builders left behind, and one as an archive.

use super::{Docker, MAKER, OWNER, fault, maker};
use bollard::query_parameters::ListImagesOptionsBuilder;
use futures_util::{TryStreamExt as _, pin_mut};
use std::collections::HashMap;
use troupe_core::port::{Error, ErrorKind};

/// A layer of an image. Images that stand on the same layers share their room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// Names it together with all layers below it.
    pub id: String,
    /// Bytes of its files.
    pub bytes: u64,
}

impl Docker {
    /// The layers of an image, the lowest first; none where there is no such image.
    ///
    /// # Errors
    /// When the engine fails.
    pub async fn layers(&self, name: &str) -> Result<Option<Vec<Layer>>, Error> {
        let found = match self.client.inspect_image(name).await {
            Err(error) if fault::is_missing(&error) => return Ok(None),
            found => found.map_err(|error| self.fault.of("cannot look for an image", error))?,
        };
        let ids = found.root_fs.and_then(|it| it.layers).unwrap_or_default();
        let history = self.client.image_history(name).await;
        let history = history.map_err(|error| self.fault.of("cannot read the layers of an image", error))?;
        let sizes: Vec<u64> = history
            .iter()
            .filter_map(|step| u64::try_from(step.size).ok())
            .collect();
        Ok(Some(layers(&ids, &sizes)))
    }

    /// Bytes of an image with all that it stands on.
    pub(super) async fn whole(&self, name: &str) -> Result<Option<u64>, Error> {
        match self.client.inspect_image(name).await {
            Ok(image) => Ok(image.size.and_then(|size| u64::try_from(size).ok())),
            Err(error) if fault::is_missing(&error) => Ok(None),
            Err(error) => Err(self.fault.of("cannot look for an image", error)),
        }
    }

    /// The owner that the sandbox had which became an image; none where there is no such image, or no sandbox became it.
    ///
    /// # Errors
    /// When the engine fails.
    pub async fn image_owner(&self, name: &str) -> Result<Option<String>, Error> {
        match self.client.inspect_image(name).await {
            Ok(image) => Ok(image.config.and_then(|it| it.labels?.remove(OWNER))),
            Err(error) if fault::is_missing(&error) => Ok(None),
            Err(error) => Err(self.fault.of("cannot look for an image", error)),
        }
    }

    /// Names of images below `REPOSITORY/` whose makers are gone, with their owners as a sandbox of theirs had them.
    ///
    /// # Errors
    /// When the engine cannot list them.
    pub async fn left_images(&self, repository: &str) -> Result<Vec<(String, String)>, Error> {
        let filters = HashMap::from([("label".to_owned(), vec![MAKER.to_owned()])]);
        let options = ListImagesOptionsBuilder::new().filters(&filters).build();
        let found = self.client.list_images(Some(options)).await;
        let found = found.map_err(|error| self.fault.of("cannot list images", error))?;
        let mut left = Vec::new();
        for image in found {
            let label = |name: &str| image.labels.get(name).map(String::as_str).unwrap_or_default();
            if maker::lives(label(MAKER)) {
                continue;
            }
            let names = image.repo_tags.iter().filter_map(|name| named(name, repository));
            left.extend(names.map(|name| (name.to_owned(), label(OWNER).to_owned())));
        }
        left.sort();
        Ok(left)
    }

    /// An image as a tar archive, as `docker load` takes it in: each piece is handed on as it comes. Gives its bytes.
    ///
    /// # Errors
    /// When the engine fails, or a piece cannot be taken.
    pub async fn export(&self, name: &str, mut take: impl FnMut(&[u8]) -> std::io::Result<()>) -> Result<u64, Error> {
        let what = format!("cannot export `{name}`");
        let pieces = self.client.export_image(name);
        pin_mut!(pieces);
        let mut bytes = 0;
        while let Some(piece) = pieces.try_next().await.map_err(|error| self.fault.of(&what, error))? {
            let taken = take(&piece);
            taken.map_err(|error| Error::new(ErrorKind::Storage, format!("{what}: {error}")).caused_by(error))?;
            bytes += piece.len() as u64;
        }
        Ok(bytes)
    }
}

/// The name of an image below a repository. Podman puts a host before it: its own where an image was loaded, and that of
/// short names where one was made through Docker's API.
fn named<'a>(name: &'a str, repository: &str) -> Option<&'a str> {
    let below = |name: &str| name.strip_prefix(repository).is_some_and(|rest| rest.starts_with('/'));
    let mut hosts = ["localhost/", "docker.io/"].into_iter();
    let local = hosts.find_map(|host| name.strip_prefix(host)).unwrap_or(name);
    below(local).then_some(local)
}

/// Layers by their own ids, the lowest first, and the sizes of an image's steps, the newest first. A step that changed
/// no file may have no layer; those that a sandbox became are the uppermost, and always have one.
fn layers(ids: &[String], sizes: &[u64]) -> Vec<Layer> {
    let mut filled = sizes.iter().copied().filter(|size| *size > 0);
    let mut bytes: Vec<u64> = ids.iter().map(|_| filled.next().unwrap_or(0)).collect();
    bytes.reverse();
    let mut below = blake3::Hasher::new();
    let named = ids.iter().zip(bytes).map(|(id, bytes)| {
        below.update(id.as_bytes());
        let id = below.finalize().to_hex()[..16].to_owned();
        Layer { id, bytes }
    });
    named.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_is_named_with_what_is_below_it() {
        let ids = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let parent = layers(&ids(&["base", "a"]), &[20, 0, 300]);
        let child = layers(&ids(&["base", "a", "b"]), &[5, 20, 0, 300]);
        assert_eq!(child[..2], parent);
        assert_eq!(child.iter().map(|layer| layer.bytes).collect::<Vec<_>>(), [300, 20, 5]);
        let other = layers(&ids(&["other", "a"]), &[20, 300]);
        assert_ne!(other[1].id, parent[1].id);
    }

    #[test]
    fn only_images_of_the_repository_are_named() {
        let names = [
            "troupe-env/a:1",
            "localhost/troupe-env/a:1",
            "docker.io/troupe-env/a:1",
            "troupe-envy/a:1",
            "<none>:<none>",
        ];
        let found = names.map(|name| named(name, "troupe-env"));
        let same = Some("troupe-env/a:1");
        assert_eq!(found, [same, same, same, None, None]);
    }
}
