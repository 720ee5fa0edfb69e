//! An item of a step: its attempts, and what they come to.
//!
//! ```text
//! Waiting ──room──► Agent | Call ──output fits──► Done
//!    ▲                  └──failed──► Pausing (attempts left) | Failed
//!    └──────────timer──────────────────┘
//! ```

use super::open::Call;
use super::scope::RunScope;
use super::state::{AgentPhase, ItemPhase, ItemState, State};
use super::{Link, Trigger, answer, retry, run};
use crate::Value;
use crate::effect::Command;
use crate::event::{Event, Work};
use crate::expression::EvaluationError;
use crate::failure::{Failure, FailureKind};
use crate::id::{ActorId, CallId, ItemIndex, StepIndex};
use crate::input::Exit;
use crate::ir::{CommandTemplate, Verb, Workflow};
use crate::message::{Retrieved, ToolOutput};

/// Bytes of a failed command's stderr that its failure quotes.
const STDERR_SHOWN: usize = 400;

/// Starts an attempt, or fails it when its expressions cannot be evaluated. `actor` is the number
/// that the next agent gets; it moves on when one is started.
pub(super) fn begin(
    workflow: &Workflow,
    state: &State,
    step: StepIndex,
    item: ItemIndex,
    actor: &mut ActorId,
) -> (Event, Vec<Trigger>) {
    let attempt = state.item(step, item).attempt + 1;
    match work(workflow, state, step, item) {
        Ok(work) => {
            let mut then = Vec::new();
            if matches!(work, Work::Agent { .. }) {
                then.push(Trigger::Agent(*actor));
                *actor = ActorId(actor.0 + 1);
            }
            (
                Event::ItemStarted {
                    step,
                    item,
                    attempt,
                    work,
                },
                then,
            )
        }
        Err(error) => {
            let failure = run::expression_failure(&error);
            (
                Event::ItemFailed {
                    step,
                    item,
                    failure,
                    retry_after_ms: None,
                },
                vec![Trigger::Item(step, item)],
            )
        }
    }
}

fn work(workflow: &Workflow, state: &State, step: StepIndex, item: ItemIndex) -> Result<Work, EvaluationError> {
    let definition = workflow.step(step);
    let mut scope = RunScope::of(workflow, state);
    if let (Some(fan_out), Some(list)) = (&definition.fan_out, &state.step(step).list) {
        scope = scope.with_item(&fan_out.variable, &list[item.at()]);
    }
    Ok(match &definition.verb {
        Verb::Agent { prompt, .. } => Work::Agent {
            prompt: prompt.evaluate_text(&scope)?,
        },
        Verb::Tool { arguments, .. } => Work::Tool {
            arguments: arguments.evaluate(&scope)?,
        },
        Verb::Run { command, .. } => Work::Process {
            command: command_of(command, &scope)?,
        },
        Verb::Workflow { .. } | Verb::Approve(_) | Verb::Unavailable { .. } => {
            return Err(EvaluationError {
                source_text: definition.name.clone(),
                span: crate::diagnostic::Span::new(crate::diagnostic::SourceId(0), 0, 0),
                reason: "this verb is not available yet".into(),
            });
        }
    })
}

fn command_of(template: &CommandTemplate, scope: &RunScope) -> Result<Command, EvaluationError> {
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
    })
}

/// Looks whether the item's agent has ended.
pub(super) fn advance(workflow: &Workflow, state: &State, step: StepIndex, item: ItemIndex) -> Link {
    match &state.item(step, item).phase {
        ItemPhase::Agent(actor) => match &state.agent(*actor).phase {
            AgentPhase::Answered(text) => match answer::read(&workflow.step(step).output, text) {
                Ok(_) => succeeded(step, item, None, Retrieved::default()),
                Err(reason) => failed(workflow, state, step, item, Failure::new(FailureKind::Output, reason)),
            },
            AgentPhase::Failed(failure) => failed(workflow, state, step, item, failure.clone()),
            _ => Link::nothing(),
        },
        ItemPhase::Done(_) | ItemPhase::Failed { .. } => Link::look(Trigger::Step(step)),
        ItemPhase::Waiting | ItemPhase::Call(..) | ItemPhase::Pausing(..) => Link::nothing(),
    }
}

fn succeeded(step: StepIndex, item: ItemIndex, output: Option<Value>, retrieved: Retrieved) -> Link {
    Link::event(
        Event::ItemSucceeded {
            step,
            item,
            output,
            retrieved,
        },
        Trigger::Step(step),
    )
}

/// Ends an attempt; what follows is a pause, or the end of the step.
pub(super) fn failed(workflow: &Workflow, state: &State, step: StepIndex, item: ItemIndex, failure: Failure) -> Link {
    let definition = &workflow.step(step).retry;
    let retry_after_ms = retry::after_ms(definition, failure.kind, state.item(step, item).attempt);
    Link::event(
        Event::ItemFailed {
            step,
            item,
            failure,
            retry_after_ms,
        },
        Trigger::Step(step),
    )
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
            succeeded(step, item, Some(result), output.retrieved)
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
    let Verb::Run { json, .. } = definition.verb else {
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
    let value = if json {
        answer::read(&definition.output, &exit.stdout)
    } else {
        Ok(exit.to_value())
    };
    match value {
        Ok(value) => succeeded(step, item, Some(value), Retrieved::default()),
        Err(reason) => failed(
            workflow,
            state,
            step,
            item,
            Failure::new(FailureKind::Output, format!("stdout: {reason}")),
        ),
    }
}

/// A process that was running when its driver died may have done its work or not.
pub(super) fn in_doubt(workflow: &Workflow, state: &State, call: Call) -> Option<Event> {
    let Call::Process(step, item) = call else { return None };
    let message = format!(
        "the command of step `{}` was interrupted and may or may not have done its work; look, then resume again to repeat it",
        workflow.step(step).name
    );
    failed(workflow, state, step, item, Failure::new(FailureKind::InDoubt, message))
        .events
        .pop()
}

/// Why an item failed for good.
pub(super) fn failure_of(item: &ItemState) -> Option<Failure> {
    match &item.phase {
        ItemPhase::Failed { failure, .. } => Some(failure.clone()),
        _ => None,
    }
}
