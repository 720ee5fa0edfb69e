//! Tests of reading cargo, on what it printed.

use crate::environment::results::{Runner, tests::told};

#[test]
fn a_failed_test_is_named_with_its_file() {
    assert_eq!(
        told(Runner::Cargo, include_str!("../fixtures/cargo.txt")),
        [
            "Passed src/lib.rs - add (line 2)",
            "Passed src/lib.rs - add (line 6)",
            "Passed src/lib.rs::tests::adds",
            "Skipped src/lib.rs::tests::waits",
            "Passed tests/sums.rs::adds",
            "Failed tests/sums.rs::fails",
            "Passed tests/sums.rs::prints",
            "Passed tests/sums.rs::refuses",
        ]
    );
}

#[test]
fn a_test_may_print_before_its_result() {
    assert_eq!(
        told(Runner::Cargo, include_str!("../fixtures/cargo_nocapture.txt")),
        [
            "Passed tests/sums.rs::adds",
            "Failed tests/sums.rs::fails",
            "Passed tests/sums.rs::prints",
            "Passed tests/sums.rs::refuses",
        ]
    );
}

#[test]
fn a_test_that_took_its_process_down_failed() {
    let aborted = include_str!("../fixtures/cargo_abort.txt");
    assert_eq!(
        told(Runner::Cargo, aborted),
        ["Passed tests/dies.rs::adds", "Failed tests/dies.rs::dies"]
    );
}
