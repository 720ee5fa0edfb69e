//! When agents worked, and at what: spans of waiting for a place, of models, of tools, of leading.

use super::Leaves;
use crate::event::Event;
use crate::id::ActorId;
use crate::port::journal::Entry;

/// The spans of a run's agents.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Timeline {
    agents: Leaves<Vec<Stretch>>,
}

/// A time in which an agent did one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// What.
    pub doing: Doing,
    /// From when, in milliseconds since the Unix epoch.
    pub from_ms: u64,
    /// Until when; none while it goes on.
    pub to_ms: Option<u64>,
}

/// What an agent does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// It waits for a place at its model, or for a rate limit. Known once its model has answered.
    Queueing,
    /// Its model works.
    Thinking,
    /// A tool works.
    Acting,
    /// Its subagents work.
    Leading,
}

impl Doing {
    /// The word that screens use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Queueing => "queued",
            Self::Thinking => "model",
            Self::Acting => "tool",
            Self::Leading => "subagents",
        }
    }
}

impl Timeline {
    /// The spans of an agent, in order.
    pub fn agent(&self, actor: ActorId) -> &[Stretch] {
        self.agents.get(actor.at()).map_or(&[], Vec::as_slice)
    }

    /// Of how many agents the spans are not those that `other` has: what a clone does not share.
    pub fn own(&self, other: &Self) -> usize {
        self.agents.own(&other.agents)
    }

    /// Takes one more event.
    pub fn fold(&mut self, entry: &Entry) {
        let at_ms = entry.at_ms;
        match &entry.event {
            Event::TurnStarted { actor, .. } => self.open(*actor, Doing::Thinking, at_ms),
            Event::ModelReplied { actor, reply, .. } => {
                self.close(*actor, at_ms);
                self.part(*actor, reply.queue_ms);
            }
            Event::ToolCalled { actor, .. } => self.open(*actor, Doing::Acting, at_ms),
            Event::WaveStarted { actor, .. } => self.open(*actor, Doing::Leading, at_ms),
            Event::ToolReplied { actor, .. }
            | Event::ToolFailed { actor, .. }
            | Event::WaveEnded { actor }
            | Event::AgentAnswered { actor }
            | Event::AgentFailed { actor, .. } => self.close(*actor, at_ms),
            Event::RunCancelled | Event::RunFailed { .. } | Event::RunSucceeded { .. } => {
                let is_open = |last: &Stretch| last.to_ms.is_none();
                self.agents.change(
                    |spans| spans.last().is_some_and(is_open),
                    |spans| spans.iter_mut().rev().take(1).for_each(|last| last.to_ms = Some(at_ms)),
                );
            }
            _ => {}
        }
    }

    fn of(&mut self, actor: ActorId) -> &mut Vec<Stretch> {
        while self.agents.len() <= actor.at() {
            self.agents.push(Vec::new());
        }
        &mut self.agents[actor.at()]
    }

    fn open(&mut self, actor: ActorId, doing: Doing, from_ms: u64) {
        self.close(actor, from_ms);
        let to_ms = None;
        self.of(actor).push(Stretch { doing, from_ms, to_ms });
    }

    fn close(&mut self, actor: ActorId, at_ms: u64) {
        let is_open = self.agent(actor).last().is_some_and(|last| last.to_ms.is_none());
        if is_open && let Some(last) = self.of(actor).last_mut() {
            last.to_ms = Some(at_ms);
        }
    }

    /// Sets the beginning of the last span apart as waiting.
    fn part(&mut self, actor: ActorId, queue_ms: u64) {
        let spans = self.of(actor);
        let Some(last) = spans
            .last_mut()
            .filter(|last| last.doing == Doing::Thinking && queue_ms > 0)
        else {
            return;
        };
        let (from_ms, to_ms) = (last.from_ms, last.to_ms);
        let until = from_ms.saturating_add(queue_ms).min(to_ms.unwrap_or(u64::MAX));
        last.from_ms = until;
        let queued = Stretch {
            doing: Doing::Queueing,
            from_ms,
            to_ms: Some(until),
        };
        let at = spans.len() - 1;
        spans.insert(at, queued);
    }
}
