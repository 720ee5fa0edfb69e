//! An effect in doubt: it may have happened, nobody heard of its end, and it must not happen twice by itself.
//!
//! ```text
//! Call, class `once` ──driver gone, or run stopped──► in doubt ──retry──► Call, with the same key
//!   ▲                                                  │  └──fail──► failed, as in doubt
//!   │                                                  └──ask──► InDoubt ──done──► the comment is the output
//!   └───────────────────────────repeat─────────────────────────────┘ └──fail──► failed, as in doubt
//! ```
//! An answer that cannot be used is asked for again. An agent's own call has no step to ask for it: the
//! model is told, and decides.

use super::item::{self, Gain, Output};
use super::open::Call;
use super::state::{Action, AgentPhase, ItemPhase, State};
use super::{Link, answer, call};
use crate::Value;
use crate::effect::{ApprovalRequest, Command, Want};
use crate::event::{Event, Refused, Work};
use crate::failure::{Failure, FailureKind};
use crate::id::{CallId, ItemIndex, StepIndex};
use crate::input::Exit;
use crate::ir::{EffectClass, OnCrash, Verb, Workflow};
use crate::port::approver::Answer;
use crate::types::Type;

const REPEAT: &str = "repeat";
const DONE: &str = "done";
const FAIL: &str = "fail";

/// What a decision to fail is told with, around the name of who decided.
const DECIDED: &str = "it was interrupted, and ";
const FAILED: &str = " decided that it failed";

/// Bytes of a command or of arguments that a question quotes.
const SHOWN: usize = 300;

/// What the model is told of its own call.
pub(super) const TOLD: &str = "Error: the call was interrupted, and nobody knows whether it did its work. Find out before you call the tool again.";

/// Whatever was at work when nobody listened any more, and must not be repeated blindly.
pub(super) fn settle(workflow: &Workflow, state: &State) -> Link {
    let open = state.open.since(CallId(0));
    Link {
        events: open.filter_map(|(id, call)| fate(workflow, state, id, call)).collect(),
        then: Vec::new(),
    }
}

fn fate(workflow: &Workflow, state: &State, id: CallId, call: Call) -> Option<Event> {
    match call {
        Call::ItemTool(step, item) | Call::Process(step, item) => {
            let definition = workflow.step(step);
            (definition.effect == EffectClass::Once).then(|| match definition.on_crash {
                OnCrash::Retry => Event::EffectRepeated { step, item, by: None },
                OnCrash::Fail => item::failure(workflow, state, step, item, unwatched(workflow, state, step, item)),
                OnCrash::Ask => Event::EffectDoubted {
                    step,
                    item,
                    refused: None,
                },
            })
        }
        Call::AgentTool(actor) => {
            let AgentPhase::Acting {
                action: Action::Tool(_, tool),
                ..
            } = &state.agent(actor).phase
            else {
                return None;
            };
            (workflow.tool(*tool).class == EffectClass::Once).then(|| Event::ToolFailed {
                actor,
                call: id,
                message: TOLD.to_owned(),
            })
        }
        _ => None,
    }
}

fn unwatched(workflow: &Workflow, state: &State, step: StepIndex, item: ItemIndex) -> Failure {
    let what = match &state.item(step, item).phase {
        ItemPhase::Call(_, work) => described(workflow, step, work),
        _ => "the work".to_owned(),
    };
    let message = format!(
        "{what} was interrupted, and may have done its work or not (`on_crash: fail`): look before you go on, which begins it anew"
    );
    Failure::new(FailureKind::InDoubt, message)
}

/// What a person is asked.
pub(super) fn request(workflow: &Workflow, state: &State, step: StepIndex, item: ItemIndex) -> Want {
    let ItemPhase::InDoubt { work, refused, .. } = &state.item(step, item).phase else {
        return call::by_the_clock(0);
    };
    let mut message = String::new();
    if let Some(reason) = refused {
        message = format!("The answer cannot be used: {reason}. ");
    }
    message.push_str(&described(workflow, step, work));
    message.push_str(
        " was interrupted, and may have done its work or not. Look at what it changes, then choose: \
         `repeat` does it again, with the same idempotency key; ",
    );
    let choices: &[&str] = match gives_files(workflow, step) {
        true => &[REPEAT, FAIL],
        false => {
            message.push_str(&format!("`done` takes your comment as {}; ", expected(workflow, step)));
            &[REPEAT, DONE, FAIL]
        }
    };
    message.push_str("`fail` fails the step.");
    Want::Approve(ApprovalRequest {
        step: workflow.step(step).name.clone(),
        item: state.item_name(workflow, step, item),
        message,
        choices: choices.iter().map(|choice| (*choice).to_owned()).collect(),
        deadline_ms: None,
    })
}

/// Whether files are a part of its output, which no comment can stand for.
fn gives_files(workflow: &Workflow, step: StepIndex) -> bool {
    matches!(&workflow.step(step).verb, Verb::Run { command, .. } if command.artifacts.is_some())
}

/// What `done` takes the comment for.
fn expected(workflow: &Workflow, step: StepIndex) -> String {
    let definition = workflow.step(step);
    match (&definition.verb, &definition.output) {
        (Verb::Run { json: false, .. }, _) => "its stdout".to_owned(),
        (_, Type::Any) => "its output, as JSON".to_owned(),
        (_, output) => format!("its output, as JSON of type {output}"),
    }
}

fn described(workflow: &Workflow, step: StepIndex, work: &Work) -> String {
    match (work, &workflow.step(step).verb) {
        (Work::Process { command }, _) => format!("the command `{}`", beginning(&line(command))),
        (Work::Tool { arguments }, Verb::Tool { tool, .. }) => {
            let (path, arguments) = (&workflow.tool(*tool).path, arguments.to_string());
            format!("the call of `{path}` with {}", beginning(&arguments))
        }
        _ => "the work".to_owned(),
    }
}

/// A command as it was written: text for a shell, or words.
fn line(command: &Command) -> String {
    match command.arguments.as_slice() {
        [shell, flag, text] if shell == "sh" && flag == "-c" => text.trim().to_owned(),
        words => words.join(" "),
    }
}

fn beginning(text: &str) -> String {
    if text.len() <= SHOWN {
        return text.to_owned();
    }
    let end = (0..=SHOWN).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    format!("{}…", &text[..end])
}

/// A person decided.
pub(super) fn decided(workflow: &Workflow, state: &State, step: StepIndex, item: ItemIndex, answer: Answer) -> Link {
    match answer.choice.as_str() {
        REPEAT => Link {
            events: vec![Event::EffectRepeated {
                step,
                item,
                by: Some(answer.by),
            }],
            then: Vec::new(),
        },
        FAIL => {
            let why = answer.comment.map(|comment| format!(": {comment}")).unwrap_or_default();
            let message = format!("{DECIDED}{}{FAILED}{why}", answer.by);
            item::failed(workflow, state, step, item, Failure::new(FailureKind::InDoubt, message))
        }
        DONE => match output(workflow, step, answer.comment.as_deref()) {
            Ok(value) => {
                let gain = Gain {
                    by: Some(answer.by),
                    ..Gain::default()
                };
                item::succeeded(workflow, state, step, item, Output::Value(value), gain)
            }
            Err(reason) => again(step, item, answer, reason),
        },
        _ => {
            let reason = format!("`{}` is none of the choices {REPEAT}, {DONE}, {FAIL}", answer.choice);
            again(step, item, answer, reason)
        }
    }
}

/// The person is asked once more.
fn again(step: StepIndex, item: ItemIndex, answer: Answer, reason: String) -> Link {
    Link {
        events: vec![Event::EffectDoubted {
            step,
            item,
            refused: Some(Refused { answer, reason }),
        }],
        then: Vec::new(),
    }
}

/// The answer that was given, by what followed from it.
pub(super) fn answered(workflow: &Workflow, step: StepIndex, event: &Event) -> Option<Answer> {
    let answer = |choice: &str, comment, by: &str| Answer {
        choice: choice.to_owned(),
        comment,
        by: by.to_owned(),
    };
    match event {
        Event::EffectDoubted { refused, .. } => refused.as_ref().map(|refused| refused.answer.clone()),
        Event::EffectRepeated { by, .. } => by.as_ref().map(|by| answer(REPEAT, None, by)),
        Event::ItemFailed { failure, .. } => {
            let (by, why) = failure.message.strip_prefix(DECIDED)?.split_once(FAILED)?;
            Some(answer(FAIL, why.strip_prefix(": ").map(str::to_owned), by))
        }
        Event::ItemSucceeded { output, by, .. } | Event::RoundEnded { output, by, .. } => {
            let output = output.as_ref()?;
            let comment = match &workflow.step(step).verb {
                Verb::Run { json: false, .. } => output["stdout"].as_str().map(str::to_owned),
                _ => Some(output.to_string()).filter(|_| !output.is_null()),
            };
            Some(answer(DONE, comment, by.as_deref()?))
        }
        _ => None,
    }
}

/// What the step gives when the work was done: what the person says about it.
fn output(workflow: &Workflow, step: StepIndex, comment: Option<&str>) -> Result<Value, String> {
    let definition = workflow.step(step);
    if gives_files(workflow, step) {
        return Err("the files that it gives were not taken: choose `repeat` or `fail`".to_owned());
    }
    match (&definition.verb, comment) {
        (Verb::Run { json: false, .. }, comment) => {
            let exit = Exit {
                stdout: comment.unwrap_or_default().to_owned(),
                ..Exit::default()
            };
            Ok(exit.to_value())
        }
        (_, None) if definition.output.check(&Value::Null).is_ok() => Ok(Value::Null),
        (_, comment) => {
            let reason = |reason| format!("the comment must be {}: {reason}", expected(workflow, step));
            answer::read(&definition.output, comment.unwrap_or_default()).map_err(reason)
        }
    }
}
