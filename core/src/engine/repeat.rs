//! A `repeat`: whether a round was the last one, and what the next one is given.
//!
//! ```text
//! round ──until──► the item is done
//!   ▲  └──otherwise──► RoundEnded ──rounds left──► the next round begins
//!   └────────────────────────────────┘└──none──► the item fails: limit
//! ```

use super::state::{ItemState, State};
use super::{Link, Trigger, item, run};
use crate::Value;
use crate::failure::{Failure, FailureKind};
use crate::id::{ItemIndex, StepIndex};
use crate::ir::{Step, Workflow};

/// What the next round is to see as `carry`; none when `output` is the item's own.
pub(super) fn judge(
    workflow: &Workflow,
    state: &State,
    step: StepIndex,
    item: ItemIndex,
    output: &Value,
) -> Result<Option<Value>, Failure> {
    let Some(repeat) = &workflow.step(step).repeat else {
        return Ok(None);
    };
    let scope = item::scope(workflow, state, step, item, Some(output));
    let done = repeat.until.holds(&scope);
    if done.map_err(|error| run::expression_failure(&error))? {
        return Ok(None);
    }
    match &repeat.carry {
        None => Ok(Some(Value::Null)),
        Some(carry) => match carry.evaluate(&scope) {
            Ok(value) => Ok(Some(value)),
            Err(error) => Err(run::expression_failure(&error)),
        },
    }
}

/// Whether every round that the item may have has ended.
pub(super) fn is_exhausted(step: &Step, item: &ItemState) -> bool {
    let most = step.repeat.as_ref().map(|repeat| repeat.max);
    most.is_some_and(|most| item.rounds - item.rounds_before >= most)
}

/// Begins the next round, or fails the item that has had all of them.
pub(super) fn advance(workflow: &Workflow, state: &State, step: StepIndex, item: ItemIndex) -> Link {
    let (definition, at) = (workflow.step(step), state.item(step, item));
    if !is_exhausted(definition, at) {
        return item::begin_one(workflow, state, step, item);
    }
    let message = format!(
        "`{}` has had {} rounds and its `until` never held: raise `max`, or add `|| round == {}` to `until` to take the last round's output",
        state.place(workflow, step, item),
        at.rounds,
        at.rounds
    );
    let failure = Failure::new(FailureKind::Limit, message);
    Link::event(item::ended_for_good(step, item, failure), Trigger::Step(step))
}
