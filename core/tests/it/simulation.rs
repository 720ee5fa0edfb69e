//! Thousands of seeded lives in every weather.

use std::collections::BTreeSet;
use troupe_core::limits::Mode;
use troupe_testkit::simulation::{Weather, live};
use troupe_testkit::workflow;

const CALM: Weather = Weather {
    crash_one_in: 0,
    fail_one_in: 0,
    cancel_one_in: 0,
    travel_one_in: 0,
    word_one_in: 0,
};

#[test]
fn every_life_keeps_the_property_and_ends() {
    let workflow = workflow::everything();
    let mut kinds = BTreeSet::new();
    let mut crashes = 0;
    for seed in 1..=3_000 {
        let weather = match seed % 4 {
            0 => CALM,
            1 => Weather {
                crash_one_in: 5,
                ..CALM
            },
            2 => Weather {
                crash_one_in: 7,
                fail_one_in: 9,
                ..CALM
            },
            _ => Weather {
                crash_one_in: 7,
                fail_one_in: 15,
                cancel_one_in: 30,
                travel_one_in: 60,
                word_one_in: 25,
            },
        };
        let life = live(&workflow, seed, weather);
        crashes += life.crashes;
        kinds.extend(life.kinds);
    }
    assert!(crashes > 3_000, "the weather was too fair: {crashes} crashes");
    assert_eq!(kinds.len(), 30, "a kind of event never occurred; seen: {kinds:?}");
}

#[test]
fn every_life_within_small_limits_ends_and_settles_all() {
    for mode in [Mode::Enforce, Mode::Audit] {
        let workflow = workflow::tight(mode);
        let mut kinds = BTreeSet::new();
        for seed in 1..=800 {
            let weather = match seed % 3 {
                0 => CALM,
                1 => Weather {
                    crash_one_in: 5,
                    fail_one_in: 12,
                    ..CALM
                },
                _ => Weather {
                    crash_one_in: 7,
                    fail_one_in: 15,
                    cancel_one_in: 30,
                    travel_one_in: 60,
                    word_one_in: 25,
                },
            };
            kinds.extend(live(&workflow, seed, weather).kinds);
        }
        let (happens, never) = match mode {
            Mode::Enforce => ("turn_forced", "limit_passed"),
            Mode::Audit => ("limit_passed", "turn_forced"),
        };
        assert!(kinds.contains(happens) && !kinds.contains(never), "{mode:?}: {kinds:?}");
        assert!(kinds.contains("run_succeeded"), "{mode:?}: {kinds:?}");
    }
}
