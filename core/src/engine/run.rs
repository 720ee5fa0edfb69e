//! The run: what an input means, which steps are due, when everything has ended.
//!
//! ```text
//! (none) ──Start──► Running ──all steps over──► Succeeded
//!                    │  ▲ └──a step failed────► Failed ────┐
//!                    │  └───────Reopen, Edit───────────────┤
//!                    └──Cancel─────────────────► Cancelled ┘
//! ```

use super::scope::RunScope;
use super::state::{State, StepPhase};
use super::{Link, Refusal, Trigger, agent, approval, call, child, edit, item, stop, timer};
use crate::event::Event;
use crate::expression::EvaluationError;
use crate::failure::{Failure, FailureKind};
use crate::id::{ItemIndex, StepIndex};
use crate::input::Input;
use crate::ir::Workflow;
use crate::limits::{Allowance, LimitHit};
use crate::port::journal::RunStatus;
use crate::types::describe;
use crate::{Object, Value};

/// What an input sets off.
pub(super) fn receive(workflow: &Workflow, state: &State, input: Input) -> Result<Link, Refusal> {
    match (input, state.status) {
        (Input::Start { inputs, env, allowance }, None) => start(workflow, inputs, env, allowance),
        (Input::Start { .. }, Some(_)) => Err(Refusal::Started),
        (_, None) => Err(Refusal::NotStarted),
        (Input::Reopen, Some(RunStatus::Failed | RunStatus::Cancelled)) => Ok(Link {
            events: vec![Event::RunReopened],
            then: vec![Trigger::Interrupted, Trigger::Everything],
        }),
        (Input::ReopenWithin { allowance }, Some(RunStatus::Failed | RunStatus::Cancelled)) => Ok(Link {
            events: vec![Event::AllowanceGiven { allowance }, Event::RunReopened],
            then: vec![Trigger::Interrupted, Trigger::Everything],
        }),
        (Input::Reopen | Input::ReopenWithin { .. }, Some(RunStatus::Succeeded)) => {
            Err(Refusal::Over(RunStatus::Succeeded))
        }
        (Input::Reopen | Input::ReopenWithin { .. }, Some(_)) => Err(Refusal::Going),
        (Input::Edit(edits), Some(_)) => edit::receive(workflow, state, edits),
        (Input::Raise { limit, most }, Some(_)) => Ok(raise(state, limit, most)),
        // An answer that comes after the end is stale, not wrong.
        (_, Some(status)) if status.is_over() => Ok(Link::nothing()),
        (Input::Cancel, _) => Ok(Link {
            events: vec![Event::RunCancelled],
            then: Vec::new(),
        }),
        (Input::Stop { part, by }, _) => Ok(stop::receive(state, part, &by)),
        (Input::Recover, _) => Ok(Link {
            events: Vec::new(),
            then: vec![Trigger::Interrupted, Trigger::Everything],
        }),
        (Input::ModelReplied { call, reply }, _) => Ok(agent::replied(state, call, reply)),
        (Input::ToolReplied { call, output }, _) => Ok(call::replied(workflow, state, call, output)),
        (Input::ProcessExited { call, exit }, _) => Ok(item::exited(workflow, state, call, exit)),
        (
            Input::WorkflowEnded {
                call,
                outputs,
                used,
                read,
            },
            _,
        ) => Ok(child::ended(workflow, state, call, outputs, used, read)),
        (Input::Decided { call, answer }, _) => Ok(approval::decided(workflow, state, call, answer)),
        (Input::CallFailed { call, failure }, _) => Ok(call::failed(workflow, state, call, failure)),
        (Input::TimerFired { call }, _) => Ok(timer::fired(workflow, state, call)),
    }
}

fn start(workflow: &Workflow, inputs: Object, env: Object, allowance: Option<Allowance>) -> Result<Link, Refusal> {
    let inputs = check_inputs(workflow, inputs).map_err(Refusal::Inputs)?;
    let mut begun = State::new(workflow);
    (begun.inputs, begun.env) = (inputs.clone(), env.clone());
    let scope = RunScope::of(workflow, &begun);
    let systems = workflow.agents.iter().map(|agent| &agent.system);
    let images = workflow.sandboxes.iter().map(|sandbox| &sandbox.place.image);
    let unreadable = systems.chain(images).find_map(|text| text.evaluate_text(&scope).err());
    let mut events = vec![Event::RunStarted { inputs, env, allowance }];
    events.extend(unreadable.map(|error| Event::RunFailed {
        step: None,
        item: None,
        failure: expression_failure(&error),
    }));
    Ok(Link {
        events,
        then: vec![Trigger::Run],
    })
}

/// Gives a run more of something. One that another run started has what that one left to it.
fn raise(state: &State, limit: LimitHit, most: u64) -> Link {
    let mut limits = state.limits;
    limits.raise(limit, most);
    if state.allowance.is_some() || limits == state.limits {
        return Link::nothing();
    }
    Link {
        events: vec![Event::LimitRaised { limit, most }],
        then: Vec::new(),
    }
}

/// Fills in defaults and checks types; the error is one sentence for each mistake.
pub fn check_inputs(workflow: &Workflow, mut given: Object) -> Result<Object, Vec<String>> {
    let mut mistakes = Vec::new();
    let mut inputs = Object::new();
    for input in &workflow.inputs {
        match (given.remove(&input.name), &input.default) {
            (Some(value), _) => {
                if let Err(mismatch) = input.kind.check(&value) {
                    let place = mismatch.path.trim_start_matches(['$', '.']);
                    let place = if place.is_empty() {
                        String::new()
                    } else {
                        format!(" at {place}")
                    };
                    let (expected, found) = (mismatch.expected, mismatch.found);
                    mistakes.push(format!(
                        "input `{}`{place}: expected {expected}, found {found}",
                        input.name
                    ));
                }
                inputs.insert(input.name.clone(), input.kind.complete(value));
            }
            (None, Some(default)) => {
                inputs.insert(input.name.clone(), default.clone());
            }
            (None, None) => mistakes.push(format!(
                "input `{}` ({}) is missing: give it with -i {}=…",
                input.name, input.kind, input.name
            )),
        }
    }
    let known = || {
        workflow
            .inputs
            .iter()
            .map(|input| input.name.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    };
    mistakes.extend(given.keys().map(|name| match workflow.inputs.len() {
        0 => format!("the workflow takes no inputs, and `{name}` was given"),
        _ => format!("there is no input `{name}`; the workflow takes {}", known()),
    }));
    if mistakes.is_empty() { Ok(inputs) } else { Err(mistakes) }
}

/// Starts steps that are due, and ends the run when nothing is left.
pub(super) fn advance(workflow: &Workflow, state: &State) -> Link {
    // All before the first that is not over have nothing to do any more.
    let first = state.first_open;
    let mut due: Vec<StepIndex> = Vec::new();
    for (index, step) in (0..).map(StepIndex).zip(&state.steps).skip(first) {
        match step.phase {
            StepPhase::Failed => {
                return Link {
                    events: vec![run_failed(state, index)],
                    then: Vec::new(),
                };
            }
            StepPhase::Waiting => {
                let mut after = workflow.step(index).after.iter();
                if after.all(|before| state.step(*before).phase.is_over()) {
                    due.push(index);
                }
            }
            StepPhase::Running | StepPhase::Done | StepPhase::Skipped => {}
        }
    }
    let mut link = Link::nothing();
    for index in due {
        let event = super::step::begin(workflow, state, index);
        let next = if matches!(event, Event::StepStarted { .. }) {
            Trigger::Step(index)
        } else {
            Trigger::Run
        };
        link.events.push(event);
        link.then.push(next);
    }
    if link.events.is_empty() && first == state.steps.len() {
        link.events.push(end(workflow, state));
    }
    link
}

fn run_failed(state: &State, step: StepIndex) -> Event {
    let items = (0..).map(ItemIndex).zip(&state.step(step).items);
    let of_item = items
        .into_iter()
        .find_map(|(at, item)| Some((Some(at), item::failure_of(item)?)));
    let of_step = || state.failure.as_ref().map(|(_, failure)| (None, failure.clone()));
    let (item, failure) = of_item.or_else(of_step).unzip();
    Event::RunFailed {
        step: Some(step),
        item: item.flatten(),
        failure: failure.unwrap_or_else(|| super::defect("a failed step without a failure")),
    }
}

fn end(workflow: &Workflow, state: &State) -> Event {
    let scope = RunScope::of(workflow, state);
    let mut outputs = Object::new();
    for output in &workflow.outputs {
        match output.value.evaluate(&scope) {
            Ok(value) => outputs.insert(output.name.clone(), value),
            Err(error) => {
                return Event::RunFailed {
                    step: None,
                    item: None,
                    failure: expression_failure(&error),
                };
            }
        };
    }
    Event::RunSucceeded { outputs }
}

/// Every machine that may have something to do. Looking is harmless, so beside what is in doubt this is
/// the whole of recovery.
pub(super) fn everything(state: &State) -> Vec<Trigger> {
    let agents = (0..)
        .zip(&state.agents)
        .filter(|(_, agent)| agent.is_live())
        .map(|(n, _)| Trigger::Agent(crate::id::ActorId(n)));
    let items = (0..).map(StepIndex).zip(&state.steps).flat_map(|(step, s)| {
        (0..)
            .zip(&s.items)
            .map(move |(item, _)| Trigger::Item(step, crate::id::ItemIndex(item)))
    });
    let steps = (0..)
        .map(StepIndex)
        .zip(&state.steps)
        .map(|(step, _)| Trigger::Step(step));
    agents.chain(items).chain(steps).chain([Trigger::Run]).collect()
}

/// An evaluation error as the failure of whatever needed the value.
pub(super) fn expression_failure(error: &EvaluationError) -> Failure {
    Failure::new(FailureKind::Expression, error.to_string())
}

/// A value of the wrong shape for the expression that gave it.
pub(super) fn not_a_list(expression: &crate::expression::Expression, value: &Value) -> Failure {
    expression_failure(&expression.error(format!("`for_each` needs a list, and this is {}", describe(value))))
}
