//! Build plans: how an environment is set up and how its tests run, by rules and without a model.

mod c;
mod debian;
mod detect;
mod facts;
mod go;
mod java;
mod javascript;
mod manifest;
mod perl;
mod php;
mod python;
mod remedies;
mod ruby;
mod rust;
pub(super) mod script;
#[cfg(test)]
mod tests;

use super::results::{Category, Diagnosis, Runner};
use super::{Language, Moment, NamedLanguage, Snapshot};
use facts::Facts;
use remedies::Remedies;
use std::fmt;

/// What becomes an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
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

/// When a commit was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Made {
    /// Then.
    At(Moment),
    /// When what the manifest names was published: the registry knows.
    Published,
    /// Nobody can tell: what it depends on is taken as it is now.
    #[default]
    Unknown,
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
    pub language: Option<&'a NamedLanguage>,
    /// When the commit was made: what it depends on is taken as it was then.
    pub made: Made,
    /// What went wrong in earlier attempts, the oldest first.
    pub feedback: &'a [Diagnosis],
}

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unplanned {
    /// No file tells a language that has rules.
    UnknownLanguage,
    /// The language is told, and no rules know it.
    NoRules(String),
    /// The language is known, and nothing in the repository tells how its tests run.
    NoTests(Language),
    /// All that the rules know was tried already.
    NothingNew(Language),
}

impl fmt::Display for Unplanned {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownLanguage => formatter.write_str("no file tells the repository's language"),
            Self::NoRules(language) => write!(
                formatter,
                "no rules plan for {language}, and agents can; they plan for {}",
                Language::names()
            ),
            Self::NoTests(language) => write!(formatter, "nothing tells how the tests of this {language} project run"),
            Self::NothingNew(language) => write!(
                formatter,
                "the rules for {language} have nothing left to try after what went wrong"
            ),
        }
    }
}

impl std::error::Error for Unplanned {}

/// Makes a plan of what is known of a repository.
type Rules = fn(&Facts<'_>) -> Result<Plan, Unplanned>;

/// Who plans for which language.
const RULES: [(Language, Rules); 11] = [
    (Language::C, c::plan),
    (Language::Cpp, c::plan),
    (Language::Go, go::plan),
    (Language::Java, java::plan),
    (Language::JavaScript, javascript::plan),
    (Language::Perl, perl::plan),
    (Language::Php, php::plan),
    (Language::Python, python::plan),
    (Language::Ruby, ruby::plan),
    (Language::Rust, rust::plan),
    (Language::TypeScript, javascript::plan),
];

/// How often the same plan is tried again when a server could not be reached.
const NETWORK_TRIES: usize = 2;

/// The plan for a task. With feedback, it differs from all earlier ones, except after a failure of the network.
///
/// # Errors
/// When the language or its tests are not recognised, and when nothing new can be tried.
pub fn plan(task: Task<'_>) -> Result<Plan, Unplanned> {
    let language = match language(task) {
        Some(NamedLanguage::Known(language)) => language,
        Some(NamedLanguage::Other(name)) => return Err(Unplanned::NoRules(name)),
        None => return Err(Unplanned::UnknownLanguage),
    };
    let rules = RULES.iter().find(|(of, _)| *of == language).map(|(_, rules)| rules);
    let rules = rules.ok_or(Unplanned::UnknownLanguage)?;
    let after = |feedback: &[Diagnosis]| {
        rules(&Facts {
            snapshot: task.snapshot,
            tests: task.tests,
            language,
            made: task.made,
            remedies: Remedies::of(feedback),
        })
    };
    let next = after(task.feedback)?;
    if may_repeat(task.feedback) {
        return Ok(next);
    }
    let tried = |attempt: usize| after(&task.feedback[..attempt]).is_ok_and(|it| it.does_the_same(&next));
    if (0..task.feedback.len()).any(tried) {
        return Err(Unplanned::NothingNew(language));
    }
    Ok(next)
}

/// The language of a task, where it is told or some file tells it.
pub(super) fn language(task: Task<'_>) -> Option<NamedLanguage> {
    let detected = || detect::language(task.snapshot, task.tests).map(NamedLanguage::Known);
    task.language.cloned().or_else(detected)
}

/// Whether the last failure was the network's, which may be over by now.
fn may_repeat(feedback: &[Diagnosis]) -> bool {
    let failures = feedback.iter().rev().take_while(|it| it.category == Category::Network);
    (1..=NETWORK_TRIES).contains(&failures.count())
}

impl Plan {
    fn does_the_same(&self, other: &Self) -> bool {
        self.setup == other.setup && self.test == other.test
    }
}
