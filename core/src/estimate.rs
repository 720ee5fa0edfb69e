//! The worst case of a workflow, worked out before it runs: agents, turns, tokens, dollars, seconds.
//!
//! Everything here is an upper bound that follows from numbers in the file and from the defaults of
//! [`crate::limits`]. With `calls(L) = L.turns + 1` (at a limit one forced answer is asked for):
//!
//! | of | is at most |
//! |---|---|
//! | one model call | `L.context_tokens` of prompt, and `max_tokens` of answer; a model without `max_tokens` is taken to answer with no more than `L.context_tokens` |
//! | one agent | `min(calls(L) × call, L.tokens)` tokens in `calls(L)` turns |
//! | one lead | itself and `L.turns × per_wave` members, all of them together `min(…, L.tokens)` tokens |
//! | one step | `items × rounds × attempts` times its verb: the length of `for_each`, `repeat.max`, `retry.attempts` |
//! | the length of `for_each` | that of the list where literals and inputs decide it; where it is made of `steps.a.outputs`, the items of `a`; and never more than `limits.fan_out` |
//! | one run | the sum of its steps, its workflows included, and never more than its own `limits` |
//!
//! A forced answer may be more than what was left, and comes on top, as do requests that a provider
//! charges for although they broke off, and answers beyond what was reserved for them. One wave a turn is assumed of
//! a lead; a model that asks for several is held by `limits.agents` and by the lead's tokens.
//!
//! Dollars are those of the dearest mix of tokens that the bounds allow. Seconds are those of the
//! longest chain of steps: items go in `⌈items / parallel⌉` rows, an agent may take `L.seconds` and
//! one more request, everything else what `timeout` or `deadline` says; waiting for a place at a busy
//! model is not counted. Where nothing says, they are unknown.

mod length;
mod spend;

use crate::Object;
use crate::engine::retry::PAUSE_MS_MAX;
use crate::id::AgentIndex;
use crate::ir::{Agent, Retry, Step, Verb, Workflow};
use crate::limits::{Limits, RunLimits};
use serde::Serialize;
use spend::Spend;
use std::collections::HashMap;
use std::sync::Arc;

pub use spend::Cost;

/// What something uses at most.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Worst {
    /// Agents started, members of teams included.
    pub agents: u64,
    /// Model calls, forced answers included.
    pub turns: u64,
    /// Commands started on this machine.
    pub commands: u64,
    /// Tokens of all prompts and answers.
    pub tokens: u64,
    /// What the tokens cost.
    pub cost: Cost,
    /// Wall time; none where nothing bounds it.
    pub seconds: Option<u64>,
}

/// The worst case of one step.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepEstimate {
    /// Items: 1 without `for_each`.
    pub items: u64,
    /// Rounds of one item: 1 without `repeat`.
    pub rounds: u64,
    /// Attempts at one round.
    pub attempts: u64,
    /// All of them together.
    pub worst: Worst,
}

/// The worst case of a workflow.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Estimate {
    /// Of each step, in the order of [`Workflow::steps`].
    pub steps: Vec<StepEstimate>,
    /// Of the run.
    pub total: Worst,
}

/// The worst case of `workflow`. With `inputs`, checked and completed, a `for_each` over them has the
/// length that it will have; inputs that are not there yet may be missing.
pub fn estimate(workflow: &Workflow, inputs: &Object) -> Estimate {
    Estimator::default().workflow(workflow, inputs)
}

/// Uses that add up; seconds do not, since steps run at the same time.
#[derive(Debug, Clone, Default)]
struct Usage {
    agents: u64,
    turns: u64,
    commands: u64,
    spend: Spend,
}

impl Usage {
    fn plus(self, other: &Usage) -> Self {
        Self {
            agents: self.agents.saturating_add(other.agents),
            turns: self.turns.saturating_add(other.turns),
            commands: self.commands.saturating_add(other.commands),
            spend: self.spend.plus(&other.spend),
        }
    }

    fn times(self, n: u64) -> Self {
        Self {
            agents: self.agents.saturating_mul(n),
            turns: self.turns.saturating_mul(n),
            commands: self.commands.saturating_mul(n),
            spend: self.spend.times(n),
        }
    }

    /// At least as much as either: what one of two agents may use when it is not known which.
    fn or(self, other: &Usage) -> Self {
        Self {
            agents: self.agents.max(other.agents),
            turns: self.turns.max(other.turns),
            commands: self.commands.max(other.commands),
            spend: self.spend.or(&other.spend),
        }
    }

    fn capped(self, tokens: u64) -> Self {
        Self {
            spend: self.spend.capped(tokens),
            ..self
        }
    }

    fn within(self, limits: &RunLimits) -> Self {
        Self {
            agents: self.agents.min(u64::from(limits.agents)),
            ..self.capped(limits.tokens)
        }
    }

    fn worst(&self, seconds: Option<u64>) -> Worst {
        Worst {
            agents: self.agents,
            turns: self.turns,
            commands: self.commands,
            tokens: self.spend.tokens(),
            cost: self.spend.cost(),
            seconds,
        }
    }
}

/// Remembers workflows that are called from several places, so that work stays linear.
#[derive(Default)]
struct Estimator {
    known: HashMap<*const Workflow, (Usage, Option<u64>)>,
}

impl Estimator {
    fn workflow(&mut self, workflow: &Workflow, inputs: &Object) -> Estimate {
        let (steps, usage, seconds) = self.steps(workflow, Some(inputs));
        Estimate {
            steps,
            total: usage.worst(seconds),
        }
    }

    fn steps(&mut self, workflow: &Workflow, inputs: Option<&Object>) -> (Vec<StepEstimate>, Usage, Option<u64>) {
        let mut steps = Vec::with_capacity(workflow.steps.len());
        let mut total = Usage::default();
        // When each step has ended at the latest.
        let mut ends: Vec<Option<u64>> = Vec::with_capacity(workflow.steps.len());
        for step in &workflow.steps {
            let items = step
                .fan_out
                .as_ref()
                .map_or(1, |each| length::of(each, workflow, inputs, &steps));
            let rounds = step.repeat.as_ref().map_or(1, |repeat| u64::from(repeat.max));
            let attempts = u64::from(step.retry.attempts);
            let (once, seconds) = self.verb(workflow, step);
            let times = items.saturating_mul(rounds).saturating_mul(attempts);
            let usage = once.times(times).within(&workflow.limits);
            let seconds = seconds.map(|attempt| duration(step, items, rounds, attempt));
            let mut begins = step.after.iter().filter_map(|index| ends.get(index.at()).copied());
            let begins = begins.try_fold(0, |latest, end| Some(latest.max(end?)));
            ends.push(
                begins
                    .zip(seconds)
                    .map(|(begin, lasts): (u64, u64)| begin.saturating_add(lasts)),
            );
            total = total.plus(&usage);
            steps.push(StepEstimate {
                items,
                rounds,
                attempts,
                worst: usage.worst(seconds),
            });
        }
        let seconds = ends.into_iter().try_fold(0, |latest, end| Some(latest.max(end?)));
        (steps, total.within(&workflow.limits), seconds)
    }

    /// One attempt at a step's verb, and the seconds that it may take.
    fn verb(&mut self, workflow: &Workflow, step: &Step) -> (Usage, Option<u64>) {
        let (usage, seconds) = match &step.verb {
            Verb::Agent { agent, limits, .. } => {
                let definition = workflow.agent(*agent);
                let request = workflow.model(definition.model).timeout_seconds;
                (
                    worker(workflow, definition, limits),
                    Some(limits.seconds.saturating_add(request)),
                )
            }
            Verb::Tool { .. } | Verb::Unavailable { .. } => (Usage::default(), None),
            Verb::Run { .. } => {
                let one = Usage {
                    commands: 1,
                    ..Usage::default()
                };
                (one, None)
            }
            Verb::Workflow { workflow: index, .. } => self.called(workflow.workflow(*index)),
            Verb::Approve(approve) => (Usage::default(), approve.deadline_ms.map(|ms| ms.div_ceil(1000))),
        };
        let timeout = step.timeout_ms.map(|ms| ms.div_ceil(1000));
        (usage, seconds.into_iter().chain(timeout).min())
    }

    /// A workflow that a step calls; what it will be given is not known here.
    fn called(&mut self, workflow: &Arc<Workflow>) -> (Usage, Option<u64>) {
        let key = Arc::as_ptr(workflow);
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let (_, usage, seconds) = self.steps(workflow, None);
        self.known.insert(key, (usage.clone(), seconds));
        (usage, seconds)
    }
}

/// An agent, and the members of its team. Teams do not stand inside each other.
fn worker(workflow: &Workflow, agent: &Agent, limits: &Limits) -> Usage {
    let own = alone(workflow, agent, limits);
    let Some(team) = &agent.team else {
        return own.capped(limits.tokens);
    };
    let member = |index: &AgentIndex| {
        let member = workflow.agent(*index);
        alone(workflow, member, &member.limits).capped(member.limits.tokens)
    };
    let dearest = team
        .agents
        .iter()
        .map(member)
        .fold(Usage::default(), |all, one| all.or(&one));
    let members = u64::from(limits.turns).saturating_mul(u64::from(team.per_wave));
    own.plus(&dearest.times(members)).capped(limits.tokens)
}

/// An agent by its turns.
fn alone(workflow: &Workflow, agent: &Agent, limits: &Limits) -> Usage {
    let calls = u64::from(limits.turns).saturating_add(1);
    Usage {
        agents: 1,
        turns: calls,
        commands: 0,
        spend: Spend::of(workflow.model(agent.model), calls, limits.context_tokens),
    }
}

/// Seconds of all items of a step, when one attempt takes `attempt`.
fn duration(step: &Step, items: u64, rounds: u64, attempt: u64) -> u64 {
    let attempts = u64::from(step.retry.attempts).saturating_mul(attempt);
    let round = attempts.saturating_add(pauses_ms(&step.retry).div_ceil(1000));
    let parallel = step.fan_out.as_ref().map_or(1, |each| u64::from(each.parallel.max(1)));
    items.div_ceil(parallel).saturating_mul(rounds).saturating_mul(round)
}

/// Milliseconds of all pauses of one round: doubled each time, up to an hour.
fn pauses_ms(retry: &Retry) -> u64 {
    let mut pauses = u64::from(retry.attempts).saturating_sub(1);
    let mut pause = retry.backoff_ms;
    let mut sum: u64 = 0;
    while pauses > 0 && pause > 0 && pause < PAUSE_MS_MAX {
        sum = sum.saturating_add(pause);
        pause = pause.saturating_mul(2);
        pauses -= 1;
    }
    sum.saturating_add(pauses.saturating_mul(pause.min(PAUSE_MS_MAX)))
}
