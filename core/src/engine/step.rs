//! A step: whether it runs, and how many of its items at once.
//!
//! ```text
//! Waiting ──after over──► Running ──every item done──► Done
//!    │                       └──an item failed───────► Failed (Done with `on_error: continue`)
//!    └──when is false──► Skipped
//! ```

use super::scope::RunScope;
use super::state::{ItemPhase, State, StepPhase};
use super::{Link, Trigger, item, limits, run};
use crate::Value;
use crate::event::Event;
use crate::failure::{Failure, FailureKind};
use crate::id::{ItemIndex, StepIndex};
use crate::ir::{FanOut, Workflow};
use crate::types::describe;
use std::collections::HashMap;

/// The event by which a step that is due begins, is skipped, or fails at once.
pub(super) fn begin(workflow: &Workflow, state: &State, index: StepIndex) -> Event {
    let step = workflow.step(index);
    let scope = RunScope::of_step(workflow, state, index);
    match step.when.as_ref().map(|when| when.holds(&scope)) {
        Some(Err(error)) => {
            return Event::StepFailed {
                step: index,
                failure: run::expression_failure(&error),
            };
        }
        Some(Ok(false)) => return Event::StepSkipped { step: index },
        None | Some(Ok(true)) => {}
    }
    let Some(fan_out) = &step.fan_out else {
        return Event::StepStarted {
            step: index,
            items: None,
            keys: Vec::new(),
        };
    };
    match fan_out.items.evaluate(&scope) {
        Err(error) => Event::StepFailed {
            step: index,
            failure: run::expression_failure(&error),
        },
        Ok(Value::Array(items)) if !limits::fits_fan_out(state, items.len()) => {
            let message = format!(
                "step `{}` would fan out over {} items, and `limits.fan_out` is {}: raise it for workflow `{}`",
                step.name,
                items.len(),
                workflow.limits.fan_out,
                workflow.name
            );
            Event::StepFailed {
                step: index,
                failure: Failure::new(FailureKind::Limit, message),
            }
        }
        Ok(Value::Array(items)) => match keys(workflow, state, fan_out, &items) {
            Ok(keys) => Event::StepStarted {
                step: index,
                items: Some(items),
                keys,
            },
            Err(failure) => Event::StepFailed { step: index, failure },
        },
        Ok(other) => Event::StepFailed {
            step: index,
            failure: run::not_a_list(&fan_out.items, &other),
        },
    }
}

/// The items' names, each unlike all others; none at all for a step without `key`.
fn keys(workflow: &Workflow, state: &State, fan_out: &FanOut, items: &[Value]) -> Result<Vec<String>, Failure> {
    let Some(key) = &fan_out.key else {
        return Ok(Vec::new());
    };
    let wrong = |reason: String| run::expression_failure(&key.error(reason));
    let mut positions: HashMap<String, usize> = HashMap::with_capacity(items.len());
    let mut keys = Vec::with_capacity(items.len());
    for (at, item) in items.iter().enumerate() {
        let scope = RunScope::of(workflow, state).with_item(&fan_out.variable, item);
        let name = match key.evaluate(&scope).map_err(|error| run::expression_failure(&error))? {
            Value::String(text) => text,
            Value::Number(number) if number.is_i64() || number.is_u64() => number.to_string(),
            other => {
                return Err(wrong(format!(
                    "`key` needs a text or a whole number, and for item {at} it is {}",
                    describe(&other)
                )));
            }
        };
        if let Some(before) = positions.insert(name.clone(), at) {
            return Err(wrong(format!(
                "items {before} and {at} have the same key `{name}`; a key must be unlike all others"
            )));
        }
        keys.push(name);
    }
    Ok(keys)
}

/// Starts as many items as may work at once.
pub(super) fn advance(workflow: &Workflow, state: &State, index: StepIndex) -> Link {
    let step = state.step(index);
    if step.phase != StepPhase::Running {
        return if step.phase == StepPhase::Waiting {
            Link::nothing()
        } else {
            Link::look(Trigger::Run)
        };
    }
    let parallel = workflow
        .step(index)
        .fan_out
        .as_ref()
        .map_or(1, |fan_out| fan_out.parallel);
    let room = parallel.saturating_sub(step.working) as usize;
    let mut link = Link::nothing();
    let mut actor = state.next_actor();
    let waiting = |n: &usize| step.items[*n].phase == ItemPhase::Waiting;
    for n in (step.next..step.items.len()).filter(waiting).take(room) {
        let item = ItemIndex(u32::try_from(n).unwrap_or(u32::MAX));
        let (event, next) = item::begin(workflow, state, index, item, &mut actor);
        link.events.push(event);
        link.then.extend(next);
    }
    link
}
