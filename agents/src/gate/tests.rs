//! Places and queues: in turn, in order, never too many, none lost.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

use super::*;
use futures_util::FutureExt;
use proptest::prelude::*;
use std::collections::VecDeque;
use std::pin::Pin;
use troupe_core::id::ItemIndex;

fn lane(step: u32) -> Lane {
    let origin = Origin {
        step: StepIndex(step),
        item: ItemIndex(0),
        attempt: 1,
        round: 1,
        lead: None,
    };
    Lane::of(&Arc::new(RunId::parse("R").unwrap()), origin)
}

/// A call on its way: polled when the test says so.
type Call<'a> = Pin<Box<dyn Future<Output = Place> + Send + 'a>>;

/// A call that has been polled once: it has a place, or stands in the queue.
fn ask(gate: &Arc<Gate>, step: u32) -> (Call<'_>, Option<Place>) {
    let mut call: Call<'_> = Box::pin(gate.enter(lane(step)));
    let place = call.as_mut().now_or_never();
    (call, place)
}

#[test]
fn a_wide_branch_delays_another_by_one_call() {
    let gate = Gate::new(1);
    let (_, mut held) = ask(&gate, 0);
    assert!(held.is_some());
    let mut calls: Vec<(u32, Call<'_>)> = (0..10_000).map(|_| (0, ask(&gate, 0).0)).collect();
    calls.extend((0..3).map(|_| (1, ask(&gate, 1).0)));
    let mut order = Vec::new();
    for _ in 0..6 {
        drop(held.take());
        let at = calls.iter_mut().position(|(_, call)| {
            held = call.as_mut().now_or_never();
            held.is_some()
        });
        order.push(calls.remove(at.unwrap()).0);
    }
    assert_eq!(order, [0, 1, 0, 1, 0, 1]);
}

#[test]
fn the_same_name_and_number_is_the_same_gate() {
    let gates = Gates::new();
    let gate = gates.of("openai/gpt-5".into(), 2);
    assert!(Arc::ptr_eq(&gate, &gates.clone().of("openai/gpt-5".into(), 2)));
    assert!(!Arc::ptr_eq(&gate, &gates.of("openai/gpt-5".into(), 3)));
    assert!(!Arc::ptr_eq(&gate, &gates.of("openai/gpt-4".into(), 2)));
}

#[test]
fn gates_that_nobody_uses_are_forgotten() {
    let gates = Gates::new();
    for name in 0..100 {
        gates.of(name.to_string(), 1);
    }
    assert_eq!(unpoisoned(&gates.0).len(), 1);
}

#[tokio::test]
async fn a_panic_gives_the_place_back() {
    let gate = Gate::new(1);
    let inside = gate.clone();
    let broken = tokio::spawn(async move {
        let _place = inside.enter(lane(0)).await;
        panic!("as planned");
    });
    assert!(broken.await.is_err());
    assert!(ask(&gate, 0).1.is_some());
}

/// What a test does to a gate.
#[derive(Debug, Clone)]
enum Act {
    /// A call of this lane comes.
    Ask(u32),
    /// The n-th call at work ends.
    End(usize),
    /// The n-th call in the queue is dropped, granted or not.
    Drop(usize),
    /// Whoever was granted a place takes it.
    Poll,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        4 => (0..4u32).prop_map(Act::Ask),
        3 => any::<usize>().prop_map(Act::End),
        1 => any::<usize>().prop_map(Act::Drop),
        3 => Just(Act::Poll),
    ];
    prop::collection::vec(act, 0..200)
}

/// The gate's own promise, spelled out: whose turn it is, by the lanes in their order.
#[derive(Default)]
struct Expected(VecDeque<(u32, VecDeque<usize>)>);

impl Expected {
    fn queue(&mut self, lane: u32, call: usize) {
        match self.0.iter_mut().find(|(known, _)| *known == lane) {
            Some((_, calls)) => calls.push_back(call),
            None => self.0.push_back((lane, [call].into())),
        }
    }

    fn next(&mut self) -> Option<usize> {
        let (lane, mut calls) = self.0.pop_front()?;
        let call = calls.pop_front();
        if !calls.is_empty() {
            self.0.push_back((lane, calls));
        }
        call
    }

    fn leave(&mut self, call: usize) -> bool {
        let queued = |calls: &VecDeque<usize>| calls.contains(&call);
        let was_there = self.0.iter().any(|(_, calls)| queued(calls));
        self.0
            .iter_mut()
            .for_each(|(_, calls)| calls.retain(|other| *other != call));
        self.0.retain(|(_, calls)| !calls.is_empty());
        was_there
    }
}

proptest! {
    #[test]
    fn places_go_in_turn_and_none_is_lost(places in 1..4u32, acts in acts()) {
        let gate = Gate::new(places);
        let mut expected = Expected::default();
        // By number: calls at work, calls in the queue, and those of the queue that were granted a place.
        let mut working: Vec<Place> = Vec::new();
        let mut queued: Vec<(usize, Call<'_>)> = Vec::new();
        let mut granted: Vec<usize> = Vec::new();
        for (number, act) in acts.into_iter().enumerate() {
            match act {
                Act::Ask(step) => match ask(&gate, step) {
                    (_, Some(place)) => {
                        prop_assert!(queued.iter().all(|(call, _)| granted.contains(call)), "it overtook somebody");
                        working.push(place);
                    }
                    (call, None) => {
                        expected.queue(step, number);
                        queued.push((number, call));
                    }
                },
                Act::End(at) if !working.is_empty() => {
                    drop(working.swap_remove(at % working.len()));
                    granted.extend(expected.next());
                }
                Act::Drop(at) if !queued.is_empty() => {
                    let (call, waiting) = queued.swap_remove(at % queued.len());
                    drop(waiting);
                    if !expected.leave(call) {
                        granted.retain(|other| *other != call);
                        granted.extend(expected.next());
                    }
                }
                Act::Poll => {
                    let mut entered = Vec::new();
                    queued.retain_mut(|(call, waiting)| match waiting.as_mut().now_or_never() {
                        Some(place) => {
                            entered.push(*call);
                            working.push(place);
                            false
                        }
                        None => true,
                    });
                    granted.sort_unstable();
                    entered.sort_unstable();
                    prop_assert_eq!(&entered, &std::mem::take(&mut granted));
                }
                Act::End(_) | Act::Drop(_) => {}
            }
            prop_assert!(working.len() + granted.len() <= places as usize, "too many at once");
        }
        drop(queued);
        drop(working);
        let all: Vec<_> = (0..places).map(|_| ask(&gate, 0).1).collect();
        prop_assert!(all.iter().all(Option::is_some), "a place was lost");
        prop_assert!(ask(&gate, 0).1.is_none(), "a place too many");
        let queue = unpoisoned(&gate.queue);
        prop_assert!(queue.turns.len() == queue.lanes.len());
    }
}
