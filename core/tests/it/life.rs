//! Seeded lives of runs, as their journals.

use troupe_core::ir::Workflow;
use troupe_core::port::journal::Entry;
use troupe_testkit::simulation::{Weather, recorded};

/// The journal of one of a workflow's lives, two events a millisecond: calm or with crashes, failures, a cancellation, parts that are stopped, by its seed.
pub fn life(workflow: &Workflow, seed: u64) -> Vec<Entry> {
    let weather = Weather {
        crash_one_in: 7 * (seed % 2),
        fail_one_in: 12 * (seed % 3),
        cancel_one_in: 25 * (seed % 5),
        travel_one_in: 0,
        word_one_in: 20 * (seed % 4 / 3),
    };
    let entry = |(sequence, event)| Entry {
        sequence,
        at_ms: 1_000 + sequence / 2,
        event,
    };
    let events = recorded(workflow, seed, weather).1.events;
    (0..).zip(events).map(entry).collect()
}
