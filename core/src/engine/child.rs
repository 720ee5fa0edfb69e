//! A workflow that an item starts: a run of its own, of which this one sees the end.

use super::item::{self, Gain, Output};
use super::open::Call;
use super::state::{ItemPhase, State};
use super::{Link, call, limits, run};
use crate::effect::{Want, WorkflowRequest};
use crate::event::Work;
use crate::failure::{Failure, FailureKind};
use crate::id::{CallId, ItemIndex, StepIndex, child_part};
use crate::input::Used;
use crate::ir::{Verb, Workflow};
use crate::message::Retrieved;
use crate::types::describe;
use crate::{Object, Value};

/// The work of an item that starts `child` with these inputs.
pub(super) fn work(
    workflow: &Workflow,
    state: &State,
    step: StepIndex,
    child: &Workflow,
    given: Value,
) -> Result<Work, Failure> {
    limits::room_below(state).map_err(|hit| limits::failure(workflow, state, hit))?;
    let wrong = |reason: String| {
        let message = format!("the inputs of workflow `{}` do not fit: {reason}", child.name);
        Failure::new(FailureKind::Expression, message)
    };
    let Value::Object(given) = given else {
        return Err(wrong(format!("expected an object, found {}", describe(&given))));
    };
    Ok(Work::Workflow {
        inputs: run::check_inputs(child, given).map_err(|mistakes| wrong(mistakes.join("; ")))?,
        allowance: limits::share(workflow, state, step, child),
    })
}

/// What exactly an open call asks for.
pub(super) fn request(workflow: &Workflow, state: &State, step: StepIndex, item: ItemIndex) -> Want {
    let (Verb::Workflow { workflow: index, .. }, ItemPhase::Call(_, work)) =
        (&workflow.step(step).verb, &state.item(step, item).phase)
    else {
        return call::by_the_clock(0);
    };
    let Work::Workflow { inputs, allowance } = work.as_ref() else {
        return call::by_the_clock(0);
    };
    let (definition, at) = (workflow.step(step), state.item(step, item));
    let fanned = definition.fan_out.as_ref().map(|_| item);
    Want::Workflow(Box::new(WorkflowRequest {
        workflow: *index,
        name: child_part(&definition.name, fanned, at.attempt, at.rounds + 1),
        place: state.place(workflow, step, item),
        inputs: inputs.clone(),
        env: environment(workflow.workflow(*index), &state.env),
        allowance: allowance.clone(),
        counted: at.counted,
        reopen: at.reopened,
    }))
}

/// Those variables that `child`, or a workflow that it starts, reads.
fn environment(child: &Workflow, env: &Object) -> Object {
    let names = child.environment();
    let read = env.iter().filter(|(name, _)| names.contains(name.as_str()));
    read.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// The run came to its end.
pub(super) fn ended(
    workflow: &Workflow,
    state: &State,
    call: CallId,
    outputs: Result<Object, Failure>,
    used: Used,
    read: Vec<String>,
) -> Link {
    let Some(Call::Workflow(step, item)) = state.open.get(call) else {
        return Link::nothing();
    };
    // A run that is tried again tells all that it ever used, and a part of that is counted already.
    let used = used.since(state.item(step, item).counted);
    let output = &workflow.step(step).output;
    let fitting = outputs.map(Value::Object).and_then(|value| match output.check(&value) {
        Ok(()) => Ok(output.complete(value)),
        Err(mismatch) => {
            let message = format!("the workflow's outputs do not fit {mismatch}");
            Err(Failure::new(FailureKind::Output, message))
        }
    });
    match fitting {
        Ok(value) => {
            let retrieved = Retrieved {
                read,
                ..Retrieved::default()
            };
            let gain = Gain {
                retrieved,
                used,
                ..Gain::default()
            };
            item::succeeded(workflow, state, step, item, Output::Value(value), gain)
        }
        Err(failure) => item::failed_after(workflow, state, step, item, failure, used),
    }
}
