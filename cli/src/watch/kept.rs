//! Files that are there for as long as they are needed, and for nobody else to read.

use anyhow::Context as _;
use std::path::{Path, PathBuf};

/// A file in a folder of its own, which only this user may enter. Dropping it removes both; what cannot be removed is
/// left to whoever cleans the folder of temporary files.
pub(super) struct Kept {
    folder: tempfile::TempDir,
    path: PathBuf,
}

impl Kept {
    /// A file with a text in it.
    pub(super) fn new(name: &str, text: &str) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("troupe-").tempdir();
        let folder = folder.context("there is no place for a file")?;
        let path = folder.path().join(name);
        std::fs::write(&path, text).context("the text cannot be written to a file")?;
        Ok(Self { folder, path })
    }

    /// One more file beside it.
    pub(super) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn read(&self) -> std::io::Result<String> {
        std::fs::read_to_string(&self.path)
    }
}
