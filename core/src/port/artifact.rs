//! Files that runs keep, in sets, by what they contain.

use super::Error;
use super::blob::Digest;
use crate::artifact::Given;
use async_trait::async_trait;
use std::path::{Path, PathBuf};

/// A new folder of this machine in which files are gathered. Dropping it removes it with all that is in it.
pub trait Gathering: Send + Sync {
    /// Where it is.
    fn folder(&self) -> &Path;
}

/// Something that was gathered and fits a wanted path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    /// Which of the wanted paths, from 0.
    pub wanted: u32,
    /// Its path in the folder, with `/` between names.
    pub path: String,
}

/// Keeps sets of files of this machine. What `keep` returned for is durable, and nobody changes it.
#[async_trait]
pub trait Artifacts: Send + Sync {
    /// A folder to gather files in, of which a set is made.
    async fn gather(&self) -> Result<Box<dyn Gathering>, Error>;

    /// Keeps all that was gathered: regular files and folders alone. The same files twice are kept once.
    async fn keep(&self, gathered: Box<dyn Gathering>, found: Vec<Found>) -> Result<Given, Error>;

    /// Where a set lies on this machine; none where it is not here.
    async fn find(&self, set: &Digest) -> Result<Option<PathBuf>, Error>;

    /// Sees to it that sets which are here stand in a view, a folder that belongs to `name`, each under its hash, besides
    /// those that stand there already; gives the view.
    async fn show(&self, name: &str, sets: &[Digest]) -> Result<PathBuf, Error>;

    /// Removes a view. One that is not there is no error.
    async fn hide(&self, name: &str) -> Result<(), Error>;
}
