//! Tests of reading automake's check, on what it printed.

use crate::environment::results::{Runner, tests::told};

#[test]
fn an_unexpected_pass_failed_and_an_expected_failure_passed() {
    assert_eq!(
        told(Runner::Automake, include_str!("../fixtures/automake.txt")),
        [
            "Failed bad.sh",
            "Failed hard.sh",
            "Passed ok.sh",
            "Skipped skip.sh",
            "Passed xf.sh",
            "Failed xp.sh",
        ]
    );
}

#[test]
fn points_are_read_and_complaints_are_not() {
    let output = "PASS: a.test 1 - adds\nERROR: cannot open the file\n";
    assert_eq!(told(Runner::Automake, output), ["Passed a.test 1 - adds"]);
}
