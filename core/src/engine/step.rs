//! A step: whether it runs, and how many of its items at once.
//!
//! ```text
//! Waiting ──after over──► Running ──every item done──► Done
//!    │                       └──an item failed───────► Failed
//!    └──when is false──► Skipped
//! ```

use super::scope::RunScope;
use super::state::{ItemPhase, State, StepPhase};
use super::{Link, Trigger, item, run};
use crate::Value;
use crate::event::Event;
use crate::failure::{Failure, FailureKind};
use crate::id::{ItemIndex, StepIndex};
use crate::ir::Workflow;

/// The event by which a step that is due begins, is skipped, or fails at once.
pub(super) fn begin(workflow: &Workflow, state: &State, index: StepIndex) -> Event {
    let step = workflow.step(index);
    let scope = RunScope::of(workflow, state);
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
        };
    };
    match fan_out.items.evaluate(&scope) {
        Err(error) => Event::StepFailed {
            step: index,
            failure: run::expression_failure(&error),
        },
        Ok(Value::Array(items)) if items.len() > workflow.limits.fan_out as usize => {
            let message = format!(
                "step `{}` would fan out over {} items, and `limits.fan_out` is {}",
                step.name,
                items.len(),
                workflow.limits.fan_out
            );
            Event::StepFailed {
                step: index,
                failure: Failure::new(FailureKind::Limit, message),
            }
        }
        Ok(Value::Array(items)) => Event::StepStarted {
            step: index,
            items: Some(items),
        },
        Ok(other) => Event::StepFailed {
            step: index,
            failure: run::not_a_list(&fan_out.items, &other),
        },
    }
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
