//! An output that a person puts in the place of the run's own: whether it may stand, and how the run goes on.
//!
//! ```text
//! a step, or an item of it ──OutputEdited──► Done        every step that comes after it ──► Waiting
//! ```
//! An edit starts nothing. What it makes due is found when the run is recovered or reopened behind it, which
//! also takes up what stood open.

use super::state::{State, StepPhase};
use super::{Link, Refusal, Trigger};
use crate::Value;
use crate::event::Event;
use crate::id::{ItemIndex, StepIndex};
use crate::input::{Edit, Input};
use crate::ir::{OnError, Workflow};
use crate::port::journal::RunStatus;
use crate::types::Type;

/// The edit of the step and the item that are named so: `check`, or its item `7` or `paper-12`.
///
/// # Errors
/// One sentence for people: there is no such step or item, or the output is not of its type.
pub fn read(workflow: &Workflow, state: &State, step: &str, item: Option<&str>, output: Value) -> Result<Edit, String> {
    let Some(index) = workflow.step_named(step) else {
        let names: Vec<&str> = workflow.steps.iter().map(|step| step.name.as_str()).collect();
        return Err(format!("there is no step `{step}`; the steps are {}", names.join(", ")));
    };
    let item = item.map(|name| item_named(workflow, state, index, name)).transpose()?;
    let edit = Edit {
        step: index,
        item,
        output,
    };
    let output = fitting(workflow, state, &edit)?;
    Ok(Edit { output, ..edit })
}

fn item_named(workflow: &Workflow, state: &State, step: StepIndex, name: &str) -> Result<ItemIndex, String> {
    let at = state.step(step);
    let by_key = at.keys.iter().position(|key| key == name);
    let by_number = || {
        name.parse::<usize>()
            .ok()
            .filter(|n| at.keys.is_empty() && *n < at.items.len())
    };
    let found = by_key.or_else(by_number).and_then(|n| u32::try_from(n).ok());
    found.map(ItemIndex).ok_or_else(|| {
        let step = &workflow.step(step).name;
        match (at.items.len(), at.keys.as_slice()) {
            (0, _) => format!("step `{step}` has no items yet: give the whole list as `{step}.output`"),
            (_, [first, ..]) => {
                format!("step `{step}` has no item `{name}`; its items are named by `key`, such as `{first}`")
            }
            (items, []) => format!(
                "step `{step}` has no item `{name}`; it has the items 0 to {}",
                items - 1
            ),
        }
    })
}

/// The output with everything that its type adds, or why it cannot be the step's.
fn fitting(workflow: &Workflow, state: &State, edit: &Edit) -> Result<Value, String> {
    let definition = workflow.step(edit.step);
    let name = &definition.name;
    let of_item = match definition.on_error {
        OnError::Fail => definition.output.clone(),
        OnError::Continue => definition.output.clone().or(Type::Null),
    };
    let (kind, place) = match (edit.item, &definition.fan_out) {
        (None, None) => (of_item, name.clone()),
        (None, Some(_)) => (Type::List(Box::new(of_item)), name.clone()),
        (Some(_), None) => return Err(format!("step `{name}` has no items: give `{name}.output`")),
        (Some(item), Some(_)) => {
            let has_items = !matches!(state.step(edit.step).phase, StepPhase::Waiting | StepPhase::Skipped);
            if !has_items || item.at() >= state.step(edit.step).items.len() {
                return Err(format!(
                    "step `{name}` has no items yet: give the whole list as `{name}.output`"
                ));
            }
            (of_item, state.place(workflow, edit.step, item))
        }
    };
    match kind.check(&edit.output) {
        Ok(()) => Ok(kind.complete(edit.output.clone())),
        Err(mismatch) => {
            let inside = mismatch.path.trim_start_matches('$');
            let (expected, found) = (mismatch.expected, mismatch.found);
            Err(format!(
                "`{place}.output{inside}` must be {expected}, and it is {found}"
            ))
        }
    }
}

/// What edits set off: all of them stand before anything is decided.
pub(super) fn receive(workflow: &Workflow, state: &State, mut edits: Vec<Edit>) -> Result<Link, Refusal> {
    edits.sort_by_key(|edit| edit.step);
    let mut events = Vec::with_capacity(edits.len() + 1);
    let mut wrong = Vec::new();
    let mut due_again: Vec<(StepIndex, StepIndex)> = Vec::new();
    for edit in &edits {
        let step = edit.step;
        let before = due_again
            .iter()
            .find(|(due, _)| *due == step)
            .filter(|_| edit.item.is_some());
        match (fitting(workflow, state, edit), before) {
            (Err(reason), _) => wrong.push(reason),
            (Ok(_), Some((_, before))) => {
                let (name, before) = (&workflow.step(step).name, &workflow.step(*before).name);
                wrong.push(format!(
                    "the items of step `{name}` are due again, since it comes after `{before}`: give the whole list as `{name}.output`"
                ));
            }
            (Ok(output), None) => events.push(Event::OutputEdited {
                step,
                item: edit.item,
                output,
            }),
        }
        due_again.extend(workflow.followers(step).into_iter().map(|due| (due, step)));
    }
    if !wrong.is_empty() {
        return Err(Refusal::Edits(wrong));
    }
    let then = match state.status {
        Some(RunStatus::Failed | RunStatus::Cancelled) => Trigger::Input(Box::new(Input::Reopen)),
        Some(RunStatus::Succeeded) => {
            events.push(Event::RunReopened);
            Trigger::Everything
        }
        _ => Trigger::Input(Box::new(Input::Recover)),
    };
    Ok(Link {
        events,
        then: vec![then],
    })
}
