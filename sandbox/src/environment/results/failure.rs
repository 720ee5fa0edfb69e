//! Why a run of tests failed as a whole, told from its exit code, its text and its results.

use memchr::memmem;

use super::{Results, Runner};

/// Why a run failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// At least one test failed.
    Assertion,
    /// The tests could not be loaded, as when a module that they import is missing.
    Collection,
    /// The project or its tests did not compile.
    Build,
    /// Time ran out.
    Timeout,
    /// Memory ran out.
    OutOfMemory,
    /// The disk was full, or as full as it may be.
    DiskFull,
    /// A signal ended it.
    Signal(i32),
    /// There was nothing to run.
    NoTests,
}

/// What compilers and build tools print when they give up.
const BUILD: &[&str] = &[
    "error[E",
    "error: could not compile",
    "[build failed]",
    "[setup failed]",
    "undefined reference",
    "undefined symbols for architecture",
    "fatal error: ",
    "error TS",
    "COMPILATION ERROR",
    "Compilation failed",
    "Execution failed for task ':compile",
    "collect2: error",
    "linker command failed",
    "ninja: build stopped",
    "CMake Error",
    "configure: error:",
];

/// What runners and languages print when tests cannot be loaded.
const COLLECTION: &[&str] = &[
    "ERROR collecting",
    "errors during collection",
    "error during collection",
    "ImportError",
    "ModuleNotFoundError",
    "Cannot find module",
    "Cannot find package",
    "Failed to resolve import",
    "Test suite failed to run",
    "LoadError",
    "cannot load such file",
    "error occurred outside of examples",
    "errors occurred outside of examples",
    "SyntaxError",
    "IndentationError",
    "syntax error",
    "Can't locate ",
    "BEGIN failed--compilation aborted",
    "PHP Parse error",
    "PHP Fatal error",
    "no required module provides package",
    "ClassNotFoundException",
];

/// What runners print when they found nothing to run.
pub(super) const NO_TESTS: &[&str] = &[
    "no tests ran",
    "NO TESTS RAN",
    "collected 0 items",
    "no test files",
    "no tests to run",
    "No tests found",
    "No test files found",
    "No tests were found",
    "No tests to run",
    "No tests executed",
    "No test suites found",
    "No examples found",
    "Result: NOTESTS",
    "no test target",
    "Missing script: \"test\"",
    "no test specified",
];

/// What is printed where memory ran out, whatever the exit code.
pub(super) const MEMORY: &[&str] = &[
    "heap out of memory",
    "runtime: out of memory",
    "java.lang.OutOfMemoryError",
    "virtual memory exhausted",
    "Killed signal terminated program",
    "Allowed memory size of",
];

/// What is printed where a runner's own limit of time was reached.
const TIME: &[&str] = &["panic: test timed out after", "+++++ Timeout +++++"];

/// The exit codes of a shell and of `timeout` (POSIX, Shell Command Language 2.8.2; coreutils, `timeout`).
const TIMED_OUT: i32 = 124;
const SIGNAL_BASE: i32 = 128;
const LAST_SIGNAL: i32 = 64;
const KILL: i32 = 9;

/// The exit code of pytest for tests that could not be collected.
const PYTEST_INTERRUPTED: i32 = 2;

/// Why a run failed that ended with `code` and not with success.
///
/// A caller that stopped the run itself, for its time or its memory, knows better and need not ask.
#[must_use]
pub fn classify(runner: Runner, code: i32, output: &str, results: &Results) -> Failure {
    if code == TIMED_OUT || has(output, TIME) {
        return Failure::Timeout;
    }
    if let Some(signal) = signal(code) {
        let memory = signal == KILL && has(output, &["Killed", "out of memory", "Out of memory"]);
        return if memory || has(output, MEMORY) {
            Failure::OutOfMemory
        } else {
            Failure::Signal(signal)
        };
    }
    if let Some(signal) = told_signal(output) {
        return Failure::Signal(signal);
    }
    if results.failed() > 0 {
        return Failure::Assertion;
    }
    if has(output, MEMORY) {
        return Failure::OutOfMemory;
    }
    if runner == Runner::Pytest && code == PYTEST_INTERRUPTED && has(output, COLLECTION) {
        // What pytest quotes of an import may look like a compiler's complaint.
        return Failure::Collection;
    }
    if build_failed(output) {
        return Failure::Build;
    }
    if has(output, COLLECTION) {
        return Failure::Collection;
    }
    // Without results there is nothing to doubt the code by; else nothing ran.
    let nothing = results.ran() == 0 && runner != Runner::ExitCode;
    if nothing || (runner == Runner::ExitCode && has(output, NO_TESTS)) {
        Failure::NoTests
    } else {
        Failure::Assertion
    }
}

/// Whether any of the texts stands in the log; each is one pass.
pub(super) fn has(log: &str, texts: &[&str]) -> bool {
    texts
        .iter()
        .any(|text| memmem::find(log.as_bytes(), text.as_bytes()).is_some())
}

/// Whether the log tells of a compiler or a linker that gave up. `file.c:3:5: error: …` is a compiler's, and
/// `program: error: …` is not.
pub(super) fn build_failed(log: &str) -> bool {
    let placed = |at: usize| at > 0 && log.as_bytes().get(at - 1).is_some_and(u8::is_ascii_digit);
    has(log, BUILD) || memmem::find_iter(log.as_bytes(), ": error: ").any(placed)
}

/// The signal that an exit code tells of: a shell adds 128, and others give it negative.
fn signal(code: i32) -> Option<i32> {
    let signal = if code < 0 {
        code.checked_neg()?
    } else {
        code - SIGNAL_BASE
    };
    (1..=LAST_SIGNAL).contains(&signal).then_some(signal)
}

/// The signal that cargo says a test program died of: `process didn't exit successfully: … (signal: 11, SIGSEGV …)`.
fn told_signal(log: &str) -> Option<i32> {
    let told = log.get(log.find("process didn't exit successfully: ")?..)?;
    let line = told.lines().next()?;
    let number = line.get(line.rfind("(signal: ")? + "(signal: ".len()..)?;
    number.split_once(',')?.0.parse().ok()
}

#[cfg(test)]
mod tests;
