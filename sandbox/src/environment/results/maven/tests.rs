//! Tests of reading Maven, on what it printed, and Gradle.

use crate::environment::results::{Runner, tests::told};

const EXPECTED: [&str; 4] = [
    "Failed org.example.CalculatorTest",
    "Failed org.example.CalculatorTest::errors",
    "Failed org.example.CalculatorTest::fails",
    "Passed org.example.GoodTest",
];

#[test]
fn each_class_and_each_failed_test_is_told_of() {
    assert_eq!(told(Runner::Maven, include_str!("../fixtures/maven.txt")), EXPECTED);
}

#[test]
fn the_lines_of_version_3_tell_the_same() {
    let output = "[ERROR] Tests run: 4, Failures: 1, Errors: 1, Skipped: 1, Time elapsed: 0.05 s <<< FAILURE! -- in org.example.CalculatorTest\n\
                  [ERROR] org.example.CalculatorTest.errors -- Time elapsed: 0.01 s <<< ERROR!\n\
                  [ERROR] org.example.CalculatorTest.fails -- Time elapsed: 0.01 s <<< FAILURE!\n\
                  [INFO] Tests run: 1, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: 0.01 s -- in org.example.GoodTest\n\
                  [ERROR] Tests run: 5, Failures: 1, Errors: 1, Skipped: 1\n";
    assert_eq!(told(Runner::Maven, output), EXPECTED);
}

#[test]
fn a_class_of_which_all_was_skipped_is_skipped() {
    let output =
        "[WARNING] Tests run: 2, Failures: 0, Errors: 0, Skipped: 2, Time elapsed: 0 s -- in org.example.LaterTest\n";
    assert_eq!(told(Runner::Maven, output), ["Skipped org.example.LaterTest"]);
}

#[test]
fn the_lines_of_gradle_are_read_and_its_tasks_are_not() {
    let output = "> Task :test FAILED\nCalculatorTest > adds() PASSED\nCalculatorTest > fails() FAILED\n";
    assert_eq!(
        told(Runner::Maven, output),
        ["Passed CalculatorTest > adds()", "Failed CalculatorTest > fails()"]
    );
}

#[test]
fn a_class_that_could_not_be_prepared_is_told_of_once() {
    let output = "[ERROR] Tests run: 1, Failures: 0, Errors: 1, Skipped: 0, Time elapsed: 0 s <<< FAILURE! - in org.example.BrokenTest\n\
                  [ERROR] org.example.BrokenTest  Time elapsed: 0 s  <<< ERROR!\n";
    assert_eq!(told(Runner::Maven, output), ["Failed org.example.BrokenTest"]);
}
