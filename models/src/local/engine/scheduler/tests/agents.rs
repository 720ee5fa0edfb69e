//! More agents than memory holds, with tools between their turns.

use super::{ROOMY, finish, greedy, heard, scheduler, used, writers};
use crate::local::engine::scheduler::{Counts, Scheduler};
use crate::local::engine::sequence::PASSED_MOST;
use crate::local::engine::{Event, Job, Settings, Work};
use std::sync::Arc;
use tokio::sync::mpsc::UnboundedReceiver;
use troupe_core::port::branch::Branch;

/// Tokens that a tool answers with, and that a turn writes.
const ANSWER: u32 = 20;
const WRITTEN: usize = 8;

struct Agent {
    tokens: Vec<u32>,
    /// Turns left, this one included.
    turns: u32,
    branch: Option<Arc<Branch>>,
    asked: Option<UnboundedReceiver<Event>>,
    /// The step at which its tool has answered.
    back: u64,
}

impl Agent {
    fn new(prefix: &[u32], number: u32, turns: u32, is_told: bool) -> Self {
        Self {
            tokens: [prefix, &[number; 20]].concat(),
            turns,
            branch: is_told.then(|| Arc::new(Branch::new(number))),
            asked: None,
            back: 0,
        }
    }

    fn go_on(&mut self, scheduler: &mut Scheduler, step: u64, tool: u64) {
        if let Some(events) = &mut self.asked {
            let (written, end) = heard(events);
            self.tokens.extend(written);
            if matches!(end, Some(Event::End(_))) {
                self.asked = None;
                self.turns -= 1;
                self.back = step + tool;
                let answer = (0..ANSWER).map(|at| (at * 7 + self.turns) % 128);
                self.tokens.extend(answer);
                if self.turns == 0 {
                    self.branch = None;
                }
            }
        } else if self.turns > 0 && step >= self.back {
            let (writers, mut heard) = writers(&greedy(), &self.tokens, WRITTEN, 1);
            scheduler.submit(Job {
                prompt: self.tokens.clone(),
                work: Work::Write(writers),
                branch: self.branch.clone(),
            });
            self.asked = Some(heard.remove(0));
        }
    }
}

/// What a team of agents writes, and what that took.
fn work(agents: u32, blocks: usize, tool: u64, is_told: bool) -> (Vec<Vec<u32>>, Counts) {
    let (mut scheduler, expected) = scheduler(Settings {
        cache_tokens: blocks * 32,
        ..ROOMY
    });
    let prefix = &expected.prompt[..32];
    let mut agents: Vec<Agent> = (0..agents).map(|at| Agent::new(prefix, at, 4, is_told)).collect();
    for step in 0..100_000 {
        for agent in &mut agents {
            agent.go_on(&mut scheduler, step, tool);
        }
        if agents.iter().all(|agent| agent.turns == 0) {
            break;
        }
        scheduler.step();
    }
    finish(&mut scheduler);
    let counts = scheduler.counts();
    while scheduler.prefixes.give_up(&mut scheduler.pool, None) {}
    assert_eq!(used(&scheduler), 0, "every block came back");
    (agents.into_iter().map(|agent| agent.tokens).collect(), counts)
}

#[test]
fn who_is_told_of_computes_less_again() {
    // All that is ever asked for, once: the prefix, and what each has of its own.
    let least = 32 + 16 * (20 + 4 * WRITTEN as u64 + 3 * u64::from(ANSWER) - 1);
    for (blocks, tool) in [(16, 4), (16, 40), (32, 4)] {
        let (texts, blind) = work(16, blocks, tool, false);
        let (same, told) = work(16, blocks, tool, true);
        assert_eq!(texts, same);
        println!(
            "{blocks} blocks, tools of {tool} steps: {least} at least, {} blind in {} steps, {} told in {} steps",
            blind.computed, blind.steps, told.computed, told.steps
        );
        assert!(told.computed < blind.computed, "{told:?} {blind:?}");
    }
}

/// Asks for what follows a prompt, for an agent of this rank.
fn ask_as(scheduler: &mut Scheduler, rank: u32, prompt: Vec<u32>, most: usize) -> UnboundedReceiver<Event> {
    let (writers, mut events) = writers(&greedy(), &prompt, most, 1);
    scheduler.submit(Job {
        prompt,
        work: Work::Write(writers),
        branch: Some(Arc::new(Branch::new(rank))),
    });
    events.remove(0)
}

#[test]
fn nobody_is_passed_for_ever() {
    let most = PASSED_MOST as usize;
    // In the queue, and where all that a step takes goes to others.
    for (sequences, length) in [(1, 2), (4, 96)] {
        let (mut scheduler, expected) = scheduler(Settings { sequences, ..ROOMY });
        let mut old = ask_as(&mut scheduler, 9, expected.prompt, 1);
        let (mut others, mut steps) = (Vec::new(), 0);
        while !matches!(heard(&mut old).1, Some(Event::End(_))) {
            for _ in 0..2 {
                let own = others.len() as u32;
                let prompt = [&[own % 100, own / 100], vec![7; length].as_slice()].concat();
                others.push(ask_as(&mut scheduler, 1, prompt, 1));
            }
            scheduler.step();
            steps += 1;
            assert!(steps < most + 100, "it waits for ever");
        }
        assert!(steps > most - 100, "it goes last until then: {steps}");
    }
}

#[test]
fn the_youngest_gives_way_wherever_it_stands() {
    let (mut scheduler, expected) = scheduler(Settings {
        cache_tokens: 8 * 32,
        ..ROOMY
    });
    let prompt = |rank: u32| [&[rank], &expected.prompt[..39]].concat();
    let listening = [7, 5, 0].map(|rank| {
        let events = ask_as(&mut scheduler, rank, prompt(rank), 30);
        scheduler.step();
        events
    });
    assert_eq!(scheduler.running.len(), 3);
    let mut gone = Vec::new();
    assert!(scheduler.room(1, 120, &[], &mut gone));
    assert_eq!(gone, [0]);
    drop(listening);
}

#[test]
fn whoever_loses_their_memory_waits_in_their_place() {
    let (mut scheduler, expected) = scheduler(Settings { sequences: 1, ..ROOMY });
    let mut listening = vec![ask_as(&mut scheduler, 7, [expected.prompt.as_slice(); 2].concat(), 1)];
    scheduler.step();
    listening.extend([9, 0, 7].map(|rank| ask_as(&mut scheduler, rank, vec![rank], 1)));
    scheduler.preempt(vec![0], &mut []);
    let waiting: Vec<(u32, usize)> = scheduler.waiting.iter().map(|it| (it.rank(), it.prompt)).collect();
    assert_eq!(waiting, [(0, 1), (7, 80), (7, 1), (9, 1)]);
}

#[test]
fn a_lead_that_waits_gives_way_to_its_subagents() {
    let (mut scheduler, expected) = scheduler(Settings {
        cache_tokens: 7 * 32,
        ..ROOMY
    });
    let [lead, child] = [1, 2].map(|rank| Arc::new(Branch::new(rank)));
    let ask = |scheduler: &mut Scheduler, tokens: &[u32], branch: Option<&Arc<Branch>>| {
        let (writers, events) = writers(&greedy(), tokens, 1, 1);
        scheduler.submit(Job {
            prompt: tokens.to_vec(),
            work: Work::Write(writers),
            branch: branch.cloned(),
        });
        finish(scheduler);
        drop(events);
    };
    let own = [[3; 64], [4; 64]];
    ask(&mut scheduler, &own[0], Some(&lead));
    lead.wait(true);
    ask(&mut scheduler, &own[1], Some(&child));
    // Somebody needs so much that one of them must go.
    ask(
        &mut scheduler,
        &[expected.prompt.as_slice(), &expected.prompt, &expected.prompt].concat(),
        None,
    );
    let found = |scheduler: &mut Scheduler, tokens: &[u32]| scheduler.prefixes.find(tokens).tokens();
    assert_eq!(found(&mut scheduler, &own[1]), 64);
    assert!(found(&mut scheduler, &own[0]) < 64);
}
