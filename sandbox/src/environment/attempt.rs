//! What was tried, and what it came to.

use super::plan::Plan;
use super::results::{Diagnosis, Runner};
use super::verdict::{Lists, TestRun, Verdict};

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
}

impl Checked {
    /// From the equal runs of each state, at least one.
    pub(super) fn of(mut before: Vec<TestRun>, mut after: Vec<TestRun>) -> Self {
        let verdict = Verdict::of(&before, &after);
        let (before, after) = (before.swap_remove(0), after.swap_remove(0));
        Self {
            verdict,
            lists: Lists::of(&before.results, &after.results),
            before,
            after,
        }
    }
}
