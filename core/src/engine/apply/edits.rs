//! The fold of outputs that a person set: what had worked on them stops, what comes after them is due again.

use super::{agents, items};
use crate::Value;
use crate::engine::state::{ItemPhase, ItemState, State, StepPhase, StepState};
use crate::id::{ItemIndex, StepIndex};
use crate::ir::Workflow;
use std::sync::Arc;

pub(super) fn edit(workflow: &Workflow, state: &mut State, step: StepIndex, item: Option<ItemIndex>, output: &Value) {
    state.first_open = 0;
    match item {
        Some(item) => set_item(workflow, state, step, item, output),
        None => set_step(workflow, state, step, output),
    }
    for after in workflow.followers(step) {
        stop(state, after);
        state.steps[after.at()] = StepState::default();
    }
}

fn set_step(workflow: &Workflow, state: &mut State, step: StepIndex, output: &Value) {
    stop(state, step);
    let is_fanned = workflow.step(step).fan_out.is_some();
    let count = output.as_array().filter(|_| is_fanned).map_or(1, Vec::len);
    let before = std::mem::take(&mut state.steps[step.at()]);
    // Another number of outputs has nothing to do with the list and the names that there were.
    let is_alike = before.items.len() == count;
    let done = ItemState {
        phase: ItemPhase::Done(Value::Null),
        ..ItemState::default()
    };
    state.steps[step.at()] = StepState {
        phase: StepPhase::Done,
        list: before.list.filter(|_| is_alike),
        keys: if is_alike { before.keys } else { Arc::default() },
        items: vec![done; count],
        next: count,
        working: 0,
        ended: u32::try_from(count).unwrap_or(u32::MAX),
        lent: 0,
        output: output.clone(),
        errors: Value::Array(Vec::new()),
    };
}

fn set_item(workflow: &Workflow, state: &mut State, step: StepIndex, item: ItemIndex, output: &Value) {
    let edited = &mut state.steps[step.at()];
    if edited.phase == StepPhase::Done {
        edited.items[item.at()].phase = ItemPhase::Done(Value::Null);
        if let Some(place) = edited.output.get_mut(item.at()) {
            *place = output.clone();
        }
        if let Value::Array(errors) = &mut edited.errors {
            errors.retain(|error| error["item"] != item.0);
        }
        return;
    }
    let before = end_work(state, step, item, ItemPhase::Done(output.clone()));
    let edited = &mut state.steps[step.at()];
    match before {
        ItemPhase::Done(_) | ItemPhase::Failed { .. } => {}
        ItemPhase::Waiting => edited.ended += 1,
        ItemPhase::Agent(_)
        | ItemPhase::Call(..)
        | ItemPhase::InDoubt { .. }
        | ItemPhase::BetweenRounds
        | ItemPhase::Pausing(..) => {
            edited.working -= 1;
            edited.ended += 1;
        }
    }
    let any_failed = edited
        .items
        .iter()
        .any(|item| matches!(item.phase, ItemPhase::Failed { .. }));
    if edited.phase == StepPhase::Failed && !any_failed {
        edited.phase = StepPhase::Running;
    }
    if edited.phase == StepPhase::Running {
        items::end_step_when_done(workflow, state, step);
    }
}

/// Stops whatever works on a step.
fn stop(state: &mut State, step: StepIndex) {
    for item in (0..).map(ItemIndex).take(state.step(step).items.len()) {
        end_work(state, step, item, ItemPhase::Waiting);
    }
}

/// Stops whatever works on an item, and gives the phase that it was in.
fn end_work(state: &mut State, step: StepIndex, item: ItemIndex, phase: ItemPhase) -> ItemPhase {
    let before = std::mem::replace(&mut state.steps[step.at()].items[item.at()].phase, phase);
    items::close_work(state, step, &before);
    if let ItemPhase::Agent(actor) | ItemPhase::Failed { agent: Some(actor), .. } = &before {
        agents::interrupt(state, *actor);
        state.forget(*actor);
    }
    items::stop_timers(state, step, item);
    before
}
