//! Thousands of seeded lives in every weather.

use std::collections::BTreeSet;
use troupe_testkit::simulation::{Weather, live};
use troupe_testkit::workflow;

const CALM: Weather = Weather {
    crash_one_in: 0,
    fail_one_in: 0,
    cancel_one_in: 0,
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
                cancel_one_in: 0,
            },
            _ => Weather {
                crash_one_in: 7,
                fail_one_in: 15,
                cancel_one_in: 30,
            },
        };
        let life = live(&workflow, seed, weather);
        crashes += life.crashes;
        kinds.extend(life.kinds);
    }
    assert!(crashes > 3_000, "the weather was too fair: {crashes} crashes");
    assert_eq!(kinds.len(), 28, "a kind of event never occurred; seen: {kinds:?}");
}
