//! The fold of events about agents: turns, tool calls, waves, ends.

use crate::engine::open::Call;
use crate::engine::state::{Action, AgentPhase, AgentState, MemberPhase, MemberState, Parent, State, Wave};
use crate::engine::wave;
use crate::engine::{agent, limits};
use crate::event::Member;
use crate::failure::Failure;
use crate::hint;
use crate::id::{ActorId, AgentIndex, CallId, ToolIndex};
use crate::ir::Workflow;
use crate::limits::{Amount, LimitHit, Limits};
use crate::message::{Message, Reply, ToolOutput};
use std::collections::BTreeSet;
use std::sync::Arc;

pub(super) fn start_turn(workflow: &Workflow, state: &mut State, actor: ActorId, forced: Option<LimitHit>) {
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
    state.ready.remove(&actor);
    let call = state.open.open(Call::Model(actor));
    state.agent_mut(actor).phase = AgentPhase::Thinking(call);
    limits::reserve(workflow, state, actor);
}

/// Aborts what an agent waits for, and its subagents. Tool calls that were under way are answered
/// with a notice, since providers want an answer for each.
pub(super) fn interrupt(state: &mut State, actor: ActorId) {
    if let Some(clock) = state.agent_mut(actor).clock.take() {
        state.open.abort(clock);
    }
    state.ready.remove(&actor);
    let phase = std::mem::replace(&mut state.agent_mut(actor).phase, AgentPhase::Ready);
    match phase {
        AgentPhase::Thinking(call) => {
            state.open.abort(call);
            limits::release(state, actor);
        }
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

pub(super) fn take_reply(workflow: &Workflow, state: &mut State, call: CallId, reply: &Reply) {
    let Some(Call::Model(actor)) = state.open.close(call) else {
        return;
    };
    state.usage += reply.usage;
    limits::settle(workflow, state, actor, reply);
    let agent = state.agent_mut(actor);
    agent.turns += 1;
    let message = reply.message.clone();
    agent.hear(Message::Assistant(message.clone()));
    // The provider's own count is better than our estimate of everything before it.
    agent.context = agent.context.max(reply.usage.total().max(reply.saved.total()));
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

pub(super) fn call_tool(state: &mut State, actor: ActorId, tool: ToolIndex) {
    let call = state.open.open(Call::AgentTool(actor));
    if let AgentPhase::Acting { action, .. } = &mut state.agent_mut(actor).phase {
        *action = Action::Tool(call, tool);
    }
}

pub(super) fn take_tool_reply(workflow: &Workflow, state: &mut State, call: CallId, output: &ToolOutput) {
    let Some(Call::AgentTool(actor)) = state.open.close(call) else {
        return;
    };
    state.tool_calls += 1;
    let working = Amount {
        working_ms: output.wall_ms,
        ..Amount::default()
    };
    limits::spend(state, actor, working);
    if !output.retrieved.read.is_empty() {
        let read: &mut BTreeSet<String> = Arc::make_mut(&mut state.agent_mut(actor).read);
        read.extend(output.retrieved.read.iter().cloned());
    }
    finish_call(workflow, state, actor, &output.text);
}

/// Hands a result to the model and moves on to the next call of the message.
pub(super) fn finish_call(workflow: &Workflow, state: &mut State, actor: ActorId, text: &str) {
    let is_team = workflow.agent(state.agent(actor).agent).team.is_some()
        || matches!(state.agent(actor).parent, Parent::Lead(..));
    let mode = state.limits.mode;
    let agent = state.agent_mut(actor);
    let AgentPhase::Acting { message, position, .. } = std::mem::replace(&mut agent.phase, AgentPhase::Ready) else {
        return;
    };
    let call = &message.tool_calls[position as usize];
    let mut text = limits::fit(agent, text, mode);
    let is_last = position as usize + 1 == message.tool_calls.len();
    if is_last && is_team {
        let hint = hint::turn(agent.turns + 1, agent.limits.turns);
        // A transcript is kept as long as its agent lives: no room to spare in its texts.
        text.reserve_exact(hint.len());
        text.push_str(&hint);
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
    } else {
        state.ready.insert(actor);
    }
}

pub(super) fn start_wave(state: &mut State, actor: ActorId, members: &[Member], dropped: u32, invalid: u32) {
    state.nests = true;
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

pub(super) fn start_member(workflow: &Workflow, state: &mut State, actor: ActorId, at: u32) {
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

pub(super) fn answer_agent(state: &mut State, actor: ActorId) {
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

pub(super) fn fail_agent(state: &mut State, actor: ActorId, failure: &Failure) {
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
    pub(super) fn spawn(
        &mut self,
        agent: AgentIndex,
        parent: Parent,
        limits: Limits,
        first: String,
        task: Arc<str>,
    ) -> ActorId {
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
            spent: Amount::default(),
            reserved: Amount::default(),
            call: Amount::default(),
            read: Arc::default(),
            forced: None,
            rejections: 0,
            returns: 0,
            clock: None,
            phase: AgentPhase::Ready,
        };
        state.say(first);
        self.agents.push(state);
        self.ready.insert(actor);
        actor
    }

    /// Frees what only a live agent needs.
    pub(super) fn forget(&mut self, actor: ActorId) {
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
    pub(super) fn say(&mut self, text: String) {
        self.hear(Message::User { text });
    }

    fn hear(&mut self, message: Message) {
        self.context += message.estimated_tokens();
        self.messages.push(Arc::new(message));
    }
}
