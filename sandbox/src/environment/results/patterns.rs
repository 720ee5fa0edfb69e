//! The table of what tools print when something is missing or goes wrong. A kind of message is one line.

use memchr::memmem;

use super::diagnosis::{Category, Missing, Stage};
use super::names::Name::{self, Before, Between, Fixed, Until};
use super::names::{
    bare_python, file, first_word, header, interpreter, library, node, perl, program, python, requirement, word,
};
use super::text;

/// A message, known by a text in it.
pub(super) struct Pattern {
    /// The text.
    pub(super) text: &'static str,
    pub(super) category: Category,
    /// How the name of what is missing is found beside the text.
    pub(super) name: Name,
    /// The only stage in which the message counts: tests may print it on purpose.
    pub(super) only: Option<Stage>,
}

const fn missing(text: &'static str, name: Name) -> Pattern {
    Pattern {
        text,
        category: Category::Dependency,
        name,
        only: None,
    }
}

const fn fault(text: &'static str, category: Category) -> Pattern {
    Pattern {
        text,
        category,
        name: Name::None,
        only: None,
    }
}

const fn of_setup(text: &'static str, category: Category) -> Pattern {
    Pattern {
        text,
        category,
        name: Name::None,
        only: Some(Stage::Setup),
    }
}

/// The messages, by language or tool.
pub(super) const PATTERNS: &[Pattern] = &[
    // What setups of plans say.
    missing("asked for and not to be had: ", Until("\n", interpreter)),
    // Python, and the plugins of pytest that options come from.
    missing("No module named '", Until("'", python)),
    missing("No module named \"", Until("\"", python)),
    missing(": No module named ", Until(" ", bare_python)),
    missing("DistributionNotFound: The '", Until("'", python)),
    missing("unrecognized arguments: --cov", Fixed(python, "pytest_cov")),
    missing("unrecognized arguments: -n", Fixed(python, "xdist")),
    missing("unrecognized arguments: --timeout", Fixed(python, "pytest_timeout")),
    missing("unrecognized arguments: --asyncio", Fixed(python, "pytest_asyncio")),
    missing("unrecognized arguments: --benchmark", Fixed(python, "pytest_benchmark")),
    missing("No matching distribution found for ", Until(" ", requirement)),
    fault("requires a different Python", Category::Dependency),
    // JavaScript and TypeScript.
    missing("Cannot find module '", Until("'", node)),
    missing("Cannot find package '", Until("'", node)),
    missing("Can't resolve '", Until("'", node)),
    missing("Failed to resolve import \"", Until("\"", node)),
    // Ruby.
    missing("cannot load such file -- ", Until(" (", file)),
    missing("Could not find gem '", Until("'", first_word)),
    missing("can't find gem ", Until(" ", first_word)),
    // Perl.
    missing("Can't locate ", Between(" in @INC", perl)),
    // Go.
    missing("no required module provides package ", Until(";", word)),
    missing("cannot find package \"", Until("\"", word)),
    missing("missing go.sum entry for module providing package ", Until(" ", word)),
    fault("go.mod requires go >= ", Category::Dependency),
    // Rust.
    missing("can't find crate for `", Until("`", word)),
    missing("unlinked crate `", Until("`", word)),
    missing("no matching package named `", Until("`", word)),
    fault("requires rustc ", Category::Dependency),
    // PHP.
    missing("Class \"", Between("\" not found", word)),
    missing("Class '", Between("' not found", word)),
    missing("requires ext-", Until(" ", word)),
    missing("require ext-", Until(" ", word)),
    // Java.
    missing("error: package ", Between(" does not exist", word)),
    // C and C++.
    missing("fatal error: ", Between(": No such file", header)),
    missing("fatal error: '", Between("' file not found", header)),
    missing("cannot find -l", Until(":", library)),
    missing("Package '", Between("' not found", library)),
    missing("Package '", Between("', required by '", library)),
    missing("No package '", Between("' found", library)),
    missing("Package ", Between(" was not found in the pkg-config", library)),
    missing("Could NOT find ", Until(" ", library)),
    missing("error while loading shared libraries: ", Until(":", library)),
    missing(": cannot open shared object file", Before(library)),
    missing("no acceptable C compiler found", Fixed(program, "cc")),
    missing("No CMAKE_C_COMPILER could be found", Fixed(program, "cc")),
    missing("No CMAKE_CXX_COMPILER could be found", Fixed(program, "c++")),
    // Programs, and the packages of Debian.
    fault("E: Unable to locate package ", Category::Dependency),
    missing(": command not found", Before(program)),
    missing("sh: 1: ", Between(": not found", program)),
    missing("sh: line 1: ", Between(": not found", program)),
    missing("sh: ", Between(": not found", program)),
    missing("env: '", Between("': No such file", program)),
    missing("env: ‘", Between("’: No such file", program)),
    missing("env: ", Between(": No such file", program)),
    missing("make: ", Between(": No such file", program)),
    missing("exec: \"", Between("\": executable file not found", program)),
    missing("spawn ", Between(" ENOENT", program)),
    missing("linker `", Between("` not found", program)),
    missing(
        "FileNotFoundError: [Errno 2] No such file or directory: '",
        Until("'", program),
    ),
    // The network.
    fault("Could not resolve host", Category::Network),
    fault("Temporary failure in name resolution", Category::Network),
    fault("Temporary failure resolving", Category::Network),
    fault("getaddrinfo EAI_AGAIN", Category::Network),
    fault("getaddrinfo ENOTFOUND", Category::Network),
    fault("failed to lookup address information", Category::Network),
    of_setup("ETIMEDOUT", Category::Network),
    of_setup("ECONNREFUSED", Category::Network),
    of_setup("Connection refused", Category::Network),
    of_setup("Connection timed out", Category::Network),
    of_setup("Network is unreachable", Category::Network),
    of_setup("i/o timeout", Category::Network),
    of_setup("spurious network error", Category::Network),
    // Resources; see also `failure::MEMORY`.
    fault("No space left on device", Category::Resource),
    fault("Cannot allocate memory", Category::Resource),
    fault("Resource temporarily unavailable", Category::Resource),
    fault("Disk quota exceeded", Category::Resource),
    fault("Too many open files", Category::Resource),
    // Patches.
    fault("patch does not apply", Category::Patch),
    fault("error: corrupt patch", Category::Patch),
    fault("error: patch failed: ", Category::Patch),
    fault(" FAILED -- saving rejects to ", Category::Patch),
    // The command of the tests; see also `failure::NO_TESTS`.
    fault("file or directory not found: ", Category::TestCommand),
    fault("unrecognized arguments: ", Category::TestCommand),
    fault("Missing script: ", Category::TestCommand),
    fault("error: no test target named", Category::TestCommand),
    fault("*** No rule to make target ", Category::TestCommand),
    fault("matched no packages", Category::TestCommand),
    fault("Cannot open file \"", Category::TestCommand),
    fault("Cannot detect source of '", Category::TestCommand),
];

/// The longest name that is taken for one, and the most places of one message that are looked at.
const LONGEST: usize = 200;
const PLACES: usize = 1000;

impl Pattern {
    /// Where the message stands, with the name of what is missing where it tells one. A message whose name does not
    /// make sense is another message.
    pub(super) fn found<'a>(&'a self, log: &'a str) -> impl Iterator<Item = (usize, Option<Missing>)> + 'a {
        memmem::find_iter(log.as_bytes(), self.text)
            .take(PLACES)
            .filter_map(move |at| match self.name {
                Name::None => Some((at, None)),
                Fixed(kind, name) => Some((at, Some(kind(name)?))),
                Until(end, kind) => {
                    let rest = rest_of_line(log, at + self.text.len());
                    Some((at, Some(kind(rest.split(end).next()?.trim())?)))
                }
                Between(end, kind) => {
                    let (name, _) = rest_of_line(log, at + self.text.len()).split_once(end)?;
                    Some((at, Some(kind(name)?)))
                }
                Before(kind) => {
                    let before = log.get(log.floor_char_boundary(at.saturating_sub(LONGEST))..at)?;
                    let line = before.rsplit('\n').next()?;
                    Some((at, Some(kind(line.rsplit(": ").next()?.trim())?)))
                }
            })
    }
}

fn rest_of_line(log: &str, start: usize) -> &str {
    let rest = text::clip(log.get(start..).unwrap_or_default(), LONGEST);
    rest.split('\n').next().unwrap_or_default()
}

#[cfg(test)]
mod tests;
