//! Tests of reading Mocha, and node's own reporter, on what they printed.

use crate::environment::results::{Runner, tests::told};

#[test]
fn a_test_is_named_below_its_suites() {
    assert_eq!(
        told(Runner::Mocha, include_str!("../fixtures/mocha.txt")),
        [
            "Passed calculator > adds",
            "Passed calculator > adds again",
            "Failed calculator > hooked > \"before all\" hook for \"never\"",
            "Passed calculator > is slow",
            "Failed calculator > when empty > fails",
            "Skipped calculator > when empty > is pending",
            "Passed stands alone",
        ]
    );
}

#[test]
fn the_reporter_of_node_is_read_too() {
    assert_eq!(
        told(Runner::Mocha, include_str!("../fixtures/node_spec.txt")),
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
fn another_run_of_npm_begins_anew() {
    let output = "  a\n    ✔ x\n\n  1 passing (2ms)\n\n> b@1.0.0 test\n\n  b\n    1) y\n\n  0 passing (1ms)\n  1 failing\n\n  1) b\n";
    assert_eq!(told(Runner::Mocha, output), ["Passed a > x", "Failed b > y"]);
}
