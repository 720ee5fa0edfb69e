//! Tests of reading CTest, on what it printed.

use crate::environment::results::{Runner, tests::told};

#[test]
fn each_ending_is_read() {
    assert_eq!(
        told(Runner::Ctest, include_str!("../fixtures/ctest.txt")),
        [
            "Passed adds",
            "Failed gone",
            "Failed name",
            "Skipped off",
            "Skipped skips",
            "Failed slow",
            "Failed t",
        ]
    );
}

#[test]
fn a_long_name_with_spaces_and_dots_is_whole() {
    let line = " 10/12 Test #10: a.b: two words ...   Passed    0.01 sec\n";
    assert_eq!(told(Runner::Ctest, line), ["Passed a.b: two words"]);
}
