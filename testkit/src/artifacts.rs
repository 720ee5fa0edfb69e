//! Artifacts in a folder of the test's own, kept in the plainest way.

use async_trait::async_trait;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use troupe_core::artifact::{Artifact, Given};
use troupe_core::port::artifact::{Artifacts, Found, Gathering};
use troupe_core::port::blob::Digest;
use troupe_core::port::{Error, ErrorKind};

/// Keeps sets for as long as it lives.
pub struct FolderArtifacts {
    folder: TempDir,
}

impl FolderArtifacts {
    /// Without any set.
    ///
    /// # Panics
    /// When there is no room for a folder.
    pub fn new() -> Self {
        Self {
            folder: TempDir::new().expect("a folder for a test"),
        }
    }
}

impl Default for FolderArtifacts {
    fn default() -> Self {
        Self::new()
    }
}

struct Gathered(TempDir);

impl Gathering for Gathered {
    fn folder(&self) -> &Path {
        self.0.path()
    }
}

/// Every file below a folder: its path from there on, and its content; folders have none.
///
/// # Panics
/// When something cannot be read.
pub fn contents(folder: &Path) -> Vec<(String, Option<Vec<u8>>)> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).expect("a folder that is there") {
            let entry = entry.expect("an entry").path();
            let path = entry.strip_prefix(folder).expect("it is below").display().to_string();
            let metadata = entry.symlink_metadata().expect("it is there");
            assert!(!metadata.is_symlink(), "{path} is a link");
            if metadata.is_dir() {
                found.push((path, None));
                open.push(entry);
            } else {
                found.push((path, Some(fs::read(entry).expect("a file"))));
            }
        }
    }
    found.sort();
    found
}

fn digest(contents: &[(String, Option<Vec<u8>>)]) -> Digest {
    let mut hasher = blake3::Hasher::new();
    for (path, content) in contents {
        hasher.update(format!("{path}\0{content:?}\0").as_bytes());
    }
    Digest(*hasher.finalize().as_bytes())
}

#[async_trait]
impl Artifacts for FolderArtifacts {
    async fn gather(&self) -> Result<Box<dyn Gathering>, Error> {
        let gathered = TempDir::new_in(self.folder.path()).map_err(fault)?;
        Ok(Box::new(Gathered(gathered)))
    }

    async fn keep(&self, gathered: Box<dyn Gathering>, found: Vec<Found>) -> Result<Given, Error> {
        let all = contents(gathered.folder());
        let set = digest(&all);
        copy(gathered.folder(), &self.folder.path().join(set.to_string())).map_err(fault)?;
        let files = found.into_iter().map(|found| {
            let below = format!("{}/", found.path);
            let own: Vec<_> = all
                .iter()
                .filter(|(path, _)| *path == found.path || path.starts_with(&below))
                .cloned()
                .collect();
            let sizes = own.iter().filter_map(|(_, content)| content.as_ref());
            let is_folder = own
                .iter()
                .any(|(path, content)| *path == found.path && content.is_none());
            Artifact {
                wanted: found.wanted,
                bytes: sizes.clone().map(|content| content.len() as u64).sum(),
                files: is_folder.then(|| sizes.count() as u64),
                hash: digest(&own),
                path: found.path,
            }
        });
        Ok(Given {
            set,
            files: files.collect(),
        })
    }

    async fn find(&self, set: &Digest) -> Result<Option<PathBuf>, Error> {
        let folder = self.folder.path().join(set.to_string());
        Ok(folder.is_dir().then_some(folder))
    }

    async fn show(&self, name: &str, sets: &[Digest]) -> Result<PathBuf, Error> {
        let view = self.folder.path().join(format!("view-{name}"));
        fs::create_dir_all(&view).map_err(fault)?;
        for set in sets {
            if let Some(folder) = self.find(set).await? {
                copy(&folder, &view.join(set.to_string())).map_err(fault)?;
            }
        }
        Ok(view)
    }

    async fn hide(&self, name: &str) -> Result<(), Error> {
        // One that is not there is no error.
        let _ = fs::remove_dir_all(self.folder.path().join(format!("view-{name}")));
        Ok(())
    }
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy(&entry.path(), &to)?,
            false => drop(fs::copy(entry.path(), to)?),
        }
    }
    Ok(())
}

fn fault(error: std::io::Error) -> Error {
    Error::new(ErrorKind::Storage, error.to_string())
}
