//! Each append of a group is decided on its own, in order.

use super::{Plan, Position, Refusal, past};
use crate::segment::Segment;
use crate::writer::Batch;
use troupe_core::event::Event;
use troupe_core::port::journal::{Fork, RunHeader};
use troupe_testkit::conformance::journal::{header, run_id};

fn batch(first: u64, events: usize) -> Batch {
    Batch {
        run: run_id("R"),
        first,
        at_ms: 0,
        segment: Segment::encode(&vec![Event::RunReopened; events]).unwrap(),
        progress: String::new(),
    }
}

#[test]
fn each_append_stands_alone() {
    let mut position = Position { key: 7, next: 3 };
    let batches = [
        batch(3, 2),
        batch(3, 1),
        batch(5, 1),
        batch(7, 1),
        batch(6, 0),
        batch(6, 1),
    ];
    let moved = |first, next| {
        let run = run_id("R");
        Err(Refusal::Moved { run, first, next })
    };
    let mut plan = Plan::default();
    let verdicts: Vec<_> = batches
        .iter()
        .map(|batch| plan.accept(Some(&mut position), batch))
        .collect();
    assert_eq!(verdicts, [Ok(()), moved(3, 5), Ok(()), moved(7, 6), Ok(()), Ok(()),]);
    assert_eq!(position, Position { key: 7, next: 7 });
    let firsts = |batches: Vec<(i64, &Batch)>| batches.iter().map(|(_, batch)| batch.first).collect::<Vec<_>>();
    assert_eq!(firsts(plan.segments()), [3, 5, 6]);
    assert_eq!(firsts(plan.changes()), [6]);
}

#[test]
fn runs_must_exist_and_end_somewhere() {
    let batch = batch(u64::from(u32::MAX), 1);
    let mut plan = Plan::default();
    assert_eq!(plan.accept(None, &batch), Err(Refusal::Missing(run_id("R"))));
    let mut full = Position {
        key: 1,
        next: u64::from(u32::MAX),
    };
    assert_eq!(plan.accept(Some(&mut full), &batch), Err(Refusal::Full(run_id("R"))));
    assert!(plan.changes().is_empty());
}

#[test]
fn positions_keep_runs_apart_and_in_order() {
    let last = Position::of_segment(1, u64::from(u32::MAX));
    assert!(last < Position::of_segment(2, 0));
    assert_eq!(Position::sequence_of(last), u64::from(u32::MAX));
    assert_eq!(Position::sequence_of(Position::of_segment(1 << 30, 12)), 12);
}

#[test]
fn a_fork_shares_what_there_is() {
    let past_of = |run: &str, events: Option<(&str, u64)>| {
        let forked = events.map(|(run, events)| Fork {
            run: run_id(run),
            events,
        });
        let header = RunHeader {
            forked,
            ..header(&run_id(run), 0)
        };
        past(&header, |run| {
            (run.as_str() == "OLD").then_some(Position { key: 7, next: 3 })
        })
    };
    assert_eq!(past_of("NEW", None), Ok(None));
    assert_eq!(past_of("OLD", None), Err(Refusal::Taken(run_id("OLD"))));
    for events in 0..=3 {
        let shared = Position { key: 7, next: events };
        assert_eq!(past_of("NEW", Some(("OLD", events))), Ok(Some(shared)));
    }
    let short = Refusal::Short {
        past: run_id("OLD"),
        shared: 4,
        next: 3,
    };
    assert_eq!(past_of("NEW", Some(("OLD", 4))), Err(short));
    assert_eq!(past_of("NEW", Some(("NONE", 0))), Err(Refusal::Missing(run_id("NONE"))));
}
