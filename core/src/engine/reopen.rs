//! Going on with a run that was over: what had stopped stands open again.
//!
//! An agent whose model failed keeps its transcript and takes the turn again; everything else that
//! failed begins a fresh first attempt. Finished work is never touched; work that was stopped in the middle
//! stands open again, and `doubt` says what becomes of it.

use super::open::Call;
use super::state::{Action, AgentPhase, ItemPhase, MemberPhase, Parent, State, StepPhase};
use super::{limits, repeat};
use crate::Object;
use crate::event::Work;
use crate::failure::FailureKind;
use crate::id::{ActorId, ItemIndex, StepIndex};
use crate::ir::{OnCrash, OnError, Verb, Workflow};
use crate::port::journal::RunStatus;
use std::sync::Arc;

pub(super) fn reopen(workflow: &Workflow, state: &mut State) {
    state.status = Some(RunStatus::Running);
    state.first_open = 0;
    state.failure = None;
    state.outputs = Object::new();
    state.clock = Some(state.open.open(Call::RunClock));
    for step in (0..).map(StepIndex).take(workflow.steps.len()) {
        match state.steps[step.at()].phase {
            // Its `when` or `for_each` failed: the step is due again.
            StepPhase::Failed if state.steps[step.at()].items.is_empty() => {
                state.steps[step.at()].phase = StepPhase::Waiting
            }
            StepPhase::Failed | StepPhase::Running => reopen_step(workflow, state, step),
            StepPhase::Waiting | StepPhase::Done | StepPhase::Skipped => {}
        }
    }
    for step in (0..).map(StepIndex).take(workflow.steps.len()) {
        lend_again(workflow, state, step);
    }
}

/// Runs that go on have a share of what is left now: what was left to them before may be used up, or
/// the limits may have been raised.
fn lend_again(workflow: &Workflow, state: &mut State, step: StepIndex) {
    let Verb::Workflow { workflow: called, .. } = workflow.step(step).verb else {
        return;
    };
    for at in 0..state.steps[step.at()].items.len() {
        if !matches!(&state.steps[step.at()].items[at].phase, ItemPhase::Call(..)) {
            continue;
        }
        let share = limits::share(workflow, state, step, workflow.workflow(called));
        limits::lend(state, step, &share);
        if let ItemPhase::Call(_, work) = &mut state.steps[step.at()].items[at].phase
            && let Work::Workflow { allowance, .. } = Arc::make_mut(work)
        {
            *allowance = share;
        }
    }
}

fn reopen_step(workflow: &Workflow, state: &mut State, step: StepIndex) {
    state.steps[step.at()].phase = StepPhase::Running;
    for at in 0..state.steps[step.at()].items.len() {
        reopen_item(workflow, state, step, ItemIndex(u32::try_from(at).unwrap_or(u32::MAX)));
    }
    let reopened = &mut state.steps[step.at()];
    let count = |wanted: fn(&ItemPhase) -> bool| reopened.items.iter().filter(|item| wanted(&item.phase)).count();
    let ended = count(|phase| matches!(phase, ItemPhase::Done(_) | ItemPhase::Failed { .. }));
    let waiting = count(|phase| matches!(phase, ItemPhase::Waiting));
    let first = reopened.items.iter().position(|item| item.phase == ItemPhase::Waiting);
    reopened.ended = u32::try_from(ended).unwrap_or(u32::MAX);
    reopened.working = u32::try_from(reopened.items.len() - ended - waiting).unwrap_or(u32::MAX);
    reopened.next = first.unwrap_or(reopened.items.len());
}

fn reopen_item(workflow: &Workflow, state: &mut State, step: StepIndex, item: ItemIndex) {
    let phase = std::mem::take(&mut state.steps[step.at()].items[item.at()].phase);
    let phase = match phase {
        // With `on_error: continue` a failure is an end like any other.
        failed @ ItemPhase::Failed { .. } if workflow.step(step).on_error == OnError::Continue => failed,
        ItemPhase::Agent(actor) => {
            reopen_agent(workflow, state, actor);
            ItemPhase::Agent(actor)
        }
        ItemPhase::Failed {
            failure,
            agent: Some(actor),
            ..
        } if failure.kind == FailureKind::Model => {
            let agent = state.agent_mut(actor);
            (agent.phase, agent.forced) = (AgentPhase::Ready, None);
            agent.returns += 1;
            state.ready.insert(actor);
            reopen_agent(workflow, state, actor);
            ItemPhase::Agent(actor)
        }
        ItemPhase::Failed {
            interrupted: Some(work),
            ..
        } if workflow.step(step).on_crash == OnCrash::Ask => {
            ItemPhase::Call(state.open.open(Call::of(&work, step, item)), work)
        }
        ItemPhase::Failed { .. } => {
            let definition = workflow.step(step);
            let failed = &mut state.steps[step.at()].items[item.at()];
            // The run that the last attempt started goes on where it was, under its own name.
            let goes_on = matches!(definition.verb, Verb::Workflow { .. });
            failed.attempt = if goes_on { failed.attempt.saturating_sub(1) } else { 0 };
            failed.reopened = true;
            if repeat::is_exhausted(definition, failed) {
                failed.rounds_before = failed.rounds;
            }
            ItemPhase::Waiting
        }
        ItemPhase::Call(_, work) => {
            state.steps[step.at()].items[item.at()].reopened = true;
            ItemPhase::Call(state.open.open(Call::of(&work, step, item)), work)
        }
        ItemPhase::InDoubt { work, refused, .. } => ItemPhase::InDoubt {
            question: state.open.open(Call::Doubt(step, item)),
            work,
            refused,
        },
        ItemPhase::BetweenRounds => ItemPhase::BetweenRounds,
        ItemPhase::Pausing(_, after_ms) => ItemPhase::Pausing(state.open.open(Call::Pause(step, item)), after_ms),
        ItemPhase::Waiting => ItemPhase::Waiting,
        ItemPhase::Done(value) => ItemPhase::Done(value),
    };
    let works = matches!(phase, ItemPhase::Agent(_) | ItemPhase::Call(..));
    let had_timeout = state.steps[step.at()].items[item.at()].timeout.take().is_some();
    let timeout = (works && had_timeout).then(|| state.open.open(Call::Timeout(step, item)));
    let had_deadline = state.steps[step.at()].items[item.at()].deadline.take().is_some();
    let deadline = had_deadline.then(|| state.open.open(Call::Deadline(step, item)));
    let item = &mut state.steps[step.at()].items[item.at()];
    (item.phase, item.timeout, item.deadline) = (phase, timeout, deadline);
}

fn reopen_agent(workflow: &Workflow, state: &mut State, actor: ActorId) {
    let agent = state.agent(actor);
    if !agent.is_live() {
        return;
    }
    let needs_clock = matches!(agent.parent, Parent::Item(..)) && agent.forced.is_none();
    let clock = needs_clock.then(|| state.open.open(Call::Clock(actor)));
    state.agent_mut(actor).clock = clock;
    let working: Vec<ActorId> = match &state.agent(actor).phase {
        AgentPhase::Acting {
            action: Action::Wave(wave),
            ..
        } => wave
            .members
            .iter()
            .filter_map(|member| match member.phase {
                MemberPhase::Working(child) => Some(child),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    };
    working
        .into_iter()
        .for_each(|child| reopen_agent(workflow, state, child));
    let call = match &state.agent(actor).phase {
        AgentPhase::Thinking(_) => {
            limits::reserve(workflow, state, actor);
            Some(state.open.open(Call::Model(actor)))
        }
        AgentPhase::Acting {
            action: Action::Tool(..),
            ..
        } => Some(state.open.open(Call::AgentTool(actor))),
        _ => None,
    };
    if let (
        Some(new),
        AgentPhase::Thinking(call)
        | AgentPhase::Acting {
            action: Action::Tool(call, _),
            ..
        },
    ) = (call, &mut state.agent_mut(actor).phase)
    {
        *call = new;
    }
}
