//! Tests of reading prove, on what it printed.

use crate::environment::results::{Runner, tests::told};

#[test]
fn each_file_is_a_test() {
    assert_eq!(
        told(Runner::Prove, include_str!("../fixtures/prove.txt")),
        [
            "Passed t/adds.t",
            "Failed t/dies.t",
            "Failed t/exits.t",
            "Failed t/fails.t",
            "Failed t/short.t",
            "Skipped t/skips.t",
            "Passed t/todo.t",
        ]
    );
}

#[test]
fn a_result_may_follow_the_points_of_its_file() {
    let verbose = include_str!("../fixtures/prove_verbose.txt");
    assert_eq!(
        told(Runner::Prove, verbose),
        ["Passed t/adds.t", "Failed t/fails.t", "Skipped t/skips.t"]
    );
}

#[test]
fn a_file_without_a_result_failed() {
    assert_eq!(
        told(Runner::Prove, "t/a.t .. ok\nt/b.t .. \n"),
        ["Passed t/a.t", "Failed t/b.t"]
    );
}
