//! The fold of events about steps and their items: attempts, rounds, ends.

use super::agents;
use crate::Value;
use crate::engine::open::Call;
use crate::engine::state::{AgentPhase, ItemPhase, ItemState, Parent, State, StepPhase};
use crate::engine::{answer, approval, limits};
use crate::event::Work;
use crate::failure::{Failure, FailureKind};
use crate::hint;
use crate::id::{ActorId, AgentIndex, ItemIndex, StepIndex};
use crate::input::Used;
use crate::ir::{EffectClass, OnError, Step, Verb, Workflow};
use crate::limits::Limits;
use serde_json::json;
use std::sync::Arc;

pub(super) fn start_step(state: &mut State, step: StepIndex, items: Option<&Vec<Value>>, keys: &[String]) {
    let step = &mut state.steps[step.at()];
    step.phase = StepPhase::Running;
    step.list = items.map(|items| Arc::new(items.clone()));
    step.keys = Arc::new(keys.to_vec());
    step.items = vec![ItemState::default(); items.map_or(1, Vec::len)];
    let width = u32::try_from(step.items.len()).unwrap_or(u32::MAX);
    state.widest = state.widest.max(width);
    if step.items.is_empty() {
        step.phase = StepPhase::Done;
        step.output = Value::Array(Vec::new());
        step.errors = Value::Array(Vec::new());
    }
}

pub(super) fn start(
    workflow: &Workflow,
    state: &mut State,
    step: StepIndex,
    item: ItemIndex,
    attempt: u32,
    work: &Work,
) {
    let definition = workflow.step(step);
    let before = state.steps[step.at()].items[item.at()].clone();
    let is_first = before.phase == ItemPhase::Waiting;
    if let ItemPhase::Pausing(timer, _) = before.phase {
        state.open.close(timer);
    }
    if let Work::Workflow { allowance, .. } = work {
        state.nests = true;
        limits::lend(state, step, allowance);
    }
    let phase = match (work, &definition.verb) {
        (Work::Agent { prompt }, Verb::Agent { agent, limits, .. }) => {
            ItemPhase::Agent(start_agent(workflow, state, (step, item), *agent, *limits, prompt))
        }
        _ => ItemPhase::Call(state.open.open(Call::of(work, step, item)), Arc::new(work.clone())),
    };
    let timeout = definition
        .timeout_ms
        .map(|_| state.open.open(Call::Timeout(step, item)));
    let deadline = approval::patience_ms(workflow, step).map(|_| state.open.open(Call::Deadline(step, item)));
    let step = &mut state.steps[step.at()];
    step.items[item.at()] = ItemState {
        attempt,
        begun: before.begun + 1,
        doubts: 0,
        phase,
        timeout,
        deadline,
        // Further attempts and rounds start runs of other names, which nothing is known of.
        reopened: is_first && before.reopened,
        counted: if is_first { before.counted } else { Used::default() },
        ..before
    };
    step.next = step.next.max(item.at() + 1);
    step.working += u32::from(is_first);
}

fn start_agent(
    workflow: &Workflow,
    state: &mut State,
    (step, item): (StepIndex, ItemIndex),
    agent: AgentIndex,
    limits: Limits,
    prompt: &str,
) -> ActorId {
    let is_lead = workflow.agent(agent).team.is_some();
    let hint = if is_lead {
        hint::turn(1, limits.turns)
    } else {
        String::new()
    };
    let parent = Parent::Item(step, item);
    let actor = state.spawn(agent, parent, limits, prompt.to_owned() + &hint, prompt.into());
    // Subagents are covered by their lead's clock: its end interrupts them all.
    state.agent_mut(actor).clock = Some(state.open.open(Call::Clock(actor)));
    actor
}

pub(super) fn finish(workflow: &Workflow, state: &mut State, step: StepIndex, item: ItemIndex, output: Option<&Value>) {
    let phase = std::mem::take(&mut state.steps[step.at()].items[item.at()].phase);
    let value = match (output, phase) {
        (Some(value), phase) => {
            close_work(state, step, &phase);
            value.clone()
        }
        (None, ItemPhase::Agent(actor)) => {
            let answer = std::mem::replace(&mut state.agent_mut(actor).phase, AgentPhase::Answered(String::new()));
            let AgentPhase::Answered(text) = answer else { return };
            answer::read(&workflow.step(step).output, &text).unwrap_or(Value::String(text))
        }
        (None, _) => Value::Null,
    };
    leave(state, step, item, ItemPhase::Done(value));
    end_step_when_done(workflow, state, step);
}

/// The item keeps its place for the next round.
pub(super) fn end_round(state: &mut State, step: StepIndex, item: ItemIndex, carry: &Value) {
    let phase = std::mem::take(&mut state.steps[step.at()].items[item.at()].phase);
    close_work(state, step, &phase);
    if let ItemPhase::Agent(actor) = phase {
        state.agent_mut(actor).phase = AgentPhase::Answered(String::new());
    }
    stop_timers(state, step, item);
    let item = &mut state.steps[step.at()].items[item.at()];
    item.phase = ItemPhase::BetweenRounds;
    (item.attempt, item.begun) = (0, 0);
    item.rounds += 1;
    item.carry = carry.clone();
}

/// Nobody works on the item, and a person is asked; one who was asked before is asked anew.
pub(super) fn doubt(state: &mut State, step: StepIndex, item: ItemIndex, refused: Option<&String>) {
    let Some(work) = take_interrupted(state, step, item) else {
        return;
    };
    let question = state.open.open(Call::Doubt(step, item));
    let item = &mut state.steps[step.at()].items[item.at()];
    item.doubts += 1;
    item.phase = ItemPhase::InDoubt {
        question,
        work,
        refused: refused.cloned(),
    };
}

/// The same attempt once more, with all of its time.
pub(super) fn perform_again(workflow: &Workflow, state: &mut State, step: StepIndex, item: ItemIndex) {
    let Some(work) = take_interrupted(state, step, item) else {
        return;
    };
    let call = state.open.open(Call::of(&work, step, item));
    let timeout = workflow.step(step).timeout_ms;
    let timeout = timeout.map(|_| state.open.open(Call::Timeout(step, item)));
    let item = &mut state.steps[step.at()].items[item.at()];
    (item.phase, item.timeout) = (ItemPhase::Call(call, work), timeout);
}

/// The work of an item at work or in doubt, with all that is open for it closed.
fn take_interrupted(state: &mut State, step: StepIndex, item: ItemIndex) -> Option<Arc<Work>> {
    let phase = &state.item(step, item).phase;
    let (ItemPhase::Call(_, work) | ItemPhase::InDoubt { work, .. }) = phase else {
        return None;
    };
    let (phase, work) = (phase.clone(), work.clone());
    close_work(state, step, &phase);
    stop_timers(state, step, item);
    Some(work)
}

pub(super) fn fail(
    workflow: &Workflow,
    state: &mut State,
    step: StepIndex,
    item: ItemIndex,
    failure: &Failure,
    retry_after_ms: Option<u64>,
) {
    let phase = std::mem::take(&mut state.steps[step.at()].items[item.at()].phase);
    // An item whose expressions could not be evaluated never began, and leaves nothing behind.
    let began = phase != ItemPhase::Waiting;
    let agent = if let ItemPhase::Agent(actor) = phase {
        Some(actor)
    } else {
        None
    };
    close_work(state, step, &phase);
    state.steps[step.at()].working += u32::from(!began);
    let goes_on = workflow.step(step).on_error == OnError::Continue;
    if let (Some(actor), true) = (agent, retry_after_ms.is_some() || goes_on) {
        state.forget(actor);
    }
    match retry_after_ms {
        Some(after_ms) => {
            let timer = state.open.open(Call::Pause(step, item));
            state.steps[step.at()].items[item.at()].phase = ItemPhase::Pausing(timer, after_ms);
            stop_timers(state, step, item);
        }
        None => {
            let failed = ItemPhase::Failed {
                failure: failure.clone(),
                agent,
                interrupted: interrupted(workflow.step(step), &phase, failure.kind),
            };
            leave(state, step, item, failed);
            if goes_on {
                end_step_when_done(workflow, state, step);
            } else {
                state.steps[step.at()].phase = StepPhase::Failed;
            }
        }
    }
}

/// The work that may have been done although its attempt failed: it was stopped in the middle, or nobody
/// could say what became of it. One that ended by itself, or of which somebody said so, was not.
fn interrupted(step: &Step, phase: &ItemPhase, kind: FailureKind) -> Option<Arc<Work>> {
    match phase {
        ItemPhase::Call(_, work)
            if step.effect == EffectClass::Once && matches!(kind, FailureKind::Timeout | FailureKind::Stopped) =>
        {
            Some(work.clone())
        }
        ItemPhase::InDoubt { work, .. } if kind != FailureKind::InDoubt => Some(work.clone()),
        _ => None,
    }
}

/// Gives back an item's place and its timers.
fn leave(state: &mut State, step: StepIndex, item: ItemIndex, phase: ItemPhase) {
    let left = &mut state.steps[step.at()];
    left.working -= 1;
    left.ended += 1;
    left.items[item.at()].phase = phase;
    stop_timers(state, step, item);
}

pub(super) fn stop_timers(state: &mut State, step: StepIndex, item: ItemIndex) {
    let item = &mut state.steps[step.at()].items[item.at()];
    for timer in [item.timeout.take(), item.deadline.take()].into_iter().flatten() {
        state.open.abort(timer);
    }
}

/// Ends whatever works on an item, however deep.
pub(super) fn close_work(state: &mut State, step: StepIndex, phase: &ItemPhase) {
    match phase {
        ItemPhase::Agent(actor) => agents::interrupt(state, *actor),
        ItemPhase::Call(call, work) => {
            state.open.abort(*call);
            if let Work::Workflow { allowance, .. } = work.as_ref() {
                limits::give_back(state, step, allowance);
            }
        }
        ItemPhase::InDoubt { question: call, .. } | ItemPhase::Pausing(call, _) => state.open.abort(*call),
        ItemPhase::Waiting | ItemPhase::BetweenRounds | ItemPhase::Done(_) | ItemPhase::Failed { .. } => {}
    }
}

/// Gathers what the items came to once the last of them has ended.
pub(super) fn end_step_when_done(workflow: &Workflow, state: &mut State, at: StepIndex) {
    if state.step(at).ended as usize != state.step(at).items.len() {
        return;
    }
    let keyed = workflow.step(at).fan_out.as_ref().is_some_and(|fan| fan.key.is_some());
    let step = &mut state.steps[at.at()];
    let mut outputs = Vec::with_capacity(step.items.len());
    let mut errors = Vec::new();
    for (n, item) in step.items.iter_mut().enumerate() {
        outputs.push(match &mut item.phase {
            ItemPhase::Done(value) => value.take(),
            ItemPhase::Failed { failure, .. } => {
                let key = step.keys.get(n).filter(|_| keyed);
                errors.push(json!({ "item": n, "key": key, "kind": failure.kind, "message": failure.message }));
                Value::Null
            }
            _ => Value::Null,
        });
    }
    step.phase = StepPhase::Done;
    step.errors = Value::Array(errors);
    step.output = if step.list.is_some() {
        Value::Array(outputs)
    } else {
        outputs.pop().unwrap_or_default()
    };
}
