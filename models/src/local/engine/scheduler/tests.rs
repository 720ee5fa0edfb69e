//! The scheduler over a tiny model: what it writes is what each sequence alone would, whatever goes on beside it.

mod agents;

use super::{Counts, Scheduler};
use crate::local::decoder::tests::{Expected, likeliest, opened};
use crate::local::decoder::{Architecture, Batch, Made, Model, Session};
use crate::local::engine::{Event, Job, Sampler, Settings, Work, Writer};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use troupe_core::message::Finish;
use troupe_core::port::branch::Branch;
use troupe_core::sampling::Sampling;

const ROOMY: Settings = Settings {
    cache_tokens: 4096,
    context: 256,
    sequences: 64,
    step_tokens: 48,
    threads: 1,
};

fn scheduler(settings: Settings) -> (Scheduler, Expected) {
    let (decoder, expected) = opened("qwen3");
    (Scheduler::new(Arc::new(decoder), settings).expect("memory"), expected)
}

fn writers(
    sampling: &Sampling,
    prompt: &[u32],
    most: usize,
    count: u64,
) -> (Vec<Writer>, Vec<UnboundedReceiver<Event>>) {
    let each = (0..count).map(|at| {
        let (listener, heard) = unbounded_channel();
        let writer = Writer {
            sampler: Sampler::new(sampling.clone(), prompt, at),
            constraint: None,
            ends: Vec::new(),
            most,
            listener,
        };
        (writer, heard)
    });
    each.unzip()
}

fn greedy() -> Sampling {
    Sampling::default().forced()
}

/// Asks for what follows a prompt.
fn ask(scheduler: &mut Scheduler, prompt: &[u32], most: usize, sampling: &Sampling) -> UnboundedReceiver<Event> {
    let (writers, mut heard) = writers(sampling, prompt, most, 1);
    scheduler.submit(Job {
        prompt: prompt.to_vec(),
        work: Work::Write(writers),
        branch: None,
    });
    heard.remove(0)
}

fn finish(scheduler: &mut Scheduler) {
    for _ in 0..10_000 {
        if scheduler.is_idle() {
            return;
        }
        scheduler.step();
    }
    panic!("it does not come to an end");
}

/// All that was heard: the tokens, and the end.
fn heard(events: &mut UnboundedReceiver<Event>) -> (Vec<u32>, Option<Event>) {
    let (mut tokens, mut last) = (Vec::new(), None);
    while let Ok(event) = events.try_recv() {
        match event {
            Event::Token(written) => tokens.push(written.token),
            event => last = Some(event),
        }
    }
    (tokens, last)
}

/// What a prompt's continuation is in an engine of its own.
fn alone(prompt: &[u32], most: usize, sampling: &Sampling) -> Vec<u32> {
    let (mut scheduler, _) = scheduler(ROOMY);
    let mut events = ask(&mut scheduler, prompt, most, sampling);
    finish(&mut scheduler);
    heard(&mut events).0
}

fn used(scheduler: &Scheduler) -> usize {
    scheduler.pool.blocks() - scheduler.pool.free()
}

#[test]
fn it_writes_what_the_reference_writes() {
    let (mut scheduler, expected) = scheduler(ROOMY);
    let mut events = ask(&mut scheduler, &expected.prompt, 64, &greedy());
    finish(&mut scheduler);
    assert_eq!(heard(&mut events), (expected.greedy, Some(Event::End(Finish::Length))));
}

#[test]
fn what_is_shared_is_computed_once() {
    let (mut scheduler, expected) = scheduler(ROOMY);
    let prompts: Vec<Vec<u32>> = (0..8)
        .map(|last| [expected.prompt.as_slice(), &[last, 3]].concat())
        .collect();
    let mut asked: Vec<_> = prompts
        .iter()
        .map(|prompt| ask(&mut scheduler, prompt, 1, &greedy()))
        .collect();
    finish(&mut scheduler);
    // The prefix, and what each has of its own.
    assert_eq!(scheduler.counts().computed, 40 + 8 * 2);
    assert_eq!(scheduler.counts().reused, 7 * 40);
    for (prompt, events) in prompts.iter().zip(&mut asked) {
        assert_eq!(heard(events).0, alone(prompt, 1, &greedy()));
    }
    // Asked again, all but the last token is there.
    ask(&mut scheduler, &prompts[3], 1, &greedy());
    let before = scheduler.counts().computed;
    finish(&mut scheduler);
    assert_eq!(scheduler.counts().computed - before, 0, "nobody listens");
    let events = ask(&mut scheduler, &prompts[3], 1, &greedy());
    finish(&mut scheduler);
    assert_eq!(scheduler.counts().computed - before, 1);
    drop(events);
}

#[test]
fn branches_share_their_prompt_and_go_their_own_ways() {
    let (mut scheduler, expected) = scheduler(ROOMY);
    let warm = Sampling::default();
    let (writers, mut branches) = writers(&warm, &expected.prompt, 20, 4);
    scheduler.submit(Job {
        prompt: expected.prompt.clone(),
        work: Work::Write(writers),
        branch: None,
    });
    finish(&mut scheduler);
    assert_eq!(scheduler.counts().computed, 40 + 4 * 19);
    let texts: Vec<Vec<u32>> = branches.iter_mut().map(|events| heard(events).0).collect();
    assert_eq!(texts.iter().collect::<BTreeSet<_>>().len(), 4, "four seeds");
    for (seed, text) in texts.iter().enumerate() {
        let own = Sampling {
            seed: Some(seed as u64),
            ..warm.clone()
        };
        assert_eq!(
            *text,
            alone(&expected.prompt, 20, &own),
            "the seed alone says what is written"
        );
    }
}

#[test]
fn those_who_lose_their_memory_write_the_same() {
    let tight = Settings {
        cache_tokens: 8 * 32,
        ..ROOMY
    };
    let (mut scheduler, expected) = scheduler(tight);
    let prompts: Vec<Vec<u32>> = (0..6)
        .map(|first| [&[first], &expected.prompt[..20]].concat())
        .collect();
    let mut asked: Vec<_> = prompts
        .iter()
        .map(|prompt| ask(&mut scheduler, prompt, 60, &Sampling::default()))
        .collect();
    finish(&mut scheduler);
    assert!(scheduler.counts().preempted > 0, "{:?}", scheduler.counts());
    for (prompt, events) in prompts.iter().zip(&mut asked) {
        assert_eq!(heard(events).0, alone(prompt, 60, &Sampling::default()));
    }
}

#[test]
fn whoever_goes_leaves_nothing_behind() {
    let (mut scheduler, expected) = scheduler(ROOMY);
    let events = ask(&mut scheduler, &expected.prompt, 200, &greedy());
    for _ in 0..5 {
        scheduler.step();
    }
    drop(events);
    scheduler.step();
    assert!(scheduler.is_idle() && scheduler.running.is_empty());
    while scheduler.prefixes.give_up(&mut scheduler.pool, None) {}
    assert_eq!(used(&scheduler), 0);
}

#[test]
fn what_cannot_be_done_is_told_and_harms_nobody() {
    let (mut scheduler, expected) = scheduler(ROOMY);
    let mut good = ask(&mut scheduler, &expected.prompt, 64, &greedy());
    let mut told = Vec::new();
    for prompt in [vec![1; 300], vec![128], Vec::new()] {
        told.push(heard(&mut ask(&mut scheduler, &prompt, 5, &greedy())).1);
    }
    insta::assert_debug_snapshot!(told);
    finish(&mut scheduler);
    assert_eq!(heard(&mut good).0, expected.greedy);
}

#[test]
fn given_answers_are_scored_as_they_would_be_written() {
    let (mut scheduler, expected) = scheduler(ROOMY);
    let score = |scheduler: &mut Scheduler, tokens: &[u32], from: usize| {
        let (listener, mut events) = unbounded_channel();
        scheduler.submit(Job {
            prompt: tokens.to_vec(),
            work: Work::Score(from, listener),
            branch: None,
        });
        finish(scheduler);
        match heard(&mut events).1 {
            Some(Event::Scores(scores)) => scores,
            other => panic!("{other:?}"),
        }
    };
    let whole = [expected.prompt.as_slice(), &expected.greedy[..30]].concat();
    let all = score(&mut scheduler, &whole, 1);
    let before = scheduler.counts();
    let answer = score(&mut scheduler, &whole, 40);
    assert_eq!(all.len(), 69);
    assert_eq!(answer, all[39..]);
    // What was there: all up to the token whose logits are the first ones needed.
    assert_eq!(scheduler.counts().computed - before.computed, 31);
    let mut events = ask(&mut scheduler, &expected.prompt, 1, &greedy());
    finish(&mut scheduler);
    let seen = std::iter::from_fn(|| events.try_recv().ok()).find_map(|event| match event {
        Event::Token(written) => written.seen,
        _ => None,
    });
    let seen = seen.expect("a token");
    assert_eq!(seen.log_probability, answer[0]);
    assert_eq!(seen.likeliest[0], (expected.greedy[0], answer[0]));
    assert_eq!(seen.likeliest[0].0, likeliest(&expected.logits[3]));
}

#[test]
fn hidden_states_are_those_of_the_reference() {
    let (mut scheduler, expected) = scheduler(ROOMY);
    // In the cache already, which must not matter.
    ask(&mut scheduler, &expected.prompt, 3, &greedy());
    for (layer, right) in expected.hidden.iter().enumerate() {
        let (listener, mut events) = unbounded_channel();
        scheduler.submit(Job {
            prompt: expected.prompt.clone(),
            work: Work::Hidden(layer, listener),
            branch: None,
        });
        finish(&mut scheduler);
        let Some(Event::Hidden(got)) = heard(&mut events).1 else {
            panic!("no vector of layer {layer}")
        };
        for (got, right) in got.iter().zip(right) {
            assert!((got - right).abs() < 1e-4, "layer {layer}: {got} is not {right}");
        }
    }
}

#[test]
fn what_is_held_is_there_until_it_is_let_go() {
    let tight = Settings {
        cache_tokens: 6 * 32,
        ..ROOMY
    };
    let (mut scheduler, expected) = scheduler(tight);
    let (listener, mut events) = unbounded_channel();
    scheduler.submit(Job {
        prompt: expected.prompt.clone(),
        work: Work::Hold(listener),
        branch: None,
    });
    finish(&mut scheduler);
    assert!(matches!(
        heard(&mut events).1,
        Some(Event::Read { prompt: 40, reused: 0 })
    ));
    // Others would have pushed it out.
    for first in 50..60 {
        ask(&mut scheduler, &[[first; 30], [first + 1; 30]].concat(), 4, &greedy());
        finish(&mut scheduler);
    }
    let before = scheduler.counts();
    let listening = ask(
        &mut scheduler,
        &[expected.prompt.as_slice(), &[7]].concat(),
        1,
        &greedy(),
    );
    finish(&mut scheduler);
    let Counts { computed, reused, .. } = scheduler.counts();
    assert_eq!((computed - before.computed, reused - before.reused), (1, 40));
    drop((events, listening));
    scheduler.step();
    assert!(scheduler.running.is_empty());
}

/// Something that happens to an engine.
#[derive(Debug, Clone)]
enum Happening {
    /// The shared prefix's length, an own token, how much is wanted, the seed, and the rank of the agent that asks.
    Ask(usize, u32, usize, u64, Option<u32>),
    Steps(usize),
    /// One of those who asked goes.
    Leave(usize),
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        3 => (1usize..40, 0u32..4, 1usize..40, 0u64..3, proptest::option::of(0u32..4))
            .prop_map(|(shared, own, most, seed, rank)| Happening::Ask(shared, own, most, seed, rank)),
        3 => (1usize..12).prop_map(Happening::Steps),
        1 => (0usize..8).prop_map(Happening::Leave),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn whatever_happens_everyone_gets_their_own(
        happenings in proptest::collection::vec(happening(), 1..30),
        blocks in 5usize..20,
        step_tokens in 1usize..60,
    ) {
        let (mut scheduler, expected) = scheduler(Settings { cache_tokens: blocks * 32, step_tokens, sequences: 6, ..ROOMY });
        let (mut asked, mut agents) = (Vec::new(), Vec::new());
        for happening in happenings {
            match happening {
                Happening::Ask(shared, own, most, seed, rank) => {
                    let prompt = [&expected.prompt[..shared], &[own]].concat();
                    let sampling = Sampling { seed: Some(seed), ..Sampling::default() };
                    let (writers, mut events) = writers(&sampling, &prompt, most, 1);
                    let branch = rank.map(|rank| Arc::new(Branch::new(rank)));
                    scheduler.submit(Job { prompt: prompt.clone(), work: Work::Write(writers), branch: branch.clone() });
                    // Every agent stays at work, and may ask again.
                    agents.extend(branch);
                    asked.push((prompt, most, sampling, events.remove(0)));
                }
                Happening::Steps(steps) => (0..steps).for_each(|_| scheduler.step()),
                Happening::Leave(at) => {
                    if at < asked.len() {
                        asked.remove(at);
                    }
                }
            }
        }
        finish(&mut scheduler);
        for (prompt, most, sampling, mut events) in asked {
            let (tokens, end) = heard(&mut events);
            prop_assert_eq!(end, Some(Event::End(Finish::Length)));
            prop_assert_eq!(tokens, alone(&prompt, most, &sampling));
        }
        scheduler.step();
        while scheduler.prefixes.give_up(&mut scheduler.pool, None) {}
        prop_assert_eq!(used(&scheduler), 0, "every block came back");
    }
}

/// A model whose device goes away after some steps.
struct Leaving {
    session: Box<dyn Session>,
    steps: usize,
}

impl Session for Leaving {
    fn vocabulary(&self) -> usize {
        self.session.vocabulary()
    }

    fn architecture(&self) -> &Architecture {
        self.session.architecture()
    }

    fn step(&mut self, batch: &Batch) -> Result<Made, String> {
        self.steps = self.steps.checked_sub(1).ok_or("it has fallen off the bus")?;
        self.session.step(batch)
    }
}

#[test]
fn a_device_that_goes_away_is_told_to_all_who_wait() {
    let settings = Settings { sequences: 2, ..ROOMY };
    let (mut scheduler, expected) = scheduler(settings);
    let (decoder, _) = opened("qwen3");
    scheduler.decoder = Box::new(Leaving {
        session: Arc::new(decoder).session(128).expect("memory"),
        steps: 4,
    });
    let mut events: Vec<_> = (0..3)
        .map(|at| ask(&mut scheduler, &expected.prompt[at..], 64, &greedy()))
        .collect();
    finish(&mut scheduler);
    let mut later = ask(&mut scheduler, &expected.prompt, 8, &greedy());
    let trouble = "the model's device failed: it has fallen off the bus; start again";
    let told: Vec<_> = events.iter_mut().map(heard).collect();
    assert!(!told[0].0.is_empty(), "what was written before is not lost");
    for (_, last) in told.into_iter().chain([heard(&mut later)]) {
        assert!(matches!(last, Some(Event::Failed(said)) if said == trouble));
    }
}
