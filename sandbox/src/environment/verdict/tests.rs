//! What the codes of two states mean together.

use super::*;
use proptest::prelude::*;

fn run(failure: Option<Failure>, tests: &[(&str, Outcome)]) -> TestRun {
    let mut results = Results::default();
    results
        .tests
        .extend(tests.iter().map(|(name, outcome)| ((*name).to_owned(), *outcome)));
    TestRun {
        code: i32::from(failure.is_some()),
        failure,
        results,
        log: String::new(),
        duration_ms: 1,
        usage: Usage::default(),
    }
}

#[test]
fn both_states_decide() {
    let passes = || run(None, &[("a", Outcome::Passed)]);
    let fails = || run(Some(Failure::Assertion), &[("a", Outcome::Failed)]);
    let breaks = || run(Some(Failure::Build), &[]);
    let told = [
        Verdict::of(&[fails()], &[passes()]),
        Verdict::of(&[breaks()], &[passes()]),
        Verdict::of(&[passes()], &[passes()]),
        Verdict::of(&[fails()], &[fails()]),
        Verdict::of(&[passes()], &[fails()]),
        Verdict::of(&[fails(), passes()], &[passes()]),
        Verdict::of(&[fails()], &[passes(), fails()]),
        Verdict::of(&[fails()], &[run(Some(Failure::NoTests), &[])]),
    ];
    use Verdict::*;
    let expected = [
        FailToPass,
        ErrorToPass,
        PassToPass,
        FailToFail,
        PassToFail,
        Flaky,
        Flaky,
        NoTests,
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_test_that_passes_now_and_then_is_flaky_though_the_codes_are_equal() {
    let one = run(None, &[("a", Outcome::Passed), ("b", Outcome::Passed)]);
    let other = run(None, &[("a", Outcome::Passed), ("b", Outcome::Skipped)]);
    let before = run(Some(Failure::Assertion), &[("a", Outcome::Failed)]);
    assert_eq!(Verdict::of(&[before], &[one, other]), Verdict::Flaky);
}

#[test]
fn tests_are_listed_by_both_states() {
    let before = run(
        None,
        &[
            ("kept", Outcome::Passed),
            ("mended", Outcome::Failed),
            ("broken", Outcome::Passed),
        ],
    );
    let after = run(
        None,
        &[
            ("kept", Outcome::Passed),
            ("mended", Outcome::Passed),
            ("new", Outcome::Passed),
            ("broken", Outcome::Failed),
        ],
    );
    let lists = Lists::of(&before.results, &after.results);
    assert_eq!(lists.fail_to_pass, ["mended", "new"]);
    assert_eq!(
        (lists.pass_to_pass, lists.pass_to_fail),
        (vec!["kept".into()], vec!["broken".into()])
    );
}

proptest! {
    #[test]
    fn only_what_fails_before_and_passes_after_every_time_is_verified(
        before in proptest::collection::vec(any::<bool>(), 1..4),
        after in proptest::collection::vec(any::<bool>(), 1..4),
    ) {
        let runs = |passed: &[bool]| -> Vec<TestRun> {
            passed.iter().map(|passed| run((!passed).then_some(Failure::Assertion), &[])).collect()
        };
        let verdict = Verdict::of(&runs(&before), &runs(&after));
        let expected = before.iter().all(|passed| !passed) && after.iter().all(|passed| *passed);
        prop_assert_eq!(verdict.is_verified(), expected);
    }
}
