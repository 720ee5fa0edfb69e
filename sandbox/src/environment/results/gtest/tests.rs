//! Tests of reading Google Test, on what it printed.

use crate::environment::results::{Runner, tests::told};

#[test]
fn a_test_that_took_its_process_down_failed() {
    assert_eq!(
        told(Runner::Gtest, include_str!("../fixtures/gtest.txt")),
        [
            "Passed Calculator.Adds",
            "Failed Calculator.Fails",
            "Skipped Calculator.Skips",
            "Failed Dies.Aborts"
        ]
    );
}

#[test]
fn a_parameter_is_no_part_of_a_name_and_totals_are_no_tests() {
    let output = "[ RUN      ] Numbers/P.Odd/1\nloud[  FAILED  ] Numbers/P.Odd/1, where GetParam() = 2 (0 ms)\n\
                  [  FAILED  ] 1 test, listed below:\n[  FAILED  ] Numbers/P.Odd/1, where GetParam() = 2\n";
    assert_eq!(told(Runner::Gtest, output), ["Failed Numbers/P.Odd/1"]);
}
