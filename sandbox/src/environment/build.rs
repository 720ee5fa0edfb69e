//! Builders: what they are given and what they give. The loop itself is in `job`.

use super::attempt::Attempt;
use super::instance::Instance;
use super::job::Job;
use super::moment::Moment;
use super::plan::{Made, Plan};
use super::results::Runner;
use super::script::FOLDER;
use super::verdict::{Lists, TestRun, Verdict};
use super::witness::Witness;
use super::{Snapshot, pack, source};
use crate::error::Error;
use crate::held::Pending;
use crate::places::Equipment;
use std::sync::Arc;
use std::time::{Duration, Instant};
use troupe_core::port::build::BuildEvent;
use troupe_core::port::pool::{Environment, EnvironmentPool, Usage};
use troupe_core::port::sandbox::{Blueprint, Listener, Network, Resources, Rights, SandboxEngine};

/// Images of environments are named `troupe-env/INSTANCE:HASH`.
pub const REPOSITORY: &str = "troupe-env";

/// What stands behind an instance's name in the name of an image that holds its sources and nothing else.
pub const SOURCES: &str = "-sources";

/// How the owners of sandboxes of builders begin; images carry them on.
pub const OWNER: &str = "environment ";

/// The image that environments start from that are told nothing else.
pub const BASE_IMAGE: &str = "debian:bookworm";
/// Attempts from scratch (the paper's experiments: 5).
pub const ATTEMPTS: u32 = 5;
/// Times that each state is tested: a test that is now so and now so shows with two.
pub const REPEATS: u32 = 2;
/// Seconds that a setup may take.
pub const SETUP_SECONDS: u64 = 3_600;
/// Seconds that one run of the tests may take.
pub const TEST_SECONDS: u64 = 1_800;

/// How environments are built.
#[derive(Debug, Clone)]
pub struct Options {
    /// The image that they start from.
    pub base: String,
    /// What is seen inside, such as certificates, and environment variables.
    pub equipment: Equipment,
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
    /// Whether somebody who makes another plan wants to look at the sources.
    pub keep_sources: bool,
    /// Where the builder works: in the names of what it makes in an engine that others share, and written on it.
    pub place: String,
}

impl Options {
    /// Environments that start from `base`, with the certificates that this machine trusts, as `troupe env build` makes
    /// them that is told nothing else.
    pub fn of_machine(base: impl Into<String>, place: impl Into<String>) -> Self {
        Self {
            base: base.into(),
            equipment: Equipment::of_machine(),
            resources: Resources::default(),
            attempts: ATTEMPTS,
            repeats: REPEATS,
            setup_timeout: Duration::from_secs(SETUP_SECONDS),
            test_timeout: Duration::from_secs(TEST_SECONDS),
            reuse: true,
            keep_sources: false,
            place: place.into(),
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
    /// An image that holds the sources and nothing else, where [`Options::keep_sources`] asks for it and another plan
    /// might do.
    pub sources: Option<String>,
    /// Milliseconds that all of it took.
    pub duration_ms: u64,
    /// What its sandboxes used.
    pub usage: Usage,
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
    /// Where its sandboxes are waited for when nobody waits for what they do.
    pub pending: Pending,
    /// How.
    pub options: Options,
    /// The key of the effect that asked for what it builds, where a run did.
    pub asked_by: Option<String>,
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
        let mut witness = Witness::new(listener, self.pool.record((self.now_ms)()), self.now_ms);
        witness.note(BuildEvent::Begun {
            instance: instance.id.clone(),
            repository: instance.repository.clone(),
            asked_by: self.asked_by.clone(),
            attempts: given.map_or(self.options.attempts, |_| 1),
        });
        let built = self.built(instance, given, &mut witness).await;
        witness.over(built.as_ref().map(|built| {
            let image = built.environment.as_ref().map(|environment| environment.image.clone());
            (image, built.reason.clone())
        }));
        let mut built = built?;
        built.duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(built)
    }

    async fn built(
        &self,
        instance: &Instance,
        given: Option<&Given>,
        witness: &mut Witness<'_>,
    ) -> Result<Built, Error> {
        let files = files(instance).await?;
        let dated = dated(instance, files.made);
        let instance = dated.as_ref().unwrap_or(instance);
        let built = Job::new(self, instance, given, files).run(witness).await?;
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
            mounts: self.options.equipment.mounts.clone(),
            env: self.options.equipment.env.clone(),
            ..Blueprint::new(image, FOLDER, owner(instance, &self.options.place))
        }
    }
}

/// The sources of an instance.
pub(super) struct Files {
    pub(super) snapshot: Snapshot,
    /// When they were made.
    pub(super) made: Made,
    /// All of them.
    pub(super) archive: Vec<u8>,
}

async fn files(instance: &Instance) -> Result<Files, Error> {
    let folder = tempfile::tempdir().map_err(Error::at("a folder for sources"))?;
    let made = source::fetch(&instance.source, folder.path()).await?;
    let told = Moment::read(&instance.created_at);
    Ok(Files {
        snapshot: Snapshot::open(folder.path()).map_err(Error::at(folder.path()))?,
        made: told.map_or(made, Made::At),
        archive: pack::folder(folder.path()).map_err(Error::at(folder.path()))?,
    })
}

/// The instance with the time of its sources, where it has none of its own: which environment is nearest is decided by
/// that.
fn dated(instance: &Instance, made: Made) -> Option<Instance> {
    match made {
        Made::At(moment) if Moment::read(&instance.created_at).is_none() => Some(Instance {
            created_at: moment.to_string(),
            ..instance.clone()
        }),
        _ => None,
    }
}

impl Given {
    pub(super) fn plan(&self) -> Plan {
        Plan {
            setup: self.setup.clone(),
            test: self.test.clone(),
            runner: self.runner,
            reasons: vec!["the plan was given".to_owned()],
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

/// The place at which the image of an environment was made for an instance, by the owner that its sandbox had.
pub fn place_of<'a>(owner: &'a str, instance: &str) -> Option<&'a str> {
    owner.strip_prefix(OWNER)?.strip_prefix(instance)?.strip_prefix(" of ")
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
            sources: None,
            duration_ms: 0,
            usage: Usage::default(),
        }
    }
}

#[cfg(test)]
mod tests;
