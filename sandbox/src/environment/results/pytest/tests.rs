//! Tests of reading pytest, on what it printed.

use crate::environment::results::{Runner, tests::told};

const NAMED: [&str; 7] = [
    "Failed tests/test_format.py::TestFormat::test_fails",
    "Failed tests/test_format.py::test_errors",
    "Failed tests/test_format.py::test_text[x",
    "Passed tests/test_format.py::TestFormat::test_adds",
    "Passed tests/test_format.py::test_known",
    "Passed tests/test_format.py::test_text[[z]]",
    "Passed tests/test_format.py::test_text[a b]",
];

fn sorted(runner: Runner, output: &str) -> Vec<String> {
    let mut lines = told(runner, output);
    lines.sort();
    lines
}

fn expected(more: &[&'static str]) -> Vec<String> {
    let mut lines: Vec<String> = NAMED.iter().chain(more).map(|line| (*line).to_owned()).collect();
    lines.sort();
    lines
}

#[test]
fn a_summary_tells_of_each_test_and_where_one_was_skipped() {
    let summary = include_str!("../fixtures/pytest_summary.txt");
    let more = [
        "Passed tests/test_format.py::test_unexpected",
        "Skipped tests/test_format.py:19",
    ];
    assert_eq!(sorted(Runner::Pytest, summary), expected(&more));
}

#[test]
fn coloured_progress_names_the_skipped_test() {
    let verbose = include_str!("../fixtures/pytest_verbose.txt");
    assert!(verbose.contains("\u{1b}["), "the fixture has lost its colours");
    let more = [
        "Passed tests/test_format.py::test_unexpected",
        "Skipped tests/test_format.py::test_skips",
    ];
    assert_eq!(sorted(Runner::Pytest, verbose), expected(&more));
}

#[test]
fn a_file_that_was_not_collected_is_no_test() {
    assert_eq!(
        told(Runner::Pytest, include_str!("../fixtures/pytest_collection.txt")),
        [""; 0]
    );
}

#[test]
fn a_test_may_print_before_its_word() {
    let output = "tests/a.py::test_x hello\nmore\nPASSED\ntests/a.py::test_y loud FAILED [100%]\n";
    assert_eq!(
        told(Runner::Pytest, output),
        ["Passed tests/a.py::test_x", "Failed tests/a.py::test_y"]
    );
}

#[test]
fn workers_of_xdist_and_failed_parts_are_read() {
    let output = "[gw0] [ 50%] PASSED tests/a.py::test_x\n\
                  [gw1] [100%] PASSED tests/a.py::test_y\n\
                  SUBFAILED[case 2] tests/a.py::test_y - AssertionError\n";
    assert_eq!(
        told(Runner::Pytest, output),
        ["Passed tests/a.py::test_x", "Failed tests/a.py::test_y"]
    );
}
