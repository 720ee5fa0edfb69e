//! Tests of what all runners share: names, the marker of a file, and texts that no runner would print.

use proptest::prelude::*;

use super::*;

/// The outcome of each test, a line each, as the tests of the runners write what they expect.
pub(super) fn told(runner: Runner, output: &str) -> Vec<String> {
    read(runner, output)
        .tests
        .iter()
        .map(|(name, outcome)| format!("{outcome:?} {name}"))
        .collect()
}

pub(super) const ALL: [Runner; 20] = [
    Runner::Pytest,
    Runner::Unittest,
    Runner::Cargo,
    Runner::GoJson,
    Runner::GoText,
    Runner::Tap,
    Runner::Prove,
    Runner::Mocha,
    Runner::Jest,
    Runner::Unity,
    Runner::Ctest,
    Runner::Automake,
    Runner::Gtest,
    Runner::Phpunit,
    Runner::Rspec,
    Runner::Minitest,
    Runner::Maven,
    Runner::JunitXml,
    Runner::Lines,
    Runner::ExitCode,
];

#[test]
fn of_two_outcomes_of_a_name_the_weightier_stays() {
    let mut results = Results::default();
    for outcome in [Outcome::Skipped, Outcome::Passed] {
        results.record("a", outcome);
    }
    for outcome in [Outcome::Failed, Outcome::Passed, Outcome::Skipped] {
        results.record("b", outcome);
    }
    assert_eq!(results.tests.get("a"), Some(&Outcome::Passed));
    assert_eq!(results.tests.get("b"), Some(&Outcome::Failed));
    assert_eq!((results.ran(), results.passed(), results.failed()), (2, 1, 1));
}

#[test]
fn a_skipped_test_did_not_run() {
    let mut results = Results::default();
    results.record("a", Outcome::Skipped);
    assert_eq!(results.ran(), 0);
}

#[test]
fn two_runs_are_merged_test_by_test() {
    let mut results = Results::default();
    results.record("a", Outcome::Passed);
    let mut other = Results::default();
    other.record("a", Outcome::Failed);
    other.record("b", Outcome::Passed);
    results.merge(other);
    assert_eq!((results.passed(), results.failed()), (1, 1));
}

#[test]
fn a_marker_names_the_file_of_what_follows() {
    let output = "# file: test/a.js\nok 1 - adds\n# file: test/b.js\nok 1 - adds\nnot ok 2 - fails\n";
    assert_eq!(
        told(Runner::Tap, output),
        [
            "Passed test/a.js :: adds",
            "Passed test/b.js :: adds",
            "Failed test/b.js :: fails"
        ]
    );
}

#[test]
fn a_marker_adds_nothing_where_the_runner_names_the_file() {
    let output = "# file: tests/a.py\ntests/a.py::test_x PASSED [100%]\n";
    assert_eq!(told(Runner::Pytest, output), ["Passed tests/a.py::test_x"]);
}

#[test]
fn an_exit_code_tells_of_no_test() {
    assert_eq!(
        read(Runner::ExitCode, "ok 1 - adds\nPASSED a.py::b\n"),
        Results::default()
    );
}

#[test]
fn a_name_is_cut_before_it_outgrows_the_log() {
    let results = read(Runner::Tap, &format!("ok 1 - {}\n", "é".repeat(3000)));
    assert!(
        results.tests.keys().all(|name| name.len() <= LONGEST_NAME),
        "a name is too long"
    );
    assert_eq!(results.ran(), 1);
}

/// What runners and tools print, in pieces.
const PIECES: &[&str] = &[
    "\n",
    " ",
    "    ",
    "::",
    "a.py::b",
    "PASSED",
    "SKIPPED [1] ",
    "[ 10%]",
    "] - ",
    "SUBFAIL",
    "[gw0] ",
    "%] ",
    "test ",
    " ... ",
    "ok",
    "not ok",
    " 1",
    " - ",
    "# ",
    "# SKIP",
    "TODO",
    "1..2",
    "TAP version 13",
    "Running x (",
    ")",
    "--- PASS: ",
    " (0.00s)",
    "{\"Action\":",
    "\"run\"}",
    "t/x.t .. ",
    "(Wstat: ",
    "Failed: ",
    "✓ ",
    "● ",
    " > ",
    "PASS ",
    "FAIL  ",
    "x.c:1:y:PASS",
    "TEST(",
    ",",
    "Test #1: ",
    "***",
    "[ RUN      ] ",
    "[       OK ] ",
    "A.b",
    " (FAILED - 1)",
    "A#test_b",
    " = ",
    "0.00 s = .",
    ":\t",
    "Tests run: 1, ",
    " in ",
    "<testcase",
    " name=\"",
    "\"",
    "'",
    ">",
    "/>",
    "</testcase>",
    "<failure",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "&#x",
    "&amp;",
    ";",
    "\u{1b}[",
    "\u{1b}]",
    "31m",
    "\u{7}",
    "\r",
    "é",
    "💥",
    "# file: ",
    "No module named '",
    "Cannot find module '@",
    "cannot find -l",
    "Package '",
    ": command not found",
    "Can't locate ",
    " in @INC",
    ".pm",
    "process didn't exit successfully: ",
    "(signal: ",
];

/// Texts that are made of the pieces in any order, so that the readers' own branches are reached.
fn log() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES), 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_text_is_too_odd_to_be_read(log in prop_oneof![log(), any::<String>()], code in any::<i32>()) {
        for runner in ALL {
            let results = read(runner, &log);
            prop_assert!(results.ran() <= log.len());
            let _ = classify(runner, code, &log, &results);
            for stage in [Stage::Setup, Stage::Test] {
                let _ = diagnose(runner, stage, code, &log);
            }
        }
    }

    #[test]
    fn colours_change_no_result(log in log().prop_filter("no sequence of its own", |log| !log.contains(['\u{1b}', '\u{7}', '\r'])), at in any::<prop::sample::Index>()) {
        let cut = log.floor_char_boundary(at.index(log.len() + 1));
        let coloured = format!("{}\u{1b}[1;31m{}", &log[..cut], &log[cut..]);
        for runner in ALL {
            prop_assert_eq!(read(runner, &coloured), read(runner, &log));
        }
    }
}

/// A log of one piece, many times over, is read in the time of a few passes. The pieces are those that a reader with a
/// search to the end at each of them would be slow on.
#[test]
fn a_long_log_is_read_in_linear_time() {
    let pieces = [
        "<!-- ",
        "<![CDATA[",
        "<testcase a=\"",
        "<?",
        "\u{1b}]x",
        "\u{1b}[",
        "    ok 1 - a\n",
        "=== RUN   TestA\n",
        "Can't locate ",
        "&",
    ];
    let started = std::time::Instant::now();
    for piece in pieces {
        let log = piece.repeat((1 << 20) / piece.len());
        for runner in ALL {
            let _ = read(runner, &log);
        }
    }
    // A quadratic reader needs minutes for a single piece.
    assert!(
        started.elapsed() < std::time::Duration::from_secs(60),
        "took {:?}",
        started.elapsed()
    );
}
