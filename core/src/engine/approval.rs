//! A question to a person: what it asks, and what becomes of the answer or of its absence.

use super::item::{self, Gain, Output};
use super::open::Call;
use super::state::{ItemPhase, State};
use super::{Link, call, doubt};
use crate::effect::{ApprovalRequest, Want};
use crate::event::{Event, Work};
use crate::failure::{Failure, FailureKind};
use crate::id::{CallId, ItemIndex, StepIndex};
use crate::ir::{Approve, Verb, Workflow};
use crate::port::approver::Answer;
use serde_json::json;

/// Who decided when nobody did in time.
const BY_DEADLINE: &str = "deadline";

/// How long the step waits for a person.
pub(super) fn patience_ms(workflow: &Workflow, step: StepIndex) -> Option<u64> {
    definition(workflow, step)?.deadline_ms
}

fn definition(workflow: &Workflow, step: StepIndex) -> Option<&Approve> {
    match &workflow.step(step).verb {
        Verb::Approve(approve) => Some(approve),
        _ => None,
    }
}

/// What exactly an open call asks for.
pub(super) fn request(workflow: &Workflow, state: &State, step: StepIndex, item: ItemIndex) -> Want {
    let (Some(approve), ItemPhase::Call(_, work)) = (definition(workflow, step), &state.item(step, item).phase) else {
        return call::by_the_clock(0);
    };
    let Work::Approve { message } = work.as_ref() else {
        return call::by_the_clock(0);
    };
    Want::Approve(ApprovalRequest {
        step: workflow.step(step).name.clone(),
        item: state.item_name(workflow, step, item),
        message: message.clone(),
        choices: approve.choices.clone(),
        deadline_ms: approve.deadline_ms,
    })
}

/// A person decided.
pub(super) fn decided(workflow: &Workflow, state: &State, call: CallId, answer: Answer) -> Link {
    let (step, item) = match state.open.get(call) {
        Some(Call::Approval(step, item)) => (step, item),
        Some(Call::Doubt(step, item)) => return doubt::decided(workflow, state, step, item, answer),
        _ => return Link::nothing(),
    };
    let choices = definition(workflow, step).map_or(&[][..], |approve| &approve.choices);
    if !choices.contains(&answer.choice) {
        let message = format!("`{}` is none of the choices {}", answer.choice, choices.join(", "));
        return item::failed(workflow, state, step, item, Failure::new(FailureKind::Output, message));
    }
    chosen(workflow, state, step, item, answer)
}

/// The answer that closed the question of `call`, if `event` follows from it; `state` is that before the event. An
/// answer that could not be used closed nothing.
pub fn answered(workflow: &Workflow, state: &State, call: CallId, event: &Event) -> Option<Answer> {
    let (Event::ItemSucceeded { step, item, .. }
    | Event::RoundEnded { step, item, .. }
    | Event::ItemFailed { step, item, .. }
    | Event::EffectRepeated { step, item, .. }) = event
    else {
        return None;
    };
    match (state.open.get(call)?, event) {
        (Call::Doubt(asking, of), _) if (asking, of) == (*step, *item) => doubt::answered(workflow, *step, event),
        (
            Call::Approval(asking, of),
            Event::ItemSucceeded { output, by, .. } | Event::RoundEnded { output, by, .. },
        ) if (asking, of) == (*step, *item) => {
            let text = |field: &str| Some(output.as_ref()?[field].as_str()?.to_owned());
            Some(Answer {
                choice: text("choice")?,
                comment: text("comment"),
                by: by.clone()?,
            })
        }
        _ => None,
    }
}

fn chosen(workflow: &Workflow, state: &State, step: StepIndex, item: ItemIndex, answer: Answer) -> Link {
    let value = json!({ "choice": answer.choice, "comment": answer.comment });
    let gain = Gain {
        by: Some(answer.by),
        ..Gain::default()
    };
    item::succeeded(workflow, state, step, item, Output::Value(value), gain)
}

/// Nobody decided in time.
pub(super) fn overdue(workflow: &Workflow, state: &State, step: StepIndex, item: ItemIndex) -> Link {
    let Some(approve) = definition(workflow, step) else {
        return Link::nothing();
    };
    if let Some(choice) = approve.on_deadline.clone() {
        let answer = Answer {
            choice,
            comment: None,
            by: BY_DEADLINE.to_owned(),
        };
        return chosen(workflow, state, step, item, answer);
    }
    let seconds = approve.deadline_ms.unwrap_or_default() / 1000;
    let message = format!(
        "nobody decided about `{}` within {seconds} s: give it more time with `deadline`, or a choice of its own with `on_deadline`",
        state.place(workflow, step, item)
    );
    item::failed(workflow, state, step, item, Failure::new(FailureKind::Timeout, message))
}
