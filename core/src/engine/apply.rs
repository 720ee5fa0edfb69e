//! The fold: how each event changes the state. Nothing else in the crate assigns to it.

use super::open::Call;
use super::state::{
    Action, AgentPhase, AgentState, ItemPhase, ItemState, MemberPhase, MemberState, Parent, State, StepPhase, Wave,
};
use super::{agent, answer, limits, wave};
use crate::Value;
use crate::event::{Event, Member, Work};
use crate::failure::Failure;
use crate::hint;
use crate::id::{ActorId, AgentIndex, CallId, ItemIndex, StepIndex, ToolIndex};
use crate::ir::{Verb, Workflow};
use crate::limits::{LimitHit, Limits};
use crate::message::{Message, Reply, ToolOutput};
use crate::port::journal::RunStatus;
use std::collections::BTreeSet;
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
        Event::TurnStarted { actor, forced } => start_turn(workflow, state, *actor, *forced),
        Event::ModelReplied { call, reply, .. } => take_reply(state, *call, reply),
        Event::ToolCalled { actor, tool, .. } => call_tool(state, *actor, *tool),
        Event::ToolRefused { actor, message, .. } => finish_call(workflow, state, *actor, message),
        Event::ToolReplied { call, output, .. } => take_tool_reply(workflow, state, *call, output),
        Event::ToolFailed { call, message, .. } => {
            if let Some(Call::AgentTool(actor)) = state.open.close(*call) {
                finish_call(workflow, state, actor, message);
            }
        }
        Event::WaveStarted {
            actor,
            members,
            dropped,
            invalid,
            ..
        } => {
            start_wave(state, *actor, members, *dropped, *invalid);
        }
        Event::MemberStarted { actor, member } => start_member(workflow, state, *actor, *member),
        Event::WaveEnded { actor } => {
            if let AgentPhase::Acting {
                action: Action::Wave(current),
                ..
            } = &state.agent(*actor).phase
            {
                let report = wave::report(current);
                finish_call(workflow, state, *actor, &report);
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
        Event::AgentAnswered { actor } => answer_agent(state, *actor),
        Event::AgentFailed { actor, failure } => fail_agent(state, *actor, failure),
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
        ItemPhase::Agent(actor) => interrupt(state, *actor),
        ItemPhase::Call(call, _) => state.open.abort(*call),
        _ => {}
    }
}

fn start_turn(workflow: &Workflow, state: &mut State, actor: ActorId, forced: Option<LimitHit>) {
    if let Some(limit) = forced {
        interrupt(state, actor);
        let agent = state.agent_mut(actor);
        agent.forced = Some(limit);
        let shape = agent::output_of(workflow, state, actor);
        let shape = if *shape == crate::types::Type::String {
            String::new()
        } else {
            format!(" The answer must be JSON of type {shape}.")
        };
        state.agent_mut(actor).say(format!(
            "You have reached the limit of {}. No more tools may be used. Answer now from what you have gathered.{shape}",
            limit.word()
        ));
    }
    let call = state.open.open(Call::Model(actor));
    state.agent_mut(actor).phase = AgentPhase::Thinking(call);
}

/// Aborts what an agent waits for, and its subagents. Tool calls that were under way are answered
/// with a notice, since providers want an answer for each.
fn interrupt(state: &mut State, actor: ActorId) {
    if let Some(clock) = state.agent_mut(actor).clock.take() {
        state.open.abort(clock);
    }
    let phase = std::mem::replace(&mut state.agent_mut(actor).phase, AgentPhase::Ready);
    match phase {
        AgentPhase::Thinking(call) => state.open.abort(call),
        AgentPhase::Acting {
            message,
            position,
            action,
        } => {
            match action {
                Action::Due => {}
                Action::Tool(call, _) => state.open.abort(call),
                Action::Wave(wave) => {
                    for member in &wave.members {
                        if let MemberPhase::Working(child) = member.phase {
                            interrupt(state, child);
                            state.forget(child);
                        }
                    }
                }
            }
            for call in &message.tool_calls[position as usize..] {
                let text = "[not finished: a limit was reached]".to_owned();
                state.agent_mut(actor).hear(Message::Tool {
                    id: call.id.clone(),
                    name: call.name.clone(),
                    text,
                });
            }
        }
        other => state.agent_mut(actor).phase = other,
    }
}

fn take_reply(state: &mut State, call: CallId, reply: &Reply) {
    let Some(Call::Model(actor)) = state.open.close(call) else {
        return;
    };
    state.usage += reply.usage;
    let mut above = Some(actor);
    while let Some(at) = above {
        let agent = state.agent_mut(at);
        agent.tokens += reply.usage.total();
        above = if let Parent::Lead(lead, _) = agent.parent {
            Some(lead)
        } else {
            None
        };
    }
    let agent = state.agent_mut(actor);
    agent.turns += 1;
    let message = reply.message.clone();
    agent.hear(Message::Assistant((*message).clone()));
    // The provider's own count is better than our estimate of everything before it.
    agent.context = agent.context.max(reply.usage.total());
    let acts = agent.forced.is_none() && !message.tool_calls.is_empty();
    agent.phase = if acts {
        AgentPhase::Acting {
            message,
            position: 0,
            action: Action::Due,
        }
    } else {
        AgentPhase::Replied(message)
    };
}

fn call_tool(state: &mut State, actor: ActorId, tool: ToolIndex) {
    let call = state.open.open(Call::AgentTool(actor));
    if let AgentPhase::Acting { action, .. } = &mut state.agent_mut(actor).phase {
        *action = Action::Tool(call, tool);
    }
}

fn take_tool_reply(workflow: &Workflow, state: &mut State, call: CallId, output: &ToolOutput) {
    let Some(Call::AgentTool(actor)) = state.open.close(call) else {
        return;
    };
    state.tool_calls += 1;
    if !output.retrieved.read.is_empty() {
        let read: &mut BTreeSet<String> = Arc::make_mut(&mut state.agent_mut(actor).read);
        read.extend(output.retrieved.read.iter().cloned());
    }
    finish_call(workflow, state, actor, &output.text);
}

/// Hands a result to the model and moves on to the next call of the message.
fn finish_call(workflow: &Workflow, state: &mut State, actor: ActorId, text: &str) {
    let is_team = workflow.agent(state.agent(actor).agent).team.is_some()
        || matches!(state.agent(actor).parent, Parent::Lead(..));
    let agent = state.agent_mut(actor);
    let AgentPhase::Acting { message, position, .. } = std::mem::replace(&mut agent.phase, AgentPhase::Ready) else {
        return;
    };
    let call = &message.tool_calls[position as usize];
    let mut text = limits::fit(agent, text);
    let is_last = position as usize + 1 == message.tool_calls.len();
    if is_last && is_team {
        text.push_str(&hint::turn(agent.turns + 1, agent.limits.turns));
    }
    agent.hear(Message::Tool {
        id: call.id.clone(),
        name: call.name.clone(),
        text,
    });
    if !is_last {
        agent.phase = AgentPhase::Acting {
            message,
            position: position + 1,
            action: Action::Due,
        };
    }
}

fn start_wave(state: &mut State, actor: ActorId, members: &[Member], dropped: u32, invalid: u32) {
    let members = members
        .iter()
        .map(|member| MemberState {
            agent: member.agent,
            prompt: member.prompt.as_str().into(),
            phase: MemberPhase::Waiting,
        })
        .collect();
    if let AgentPhase::Acting { action, .. } = &mut state.agent_mut(actor).phase {
        *action = Action::Wave(Wave {
            members,
            next: 0,
            working: 0,
            ended: 0,
            dropped,
            invalid,
        });
    }
}

fn start_member(workflow: &Workflow, state: &mut State, actor: ActorId, at: u32) {
    let child = state.next_actor();
    let task = state.agent(actor).task.clone();
    let AgentPhase::Acting {
        action: Action::Wave(wave),
        ..
    } = &mut state.agent_mut(actor).phase
    else {
        return;
    };
    let member = &mut wave.members[at as usize];
    member.phase = MemberPhase::Working(child);
    let (agent, prompt) = (member.agent, member.prompt.clone());
    wave.next = at as usize + 1;
    wave.working += 1;
    let limits = workflow.agent(agent).limits;
    let first = wave::briefing(&task, &prompt) + &hint::turn(1, limits.turns);
    state.spawn(agent, Parent::Lead(actor, at), limits, first, prompt);
}

fn answer_agent(state: &mut State, actor: ActorId) {
    let agent = state.agent_mut(actor);
    let AgentPhase::Replied(message) = &agent.phase else {
        return;
    };
    let text = message.text.trim().to_owned();
    let (forced, parent) = (agent.forced, agent.parent);
    agent.messages = Vec::new();
    agent.read = Arc::default();
    let clock = agent.clock.take();
    agent.phase = AgentPhase::Answered(String::new());
    match parent {
        Parent::Item(..) => agent.phase = AgentPhase::Answered(text),
        Parent::Lead(lead, at) => tell_lead(state, lead, at, MemberPhase::Answered(text, forced)),
    }
    if let Some(clock) = clock {
        state.open.abort(clock);
    }
}

fn fail_agent(state: &mut State, actor: ActorId, failure: &Failure) {
    interrupt(state, actor);
    let agent = state.agent_mut(actor);
    agent.phase = AgentPhase::Failed(failure.clone());
    if let Parent::Lead(lead, at) = agent.parent {
        state.forget(actor);
        tell_lead(state, lead, at, MemberPhase::Failed(failure.clone()));
    }
}

fn tell_lead(state: &mut State, lead: ActorId, at: u32, phase: MemberPhase) {
    if let AgentPhase::Acting {
        action: Action::Wave(wave),
        ..
    } = &mut state.agent_mut(lead).phase
    {
        wave.members[at as usize].phase = phase;
        wave.working -= 1;
        wave.ended += 1;
    }
}

impl State {
    fn spawn(&mut self, agent: AgentIndex, parent: Parent, limits: Limits, first: String, task: Arc<str>) -> ActorId {
        let actor = self.next_actor();
        let system = self
            .systems
            .get(agent.at())
            .map_or(0, |system| crate::tokens::estimate(system));
        let mut state = AgentState {
            agent,
            parent,
            limits,
            task,
            messages: Vec::new(),
            context: system,
            turns: 0,
            tokens: 0,
            read: Arc::default(),
            forced: None,
            rejections: 0,
            clock: None,
            phase: AgentPhase::Ready,
        };
        state.say(first);
        self.agents.push(state);
        actor
    }

    /// Frees what only a live agent needs.
    fn forget(&mut self, actor: ActorId) {
        let agent = self.agent_mut(actor);
        agent.messages = Vec::new();
        agent.read = Arc::default();
        if agent.is_live() {
            let failure = Failure::new(crate::failure::FailureKind::Limit, "it was stopped");
            agent.phase = AgentPhase::Failed(failure);
        }
    }
}

impl AgentState {
    fn say(&mut self, text: String) {
        self.hear(Message::User { text });
    }

    fn hear(&mut self, message: Message) {
        self.context += message.estimated_tokens();
        self.messages.push(Arc::new(message));
    }
}
