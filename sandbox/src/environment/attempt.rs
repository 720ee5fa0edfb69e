//! What was tried, and what it came to.

use super::build::Built;
use super::plan::Plan;
use super::results::{Diagnosis, Failure, Runner};
use super::verdict::{Lists, TestRun, Verdict};
use troupe_core::port::pool::Usage;

/// What an attempt got to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// A verified environment, as it is.
    Probe,
    /// A verified environment, with a script.
    Patch,
    /// The setup, which failed.
    Setup,
    /// The check of both states.
    Check,
}

/// One attempt.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// What it got to.
    pub step: Step,
    /// The setup script.
    pub setup: String,
    /// The test command.
    pub test: String,
    /// What prints the results of the tests.
    pub runner: Runner,
    /// Why the plan was as it was, a line each.
    pub reasons: Vec<String>,
    /// Why it failed; none where it did not.
    pub diagnosis: Option<Diagnosis>,
}

impl Attempt {
    pub(super) fn of(step: Step, plan: &Plan, diagnosis: Option<Diagnosis>) -> Self {
        Self {
            step,
            setup: plan.setup.clone(),
            test: plan.test.clone(),
            runner: plan.runner,
            reasons: plan.reasons.clone(),
            diagnosis,
        }
    }
}

/// Both states, tested.
pub(super) struct Checked {
    pub(super) verdict: Verdict,
    pub(super) lists: Lists,
    pub(super) before: TestRun,
    pub(super) after: TestRun,
    /// What the sandboxes of all runs used.
    pub(super) usage: Usage,
}

impl Checked {
    /// From the equal runs of each state, at least one.
    pub(super) fn of(mut before: Vec<TestRun>, mut after: Vec<TestRun>) -> Self {
        let verdict = Verdict::of(&before, &after);
        let mut usage = Usage::default();
        before.iter().chain(&after).for_each(|run| usage.add(run.usage));
        let (before, after) = (before.swap_remove(0), after.swap_remove(0));
        Self {
            verdict,
            lists: Lists::of(&before.results, &after.results),
            before,
            after,
            usage,
        }
    }
}

/// What came of a check that verified nothing.
pub(super) fn unverified(checked: Checked, diagnosis: Option<&Diagnosis>) -> Built {
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
        ..Built::failed(format!("{ended}{}", why.unwrap_or_default()))
    }
}

/// A diagnosis in a sentence.
pub(super) fn told(diagnosis: &Diagnosis) -> String {
    match diagnosis.guidance.first() {
        Some(guidance) => guidance.clone(),
        None => "its log does not say why".to_owned(),
    }
}
