//! Tests of reading Unity, on what it printed.

use crate::environment::results::{Runner, tests::told};

#[test]
fn a_test_is_named_with_its_file_and_without_its_folder() {
    assert_eq!(
        told(Runner::Unity, include_str!("../fixtures/unity.txt")),
        [
            "Failed cjson_add.c::cjson_add_fails",
            "Skipped cjson_add.c::cjson_add_rests",
            "Skipped cjson_add.c::cjson_add_waits",
            "Passed cjson_add.c::cjson_add_works",
        ]
    );
}

#[test]
fn the_lines_of_a_verbose_ctest_are_read() {
    assert_eq!(
        told(Runner::Unity, "12: /build/tests/a.c:3:adds:PASS\n"),
        ["Passed a.c::adds"]
    );
}

#[test]
fn the_lines_of_a_fixture_are_read() {
    let output = "TEST(Sums, adds) PASS\nTEST(Sums, fails)a.c:3::FAIL: Expected 3\nIGNORE_TEST(Sums, waits)\n";
    let output = output.replace("waits)", "waits) PASS");
    assert_eq!(
        told(Runner::Unity, &output),
        ["Passed Sums::adds", "Failed Sums::fails", "Skipped Sums::waits"]
    );
}
