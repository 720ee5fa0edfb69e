//! Builders: what they are given and what they give. The loop itself is in `job`.

use super::Snapshot;
use super::attempt::Attempt;
use super::instance::Instance;
use super::job::Job;
use super::moment::Moment;
use super::plan::Made;
use super::script::FOLDER;
use super::verdict::{Lists, TestRun, Verdict};
use super::{pack, source};
use crate::error::Error;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use troupe_core::port::pool::{Environment, EnvironmentPool, Usage};
use troupe_core::port::sandbox::{Blueprint, Listener, Mount, Network, Resources, Rights, SandboxEngine};

/// Images of environments are named `troupe-env/INSTANCE:HASH`.
pub const REPOSITORY: &str = "troupe-env";

/// How the owners of sandboxes of builders begin; images carry them on.
pub const OWNER: &str = "environment ";

/// How environments are built.
#[derive(Debug, Clone)]
pub struct Options {
    /// The image that they start from.
    pub base: String,
    /// What is seen inside, such as certificates.
    pub mounts: Vec<Mount>,
    /// Environment variables inside.
    pub env: BTreeMap<String, String>,
    /// What a sandbox may use.
    pub resources: Resources,
    /// Attempts from scratch (the paper's experiments: 5).
    pub attempts: u32,
    /// Times that each state is tested: a test that is now so and now so shows with two.
    pub repeats: u32,
    /// How long a setup may take.
    pub setup_timeout: Duration,
    /// How long one run of the tests may take.
    pub test_timeout: Duration,
    /// Whether verified environments of the same repository are used.
    pub reuse: bool,
    /// Where the builder works: written on what it makes in an engine that others share.
    pub place: String,
}

/// How an environment was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Path {
    /// From the base image.
    Scratch,
    /// A verified one does as it is.
    Unchanged,
    /// A verified one, with a script run in it.
    Patched,
}

/// What came of an instance.
#[derive(Debug, Clone)]
pub struct Built {
    /// The verdict of the last check; none where nothing could be checked.
    pub verdict: Option<Verdict>,
    /// Why it ended so, in a sentence.
    pub reason: String,
    /// The environment, where it is verified.
    pub environment: Option<Environment>,
    /// How it was found.
    pub path: Path,
    /// All that was tried.
    pub attempts: Vec<Attempt>,
    /// Tests by how they ended.
    pub lists: Lists,
    /// The last runs before the fix and after it.
    pub runs: Option<(TestRun, TestRun)>,
    /// Milliseconds that all of it took.
    pub duration_ms: u64,
    /// What its sandboxes used.
    pub usage: Usage,
}

/// Builds environments.
pub struct Builder {
    /// Where sandboxes are.
    pub engine: Arc<dyn SandboxEngine>,
    /// Verified environments.
    pub pool: Arc<dyn EnvironmentPool>,
    /// How.
    pub options: Options,
    /// The time, in milliseconds since the Unix epoch.
    pub now_ms: fn() -> u64,
}

impl Builder {
    /// Builds the environment of an instance, or says why there is none.
    ///
    /// # Errors
    /// When its sources cannot be had, or the engine or the pool fails: that says nothing about the repository.
    pub async fn build(&self, instance: &Instance, listener: &mut dyn Listener) -> Result<Built, Error> {
        let began = Instant::now();
        let folder = tempfile::tempdir().map_err(Error::at("a folder for sources"))?;
        let made = source::fetch(&instance.source, folder.path()).await?;
        let told = Moment::read(&instance.created_at);
        let made = told.map_or(made, Made::At);
        // Which environment is nearest is decided by the same time.
        let dated = match made {
            Made::At(moment) if told.is_none() => Some(Instance {
                created_at: moment.to_string(),
                ..instance.clone()
            }),
            _ => None,
        };
        let instance = dated.as_ref().unwrap_or(instance);
        let snapshot = Snapshot::open(folder.path()).map_err(Error::at(folder.path()))?;
        let archive = pack::folder(folder.path()).map_err(Error::at(folder.path()))?;
        let mut built = Job::new(self, instance, (snapshot, made), archive)
            .run(listener)
            .await?;
        built.duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        if let Some(environment) = &built.environment {
            self.pool.add(environment).await?;
        }
        Ok(built)
    }

    pub(super) fn blueprint(&self, image: &str, instance: &str) -> Blueprint {
        Blueprint {
            network: Network::All,
            rights: Rights::Install,
            resources: self.options.resources,
            mounts: self.options.mounts.clone(),
            env: self.options.env.clone(),
            ..Blueprint::new(image, FOLDER, owner(instance, &self.options.place))
        }
    }
}

/// Whom a sandbox for an instance belongs to: so begins [`OWNER`], and the place stands at the end.
fn owner(instance: &str, place: &str) -> String {
    format!("{OWNER}{instance}{}", of_place(place))
}

/// How the owners of a place end.
pub fn of_place(place: &str) -> String {
    format!(" of {place}")
}

impl Built {
    /// Nothing was built, for this reason.
    pub(super) fn failed(reason: impl Into<String>) -> Self {
        Self {
            verdict: None,
            reason: reason.into(),
            environment: None,
            path: Path::Scratch,
            attempts: Vec::new(),
            lists: Lists::default(),
            runs: None,
            duration_ms: 0,
            usage: Usage::default(),
        }
    }
}

#[cfg(test)]
mod tests;
