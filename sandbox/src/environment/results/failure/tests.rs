//! Tests of why a run failed, on what runners printed.

use super::*;
use crate::environment::results::read;

fn told(runner: Runner, code: i32, output: &str) -> Failure {
    classify(runner, code, output, &read(runner, output))
}

#[test]
fn a_failed_test_is_an_assertion_whatever_else_is_printed() {
    assert_eq!(
        told(Runner::Pytest, 1, include_str!("../fixtures/pytest_summary.txt")),
        Failure::Assertion
    );
    assert_eq!(
        told(Runner::Jest, 1, include_str!("../fixtures/jest.txt")),
        Failure::Assertion
    );
    assert_eq!(
        told(Runner::Cargo, 101, include_str!("../fixtures/cargo.txt")),
        Failure::Assertion
    );
}

#[test]
fn tests_that_could_not_be_loaded_were_not_collected() {
    assert_eq!(
        told(Runner::Pytest, 2, include_str!("../fixtures/pytest_collection.txt")),
        Failure::Collection
    );
    assert_eq!(
        told(Runner::Tap, 1, include_str!("../fixtures/node_missing.txt")),
        Failure::Collection
    );
    assert_eq!(
        told(Runner::Rspec, 1, include_str!("../fixtures/ruby_load.txt")),
        Failure::Collection
    );
}

#[test]
fn a_compiler_that_gave_up_is_a_build() {
    assert_eq!(
        told(Runner::Cargo, 101, include_str!("../fixtures/cargo_build.txt")),
        Failure::Build
    );
    assert_eq!(
        told(Runner::GoText, 2, include_str!("../fixtures/go_build.txt")),
        Failure::Build
    );
    assert_eq!(told(Runner::Ctest, 2, "a.c:3:5: error: expected ';'\n"), Failure::Build);
    assert_eq!(told(Runner::Ctest, 1, "prog: error: bad\n"), Failure::NoTests);
}

#[test]
fn a_killed_process_lacked_memory_only_if_the_log_says_so() {
    assert_eq!(told(Runner::Tap, 137, "Killed\n"), Failure::OutOfMemory);
    assert_eq!(told(Runner::Tap, 137, "ok 1 - a\n"), Failure::Signal(9));
    assert_eq!(
        told(Runner::Tap, 134, "FATAL ERROR: JavaScript heap out of memory\n"),
        Failure::OutOfMemory
    );
}

#[test]
fn a_signal_is_told_by_the_code_or_by_cargo() {
    assert_eq!(
        told(Runner::Gtest, 134, include_str!("../fixtures/gtest.txt")),
        Failure::Signal(6)
    );
    assert_eq!(told(Runner::Gtest, -11, ""), Failure::Signal(11));
    assert_eq!(
        told(Runner::Cargo, 101, include_str!("../fixtures/cargo_abort.txt")),
        Failure::Signal(6)
    );
    assert_eq!(
        told(Runner::Prove, 255, "t/a.t .. \nFailed 1/1 subtests\n"),
        Failure::Assertion
    );
}

#[test]
fn time_that_ran_out_is_told_by_the_code_or_by_the_runner() {
    assert_eq!(told(Runner::Tap, 124, "not ok 1 - a\n"), Failure::Timeout);
    assert_eq!(
        told(Runner::GoText, 2, "panic: test timed out after 10m0s\n"),
        Failure::Timeout
    );
}

#[test]
fn nothing_to_run_is_no_assertion() {
    assert_eq!(told(Runner::Pytest, 5, "no tests ran in 0.01s\n"), Failure::NoTests);
    assert_eq!(
        told(Runner::ExitCode, 1, "npm error Missing script: \"test\"\n"),
        Failure::NoTests
    );
    assert_eq!(told(Runner::ExitCode, 1, "1 is not 2\n"), Failure::Assertion);
}
