//! Why an attempt to set up a repository or to run its tests failed, told from its log, and what may mend it.

use std::collections::BTreeSet;

use super::failure::{MEMORY, NO_TESTS, build_failed, has};
use super::packages::package;
use super::patterns::PATTERNS;
use super::{Runner, read, text};

/// Why an attempt failed, and what may mend it (paper section 3.1: `error category`, `guidance`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// The kind of the failure.
    pub category: Category,
    /// What is missing, by name, such as a module, a program or a header.
    pub missing: Vec<Missing>,
    /// What to do, a sentence each.
    pub guidance: Vec<String>,
}

/// The kinds of failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// Something that the build or the tests need is not there.
    Dependency,
    /// The tests were asked for in a wrong way.
    TestCommand,
    /// The project did not compile.
    Build,
    /// Memory, disk, processes or time ran out.
    Resource,
    /// A server could not be reached.
    Network,
    /// A patch did not apply.
    Patch,
    /// None of these.
    Unknown,
}

/// Something that was missed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// A module or package of the language, by the name that the code uses.
    Module(String),
    /// A program.
    Program(String),
    /// A C or C++ header.
    Header(String),
    /// A shared or static library, without `lib` and ending.
    Library(String),
    /// A version of the language's own tools that the project asks for, such as `Python <3.9`.
    Interpreter(String),
}

/// What an attempt was doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Installing and building.
    Setup,
    /// Running the tests.
    Test,
}

/// What pytest prints when it gave up before the first test.
const UNCOLLECTED: &[&str] = &["error during collection", "errors during collection"];

/// Of several categories the one that explains the others comes first: without the network nothing is installed, and
/// without what is not installed nothing compiles and no test is found.
const CAUSES: [Category; 6] = [
    Category::Patch,
    Category::Resource,
    Category::Network,
    Category::Dependency,
    Category::Build,
    Category::TestCommand,
];

/// The exit code of a process that was killed with a signal that it cannot catch, as the kernel does for want of memory.
const KILLED: i32 = 137;
/// The exit codes of a shell for a program that it did not find, and of `timeout` (POSIX, Shell Command Language 2.8.2).
const NOT_FOUND: i32 = 127;
const TIMED_OUT: i32 = 124;

/// The most missing things that are told of.
const MOST_MISSING: usize = 40;

/// Says why an attempt failed that ended with `code`.
#[must_use]
pub fn diagnose(runner: Runner, stage: Stage, code: i32, output: &str) -> Diagnosis {
    let log = text::plain(output);
    let mut seen = BTreeSet::new();
    let mut named = BTreeSet::new();
    let mut places = Vec::new();
    for pattern in PATTERNS
        .iter()
        .filter(|pattern| pattern.only.is_none_or(|only| only == stage))
    {
        for (at, missing) in pattern.found(&log) {
            seen.insert(pattern.category);
            if let Some(missing) = missing.filter(|missing| named.insert(missing.clone())) {
                places.push((at, missing));
            }
        }
    }
    // In the order of the log: what stands first is often why the rest is missing.
    places.sort();
    let missing: Vec<Missing> = places
        .into_iter()
        .map(|(_, missing)| missing)
        .take(MOST_MISSING)
        .collect();
    if code == KILLED || code == TIMED_OUT || has(&log, MEMORY) {
        seen.insert(Category::Resource);
    }
    if build_failed(&log) {
        seen.insert(Category::Build);
    }
    // Some part of a project without tests is no fault while other parts have some.
    let ran = stage == Stage::Test && runner != Runner::ExitCode && read(runner, &log).ran() > 0;
    if stage == Stage::Test && !ran && has(&log, NO_TESTS) {
        seen.insert(Category::TestCommand);
    }
    // What one command cannot collect, for no reason that has a name, another one may.
    if stage == Stage::Test && seen.is_empty() && has(&log, UNCOLLECTED) {
        seen.insert(Category::TestCommand);
    }
    let category = CAUSES
        .into_iter()
        .find(|cause| seen.contains(cause))
        .unwrap_or(Category::Unknown);
    // Names of modules that differ from their packages' are known of Python alone.
    let python = matches!(runner, Runner::Pytest | Runner::Unittest);
    let mut guidance: Vec<String> = missing.iter().map(|missing| advice(missing, python)).collect();
    // What is missing by name is advice enough about what is missing.
    if category != Category::Dependency || missing.is_empty() {
        guidance.push(general(category, stage, code, ran).to_owned());
    }
    Diagnosis {
        category,
        missing,
        guidance,
    }
}

/// What to do about a category, whatever is missing.
fn general(category: Category, stage: Stage, code: i32, ran: bool) -> &'static str {
    match category {
        Category::Dependency => "Something that is needed is not there, or in another version: read the first error.",
        Category::TestCommand => {
            "Correct the test command: it named files, options or targets that are not there, or that hold no test."
        }
        Category::Build => {
            "Read the first error of the compiler; a version of the language or of a library may not fit."
        }
        Category::Resource if code == TIMED_OUT => "Run fewer tests at once, or allow more time.",
        Category::Resource => "Use less memory or disk: fewer parallel jobs, no optional parts, caches removed.",
        Category::Network => {
            "A server could not be reached: use the mirror or the packages of the image, and try again."
        }
        Category::Patch => {
            "The patch does not fit the files: check the version that it was made for, and its line ends."
        }
        Category::Unknown if code == NOT_FOUND => "A program of the command was not found: check its name and path.",
        Category::Unknown if ran => "The tests ran and some failed: nothing in the log tells of a broken environment.",
        Category::Unknown => match stage {
            Stage::Setup => "The setup failed for no known reason: read its last lines.",
            Stage::Test => "The run failed for no known reason: read its last lines, and run a single test file.",
        },
    }
}

/// What to do about one missing thing.
fn advice(missing: &Missing, python: bool) -> String {
    let known = package(missing).filter(|_| python || !matches!(missing, Missing::Module(_)));
    match (missing, known) {
        (Missing::Module(name), Some(package)) => format!("Install `{package}`, which brings the module `{name}`."),
        (Missing::Module(name), None) => format!("Install the package that brings the module `{name}`."),
        (Missing::Program(name), Some(package)) => {
            format!("Install the system package `{package}`, which brings the program `{name}`.")
        }
        (Missing::Program(name), None) => format!("Install the program `{name}`, or put its folder on the PATH."),
        (Missing::Header(name), Some(package)) => {
            format!("Install the system package `{package}`, which brings the header `{name}`.")
        }
        (Missing::Header(name), None) => format!("Install the development package that brings the header `{name}`."),
        (Missing::Library(name), Some(package)) => {
            format!("Install the system package `{package}`, which brings the library `{name}`.")
        }
        (Missing::Library(name), None) => format!("Install the development package of the library `{name}`."),
        (Missing::Interpreter(name), _) => {
            format!(
                "Begin with an image that has `{name}` (`--base`): the project asks for it, and no package manager gave it."
            )
        }
    }
}

#[cfg(test)]
mod tests;
