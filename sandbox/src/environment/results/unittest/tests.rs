//! Tests of reading unittest, on what it printed.

use crate::environment::results::{Runner, tests::told};

#[test]
fn a_test_is_named_with_its_class() {
    assert_eq!(
        told(Runner::Unittest, include_str!("../fixtures/unittest.txt")),
        [
            "Failed setUpClass (test_u.BrokenTest)",
            "Passed test_adds (test_u.CalculatorTest)",
            "Passed test_documented (test_u.CalculatorTest)",
            "Failed test_errors (test_u.CalculatorTest)",
            "Failed test_fails (test_u.CalculatorTest)",
            "Passed test_known (test_u.CalculatorTest)",
            "Passed test_prints (test_u.CalculatorTest)",
            "Skipped test_skips (test_u.CalculatorTest)",
            "Failed test_subs (test_u.CalculatorTest)",
            "Failed test_unexpected (test_u.CalculatorTest)",
        ]
    );
}

#[test]
fn a_test_has_one_name_under_all_versions_of_python() {
    let (old, new) = (
        "test_x (tests.test_a.A) ... ok\n",
        "test_x (tests.test_a.A.test_x) ... ok\n",
    );
    assert_eq!(told(Runner::Unittest, old), ["Passed test_x (tests.test_a.A)"]);
    assert_eq!(told(Runner::Unittest, new), told(Runner::Unittest, old));
}
