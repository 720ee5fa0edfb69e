//! Tests of reading Minitest and test-unit, on what they printed.

use crate::environment::results::{Runner, tests::told};

#[test]
fn a_test_may_print_before_its_letter() {
    assert_eq!(
        told(Runner::Minitest, include_str!("../fixtures/minitest.txt")),
        [
            "Passed CalculatorTest#test_adds",
            "Failed CalculatorTest#test_errors",
            "Failed CalculatorTest#test_fails",
            "Passed CalculatorTest#test_prints",
            "Skipped CalculatorTest#test_skips",
        ]
    );
}

#[test]
fn test_unit_is_read_too() {
    assert_eq!(
        told(Runner::Minitest, include_str!("../fixtures/test_unit.txt")),
        [
            "Passed CalculatorTest#test_adds",
            "Failed CalculatorTest#test_errors",
            "Failed CalculatorTest#test_fails",
            "Skipped CalculatorTest#test_omits",
            "Skipped CalculatorTest#test_pends",
            "Passed CalculatorTest#test_prints",
        ]
    );
}

#[test]
fn a_name_may_have_spaces_and_signs() {
    let output = "Sums::when empty#test_0001_is = 0 = 0.01 s = .\n";
    assert_eq!(
        told(Runner::Minitest, output),
        ["Passed Sums::when empty#test_0001_is = 0"]
    );
}
