//! What test runners print, read: which tests ran and how each ended, and why a run failed as a whole.

/// What prints the results of tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    /// Programs that print TAP.
    Tap,
    /// `prove`.
    Prove,
    /// Mocha.
    Mocha,
    /// Jest.
    Jest,
    /// Programs with Unity's tests.
    Unity,
    /// `ctest`.
    Ctest,
    /// `make check` of Automake.
    Automake,
    /// Programs with GoogleTest's tests.
    Gtest,
    /// PHPUnit.
    Phpunit,
    /// RSpec.
    Rspec,
    /// Minitest.
    Minitest,
    /// Maven.
    Maven,
    /// JUnit's XML.
    JunitXml,
    /// Nothing but an exit code.
    ExitCode,
}

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Missing {
    /// A module or package of the language, by the name that the code uses.
    Module(String),
    /// A program.
    Program(String),
    /// A C or C++ header.
    Header(String),
    /// A shared or static library, without `lib` and ending.
    Library(String),
}
