//! Tests of reading the Test Anything Protocol, on what tape, node and perl printed.

use crate::environment::results::{Runner, tests::told};

#[test]
fn the_assertions_of_tape_are_gathered_under_their_test() {
    assert_eq!(
        told(Runner::Tap, include_str!("../fixtures/tape.txt")),
        [
            "Passed test/tape.js :: a note",
            "Passed test/tape.js :: adds two numbers",
            "Failed test/tape.js :: fails (once)",
            "Skipped test/tape.js :: has a todo",
            "Passed test/tape.js :: inner",
            "Skipped test/tape.js :: is skipped",
            "Skipped test/tape.js :: skips one",
        ]
    );
}

#[test]
fn a_subtest_is_named_below_its_parent() {
    assert_eq!(
        told(Runner::Tap, include_str!("../fixtures/node_tap.txt")),
        [
            "Passed adds",
            "Failed calculator > fails",
            "Skipped calculator > is skipped",
            "Skipped calculator > is to do",
            "Passed calculator > multiplies",
        ]
    );
}

#[test]
fn perl_tests_are_named_by_their_text_or_their_number() {
    assert_eq!(
        told(Runner::Tap, include_str!("../fixtures/perl_tap.txt")),
        [
            "Passed t/adds.t :: 2",
            "Skipped t/adds.t :: 4",
            "Passed t/adds.t :: adds",
            "Passed t/adds.t :: outer > deep > leaf",
            "Passed t/adds.t :: outer > first",
            "Passed t/fails.t :: one",
            "Skipped t/fails.t :: three",
            "Failed t/fails.t :: two",
        ]
    );
}

#[test]
fn a_parent_that_failed_by_itself_is_told_of() {
    let output = "    ok 1 - child\nnot ok 1 - parent\n";
    assert_eq!(told(Runner::Tap, output), ["Failed parent", "Passed parent > child"]);
}

#[test]
fn children_without_a_parent_are_kept_when_their_process_died() {
    assert_eq!(
        told(Runner::Tap, "TAP version 14\n    ok 1 - child\n"),
        ["Passed child"]
    );
}

#[test]
fn a_plan_before_the_points_makes_comments_remarks() {
    let output = "1..2\nnot ok 1 adds\n# (in test file a.bats, line 3)\nok 2 multiplies\n";
    assert_eq!(told(Runner::Tap, output), ["Failed adds", "Passed multiplies"]);
    assert_eq!(
        told(Runner::Tap, "# Testing Sums 1.0\n1..1\nok 1 adds\n"),
        ["Passed adds"]
    );
}
