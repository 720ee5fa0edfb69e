//! Verified environments, kept for the next commit of their repositories.

use super::Error;
use super::build::BuildRecord;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A verified environment and how it came to be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    /// When another one last grew from it, or it was last verified again; 0 where neither ever happened.
    #[serde(default)]
    pub used_at_ms: u64,
    /// What verified it; none of one that was kept before this was noted.
    #[serde(default)]
    pub check: Option<Check>,
    /// What building and verifying it took.
    #[serde(default)]
    pub usage: Usage,
}

impl Environment {
    /// When it was last of use, in milliseconds since the Unix epoch.
    pub fn last_used_ms(&self) -> u64 {
        self.at_ms.max(self.used_at_ms)
    }
}

/// What verified an environment, so that it can be verified again and handed on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// The patch with the tests.
    pub test_patch: String,
    /// The patch with the fix.
    pub fix_patch: String,
    /// The command that runs the tests.
    pub test: String,
    /// What prints their results.
    pub runner: String,
    /// The verdict.
    pub verdict: String,
    /// Tests that the fix mends.
    pub fail_to_pass: Vec<String>,
    /// Tests that it leaves passing.
    pub pass_to_pass: Vec<String>,
    /// The instance's fields, as they came.
    pub record: Map<String, Value>,
}

/// What sandboxes used, as far as their engine and the kernel tell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// The most memory that one of them had at a time, with the kernel's cache of files.
    pub peak_memory_bytes: Option<u64>,
    /// Milliseconds of processors, all together.
    pub processor_ms: Option<u64>,
    /// What the image has above the one that it grew from.
    pub image_bytes: Option<u64>,
}

impl Usage {
    /// Takes in what another sandbox used.
    pub fn add(&mut self, other: Self) {
        let sum = |one: Option<u64>, other: Option<u64>| match (one, other) {
            (Some(one), Some(other)) => Some(one.saturating_add(other)),
            (one, other) => one.or(other),
        };
        self.peak_memory_bytes = self.peak_memory_bytes.max(other.peak_memory_bytes);
        self.processor_ms = sum(self.processor_ms, other.processor_ms);
        self.image_bytes = sum(self.image_bytes, other.image_bytes);
    }
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

    /// Where a build that begins is taken down while it is at work, at this time in milliseconds since the Unix epoch.
    fn record(&self, at_ms: u64) -> Box<dyn BuildRecord>;
}
