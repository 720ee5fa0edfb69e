//! An item of a step: its attempts, and what they come to.
//!
//! ```text
//! Waiting ──room──► Agent | Call ──output fits──► Done, or BetweenRounds until `until` holds
//!                    ▲  ▲ └──failed──► Pausing (attempts left) | Failed    │
//!                    │  └──────timer─────┘                                 │
//!                    └──────────────next round─────────────────────────────┘
//! Call ──interrupted, class `once`──► InDoubt (see `doubt`)
//! ```

use super::open::Call;
use super::scope::{Round, RunScope};
use super::state::{AgentPhase, ItemPhase, ItemState, State};
use super::{Link, Trigger, answer, child, limits, place, repeat, retry, run};
use crate::Value;
use crate::artifact::Given;
use crate::effect::Command;
use crate::event::{Event, Work};
use crate::expression::EvaluationError;
use crate::failure::{Failure, FailureKind};
use crate::id::{ActorId, CallId, ItemIndex, StepIndex};
use crate::input::{Exit, Used};
use crate::ir::{ARTIFACTS, CommandTemplate, Quarters, Verb, Workflow};
use crate::message::{Retrieved, ToolOutput};
use crate::types::Type;
use std::borrow::Cow;

/// Bytes of a failed command's stderr that its failure quotes.
const STDERR_SHOWN: usize = 400;

/// What a successful attempt gave, beside its output.
#[derive(Default)]
pub(super) struct Gain {
    /// What a retrieval tool showed and read.
    pub(super) retrieved: Retrieved,
    /// What a run that it started used, or the time of its tool call.
    pub(super) used: Used,
    /// Who decided.
    pub(super) by: Option<String>,
    /// Whether its tool's answer is that of an earlier equal call.
    pub(super) cached: bool,
    /// The files that its command gave.
    pub(super) artifacts: Option<Given>,
}

/// The output of a successful attempt.
pub(super) enum Output {
    /// The answer of the item's agent, which is in the journal already.
    Answer(Value),
    /// Anything else.
    Value(Value),
}

/// Starts an attempt, or fails it when its expressions cannot be evaluated. `actor` is the number
/// that the next agent gets; it moves on when one is started.
pub(super) fn begin(
    workflow: &Workflow,
    state: &State,
    step: StepIndex,
    item: ItemIndex,
    actor: &mut ActorId,
) -> (Event, Vec<Trigger>) {
    match work(workflow, state, step, item, *actor) {
        Ok(work) => {
            let mut then = Vec::new();
            if matches!(work, Work::Agent { .. }) {
                then.push(Trigger::Agent(*actor));
                *actor = ActorId(actor.0 + 1);
            }
            let before = state.item(step, item);
            let event = Event::ItemStarted {
                step,
                item,
                attempt: before.attempt + 1,
                round: before.rounds + 1,
                work,
            };
            (event, then)
        }
        Err(failure) => (ended_for_good(step, item, failure), vec![Trigger::Item(step, item)]),
    }
}

/// Starts an attempt on its own.
pub(super) fn begin_one(workflow: &Workflow, state: &State, step: StepIndex, item: ItemIndex) -> Link {
    let (event, then) = begin(workflow, state, step, item, &mut state.next_actor());
    Link {
        events: vec![event],
        then,
    }
}

/// What the expressions of an item see.
pub(super) fn scope<'a>(
    workflow: &'a Workflow,
    state: &'a State,
    step: StepIndex,
    item: ItemIndex,
    output: Option<&'a Value>,
) -> RunScope<'a> {
    let definition = workflow.step(step);
    let mut scope = RunScope::of_step(workflow, state, step);
    if let (Some(fan_out), Some(list)) = (&definition.fan_out, &state.step(step).list) {
        scope = scope.with_item(&fan_out.variable, &list[item.at()]);
    }
    if definition.repeat.is_some() {
        let item = state.item(step, item);
        scope = scope.with_round(Round {
            number: Value::from(item.rounds + 1),
            carry: &item.carry,
            output,
        });
    }
    scope
}

fn work(workflow: &Workflow, state: &State, step: StepIndex, item: ItemIndex, actor: ActorId) -> Result<Work, Failure> {
    let scope = scope(workflow, state, step, item, None);
    let unreadable = |error: EvaluationError| run::expression_failure(&error);
    Ok(match &workflow.step(step).verb {
        Verb::Agent { prompt, .. } => {
            let room = limits::room_for_agents(state, actor, 1);
            room.map_err(|hit| limits::failure(workflow, state, hit))?;
            Work::Agent {
                prompt: prompt.evaluate_text(&scope).map_err(unreadable)?,
            }
        }
        Verb::Tool { arguments, .. } => Work::Tool {
            arguments: arguments.evaluate(&scope).map_err(unreadable)?,
        },
        Verb::Run { command, .. } => Work::Process {
            command: command_of(workflow, state, command, &scope).map_err(unreadable)?,
        },
        Verb::Workflow {
            workflow: index,
            inputs,
        } => {
            let given = inputs.evaluate(&scope).map_err(unreadable)?;
            child::work(workflow, state, step, workflow.workflow(*index), given)?
        }
        Verb::Approve(approve) => Work::Approve {
            message: approve.message.evaluate_text(&scope).map_err(unreadable)?,
        },
        Verb::Unavailable { verb } => {
            let message = format!("`{verb}` is not available yet");
            return Err(Failure::new(FailureKind::Internal, message));
        }
    })
}

fn command_of(
    workflow: &Workflow,
    state: &State,
    template: &CommandTemplate,
    scope: &RunScope,
) -> Result<Command, EvaluationError> {
    Ok(Command {
        arguments: template
            .arguments
            .iter()
            .map(|t| t.evaluate_text(scope))
            .collect::<Result<_, _>>()?,
        env: template
            .env
            .iter()
            .map(|(name, t)| Ok((name.clone(), t.evaluate_text(scope)?)))
            .collect::<Result<_, _>>()?,
        stdin: template.stdin.as_ref().map(|t| t.evaluate_text(scope)).transpose()?,
        sandbox: match &template.sandbox {
            Some(Quarters::Own(own)) => Some(place::own(own, scope)?),
            Some(Quarters::Declared(sandbox)) => Some(place::declared(workflow, state, *sandbox, None)),
            None => None,
        },
        artifacts: template
            .artifacts
            .as_ref()
            .map(|artifacts| artifacts.wanted(scope, workflow.limits.artifact_mb))
            .transpose()?,
    })
}

/// Looks whether the item's agent has ended, or its next round is due.
pub(super) fn advance(workflow: &Workflow, state: &State, step: StepIndex, item: ItemIndex) -> Link {
    match &state.item(step, item).phase {
        ItemPhase::Agent(actor) => match &state.agent(*actor).phase {
            AgentPhase::Answered(text) => match answer::read(&workflow.step(step).output, text) {
                Ok(value) => succeeded(workflow, state, step, item, Output::Answer(value), Gain::default()),
                Err(reason) => failed(workflow, state, step, item, Failure::new(FailureKind::Output, reason)),
            },
            AgentPhase::Failed(failure) => failed(workflow, state, step, item, failure.clone()),
            _ => Link::nothing(),
        },
        ItemPhase::BetweenRounds => repeat::advance(workflow, state, step, item),
        ItemPhase::Done(_) | ItemPhase::Failed { .. } => Link::look(Trigger::Step(step)),
        ItemPhase::Waiting | ItemPhase::Call(..) | ItemPhase::InDoubt { .. } | ItemPhase::Pausing(..) => {
            Link::nothing()
        }
    }
}

/// Ends a successful attempt: the item is done, or its round is.
pub(super) fn succeeded(
    workflow: &Workflow,
    state: &State,
    step: StepIndex,
    item: ItemIndex,
    output: Output,
    gain: Gain,
) -> Link {
    let (value, is_answer) = match output {
        Output::Answer(value) => (value, true),
        Output::Value(value) => (value, false),
    };
    let carry = match repeat::judge(workflow, state, step, item, &value) {
        Ok(carry) => carry,
        Err(failure) => return failed_after(workflow, state, step, item, failure, gain.used),
    };
    let output = (!is_answer).then_some(value);
    let Gain {
        retrieved,
        used,
        by,
        cached,
        artifacts,
    } = gain;
    match carry {
        None => Link::event(
            Event::ItemSucceeded {
                step,
                item,
                output,
                retrieved,
                used,
                by,
                cached,
                artifacts,
            },
            Trigger::Step(step),
        ),
        Some(carry) => Link::event(
            Event::RoundEnded {
                step,
                item,
                output,
                carry,
                retrieved,
                used,
                by,
                cached,
                artifacts,
            },
            Trigger::Item(step, item),
        ),
    }
}

/// Ends an attempt; what follows is a pause, or the end of the item.
pub(super) fn failed(workflow: &Workflow, state: &State, step: StepIndex, item: ItemIndex, failure: Failure) -> Link {
    failed_after(workflow, state, step, item, failure, Used::default())
}

/// The end of an attempt, where others follow from the same input.
pub(super) fn failure(workflow: &Workflow, state: &State, step: StepIndex, item: ItemIndex, failure: Failure) -> Event {
    attempt_failed(workflow, state, step, item, failure, Used::default())
}

/// Ends an attempt that started another run.
pub(super) fn failed_after(
    workflow: &Workflow,
    state: &State,
    step: StepIndex,
    item: ItemIndex,
    failure: Failure,
    used: Used,
) -> Link {
    let event = attempt_failed(workflow, state, step, item, failure, used);
    Link::event(event, Trigger::Step(step))
}

fn attempt_failed(
    workflow: &Workflow,
    state: &State,
    step: StepIndex,
    item: ItemIndex,
    failure: Failure,
    used: Used,
) -> Event {
    let definition = &workflow.step(step).retry;
    Event::ItemFailed {
        step,
        item,
        retry_after_ms: retry::after_ms(definition, failure.kind, state.item(step, item).attempt),
        failure,
        used,
    }
}

/// The end of an item that no further attempt can mend.
pub(super) fn ended_for_good(step: StepIndex, item: ItemIndex, failure: Failure) -> Event {
    Event::ItemFailed {
        step,
        item,
        failure,
        retry_after_ms: None,
        used: Used::default(),
    }
}

/// A `tool` step's tool answered.
pub(super) fn tool_replied(
    workflow: &Workflow,
    state: &State,
    step: StepIndex,
    item: ItemIndex,
    output: ToolOutput,
) -> Link {
    match workflow.step(step).output.check(&output.result) {
        Ok(()) => {
            let result = workflow.step(step).output.complete(output.result);
            let used = Used {
                working_ms: output.wall_ms,
                ..Used::default()
            };
            let gain = Gain {
                retrieved: output.retrieved,
                cached: output.cached,
                used,
                ..Gain::default()
            };
            succeeded(workflow, state, step, item, Output::Value(result), gain)
        }
        Err(mismatch) => {
            let message = format!("the tool's result does not fit `output` {mismatch}");
            failed(workflow, state, step, item, Failure::new(FailureKind::Output, message))
        }
    }
}

/// A `run` step's process ended.
pub(super) fn exited(workflow: &Workflow, state: &State, call: CallId, exit: Exit) -> Link {
    let Some(Call::Process(step, item)) = state.open.get(call) else {
        return Link::nothing();
    };
    let definition = workflow.step(step);
    let Verb::Run { json, command } = &definition.verb else {
        return Link::nothing();
    };
    if exit.code != 0 {
        let stderr = exit.stderr.trim();
        let from = stderr
            .char_indices()
            .rev()
            .map(|(at, _)| at)
            .find(|at| stderr.len() - at >= STDERR_SHOWN)
            .unwrap_or(0);
        let message = format!("the command exited with code {}: {}", exit.code, &stderr[from..]);
        return failed(workflow, state, step, item, Failure::new(FailureKind::Process, message));
    }
    let files = match (&command.artifacts, &exit.artifacts) {
        (Some(artifacts), Some(given)) => Some(artifacts.value(given)),
        (None, _) => None,
        (Some(_), None) => {
            let failure = Failure::new(FailureKind::Internal, "the files that the command gives were not taken");
            return failed(workflow, state, step, item, failure);
        }
    };
    let value = match *json {
        true => answer::read(&without_files(&definition.output, files.is_some()), &exit.stdout),
        false => Ok(exit.to_value()),
    };
    match value.map(|value| with_files(value, files)) {
        Ok(value) => {
            let gain = Gain {
                artifacts: exit.artifacts,
                ..Gain::default()
            };
            succeeded(workflow, state, step, item, Output::Value(value), gain)
        }
        Err(reason) => {
            let failure = Failure::new(FailureKind::Output, format!("stdout: {reason}"));
            failed(workflow, state, step, item, failure)
        }
    }
}

/// What stdout has to be where it is the output: the paths of files come from elsewhere.
fn without_files(output: &Type, gives_files: bool) -> Cow<'_, Type> {
    match output {
        Type::Object(fields) if gives_files => {
            let own = fields.iter().filter(|(name, _)| *name != ARTIFACTS);
            Cow::Owned(Type::Object(
                own.map(|(name, kind)| (name.clone(), kind.clone())).collect(),
            ))
        }
        output => Cow::Borrowed(output),
    }
}

/// An output with the paths of files in it, where there are any.
fn with_files(mut output: Value, files: Option<Value>) -> Value {
    if let (Value::Object(fields), Some(files)) = (&mut output, files) {
        fields.insert(ARTIFACTS.to_owned(), files);
    }
    output
}

/// Why an item failed for good.
pub(super) fn failure_of(item: &ItemState) -> Option<Failure> {
    match &item.phase {
        ItemPhase::Failed { failure, .. } => Some(failure.clone()),
        _ => None,
    }
}
