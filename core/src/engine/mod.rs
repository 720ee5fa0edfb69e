//! The engine: what a run does next, decided from facts alone.
//!
//! An [`Input`] arrives, [`decide`] turns it into [`Event`]s, [`apply`] folds them into [`State`], and
//! whatever then stands open and did not before is an [`Effect`] to perform. There is no other way
//! in, no other way to change state, and nothing here waits, reads a clock or rolls dice; so the fold
//! of a journal is the run, and [`outstanding`] of that fold is exactly what has to be asked for again.
//!
//! One input may set off a chain (a reply ends an agent, which ends an item, which starts a step).
//! Each link is a [`Trigger`]: "look at this machine". `decide` sees the state as it is after the
//! links before it, and every machine's answer depends on its state alone, so looking twice is harmless.
//!
//! One file per machine, its transitions on top: [`run`](self), `step`, `item`, `agent`, `wave`,
//! `repeat`, `approval`, `doubt`, `child`, `call`, `retry`, `timer`, `limits`, `edit`,
//! `stop`. Two look at journals from
//! outside: `adapt` moves one to another workflow, `replay` derives every decision of one again.

mod adapt;
mod agent;
mod answer;
mod apply;
mod approval;
mod call;
mod child;
mod doubt;
mod edit;
mod item;
mod key;
mod limits;
mod open;
mod owner;
mod place;
mod reopen;
mod repeat;
mod replay;
pub(crate) mod retry;
mod run;
mod scope;
mod state;
mod step;
mod stop;
mod timer;
mod wave;

pub use adapt::{Adaptation, Unfit};
pub use answer::read as read_answer;
pub use approval::answered;
pub use edit::read as read_edit;
pub use owner::{Owner, owner};
pub use place::rooms_at_work;
pub use replay::{Difference, replay};
pub use run::check_inputs;
pub use state::State;

use crate::effect::Effect;
use crate::event::Event;
use crate::failure::{Failure, FailureKind};
use crate::id::{ActorId, CallId, ItemIndex, StepIndex};
use crate::input::Input;
use crate::ir::Workflow;
use crate::port::journal::RunStatus;
use open::Call;
use state::ItemPhase;
use std::collections::VecDeque;

/// What follows from an input: facts to append, then wishes to perform.
#[derive(Debug, Default, PartialEq)]
pub struct Decision {
    /// What happened, in order; already applied to the state.
    pub events: Vec<Event>,
    /// What is wanted now.
    pub effects: Vec<Effect>,
    /// Effects that are no longer wanted. Some may never have been performed.
    pub aborts: Vec<CallId>,
}

/// Why an input changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The run has begun already.
    #[error("the run has started already")]
    Started,
    /// The run has not begun.
    #[error("the run has not started")]
    NotStarted,
    /// Nothing can follow.
    #[error("the run is over: {}", .0.word())]
    Over(RunStatus),
    /// The run is still going.
    #[error("the run is still going")]
    Going,
    /// The inputs do not fit the workflow: one sentence for each mistake.
    #[error("{}", .0.join("\n"))]
    Inputs(Vec<String>),
    /// Outputs cannot be put in the place of the run's own: one sentence for each.
    #[error("{}", .0.join("\n"))]
    Edits(Vec<String>),
}

/// Which machine to look at next.
#[derive(Debug, Clone, PartialEq)]
pub enum Trigger {
    /// Something arrived.
    Input(Box<Input>),
    /// What is open was interrupted: after a crash, and when a run is reopened.
    Interrupted,
    /// Any machine may have something to do: at the same times.
    Everything,
    /// Steps may be ready, or all ended.
    Run,
    /// Items may be due, or all ended.
    Step(StepIndex),
    /// An attempt may have ended.
    Item(StepIndex, ItemIndex),
    /// A turn, a tool call, a wave or the end may be due.
    Agent(ActorId),
}

/// One link of the chain: facts, and the machines that they concern.
#[derive(Debug, Default, PartialEq)]
pub struct Link {
    /// What happened.
    pub events: Vec<Event>,
    /// Whom to look at afterwards.
    pub then: Vec<Trigger>,
}

impl Link {
    fn nothing() -> Self {
        Self::default()
    }

    fn look(at: Trigger) -> Self {
        Self {
            events: Vec::new(),
            then: vec![at],
        }
    }

    fn event(event: Event, then: Trigger) -> Self {
        Self {
            events: vec![event],
            then: vec![then],
        }
    }
}

/// Decides one link. Pure: reads the state, never changes it.
pub fn decide(workflow: &Workflow, state: &State, trigger: Trigger) -> Result<Link, Refusal> {
    Ok(match trigger {
        Trigger::Input(input) => return run::receive(workflow, state, *input),
        _ if state.status() != Some(RunStatus::Running) => Link::nothing(),
        Trigger::Interrupted => doubt::settle(workflow, state),
        Trigger::Everything => Link {
            events: Vec::new(),
            then: run::everything(state),
        },
        Trigger::Run => run::advance(workflow, state),
        Trigger::Step(step) => step::advance(workflow, state, step),
        Trigger::Item(step, item) => item::advance(workflow, state, step, item),
        Trigger::Agent(actor) => agent::advance(workflow, state, actor),
    })
}

/// Folds one event: the only place where state changes, live and on replay alike.
pub fn apply(workflow: &Workflow, state: &mut State, event: &Event) {
    apply::apply(workflow, state, event);
}

/// Takes an input through the whole chain that it sets off.
pub fn handle(workflow: &Workflow, state: &mut State, input: Input) -> Result<Decision, Refusal> {
    let opened_before = state.open.next_call();
    let mut decision = Decision::default();
    let mut queue = VecDeque::from([Trigger::Input(Box::new(input))]);
    while let Some(link) = next(workflow, state, &mut queue)? {
        for event in link.events {
            apply(workflow, state, &event);
            decision.events.push(event);
        }
        queue.extend(link.then);
    }
    decision.aborts = state.open.take_aborted();
    decision.effects = state
        .open
        .since(opened_before)
        .map(|(id, call)| call::effect(workflow, state, id, call))
        .collect();
    Ok(decision)
}

/// The next link of the chain; when nothing is left to look at, what only limits kept waiting.
fn next(workflow: &Workflow, state: &State, queue: &mut VecDeque<Trigger>) -> Result<Option<Link>, Refusal> {
    if let Some(trigger) = queue.pop_front() {
        return decide(workflow, state, trigger).map(Some);
    }
    if let Some(event) = limits::standing(workflow, state) {
        let events = vec![event];
        return Ok(Some(Link {
            events,
            then: Vec::new(),
        }));
    }
    match limits::released(workflow, state) {
        Some(trigger) => decide(workflow, state, trigger).map(Some),
        None => Ok(None),
    }
}

/// What a restart must ask for again: every effect that is open in `state`.
pub fn outstanding(workflow: &Workflow, state: &State) -> Vec<Effect> {
    state
        .open
        .since(CallId(0))
        .map(|(id, call)| call::effect(workflow, state, id, call))
        .collect()
}

/// Whether nothing can happen before a person acts: all that is open is `unanswered`, or the end of
/// the patience with it.
pub fn waits(state: &State, unanswered: impl Fn(CallId) -> bool) -> bool {
    let is_idle = |(id, call)| match call {
        Call::Deadline(step, item) | Call::Timeout(step, item) => {
            matches!(state.item(step, item).phase, ItemPhase::Call(work, _) if unanswered(work))
        }
        Call::RunClock => true,
        _ => unanswered(id),
    };
    let asks = state.open.since(CallId(0)).any(|(_, call)| call != Call::RunClock);
    asks && state.open.since(CallId(0)).all(is_idle)
}

/// Forgets the aborts that a fold has gathered: what they were for is gone with its process.
pub fn forget_aborts(state: &mut State) {
    state.open.take_aborted();
}

/// Folds a journal. Aborts that were wanted on the way are forgotten: their processes are gone.
pub fn fold<'a>(workflow: &Workflow, events: impl IntoIterator<Item = &'a Event>) -> State {
    let mut state = State::new(workflow);
    for event in events {
        apply(workflow, &mut state, event);
    }
    forget_aborts(&mut state);
    state
}

/// A defect of ours: loud in tests, and in a release the end of this run alone.
fn defect(what: &str) -> Failure {
    debug_assert!(false, "engine defect: {what}");
    Failure::new(
        FailureKind::Internal,
        format!("X0001: a defect of Troupe: {what}; please report it with the run's export"),
    )
}
