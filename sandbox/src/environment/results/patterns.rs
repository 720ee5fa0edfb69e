//! The table of what tools print when something is missing or goes wrong. A kind of message is one line.

use super::diagnosis::{Category, Missing, Stage};
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

/// Where a name stands, and what it names.
#[derive(Clone, Copy)]
pub(super) enum Name {
    /// The message names nothing.
    None,
    /// After the text, up to the given one or to the line's end.
    Until(&'static str, Kind),
    /// After the text, and only if the given one follows.
    Between(&'static str, Kind),
    /// Before the text, after the last `: ` of the line.
    Before(Kind),
    /// Always this one.
    Fixed(Kind, &'static str),
}

/// Makes what a name names of the name as it is written.
pub(super) type Kind = fn(&str) -> Option<Missing>;

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

use Name::{Before, Between, Fixed, Until};

/// The messages, by language or tool.
pub(super) const PATTERNS: &[Pattern] = &[
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
    // Rust.
    missing("can't find crate for `", Until("`", word)),
    missing("unlinked crate `", Until("`", word)),
    missing("no matching package named `", Until("`", word)),
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
    // Programs.
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
        log.match_indices(self.text)
            .take(PLACES)
            .filter_map(move |(at, _)| match self.name {
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

/// A name of one word.
fn one(name: &str) -> Option<String> {
    let name = name.trim_end_matches(['.', ',']);
    let odd = |letter: char| letter.is_whitespace() || letter.is_control() || "'\"`<>|$*".contains(letter);
    (!name.is_empty() && !name.contains(odd)).then(|| name.to_owned())
}

fn word(name: &str) -> Option<Missing> {
    one(name).map(Missing::Module)
}

fn first_word(name: &str) -> Option<Missing> {
    word(name.split(' ').next()?)
}

/// The module as the import names it: `yaml`, `google.protobuf`.
fn python(name: &str) -> Option<Missing> {
    let plain = name
        .chars()
        .all(|letter| letter.is_alphanumeric() || "._-".contains(letter));
    one(name).filter(|_| plain).map(Missing::Module)
}

/// Of `python: No module named pytest`, which has no quotes.
fn bare_python(name: &str) -> Option<Missing> {
    python(name.trim_end_matches(';'))
}

/// The package of a module: `lodash` of `lodash/fp`, `@a/b` of `@a/b/c`. A path is a file of the repository, and
/// `node:fs` comes with node.
fn node(name: &str) -> Option<Missing> {
    if name.starts_with(['.', '/', '\\', '#', '~']) || name.contains(':') || name.starts_with("@/") {
        return None;
    }
    let parts = if name.starts_with('@') { 2 } else { 1 };
    let package: Vec<&str> = name.split('/').take(parts).collect();
    (package.len() == parts).then(|| word(&package.join("/"))).flatten()
}

/// A file that Ruby looks for: a path is a file of the repository.
fn file(name: &str) -> Option<Missing> {
    if name.starts_with(['/', '.']) { None } else { word(name) }
}

/// The module of a file: `Foo::Bar` of `Foo/Bar.pm (you may need …)`.
fn perl(name: &str) -> Option<Missing> {
    let file = name.split(' ').next()?.strip_suffix(".pm")?;
    word(&file.replace('/', "::"))
}

/// A header, and no source that a command names wrongly.
fn header(name: &str) -> Option<Missing> {
    let source = [".c", ".cc", ".cpp", ".o"].iter().any(|ending| name.ends_with(ending));
    one(name).filter(|_| !source).map(Missing::Header)
}

/// A library without `lib` and ending: `GL` of `libGL.so.1`.
fn library(name: &str) -> Option<Missing> {
    let name = name.split(' ').next()?;
    let bare = match name.split_once(".so") {
        Some((stem, _)) => stem.rsplit('/').next()?.trim_start_matches("lib"),
        None => name,
    };
    one(bare).map(Missing::Library)
}

/// A program that is looked up, so without a path.
fn program(name: &str) -> Option<Missing> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "._+-".contains(letter);
    let file = [".txt", ".json", ".py", ".toml", ".cfg", ".md", ".xml", ".yml", ".yaml"]
        .iter()
        .any(|ending| name.ends_with(ending));
    (!name.is_empty() && !file && name.chars().all(plain)).then(|| Missing::Program(name.to_owned()))
}

#[cfg(test)]
mod tests;
