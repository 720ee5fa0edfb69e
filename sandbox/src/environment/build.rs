//! Builders: what they are given and what they give. The loop itself is in `job`.

use super::attempt::Attempt;
use super::instance::Instance;
use super::job::Job;
use super::plan::Plan;
use super::results::Runner;
use super::script::FOLDER;
use super::verdict::{Lists, TestRun, Verdict};
use super::{Language, Snapshot, pack, source};
use crate::certificates;
use crate::error::Error;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use troupe_core::port::pool::{Environment, EnvironmentPool};
use troupe_core::port::sandbox::{Blueprint, Listener, Mount, Network, Resources, Rights, SandboxEngine};

/// Images of environments are named `troupe-env/INSTANCE:HASH`.
pub const REPOSITORY: &str = "troupe-env";

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
}

impl Options {
    /// Environments that start from `base`, with the certificates that this machine trusts, as `troupe env build` makes
    /// them that is told nothing else.
    pub fn of_machine(base: impl Into<String>) -> Self {
        let file = certificates::of_machine();
        Self {
            base: base.into(),
            mounts: file.iter().map(|file| certificates::mount(file)).collect(),
            env: file.iter().flat_map(|_| certificates::variables()).collect(),
            resources: Resources::default(),
            attempts: 5,
            repeats: 2,
            setup_timeout: Duration::from_secs(3_600),
            test_timeout: Duration::from_secs(1_800),
            reuse: true,
        }
    }
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
    /// Whether a patch does not apply, which no plan can mend.
    pub is_unapplied: bool,
    /// Milliseconds that all of it took.
    pub duration_ms: u64,
}

/// A plan that somebody has made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// As [`Plan::setup`].
    pub setup: String,
    /// As [`Plan::test`].
    pub test: String,
    /// What prints the results of the tests.
    pub runner: Runner,
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
        self.build_as(instance, None, listener).await
    }

    /// The same by the one plan that is given, if there is one.
    ///
    /// # Errors
    /// As [`Builder::build`].
    pub async fn build_as(
        &self,
        instance: &Instance,
        given: Option<&Given>,
        listener: &mut dyn Listener,
    ) -> Result<Built, Error> {
        let began = Instant::now();
        let files = files(instance).await?;
        let mut built = Job::new(self, instance, given, files).run(listener).await?;
        built.duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        if let Some(environment) = &built.environment {
            self.pool.add(environment).await?;
        }
        Ok(built)
    }

    /// The name of an image that holds the sources of an instance and nothing else: for somebody to look at.
    ///
    /// # Errors
    /// As [`Builder::build`].
    pub async fn sources(&self, instance: &Instance, listener: &mut dyn Listener) -> Result<String, Error> {
        let files = files(instance).await?;
        Job::new(self, instance, None, files).sources(listener).await
    }

    pub(super) fn blueprint(&self, image: &str, instance: &Instance) -> Blueprint {
        Blueprint {
            network: Network::All,
            rights: Rights::Install,
            resources: self.options.resources,
            mounts: self.options.mounts.clone(),
            env: self.options.env.clone(),
            ..Blueprint::new(image, FOLDER, format!("environment {}", instance.id))
        }
    }
}

/// The sources of an instance, and as an archive.
async fn files(instance: &Instance) -> Result<(Snapshot, Vec<u8>), Error> {
    let folder = tempfile::tempdir().map_err(Error::at("a folder for sources"))?;
    source::fetch(&instance.source, folder.path()).await?;
    let snapshot = Snapshot::open(folder.path()).map_err(Error::at(folder.path()))?;
    let archive = pack::folder(folder.path()).map_err(Error::at(folder.path()))?;
    Ok((snapshot, archive))
}

impl Given {
    pub(super) fn plan(&self, language: Language) -> Plan {
        Plan {
            language,
            setup: self.setup.clone(),
            test: self.test.clone(),
            runner: self.runner,
            reasons: vec!["the plan was given".to_owned()],
        }
    }
}

impl Built {
    /// Whether another plan might do: there is no verdict about the repository yet.
    pub fn is_mendable(&self) -> bool {
        let undecided = matches!(self.verdict, None | Some(Verdict::FailToFail | Verdict::NoTests));
        undecided && !self.is_unapplied
    }

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
            is_unapplied: false,
            duration_ms: 0,
        }
    }
}

#[cfg(test)]
mod tests;
