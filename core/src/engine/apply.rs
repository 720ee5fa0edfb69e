//! The fold: how each event changes the state. Nothing else in the crate assigns to it.

mod agents;

use super::open::Call;
use super::state::{Action, AgentPhase, ItemPhase, ItemState, Parent, State, StepPhase};
use super::{answer, wave};
use crate::Value;
use crate::event::{Event, Work};
use crate::failure::Failure;
use crate::hint;
use crate::id::{ItemIndex, StepIndex};
use crate::ir::{Verb, Workflow};
use crate::port::journal::RunStatus;
use std::sync::Arc;

pub(super) fn apply(workflow: &Workflow, state: &mut State, event: &Event) {
    match event {
        Event::RunStarted { inputs, env } => {
            (state.inputs, state.env) = (inputs.clone(), env.clone());
            state.status = Some(RunStatus::Running);
            state.systems = state.evaluate_systems(workflow);
        }
        Event::RunReopened => super::reopen::reopen(workflow, state),
        Event::RunCancelled => end(state, RunStatus::Cancelled),
        Event::RunSucceeded { outputs } => {
            state.outputs = outputs.clone();
            end(state, RunStatus::Succeeded);
        }
        Event::RunFailed { step, failure } => {
            state.failure = Some((*step, failure.clone()));
            end(state, RunStatus::Failed);
        }
        Event::StepSkipped { step } => state.steps[step.at()].phase = StepPhase::Skipped,
        Event::StepStarted { step, items } => start_step(state, *step, items.as_ref()),
        Event::StepFailed { step, failure } => {
            state.steps[step.at()].phase = StepPhase::Failed;
            state.failure = Some((Some(*step), failure.clone()));
        }
        Event::ItemStarted {
            step,
            item,
            attempt,
            work,
        } => start_item(workflow, state, *step, *item, *attempt, work),
        Event::ItemSucceeded { step, item, output, .. } => finish_item(workflow, state, *step, *item, output.as_ref()),
        Event::ItemFailed {
            step,
            item,
            failure,
            retry_after_ms,
        } => {
            fail_item(state, *step, *item, failure, *retry_after_ms);
        }
        Event::TurnStarted { actor, forced } => agents::start_turn(workflow, state, *actor, *forced),
        Event::ModelReplied { call, reply, .. } => agents::take_reply(state, *call, reply),
        Event::ToolCalled { actor, tool, .. } => agents::call_tool(state, *actor, *tool),
        Event::ToolRefused { actor, message, .. } => agents::finish_call(workflow, state, *actor, message),
        Event::ToolReplied { call, output, .. } => agents::take_tool_reply(workflow, state, *call, output),
        Event::ToolFailed { call, message, .. } => {
            if let Some(Call::AgentTool(actor)) = state.open.close(*call) {
                agents::finish_call(workflow, state, actor, message);
            }
        }
        Event::WaveStarted {
            actor,
            members,
            dropped,
            invalid,
            ..
        } => {
            agents::start_wave(state, *actor, members, *dropped, *invalid);
        }
        Event::MemberStarted { actor, member } => agents::start_member(workflow, state, *actor, *member),
        Event::WaveEnded { actor } => {
            if let AgentPhase::Acting {
                action: Action::Wave(current),
                ..
            } = &state.agent(*actor).phase
            {
                let report = wave::report(current);
                agents::finish_call(workflow, state, *actor, &report);
            }
        }
        Event::AnswerRejected { actor, reason } => {
            let agent = state.agent_mut(*actor);
            agent.rejections += 1;
            agent.say(format!(
                "Your answer cannot be used: {reason}. Answer again with nothing but the corrected answer."
            ));
            agent.phase = AgentPhase::Ready;
        }
        Event::AgentAnswered { actor } => agents::answer_agent(state, *actor),
        Event::AgentFailed { actor, failure } => agents::fail_agent(state, *actor, failure),
    }
}

fn end(state: &mut State, status: RunStatus) {
    state.status = Some(status);
    state.open.abort_all();
}

fn start_step(state: &mut State, step: StepIndex, items: Option<&Vec<Value>>) {
    let step = &mut state.steps[step.at()];
    step.phase = StepPhase::Running;
    step.list = items.map(|items| Arc::new(items.clone()));
    step.items = vec![ItemState::default(); items.map_or(1, Vec::len)];
    if step.items.is_empty() {
        step.phase = StepPhase::Done;
        step.output = Value::Array(Vec::new());
    }
}

fn start_item(workflow: &Workflow, state: &mut State, step: StepIndex, item: ItemIndex, attempt: u32, work: &Work) {
    let definition = workflow.step(step);
    let previous = std::mem::take(&mut state.steps[step.at()].items[item.at()].phase);
    let is_retry = matches!(previous, ItemPhase::Pausing(..));
    if let ItemPhase::Pausing(timer, _) = previous {
        state.open.close(timer);
    }
    let phase = match (work, &definition.verb) {
        (Work::Agent { prompt }, Verb::Agent { agent, limits, .. }) => {
            let is_lead = workflow.agent(*agent).team.is_some();
            let hint = if is_lead {
                hint::turn(1, limits.turns)
            } else {
                String::new()
            };
            let actor = state.spawn(
                *agent,
                Parent::Item(step, item),
                *limits,
                prompt.clone() + &hint,
                prompt.as_str().into(),
            );
            // Subagents are covered by their lead's clock: its end interrupts them all.
            state.agent_mut(actor).clock = Some(state.open.open(Call::Clock(actor)));
            ItemPhase::Agent(actor)
        }
        (Work::Process { .. }, _) => {
            ItemPhase::Call(state.open.open(Call::Process(step, item)), Arc::new(work.clone()))
        }
        _ => ItemPhase::Call(state.open.open(Call::ItemTool(step, item)), Arc::new(work.clone())),
    };
    let timeout = definition
        .timeout_ms
        .map(|_| state.open.open(Call::Timeout(step, item)));
    let step = &mut state.steps[step.at()];
    step.items[item.at()] = ItemState {
        attempt,
        phase,
        timeout,
    };
    step.next = step.next.max(item.at() + 1);
    step.working += u32::from(!is_retry);
}

fn finish_item(workflow: &Workflow, state: &mut State, step: StepIndex, item: ItemIndex, output: Option<&Value>) {
    let phase = std::mem::take(&mut state.steps[step.at()].items[item.at()].phase);
    let value = match (output, phase) {
        (Some(value), phase) => {
            close_work(state, &phase);
            value.clone()
        }
        (None, ItemPhase::Agent(actor)) => {
            let answer = std::mem::replace(&mut state.agent_mut(actor).phase, AgentPhase::Answered(String::new()));
            let AgentPhase::Answered(text) = answer else { return };
            answer::read(&workflow.step(step).output, &text).unwrap_or(Value::String(text))
        }
        (None, _) => Value::Null,
    };
    leave_item(state, step, item, ItemPhase::Done(value));
    let done = &mut state.steps[step.at()];
    if done.ended as usize == done.items.len() {
        done.phase = StepPhase::Done;
        let outputs = done.items.iter_mut().map(|item| match &mut item.phase {
            ItemPhase::Done(value) => value.take(),
            _ => Value::Null,
        });
        let mut outputs: Vec<Value> = outputs.collect();
        done.output = if done.list.is_some() {
            Value::Array(outputs)
        } else {
            outputs.pop().unwrap_or_default()
        };
    }
}

fn fail_item(state: &mut State, step: StepIndex, item: ItemIndex, failure: &Failure, retry_after_ms: Option<u64>) {
    let phase = std::mem::take(&mut state.steps[step.at()].items[item.at()].phase);
    // An item whose expressions could not be evaluated never began, and leaves nothing behind.
    let began = phase != ItemPhase::Waiting;
    let agent = if let ItemPhase::Agent(actor) = phase {
        Some(actor)
    } else {
        None
    };
    close_work(state, &phase);
    state.steps[step.at()].working += u32::from(!began);
    match retry_after_ms {
        Some(after_ms) => {
            let timer = state.open.open(Call::Pause(step, item));
            if let Some(actor) = agent {
                state.forget(actor);
            }
            let item = &mut state.steps[step.at()].items[item.at()];
            item.phase = ItemPhase::Pausing(timer, after_ms);
            if let Some(timeout) = item.timeout.take() {
                state.open.abort(timeout);
            }
        }
        None => {
            leave_item(
                state,
                step,
                item,
                ItemPhase::Failed {
                    failure: failure.clone(),
                    agent,
                },
            );
            state.steps[step.at()].phase = StepPhase::Failed;
        }
    }
}

/// Gives back an item's place and its timer.
fn leave_item(state: &mut State, step: StepIndex, item: ItemIndex, phase: ItemPhase) {
    let step = &mut state.steps[step.at()];
    step.working -= 1;
    step.ended += 1;
    step.items[item.at()].phase = phase;
    if let Some(timeout) = step.items[item.at()].timeout.take() {
        state.open.abort(timeout);
    }
}

/// Ends whatever works on an item, however deep.
fn close_work(state: &mut State, phase: &ItemPhase) {
    match phase {
        ItemPhase::Agent(actor) => agents::interrupt(state, *actor),
        ItemPhase::Call(call, _) => state.open.abort(*call),
        _ => {}
    }
}
