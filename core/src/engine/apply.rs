//! The fold: how each event changes the state. Nothing else in the crate assigns to it.

mod agents;
mod edits;
mod items;

use super::open::Call;
use super::state::{Action, AgentPhase, State, StepPhase};
use super::{limits, wave};
use crate::event::Event;
use crate::id::ActorId;
use crate::ir::Workflow;
use crate::limits::{Allowance, LimitHit, Reached};
use crate::port::journal::RunStatus;

pub(super) fn apply(workflow: &Workflow, state: &mut State, event: &Event) {
    note_reads(state, event);
    fold(workflow, state, event);
    let over = |state: &State| {
        state
            .steps
            .get(state.first_open)
            .is_some_and(|step| step.phase.is_over())
    };
    while over(state) {
        state.first_open += 1;
    }
}

/// What agents, steps and the runs that were started have read.
fn note_reads(state: &mut State, event: &Event) {
    let retrieved = match event {
        Event::ToolReplied { output, .. } => &output.retrieved,
        Event::ItemSucceeded { retrieved, .. } | Event::RoundEnded { retrieved, .. } => retrieved,
        _ => return,
    };
    state.read.extend(retrieved.read.iter().cloned());
}

fn fold(workflow: &Workflow, state: &mut State, event: &Event) {
    match event {
        Event::RunStarted { inputs, env, allowance } => {
            (state.inputs, state.env) = (inputs.clone(), env.clone());
            start(workflow, state, allowance.as_ref());
        }
        Event::AllowanceGiven { allowance } => {
            bound(workflow, state, Some(allowance));
        }
        Event::LimitRaised { limit, most } => raise(state, *limit, *most),
        Event::RunReopened => super::reopen::reopen(workflow, state),
        Event::OutputEdited { step, item, output } => edits::edit(workflow, state, *step, *item, output),
        Event::RunCancelled => end(state, RunStatus::Cancelled),
        Event::RunSucceeded { outputs } => {
            state.outputs = outputs.clone();
            end(state, RunStatus::Succeeded);
        }
        Event::RunFailed { step, item, failure } => {
            state.failure = Some((step.map(|step| (step, *item)), failure.clone()));
            end(state, RunStatus::Failed);
        }
        Event::StepSkipped { step } => state.steps[step.at()].phase = StepPhase::Skipped,
        Event::StepStarted { step, items, keys } => items::start_step(state, *step, items.as_ref(), keys),
        Event::StepFailed { step, failure } => {
            state.steps[step.at()].phase = StepPhase::Failed;
            state.failure = Some((Some((*step, None)), failure.clone()));
        }
        Event::ItemStarted {
            step,
            item,
            attempt,
            work,
            ..
        } => items::start(workflow, state, *step, *item, *attempt, work),
        Event::ItemSucceeded {
            step,
            item,
            output,
            used,
            ..
        } => {
            state.count(*used);
            items::finish(workflow, state, *step, *item, output.as_ref());
        }
        Event::RoundEnded {
            step,
            item,
            carry,
            used,
            ..
        } => {
            state.count(*used);
            items::end_round(state, *step, *item, carry);
        }
        Event::ItemFailed {
            step,
            item,
            failure,
            retry_after_ms,
            used,
        } => {
            state.count(*used);
            state.steps[step.at()].items[item.at()].counted += *used;
            items::fail(workflow, state, *step, *item, failure, *retry_after_ms);
        }
        Event::EffectDoubted { step, item, refused } => {
            items::doubt(state, *step, *item, refused.as_ref().map(|refused| &refused.reason));
        }
        Event::EffectRepeated { step, item, .. } => items::perform_again(workflow, state, *step, *item),
        Event::TurnStarted { actor, forced } => {
            agents::start_turn(workflow, state, *actor, forced.as_ref().map(|reached| reached.limit));
        }
        Event::LimitPassed { actor, limit } => pass(state, *actor, limit),
        Event::ModelReplied { call, reply, .. } => agents::take_reply(workflow, state, *call, reply),
        Event::ToolCalled { actor, tool, .. } => agents::call_tool(state, *actor, *tool),
        Event::ToolRefused { actor, message, .. } => agents::finish_call(workflow, state, *actor, message),
        Event::ToolReplied { call, output, .. } => agents::take_tool_reply(workflow, state, *call, output),
        Event::ToolFailed { call, message, .. } => {
            // It may have been stopped, and not answered.
            if let Some(Call::AgentTool(actor)) = state.open.get(*call) {
                state.open.abort(*call);
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
            state.ready.insert(*actor);
        }
        Event::AgentAnswered { actor } => agents::answer_agent(state, *actor),
        Event::AgentFailed { actor, failure } => agents::fail_agent(state, *actor, failure),
    }
}

fn start(workflow: &Workflow, state: &mut State, allowance: Option<&Allowance>) {
    bound(workflow, state, allowance);
    state.clock = Some(state.open.open(Call::RunClock));
    state.status = Some(RunStatus::Running);
    state.systems = state.evaluate_systems(workflow);
    state.images = state.evaluate_images(workflow);
}

fn raise(state: &mut State, limit: LimitHit, most: u64) {
    state.limits.raise(limit, most);
    state.most = state.most.raised(limit, most);
}

/// Takes the workflow's limits, within what the run above left.
fn bound(workflow: &Workflow, state: &mut State, allowance: Option<&Allowance>) {
    state.limits = workflow.limits.within(allowance);
    state.most = workflow.limits.amount_within(allowance);
    state.allowance = allowance.cloned();
}

fn end(state: &mut State, status: RunStatus) {
    state.status = Some(status);
    state.clock = None;
    state.open.abort_all();
    limits::settle_all(state);
}

/// A limit was passed; a timer that told it has run down.
fn pass(state: &mut State, actor: Option<ActorId>, limit: &Reached) {
    state.passed.insert((actor, limit.limit), limit.clone());
    if limit.limit == LimitHit::Seconds {
        let clock = match actor {
            Some(actor) => state.agent_mut(actor).clock.take(),
            None => state.clock.take(),
        };
        clock.and_then(|clock| state.open.close(clock));
    }
}
