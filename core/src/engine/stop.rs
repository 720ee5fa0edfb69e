//! Stopping a part of a run: a person ends a step, an item or an agent, and the rest goes on as after any failure.
//!
//! What is stopped fails for good as `stopped`: `on_error` sees it, `retry` does not, a lead is told of its subagent.

use super::state::{ItemPhase, Parent, State, StepPhase};
use super::{Link, Trigger, agent, item};
use crate::event::Event;
use crate::failure::{Failure, FailureKind};
use crate::id::{ItemIndex, StepIndex};
use crate::input::Part;

/// What stands before the name of whoever stopped it.
const BY: &str = "stopped by ";

/// Ends a part. One that is not at work (any more) is as it is.
pub(super) fn receive(state: &State, part: Part, by: &str) -> Link {
    let failure = Failure::new(FailureKind::Stopped, format!("{BY}{by}"));
    match part {
        Part::Step(step) => stop(state, step, None, &failure),
        Part::Item(step, item) => stop(state, step, Some(item), &failure),
        Part::Agent(actor) => match state.agents.get(actor.at()) {
            Some(known) if known.is_live() => match known.parent {
                Parent::Item(step, item) => stop(state, step, Some(item), &failure),
                Parent::Lead(..) => agent::failed(state, actor, failure),
            },
            _ => Link::nothing(),
        },
    }
}

fn stop(state: &State, step: StepIndex, only: Option<ItemIndex>, failure: &Failure) -> Link {
    let Some(begun) = state
        .steps
        .get(step.at())
        .filter(|step| step.phase == StepPhase::Running)
    else {
        return Link::nothing();
    };
    let is_over = |phase: &ItemPhase| matches!(phase, ItemPhase::Done(_) | ItemPhase::Failed { .. });
    let items = (0..).map(ItemIndex).zip(&begun.items);
    let open = items.filter(|(at, item)| only.is_none_or(|only| only == *at) && !is_over(&item.phase));
    let events: Vec<Event> = open
        .map(|(at, _)| item::ended_for_good(step, at, failure.clone()))
        .collect();
    let then = if events.is_empty() {
        Vec::new()
    } else {
        vec![Trigger::Step(step)]
    };
    Link { events, then }
}

/// What can have been stopped for an event to follow, the larger part first, and by whom.
pub(super) fn causes(event: &Event) -> Vec<(Part, String)> {
    let (parts, failure) = match event {
        Event::ItemFailed {
            step, item, failure, ..
        } => (vec![Part::Step(*step), Part::Item(*step, *item)], failure),
        Event::AgentFailed { actor, failure } => (vec![Part::Agent(*actor)], failure),
        _ => return Vec::new(),
    };
    match failure.message.strip_prefix(BY) {
        Some(by) if failure.kind == FailureKind::Stopped => {
            parts.into_iter().map(|part| (part, by.to_owned())).collect()
        }
        _ => Vec::new(),
    }
}
