//! What two states of a repository say about its environment.

use super::results::{Failure, Outcome, Results};
use serde::{Deserialize, Serialize};
use std::fmt;
use troupe_core::port::pool::Usage;

/// One run of the tests.
#[derive(Debug, Clone, PartialEq)]
pub struct TestRun {
    /// The exit code, taken from the engine and not from what was printed.
    pub code: i32,
    /// Why it failed as a whole; none where it passed.
    pub failure: Option<Failure>,
    /// Each test that was told apart.
    pub results: Results,
    /// What was printed.
    pub log: String,
    /// Milliseconds that it took.
    pub duration_ms: u64,
    /// What its sandbox used.
    pub usage: Usage,
}

impl TestRun {
    /// Whether all tests passed, and there were some where they can be counted.
    pub fn passed(&self) -> bool {
        self.failure.is_none()
    }
}

/// What came of an instance (paper 1.1 and 1.7; exit codes of the two states, with the reasons that they hide).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The tests fail before the fix and pass after it.
    FailToPass,
    /// The same, and before the fix they did not get as far as failing: they were not collected or not built.
    ErrorToPass,
    /// They pass in both states: the tests do not show the bug.
    PassToPass,
    /// They fail in both states.
    FailToFail,
    /// They pass before the fix only.
    PassToFail,
    /// Equal runs ended differently.
    Flaky,
    /// They pass, and not one of them was run.
    NoTests,
}

impl Verdict {
    /// Whether the environment is verified: it fails before the fix and passes after it, every time.
    pub fn is_verified(self) -> bool {
        matches!(self, Self::FailToPass | Self::ErrorToPass)
    }

    /// Whether the repository runs in it with the fix: the paper's PASS.
    pub fn is_executable(self) -> bool {
        matches!(self, Self::FailToPass | Self::ErrorToPass | Self::PassToPass)
    }

    /// That of some equal runs before the fix and some after it; each at least once.
    pub fn of(before: &[TestRun], after: &[TestRun]) -> Self {
        let same = |runs: &[TestRun]| runs.windows(2).all(|pair| pair[0].passed() == pair[1].passed());
        let same_tests = |runs: &[TestRun]| runs.windows(2).all(|pair| pair[0].results == pair[1].results);
        let passes = |runs: &[TestRun]| runs.first().is_some_and(TestRun::passed);
        let untested = |runs: &[TestRun]| runs.iter().any(|run| run.failure == Some(Failure::NoTests));
        let broken = before.iter().any(|run| {
            let failure = run.failure.as_ref();
            failure.is_some_and(|failure| !matches!(failure, Failure::Assertion))
        });
        if !same(before) || !same(after) || passes(after) && !same_tests(after) {
            return Self::Flaky;
        }
        match (passes(before), passes(after)) {
            (_, false) if untested(after) => Self::NoTests,
            (false, true) if broken => Self::ErrorToPass,
            (false, true) => Self::FailToPass,
            (true, true) => Self::PassToPass,
            (false, false) => Self::FailToFail,
            (true, false) => Self::PassToFail,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::FailToPass => "fails before the fix and passes after it",
            Self::ErrorToPass => "breaks before the fix and passes after it",
            Self::PassToPass => "passes without the fix: the tests do not show the bug",
            Self::FailToFail => "fails with the fix too",
            Self::PassToFail => "passes before the fix and fails after it",
            Self::Flaky => "ends now so and now so",
            Self::NoTests => "no test was run",
        })
    }
}

/// Tests by how they ended in both states (SWE-bench).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lists {
    /// Those that the fix mends.
    pub fail_to_pass: Vec<String>,
    /// Those that it leaves as they were.
    pub pass_to_pass: Vec<String>,
    /// Those that it breaks.
    pub pass_to_fail: Vec<String>,
    /// Those that fail in both.
    pub fail_to_fail: Vec<String>,
}

impl Lists {
    /// Those of two runs. A test that is not there before the fix fails there.
    pub fn of(before: &Results, after: &Results) -> Self {
        let mut lists = Self::default();
        for (name, outcome) in &after.tests {
            let passed_before = before.tests.get(name) == Some(&Outcome::Passed);
            let list = match (passed_before, outcome) {
                (_, Outcome::Skipped) => continue,
                (false, Outcome::Passed) => &mut lists.fail_to_pass,
                (true, Outcome::Passed) => &mut lists.pass_to_pass,
                (true, Outcome::Failed) => &mut lists.pass_to_fail,
                (false, Outcome::Failed) => &mut lists.fail_to_fail,
            };
            list.push(name.clone());
        }
        lists
    }
}

#[cfg(test)]
mod tests;
