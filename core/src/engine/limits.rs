//! Limits: what a turn may reserve, what it used, and which limit says no (A-RAG §1.3).
//!
//! What adds up (turns, tokens, money, times) is counted in pools: one of each agent, which its
//! subagents use too, and one of the run. Before a model call its estimated prompt and the longest
//! answer are reserved in every pool that it draws from; the reply settles that by what was used.
//!
//! ```text
//! fits what is unreserved ─────────────────────────► an ordinary turn
//! fits, once others give back what they reserved ──► held, until one does
//! does not fit ──something is left unreserved──────► a forced answer, the last
//!                └─others may give something back──► held
//!                └─nothing is left─────────────────► the agent fails: limit
//! ```
//! An agent's own limit always leaves it its forced answer. Leads and runs lend to many at once: of
//! theirs, an ordinary turn never takes more than there is, and a forced one at most once.

mod audit;
mod clock;
mod ledger;
mod room;
mod share;
mod told;

pub(super) use audit::{passed, standing};
pub(super) use clock::{out_of_seconds, out_of_time, run_clock_ms};
pub(super) use ledger::{release, reserve, settle, settle_all, spend};
pub(super) use room::{answer_too_long, fit, fits_fan_out, room_below, room_for_agents};
pub(super) use share::{give_back, lend, share};

use super::state::{AgentState, Parent, State};
use super::{Link, Trigger};
use crate::event::Event;
use crate::failure::{Failure, FailureKind};
use crate::id::ActorId;
use crate::ir::Workflow;
use crate::limits::{Amount, Left, LimitHit, Mode, Reached};
use crate::port::journal::RunStatus;

/// A limit that says no, before it is told in words.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Hit {
    /// The agent that it bounds; none where it bounds the run.
    pub(super) actor: Option<ActorId>,
    pub(super) limit: LimitHit,
    pub(super) most: u64,
    pub(super) used: u64,
    pub(super) needed: u64,
}

impl Hit {
    /// In words, with its owner.
    pub(super) fn told(self, workflow: &Workflow, state: &State) -> Reached {
        told::told(workflow, state, self)
    }
}

/// What may become of an agent whose turn is due.
#[derive(Debug, PartialEq)]
enum Turn {
    /// It asks its model.
    Ordinary,
    /// It is asked for its last answer.
    Forced(Hit),
    /// Others must give back what they reserved.
    Held,
    /// Nothing is left that an answer could be asked for with.
    Spent(Hit),
}

/// Begins the turn that is due, or ends the agent for which nothing is left.
pub(super) fn begin_turn(workflow: &Workflow, state: &State, actor: ActorId) -> Link {
    let event = |event| Link {
        events: vec![event],
        then: Vec::new(),
    };
    if !state.ready.contains(&actor) {
        return Link::nothing();
    }
    if state.limits.mode == Mode::Audit {
        let mut link = Link::nothing();
        let hits = hits(workflow, state, actor);
        link.events = hits.filter_map(|hit| passed(workflow, state, hit)).collect();
        link.events.push(Event::TurnStarted { actor, forced: None });
        return link;
    }
    match turn(workflow, state, actor) {
        Turn::Ordinary => event(Event::TurnStarted { actor, forced: None }),
        Turn::Forced(hit) => event(Event::TurnStarted {
            actor,
            forced: Some(hit.told(workflow, state)),
        }),
        Turn::Held => Link::nothing(),
        Turn::Spent(hit) => super::agent::failed(state, actor, failure(workflow, state, hit)),
    }
}

/// The next thing to look at when nothing else is left to do: a turn that was held and is so no longer.
pub(super) fn released(workflow: &Workflow, state: &State) -> Option<Trigger> {
    if state.ready.is_empty() || state.status != Some(RunStatus::Running) {
        return None;
    }
    let audits = state.limits.mode == Mode::Audit;
    let is_free = |actor: &&ActorId| audits || turn(workflow, state, **actor) != Turn::Held;
    // Whoever came first goes first; behind an agent that waits for the run, all wait for the run.
    let waits_for_run = |actor: &ActorId| {
        let needed = needed(workflow, state.agent(*actor));
        !audits && !state.left().minus(state.reserved).covers(&of_run(needed))
    };
    let mut looked = state.ready.iter();
    loop {
        let actor = looked.next()?;
        if is_free(&actor) {
            return Some(Trigger::Agent(*actor));
        }
        if waits_for_run(actor) {
            return None;
        }
    }
}

fn turn(workflow: &Workflow, state: &State, actor: ActorId) -> Turn {
    let needed = needed(workflow, state.agent(actor));
    let lenders = || {
        leads(state, actor)
            .map(AgentState::pool)
            .chain([(state.left(), state.reserved)])
    };
    if let Some(hit) = hits(workflow, state, actor).next() {
        let crumb = crumb(needed);
        if lenders().all(|(left, reserved)| left.minus(reserved).covers(&crumb)) {
            return Turn::Forced(hit);
        }
        return match spent(state, actor, crumb) {
            None => Turn::Held,
            Some(hit) => Turn::Spent(hit),
        };
    }
    let mut ordinary = leads(state, actor)
        .map(|lead| (lead.pool(), needed))
        .chain([((state.left(), state.reserved), of_run(needed))]);
    if ordinary.all(|((left, reserved), needed)| left.minus(reserved).covers(&needed)) {
        Turn::Ordinary
    } else {
        Turn::Held
    }
}

/// Every limit that forbids another ordinary turn, whatever others give back.
fn hits(workflow: &Workflow, state: &State, actor: ActorId) -> impl Iterator<Item = Hit> {
    let agent = state.agent(actor);
    let needed = needed(workflow, agent);
    let own = |limit, most, used| Hit {
        actor: Some(actor),
        limit,
        most,
        used,
        needed: 0,
    };
    let (turns, context) = (u64::from(agent.turns), agent.context);
    let limits = &agent.limits;
    let turns = (agent.turns >= limits.turns).then(|| own(LimitHit::Turns, limits.turns.into(), turns));
    let context = (context >= limits.context_tokens).then(|| own(LimitHit::Context, limits.context_tokens, context));
    let chain = chain(state, actor)
        .flat_map(move |(owner, agent)| in_pool(Some(owner), agent.limits.amount(), agent.spent, needed));
    let run = in_pool(None, state.most, state.spent, of_run(needed));
    turns.into_iter().chain(chain).chain(context).chain(run)
}

/// What a pool has too little of.
fn in_pool(actor: Option<ActorId>, most: Amount, spent: Amount, needed: Amount) -> impl Iterator<Item = Hit> {
    most.minus(spent).short_of(&needed).map(move |limit| {
        let (most, used) = (most.of(limit), spent.of(limit));
        let is_sum = matches!(limit, LimitHit::Tokens | LimitHit::Cost);
        Hit {
            actor,
            limit,
            most,
            used,
            needed: if is_sum { needed.of(limit) } else { 0 },
        }
    })
}

/// What an agent may still use of its own limits before its answer is forced. Those of its leads and of the
/// run change while its call is open, and what an open call asks for must not.
pub(super) fn left(state: &State, actor: ActorId) -> Left {
    let agent = state.agent(actor);
    let (left, _) = agent.pool();
    Left {
        turns: agent.limits.turns.saturating_sub(agent.turns).into(),
        tokens: left.tokens,
        seconds: left.working_ms / 1000,
    }
}

/// The lender with nothing left, whatever others give back.
fn spent(state: &State, actor: ActorId, crumb: Amount) -> Option<Hit> {
    let leads = chain(state, actor).skip(1);
    let of_leads = leads.flat_map(|(owner, lead)| in_pool(Some(owner), lead.limits.amount(), lead.spent, crumb));
    let hit = of_leads.chain(in_pool(None, state.most, state.spent, crumb)).next();
    hit.map(|hit| Hit { needed: 0, ..hit })
}

/// What an agent's next call may use.
fn needed(workflow: &Workflow, agent: &AgentState) -> Amount {
    let model = workflow.model(workflow.agent(agent.agent).model);
    Amount::of_call(model, agent.context)
}

/// An ordinary turn leaves the run one turn, for a forced answer.
fn of_run(needed: Amount) -> Amount {
    Amount {
        turns: needed.turns.saturating_add(1),
        ..needed
    }
}

/// The least that must be left for a forced answer: something of all that it uses.
fn crumb(needed: Amount) -> Amount {
    let one = Amount {
        turns: 1,
        tokens: 1,
        cost_micros: 1,
        working_ms: 1,
        gpu_ms: 1,
    };
    needed.least(one)
}

/// Whether a timer may force an answer: whether a lender has anything left.
fn may_close(workflow: &Workflow, state: &State, actor: ActorId) -> Result<(), Failure> {
    let crumb = crumb(needed(workflow, state.agent(actor)));
    match spent(state, actor, crumb) {
        Some(hit) => Err(failure(workflow, state, hit)),
        None => Ok(()),
    }
}

/// The failure by which a limit ends an agent, an item or a run.
pub(super) fn failure(workflow: &Workflow, state: &State, hit: Hit) -> Failure {
    Failure::new(FailureKind::Limit, hit.told(workflow, state).to_string())
}

/// The agent and the leads above it.
fn chain(state: &State, actor: ActorId) -> impl Iterator<Item = (ActorId, &AgentState)> {
    let above = |(_, agent): &(ActorId, &AgentState)| agent.lead().map(|lead| (lead, state.agent(lead)));
    std::iter::successors(Some((actor, state.agent(actor))), above)
}

fn leads(state: &State, actor: ActorId) -> impl Iterator<Item = &AgentState> {
    chain(state, actor).skip(1).map(|(_, agent)| agent)
}

impl AgentState {
    /// What is left of its limits, and how much of that is reserved.
    fn pool(&self) -> (Amount, Amount) {
        (self.limits.amount().minus(self.spent), self.reserved)
    }

    fn lead(&self) -> Option<ActorId> {
        match self.parent {
            Parent::Lead(lead, _) => Some(lead),
            Parent::Item(..) => None,
        }
    }
}

impl State {
    /// What the run has not used.
    fn left(&self) -> Amount {
        self.most.minus(self.spent)
    }

    /// What the run used of all that adds up, runs that it started included.
    pub fn spent(&self) -> Amount {
        self.spent
    }

    /// The limits that were passed and stopped nothing, since the run is audited.
    pub fn limits_passed(&self) -> impl Iterator<Item = &Reached> {
        self.passed.values()
    }

    /// What is reserved for calls and runs under way.
    pub fn reserved(&self) -> Amount {
        self.reserved
    }
}
