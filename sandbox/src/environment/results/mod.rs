//! What test runners print, read: which tests ran and how each ended, and why a run failed as a whole.

mod automake;
mod cargo;
mod ctest;
mod diagnosis;
mod failure;
mod go;
mod gtest;
mod jest;
mod junit;
mod lines;
mod markup;
mod maven;
mod minitest;
mod mocha;
mod names;
mod packages;
mod patterns;
mod phpunit;
mod prove;
mod pytest;
mod rspec;
mod tap;
mod text;
mod unittest;
mod unity;

use std::collections::BTreeMap;

pub use diagnosis::{Category, Diagnosis, Missing, Stage, diagnose};
pub use failure::{Failure, classify};

/// What prints the results of tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Runner {
    /// `pytest -rA` or `-v`.
    Pytest,
    /// `python -m unittest -v`.
    Unittest,
    /// `cargo test`.
    Cargo,
    /// `go test -json`.
    GoJson,
    /// `go test -v`.
    GoText,
    /// The Test Anything Protocol, 12 to 14: tape, tap, `node --test`, perl tests run one by one.
    Tap,
    /// Perl's `prove` and `make test`, a line a file.
    Prove,
    /// Mocha's spec reporter.
    Mocha,
    /// `jest --verbose`, and `vitest run --reporter=verbose`.
    Jest,
    /// Unity, the test library for C.
    Unity,
    /// `ctest`.
    Ctest,
    /// `make check` of automake.
    Automake,
    /// Google Test.
    Gtest,
    /// `phpunit --testdox`, or the file of its `--log-junit`.
    Phpunit,
    /// `rspec --format documentation`.
    Rspec,
    /// Minitest or test-unit, verbose.
    Minitest,
    /// Maven's surefire, as text; Gradle's test lines too.
    Maven,
    /// JUnit's XML, in any number of documents.
    JunitXml,
    /// Any other runner that says in a line of its own how each test ended, at its beginning or at its end.
    Lines,
    /// Nothing but the exit code tells how it went.
    ExitCode,
}

impl Runner {
    /// All of them, by the words that plans and records use.
    pub const ALL: [(&'static str, Self); 20] = [
        ("pytest", Self::Pytest),
        ("unittest", Self::Unittest),
        ("cargo", Self::Cargo),
        ("go_json", Self::GoJson),
        ("go_text", Self::GoText),
        ("tap", Self::Tap),
        ("prove", Self::Prove),
        ("mocha", Self::Mocha),
        ("jest", Self::Jest),
        ("unity", Self::Unity),
        ("ctest", Self::Ctest),
        ("automake", Self::Automake),
        ("gtest", Self::Gtest),
        ("phpunit", Self::Phpunit),
        ("rspec", Self::Rspec),
        ("minitest", Self::Minitest),
        ("maven", Self::Maven),
        ("junit_xml", Self::JunitXml),
        ("lines", Self::Lines),
        ("exit_code", Self::ExitCode),
    ];

    /// Its word.
    pub fn word(self) -> &'static str {
        let named = Self::ALL.into_iter().find(|(_, runner)| *runner == self);
        named.map_or("exit_code", |(name, _)| name)
    }

    /// The one that a word means.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|(name, _)| *name == word)
            .map(|(_, runner)| runner)
    }

    /// Whether it names its tests, so that a run of none can be told.
    pub fn names_tests(self) -> bool {
        self != Self::ExitCode
    }
}

/// How one test ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// It passed, or failed as it was expected to.
    Passed,
    /// It failed, ended in an error, or never ended.
    Failed,
    /// It was not run, or its result does not count.
    Skipped,
}

/// The tests of a run by name.
///
/// A name is what the runner calls the test, with its file before it where one is known: `tests/a.rs::adds` where the
/// runner's language names tests so, and else `test/a.js :: adds`. Groups are joined by ` > `.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Results {
    /// How each test ended.
    pub tests: BTreeMap<String, Outcome>,
}

/// The most bytes of a name that are kept: a hostile log must not make names that outgrow it.
const LONGEST_NAME: usize = 1000;

impl Results {
    /// How many tests passed or failed.
    #[must_use]
    pub fn ran(&self) -> usize {
        self.passed() + self.failed()
    }

    /// How many tests passed.
    #[must_use]
    pub fn passed(&self) -> usize {
        self.count(Outcome::Passed)
    }

    /// How many tests failed.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.count(Outcome::Failed)
    }

    /// Takes in the tests of another run; of two outcomes of a name, the [weightier](Results::record) stays.
    pub fn merge(&mut self, other: Self) {
        for (name, outcome) in other.tests {
            self.record(name, outcome);
        }
    }

    /// Takes in one test. When it was seen before, failed wins over passed, and passed over skipped: one failure among
    /// several cases of a test is enough to call it failed.
    pub fn record(&mut self, name: impl Into<String>, outcome: Outcome) {
        let mut name = name.into();
        if name.is_empty() {
            return;
        }
        name.truncate(text::clip(&name, LONGEST_NAME).len());
        let known = self.tests.entry(name).or_insert(outcome);
        *known = match (*known, outcome) {
            (Outcome::Failed, _) | (_, Outcome::Failed) => Outcome::Failed,
            (Outcome::Passed, _) | (_, Outcome::Passed) => Outcome::Passed,
            (Outcome::Skipped, Outcome::Skipped) => Outcome::Skipped,
        };
    }

    fn count(&self, outcome: Outcome) -> usize {
        self.tests.values().filter(|known| **known == outcome).count()
    }
}

/// How the output of a runner is read.
struct Format {
    read: fn(&str, &mut Results),
    /// Whether the names tell the file by themselves, so that a marker adds nothing.
    names_files: bool,
}

impl Runner {
    fn format(self) -> Format {
        let (read, names_files): (fn(&str, &mut Results), bool) = match self {
            Self::Pytest => (pytest::read, true),
            Self::Unittest => (unittest::read, false),
            Self::Cargo => (cargo::read, true),
            Self::GoJson => (go::read_events, true),
            Self::GoText => (go::read_text, true),
            Self::Tap => (tap::read, false),
            Self::Prove => (prove::read, true),
            Self::Mocha => (mocha::read, false),
            Self::Jest => (jest::read, true),
            Self::Unity => (unity::read, true),
            Self::Ctest => (ctest::read, false),
            Self::Automake => (automake::read, false),
            Self::Gtest => (gtest::read, false),
            Self::Phpunit => (phpunit::read, false),
            Self::Rspec => (rspec::read, false),
            Self::Minitest => (minitest::read, false),
            Self::Maven => (maven::read, false),
            Self::JunitXml => (junit::read, false),
            Self::Lines => (lines::read, false),
            Self::ExitCode => (|_, _| {}, false),
        };
        Format { read, names_files }
    }
}

/// The tests that a runner's output tells of.
///
/// Where files are run one by one, a line `# file: PATH` before each says whose tests follow: their names then begin
/// with `PATH :: `, unless the runner names files by itself.
#[must_use]
pub fn read(runner: Runner, output: &str) -> Results {
    let plain = text::plain(output);
    let format = runner.format();
    let mut results = Results::default();
    if format.names_files {
        (format.read)(&plain, &mut results);
        return results;
    }
    for section in text::sections(&plain) {
        let mut part = Results::default();
        (format.read)(section.text, &mut part);
        for (name, outcome) in part.tests {
            results.record(
                section
                    .file
                    .map_or_else(|| name.clone(), |file| format!("{file} :: {name}")),
                outcome,
            );
        }
    }
    results
}

#[cfg(test)]
mod tests;
