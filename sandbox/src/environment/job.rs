//! One instance on its way: reuse first, then attempts from scratch, each ending in the same check.

use super::attempt::{Attempt, Checked, Step, told, unverified};
use super::build::{Builder, Built, Files, Given, Path, SOURCES};
use super::check::{self, Unapplied};
use super::instance::{self, Instance};
use super::plan::{self, Made, Plan, Task};
use super::results::{self, Diagnosis, Failure, Stage};
use super::script;
use super::verdict::Verdict;
use super::witness::Witness;
use super::{Snapshot, again, name};
use crate::error::Error;
use std::sync::{Mutex, PoisonError};
use troupe_core::port::build::Way;
use troupe_core::port::pool::{Check, Environment, Usage};
use troupe_core::port::sandbox::Ended;

/// An instance on its way.
pub(super) struct Job<'a> {
    pub(super) builder: &'a Builder,
    pub(super) instance: &'a Instance,
    snapshot: Snapshot,
    /// When the commit was made.
    made: Made,
    /// The sources as an archive.
    pub(super) archive: Vec<u8>,
    /// The tests that are run.
    tests: Vec<String>,
    /// The one plan that is tried, where somebody has made it; else rules make them.
    pub(super) given: Option<&'a Given>,
    attempts: Vec<Attempt>,
    usage: Mutex<Usage>,
}

impl<'a> Job<'a> {
    /// At its beginning.
    pub(super) fn new(builder: &'a Builder, instance: &'a Instance, given: Option<&'a Given>, files: Files) -> Self {
        Self {
            given,
            builder,
            instance,
            snapshot: files.snapshot,
            made: files.made,
            archive: files.archive,
            tests: instance.tests.clone(),
            attempts: Vec::new(),
            usage: Mutex::default(),
        }
    }

    /// Notes what a sandbox used.
    pub(super) fn used(&self, usage: Usage) {
        self.usage.lock().unwrap_or_else(PoisonError::into_inner).add(usage);
    }

    /// To its end.
    pub(super) async fn run(mut self, witness: &mut Witness<'_>) -> Result<Built, Error> {
        let mut built = match self.reuse(witness).await? {
            Some(built) => built,
            None => self.start_afresh(witness).await?,
        };
        if self.builder.options.keep_sources && built.is_mendable() {
            built.sources = Some(self.sources(witness).await?);
        }
        built.attempts = self.attempts;
        built.usage = self.usage.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(environment) = &mut built.environment {
            let grown_from = environment.parent.as_deref().unwrap_or(&environment.base);
            let engine = &self.builder.engine;
            let (whole, below) = (
                engine.image_bytes(&environment.image).await?,
                engine.image_bytes(grown_from).await?,
            );
            built.usage.image_bytes = whole.zip(below).map(|(whole, below)| whole.saturating_sub(below));
            environment.usage = built.usage;
        }
        Ok(built)
    }

    /// An image with the sources and nothing done to them.
    async fn sources(&self, witness: &mut Witness<'_>) -> Result<String, Error> {
        let base = &self.builder.options.base;
        let named = format!("{}{SOURCES}", self.instance.id);
        let image = name::of_image(&self.builder.options.place, &named, &[base.as_bytes(), &self.archive]);
        if self.builder.engine.image(&image).await?.is_none() {
            let grown = self.grow(base, &image, "", None, witness).await?;
            if let Err(ended) = grown {
                let why = ended.stderr.lines().last().unwrap_or_default().to_owned();
                return Err(Error::Base {
                    image: base.clone(),
                    why,
                });
            }
        }
        Ok(image)
    }

    async fn start_afresh(&mut self, witness: &mut Witness<'_>) -> Result<Built, Error> {
        let base = self.builder.options.base.clone();
        let mut feedback: Vec<Diagnosis> = Vec::new();
        let mut last = Built::failed("there was no attempt");
        for _ in 0..self.builder.options.attempts {
            let plan = match self.plan(&feedback) {
                Ok(plan) => plan,
                // What was found before says more than that nothing else is known.
                Err(why) if feedback.is_empty() => return Ok(Built::failed(why)),
                Err(_) => return Ok(last),
            };
            let image = self.image_name(&base, &plan.setup);
            let way = self.given.map_or(Way::Scratch, |_| Way::Given);
            witness.attempt(way, (&base, &image), &plan.reasons);
            if self.builder.engine.image(&image).await?.is_none() {
                let grown = self.grow(&base, &image, "", Some(&plan.setup), witness).await?;
                if let Err(ended) = grown {
                    let diagnosis = self.diagnose(&plan, Stage::Setup, &ended);
                    last = Built::failed(setup_fails(&diagnosis));
                    witness.came_to(None, &*last.reason);
                    self.note(Step::Setup, &plan, Some(diagnosis.clone()));
                    feedback.push(diagnosis);
                    continue;
                }
            }
            let checked = match self.check(&plan, &image, witness).await? {
                Ok(checked) => checked,
                Err(unapplied) => return self.unapplied(&plan, &image, unapplied, witness).await,
            };
            let verdict = checked.verdict;
            if verdict.is_verified() {
                witness.came_to(Some(verdict), verdict.to_string());
                self.note(Step::Check, &plan, None);
                return self.verified(checked, &plan, &image, (Path::Scratch, None, None)).await;
            }
            // Where time or disk ran out no other plan is known to need less.
            let spent = matches!(checked.after.failure, Some(Failure::Timeout | Failure::DiskFull));
            let rules = self.given.is_none();
            let again = !spent && matches!(checked.verdict, Verdict::FailToFail | Verdict::NoTests);
            if again && rules && self.narrow(&checked) {
                // Nothing is wrong with the environment: the next attempt finds it as it is.
                self.note(Step::Check, &plan, None);
                last = unverified(checked, None);
                witness.came_to(Some(verdict), &*last.reason);
                continue;
            }
            self.builder.engine.remove_image(&image).await?;
            let diagnosis = results::diagnose(plan.runner, Stage::Test, checked.after.code, &checked.after.log);
            last = unverified(checked, again.then_some(&diagnosis));
            witness.came_to(Some(verdict), &*last.reason);
            self.note(Step::Check, &plan, again.then(|| diagnosis.clone()));
            if !again {
                return Ok(last);
            }
            feedback.push(diagnosis);
        }
        Ok(last)
    }

    /// Where the fix mends tests and others fail in both states, those that the test patch touches are run alone; gives
    /// whether these are fewer.
    fn narrow(&mut self, checked: &Checked) -> bool {
        let touched = instance::touched(&self.instance.test_patch);
        let mends = checked.after.failure == Some(Failure::Assertion) && !checked.lists.fail_to_pass.is_empty();
        let narrower = mends && self.tests != touched;
        if narrower {
            self.tests = touched;
        }
        narrower
    }

    fn task<'b>(&'b self, feedback: &'b [Diagnosis]) -> Task<'b> {
        Task {
            snapshot: &self.snapshot,
            tests: &self.tests,
            language: self.instance.language.as_ref(),
            made: self.made,
            feedback,
        }
    }

    /// The language's name; empty where nothing tells it.
    fn language(&self) -> String {
        let language = plan::language(self.task(&[]));
        language.map(|language| language.name().to_owned()).unwrap_or_default()
    }

    pub(super) fn plan(&self, feedback: &[Diagnosis]) -> Result<Plan, String> {
        if let Some(given) = self.given {
            return match feedback {
                [] => Ok(given.plan()),
                _ => Err("no other plan was given".to_owned()),
            };
        }
        plan::plan(self.task(feedback)).map_err(|unplanned| unplanned.to_string())
    }

    pub(super) async fn verified(
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
            language: self.language(),
            base: parent.map_or(&self.builder.options.base, |parent| &parent.base).clone(),
            parent: parent.map(|parent| parent.image.clone()),
            setup: parent.map_or(&plan.setup, |parent| &parent.setup).clone(),
            delta: delta.map(str::to_owned),
            evaluation: script::evaluation(&self.instance.test_patch, &plan.test),
            at_ms: (self.builder.now_ms)(),
            used_at_ms: 0,
            check: Some(self.kept_check(&checked, plan)),
            usage: Usage::default(),
        };
        if let Some(parent) = parent {
            let used_at_ms = environment.at_ms;
            self.builder
                .pool
                .add(&Environment {
                    used_at_ms,
                    ..parent.clone()
                })
                .await?;
        }
        let reason = checked.verdict.to_string();
        Ok(Built {
            verdict: Some(checked.verdict),
            reason,
            environment: Some(environment),
            path,
            lists: checked.lists,
            runs: Some((checked.before, checked.after)),
            ..Built::failed("")
        })
    }

    /// What it takes to check the environment again.
    fn kept_check(&self, checked: &Checked, plan: &Plan) -> Check {
        Check {
            test_patch: self.instance.test_patch.clone(),
            fix_patch: self.instance.fix_patch.clone(),
            test: plan.test.clone(),
            runner: again::written(&plan.runner),
            verdict: again::written(&checked.verdict),
            fail_to_pass: checked.lists.fail_to_pass.clone(),
            pass_to_pass: checked.lists.pass_to_pass.clone(),
            record: self.instance.record.clone(),
        }
    }

    pub(super) fn image_name(&self, from: &str, setup: &str) -> String {
        let parts = [from.as_bytes(), setup.as_bytes(), &self.archive];
        name::of_image(&self.builder.options.place, &self.instance.id, &parts)
    }

    pub(super) fn diagnose(&self, plan: &Plan, stage: Stage, ended: &Ended) -> Diagnosis {
        let log = format!("{}\n{}", ended.stdout, ended.stderr);
        results::diagnose(plan.runner, stage, check::code(ended.reason), &log)
    }

    /// A patch that does not apply says the same of every plan.
    pub(super) async fn unapplied(
        &mut self,
        plan: &Plan,
        image: &str,
        unapplied: Unapplied,
        witness: &mut Witness<'_>,
    ) -> Result<Built, Error> {
        let Unapplied { patch, why } = unapplied;
        let reason = format!("`{patch}` does not apply: {why}");
        witness.came_to(None, &*reason);
        self.note(Step::Check, plan, None);
        self.builder.engine.remove_image(image).await?;
        Ok(Built {
            is_unapplied: true,
            ..Built::failed(reason)
        })
    }

    pub(super) fn note(&mut self, step: Step, plan: &Plan, diagnosis: Option<Diagnosis>) {
        self.attempts.push(Attempt::of(step, plan, diagnosis));
    }
}

pub(super) fn setup_fails(diagnosis: &Diagnosis) -> String {
    format!("the setup fails: {}", told(diagnosis))
}
