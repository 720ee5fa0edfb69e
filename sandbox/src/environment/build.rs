//! Building: reuse first, then attempts from scratch, each ending in the same check.

use super::attempt::{Attempt, Checked, Step};
use super::check::{self, State, Unapplied};
use super::instance::Instance;
use super::plan::{self, Plan, Task};
use super::results::{self, Diagnosis, Failure, Stage};
use super::reuse;
use super::script::{self, FOLDER};
use super::verdict::{Lists, TestRun, Verdict};
use super::{Snapshot, pack, source};
use crate::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};
use troupe_core::port::pool::{Environment, EnvironmentPool};
use troupe_core::port::sandbox::{
    Blueprint, Deaf, Ended, Execution, Listener, Mount, Network, Resources, Rights, Sandbox, SandboxEngine,
};

/// Dependencies that are installed beside the sources: what of an older environment's folder is used again.
const INSTALLED: [&str; 4] = ["node_modules", "vendor", ".venv", "venv"];

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
    pub env: std::collections::BTreeMap<String, String>,
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

/// An instance on its way.
struct Job<'a> {
    builder: &'a Builder,
    instance: &'a Instance,
    snapshot: Snapshot,
    /// The sources as an archive.
    archive: Vec<u8>,
    attempts: Vec<Attempt>,
}

impl Builder {
    /// Builds the environment of an instance, or says why there is none.
    ///
    /// # Errors
    /// When its sources cannot be had, or the engine or the pool fails: that says nothing about the repository.
    pub async fn build(&self, instance: &Instance, listener: &mut dyn Listener) -> Result<Built, Error> {
        let began = Instant::now();
        let folder = tempfile::tempdir().map_err(Error::at("a folder for sources"))?;
        source::fetch(&instance.source, folder.path()).await?;
        let snapshot = Snapshot::open(folder.path()).map_err(Error::at(folder.path()))?;
        let archive = pack::folder(folder.path()).map_err(Error::at(folder.path()))?;
        let mut job = Job {
            builder: self,
            instance,
            snapshot,
            archive,
            attempts: Vec::new(),
        };
        let mut built = match job.from_pool(listener).await? {
            Some(built) => built,
            None => job.from_scratch(listener).await?,
        };
        built.attempts = job.attempts;
        built.duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        if let Some(environment) = &built.environment {
            self.pool.add(environment).await?;
        }
        Ok(built)
    }

    fn blueprint(&self, image: &str, instance: &Instance) -> Blueprint {
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

impl Job<'_> {
    /// The environment from one that was verified for another commit, if one serves.
    async fn from_pool(&mut self, listener: &mut dyn Listener) -> Result<Option<Built>, Error> {
        if !self.builder.options.reuse {
            return Ok(None);
        }
        let pool = self.builder.pool.list(Some(&self.instance.repository)).await?;
        let Ok(plan) = self.plan(&[]) else { return Ok(None) };
        for parent in reuse::candidates(self.instance, &self.builder.options.base, &pool) {
            if self.builder.engine.image(&parent.image).await?.is_none() {
                // Somebody has removed the image: what is left is a memory of it.
                self.builder.pool.forget(&parent.image).await?;
                continue;
            }
            if let Some(built) = self.from_parent(parent, &plan, listener).await? {
                return Ok(Some(built));
            }
        }
        Ok(None)
    }

    async fn from_parent(
        &mut self,
        parent: &Environment,
        plan: &Plan,
        listener: &mut dyn Listener,
    ) -> Result<Option<Built>, Error> {
        // First as it is, then with the plan's setup run in it: that finds most of its work done.
        for delta in [None, Some(plan.setup.as_str())] {
            let step = if delta.is_some() { Step::Patch } else { Step::Probe };
            let image = self.image_name(&parent.digest, delta.unwrap_or_default());
            let grown = self
                .grow(&parent.image, &image, &script::emptied(&INSTALLED), delta, listener)
                .await?;
            if let Err(ended) = grown {
                self.note(step, plan, Some(self.diagnose(plan, Stage::Setup, &ended)));
                continue;
            }
            let checked = self.check(plan, &image, listener).await?;
            let serves = matches!(&checked, Ok(checked) if checked.verdict.is_verified());
            self.note(step, plan, None);
            if serves && let Ok(checked) = checked {
                let path = if delta.is_some() {
                    Path::Patched
                } else {
                    Path::Unchanged
                };
                return Ok(Some(
                    self.verified(checked, plan, &image, (path, Some(parent), delta))
                        .await?,
                ));
            }
            self.builder.engine.remove_image(&image).await?;
        }
        Ok(None)
    }

    async fn from_scratch(&mut self, listener: &mut dyn Listener) -> Result<Built, Error> {
        let base = self.builder.options.base.clone();
        let mut feedback: Vec<Diagnosis> = Vec::new();
        let mut last = failed("there was no attempt");
        for _ in 0..self.builder.options.attempts {
            let plan = match self.plan(&feedback) {
                Ok(plan) => plan,
                // What was found before says more than that nothing else is known.
                Err(why) if feedback.is_empty() => return Ok(failed(&why)),
                Err(_) => return Ok(last),
            };
            let image = self.image_name(&base, &plan.setup);
            if self.builder.engine.image(&image).await?.is_none() {
                let grown = self.grow(&base, &image, "", Some(&plan.setup), listener).await?;
                if let Err(ended) = grown {
                    let diagnosis = self.diagnose(&plan, Stage::Setup, &ended);
                    last = failed(&format!("the setup fails: {}", told(&diagnosis)));
                    self.note(Step::Setup, &plan, Some(diagnosis.clone()));
                    feedback.push(diagnosis);
                    continue;
                }
            }
            let checked = match self.check(&plan, &image, listener).await? {
                Ok(checked) => checked,
                Err(Unapplied { patch, why }) => {
                    self.note(Step::Check, &plan, None);
                    self.builder.engine.remove_image(&image).await?;
                    return Ok(failed(&format!("`{patch}` does not apply: {why}")));
                }
            };
            if checked.verdict.is_verified() {
                self.note(Step::Check, &plan, None);
                return self.verified(checked, &plan, &image, (Path::Scratch, None, None)).await;
            }
            self.builder.engine.remove_image(&image).await?;
            // Where time or disk ran out no other plan is known to need less.
            let spent = matches!(checked.after.failure, Some(Failure::Timeout | Failure::DiskFull));
            let again = !spent && matches!(checked.verdict, Verdict::FailToFail | Verdict::NoTests);
            let diagnosis = results::diagnose(plan.runner, Stage::Test, checked.after.code, &checked.after.log);
            last = unverified(checked, again.then_some(&diagnosis));
            self.note(Step::Check, &plan, again.then(|| diagnosis.clone()));
            if !again {
                return Ok(last);
            }
            feedback.push(diagnosis);
        }
        Ok(last)
    }

    fn plan(&self, feedback: &[Diagnosis]) -> Result<Plan, String> {
        let task = Task {
            snapshot: &self.snapshot,
            tests: &self.instance.tests,
            language: self.instance.language,
            feedback,
        };
        plan::plan(task).map_err(|unplanned| unplanned.to_string())
    }

    /// Makes an image: another one, the repository's files in its folder, and a setup script. Gives how the script
    /// ended where it failed.
    async fn grow(
        &self,
        from: &str,
        image: &str,
        before: &str,
        setup: Option<&str>,
        listener: &mut dyn Listener,
    ) -> Result<Result<(), Ended>, Error> {
        let blueprint = self.builder.blueprint(from, self.instance);
        let sandbox = self.builder.engine.create(&blueprint).await?;
        let grown = self.grow_in(&*sandbox, image, before, setup, listener).await;
        sandbox.remove().await?;
        grown
    }

    async fn grow_in(
        &self,
        sandbox: &dyn Sandbox,
        image: &str,
        before: &str,
        setup: Option<&str>,
        listener: &mut dyn Listener,
    ) -> Result<Result<(), Ended>, Error> {
        let emptied = sandbox.execute(Execution::script(before), &mut Deaf).await?;
        if !emptied.succeeded() {
            return Ok(Err(emptied));
        }
        sandbox.put(FOLDER, self.archive.clone()).await?;
        let scripts = [Some(script::repository()), setup.map(str::to_owned)];
        for text in scripts.into_iter().flatten() {
            let execution = Execution {
                stdin: Some(text.into_bytes()),
                timeout: Some(self.builder.options.setup_timeout),
                ..Execution::script(format!(
                    "cat > /tmp/setup.sh && cd {FOLDER} && exec bash /tmp/setup.sh </dev/null"
                ))
            };
            let ended = sandbox.execute(execution, listener).await?;
            if !ended.succeeded() {
                return Ok(Err(ended));
            }
        }
        sandbox.commit(image).await?;
        Ok(Ok(()))
    }

    /// Tests both states of an image: once after the fix, which tells most failures, then the rest.
    async fn check(
        &self,
        plan: &Plan,
        image: &str,
        listener: &mut dyn Listener,
    ) -> Result<Result<Checked, Unapplied>, Error> {
        let blueprint = self.builder.blueprint(image, self.instance);
        let engine = &*self.builder.engine;
        let (mut before, mut after) = (Vec::new(), Vec::new());
        for repeat in 0..self.builder.options.repeats.max(1) {
            for state in [State::After, State::Before] {
                let task = (self.instance, plan, state);
                let limits = (self.builder.options.test_timeout, &*nonce());
                let run = match check::run(engine, &blueprint, task, limits, listener).await? {
                    Ok(run) => run,
                    Err(unapplied) => return Ok(Err(unapplied)),
                };
                match state {
                    State::After => after.push(run),
                    State::Before => before.push(run),
                }
            }
            let hopeless = !after.iter().all(TestRun::passed) || before.iter().any(TestRun::passed);
            if hopeless && repeat == 0 {
                break;
            }
        }
        Ok(Ok(Checked::of(before, after)))
    }

    async fn verified(
        &self,
        checked: Checked,
        plan: &Plan,
        image: &str,
        (path, parent, delta): (Path, Option<&Environment>, Option<&str>),
    ) -> Result<Built, Error> {
        let digest = self.builder.engine.image(image).await?.unwrap_or_default();
        let environment = Environment {
            image: image.to_owned(),
            digest,
            instance: self.instance.id.clone(),
            repository: self.instance.repository.clone(),
            version: self.instance.version.clone(),
            created_at: self.instance.created_at.clone(),
            language: plan.language.name().to_owned(),
            base: parent.map_or(&self.builder.options.base, |parent| &parent.base).clone(),
            parent: parent.map(|parent| parent.image.clone()),
            setup: parent.map_or(&plan.setup, |parent| &parent.setup).clone(),
            delta: delta.map(str::to_owned),
            evaluation: script::evaluation(&self.instance.test_patch, &plan.test),
            at_ms: (self.builder.now_ms)(),
        };
        let reason = checked.verdict.to_string();
        Ok(Built {
            verdict: Some(checked.verdict),
            reason,
            environment: Some(environment),
            path,
            lists: checked.lists,
            runs: Some((checked.before, checked.after)),
            ..failed("")
        })
    }

    /// The same sources, begun with the same image and set up by the same script, are the same image: a build that
    /// was cut off finds what it had made.
    fn image_name(&self, from: &str, setup: &str) -> String {
        let mut hasher = blake3::Hasher::new();
        for part in [from.as_bytes(), setup.as_bytes(), self.archive.as_slice()] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        let hash = hasher.finalize().to_hex();
        format!("{REPOSITORY}/{}:{}", slug(&self.instance.id), &hash[..12])
    }

    fn diagnose(&self, plan: &Plan, stage: Stage, ended: &Ended) -> Diagnosis {
        let log = format!("{}\n{}", ended.stdout, ended.stderr);
        results::diagnose(plan.runner, stage, check::code(ended.reason), &log)
    }

    fn note(&mut self, step: Step, plan: &Plan, diagnosis: Option<Diagnosis>) {
        self.attempts.push(Attempt::of(step, plan, diagnosis));
    }
}

fn failed(reason: &str) -> Built {
    Built {
        verdict: None,
        reason: reason.to_owned(),
        environment: None,
        path: Path::Scratch,
        attempts: Vec::new(),
        lists: Lists::default(),
        runs: None,
        duration_ms: 0,
    }
}

fn unverified(checked: Checked, diagnosis: Option<&Diagnosis>) -> Built {
    let ended = match (checked.verdict, checked.after.failure) {
        (Verdict::FailToFail, Some(Failure::Timeout)) => "the tests take longer than they may, with the fix too",
        (Verdict::FailToFail, Some(Failure::OutOfMemory)) => {
            "the tests want more memory than there is, with the fix too"
        }
        (Verdict::FailToFail, Some(Failure::DiskFull)) => "the tests fill the disk, with the fix too",
        (Verdict::FailToFail, Some(Failure::Build)) => "it does not compile, with the fix neither",
        (Verdict::FailToFail, Some(Failure::Collection)) => "the tests cannot be loaded, with the fix neither",
        _ => "",
    };
    let ended = if ended.is_empty() {
        checked.verdict.to_string()
    } else {
        ended.to_owned()
    };
    let why = diagnosis.map(|diagnosis| format!(": {}", told(diagnosis)));
    Built {
        verdict: Some(checked.verdict),
        lists: checked.lists,
        runs: Some((checked.before, checked.after)),
        ..failed(&format!("{ended}{}", why.unwrap_or_default()))
    }
}

fn told(diagnosis: &Diagnosis) -> String {
    match diagnosis.guidance.first() {
        Some(guidance) => guidance.clone(),
        None => "its log does not say why".to_owned(),
    }
}

/// A name as images have them: small letters, digits and single separators.
fn slug(id: &str) -> String {
    let mut slug = String::new();
    for letter in id.to_ascii_lowercase().chars() {
        let letter = if letter.is_ascii_alphanumeric() { letter } else { '-' };
        if letter != '-' || !slug.ends_with('-') && !slug.is_empty() {
            slug.push(letter);
        }
    }
    slug.trim_end_matches('-').to_owned()
}

/// A word that no test can know.
fn nonce() -> String {
    use std::hash::{BuildHasher as _, RandomState};
    format!(
        "{:016x}{:016x}",
        RandomState::new().hash_one(1),
        RandomState::new().hash_one(2)
    )
}

#[cfg(test)]
mod tests;
