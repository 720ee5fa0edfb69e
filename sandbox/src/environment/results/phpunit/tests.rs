//! Tests of reading PHPUnit, on what it printed.

use crate::environment::results::{Runner, tests::told};

#[test]
fn a_documented_test_is_named_with_its_class() {
    assert_eq!(
        told(Runner::Phpunit, include_str!("../fixtures/phpunit.txt")),
        [
            "Passed Tests\\Calculator > Adds two numbers",
            "Failed Tests\\Calculator > Errors",
            "Failed Tests\\Calculator > Fails",
            "Skipped Tests\\Calculator > Incomplete",
            "Passed Tests\\Calculator > Numbers with data set \"one\"",
            "Failed Tests\\Calculator > Numbers with data set \"two\"",
            "Skipped Tests\\Calculator > Skips",
        ]
    );
}

#[test]
fn without_documentation_the_failures_are_known() {
    assert_eq!(
        told(Runner::Phpunit, include_str!("../fixtures/phpunit_plain.txt")),
        [
            "Failed Tests\\CalculatorTest::testErrors",
            "Failed Tests\\CalculatorTest::testFails",
            "Failed Tests\\CalculatorTest::testNumbers with data set \"two\"",
        ]
    );
}

#[test]
fn its_junit_file_is_read() {
    assert_eq!(
        told(Runner::Phpunit, include_str!("../fixtures/phpunit_junit.txt")),
        [
            "Passed Tests\\CalculatorTest::testAddsTwoNumbers",
            "Failed Tests\\CalculatorTest::testErrors",
            "Failed Tests\\CalculatorTest::testFails",
            "Skipped Tests\\CalculatorTest::testIncomplete",
            "Passed Tests\\CalculatorTest::testNumbers with data set \"one\"",
            "Failed Tests\\CalculatorTest::testNumbers with data set \"two\"",
            "Skipped Tests\\CalculatorTest::testSkips",
        ]
    );
}

#[test]
fn the_lines_of_pest_are_read() {
    let output = "   PASS  Tests\\Unit\\SumTest\n  ✓ it adds                    0.01s\n\n   FAIL  Tests\\Unit\\OtherTest\n  ⨯ it fails\n";
    assert_eq!(
        told(Runner::Phpunit, output),
        [
            "Failed Tests\\Unit\\OtherTest > it fails",
            "Passed Tests\\Unit\\SumTest > it adds"
        ]
    );
}
