//! Build plans: how an environment is set up and how its tests run, by rules and without a model.

use super::results::{Diagnosis, Runner};
use super::{Language, Snapshot};

/// What becomes an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The language whose rules made it.
    pub language: Language,
    /// A bash script: it runs as root in the repository's folder of a Debian-like image, with a network, and leaves
    /// everything behind that the tests need without one. It can be run again.
    pub setup: String,
    /// A bash command: it runs the tests in the repository's folder, without a network. Its exit code is 0 when all
    /// of them pass.
    pub test: String,
    /// What prints the results of the tests.
    pub runner: Runner,
    /// Why it is as it is, for people: a line each.
    pub reasons: Vec<String>,
}

/// What a plan is made of.
#[derive(Debug, Clone, Copy)]
pub struct Task<'a> {
    /// The repository, before any patch.
    pub snapshot: &'a Snapshot,
    /// Test files and folders to run, seen from the repository's root; all tests where it is empty. A file may come
    /// with the test patch only.
    pub tests: &'a [String],
    /// The language, where it is told.
    pub language: Option<Language>,
    /// What went wrong in earlier attempts, the oldest first.
    pub feedback: &'a [Diagnosis],
}
