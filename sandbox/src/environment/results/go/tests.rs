//! Tests of reading Go, on what it printed.

use crate::environment::results::{Runner, tests::told};

const EXPECTED: [&str; 7] = [
    "Passed TestAdds",
    "Failed TestFails",
    "Passed TestPrints",
    "Skipped TestSkips",
    "Failed TestTable",
    "Passed TestTable/one",
    "Failed TestTable/two_words",
];

#[test]
fn text_and_events_tell_the_same() {
    assert_eq!(told(Runner::GoText, include_str!("../fixtures/go_text.txt")), EXPECTED);
    assert_eq!(told(Runner::GoJson, include_str!("../fixtures/go_json.txt")), EXPECTED);
}

#[test]
fn a_test_that_never_ended_failed() {
    assert_eq!(
        told(Runner::GoText, include_str!("../fixtures/go_exit.txt")),
        ["Failed TestExit"]
    );
    let events =
        "{\"Action\":\"run\",\"Package\":\"a\",\"Test\":\"TestExit\"}\n{\"Action\":\"fail\",\"Package\":\"a\"}\n";
    assert_eq!(told(Runner::GoJson, events), ["Failed TestExit"]);
}

#[test]
fn what_a_test_says_of_another_is_no_result() {
    let output = "=== RUN   TestA\n    a_test.go:3: got --- FAIL: TestB (0.00s)\n--- PASS: TestA (0.00s)\n";
    assert_eq!(told(Runner::GoText, output), ["Passed TestA"]);
}

#[test]
fn a_package_that_passed_vouches_for_the_tests_that_it_began() {
    let output =
        "=== RUN   TestA\nlost--- PA\nok  \texample.com/a\t0.01s\n=== RUN   TestB\nFAIL\texample.com/b\t0.01s\n";
    assert_eq!(told(Runner::GoText, output), ["Passed TestA", "Failed TestB"]);
}
