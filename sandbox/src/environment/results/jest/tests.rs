//! Tests of reading Jest and Vitest, on what they printed.

use crate::environment::results::{Runner, tests::told};

#[test]
fn a_test_is_named_with_its_file_and_its_groups() {
    assert_eq!(
        told(Runner::Jest, include_str!("../fixtures/jest.txt")),
        [
            "Passed jest/sum.test.js :: calculator > adds",
            "Passed jest/sum.test.js :: calculator > empty > prints",
            "Failed jest/sum.test.js :: calculator > fails",
            "Skipped jest/sum.test.js :: calculator > is skipped",
            "Skipped jest/sum.test.js :: calculator > is to do",
            "Passed jest/sum.test.js :: stands alone",
        ]
    );
}

#[test]
fn failures_are_told_without_the_tree_too() {
    let plain = include_str!("../fixtures/jest_plain.txt");
    assert_eq!(
        told(Runner::Jest, plain),
        ["Failed jest/sum.test.js :: calculator > fails"]
    );
}

#[test]
fn vitest_writes_the_whole_path() {
    assert_eq!(
        told(Runner::Jest, include_str!("../fixtures/vitest.txt")),
        [
            "Passed vt/sum.test.js :: calculator > adds",
            "Passed vt/sum.test.js :: calculator > empty > prints",
            "Failed vt/sum.test.js :: calculator > fails",
            "Skipped vt/sum.test.js :: calculator > is skipped",
            "Skipped vt/sum.test.js :: calculator > is to do",
            "Passed vt/sum.test.js :: stands alone",
        ]
    );
}
