//! Verified environments, kept for the next commit of their repositories.

use super::Error;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// A verified environment and how it came to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// The image's name: no two environments have the same.
    pub image: String,
    /// The image's digest.
    pub digest: String,
    /// The instance that it was built for.
    pub instance: String,
    /// The repository: environments are used again for the same one only.
    pub repository: String,
    /// The repository's version; empty where none is known.
    pub version: String,
    /// When the commit was made (ISO 8601); empty where it is not known.
    pub created_at: String,
    /// The language.
    pub language: String,
    /// The image that all began with.
    pub base: String,
    /// The image of the environment that this one grew from.
    pub parent: Option<String>,
    /// The script that set up the first of its line.
    pub setup: String,
    /// The script that made it from its parent; none where the parent did as it was.
    pub delta: Option<String>,
    /// The script that runs the tests.
    pub evaluation: String,
    /// When it was verified, in milliseconds since the Unix epoch.
    pub at_ms: u64,
}

/// Keeps verified environments. Losing one costs a build and nothing else.
#[async_trait]
pub trait EnvironmentPool: Send + Sync {
    /// Keeps an environment in place of one of the same image.
    async fn add(&self, environment: &Environment) -> Result<(), Error>;

    /// Those of a repository, or all; the newest first.
    async fn list(&self, repository: Option<&str>) -> Result<Vec<Environment>, Error>;

    /// Forgets the environment of an image. One that is not there is no error.
    async fn forget(&self, image: &str) -> Result<(), Error>;
}
