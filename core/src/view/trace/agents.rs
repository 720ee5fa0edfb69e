//! How events of agents become spans: the agents, their models' answers, their tool calls and teams.

use super::run::RunTrace;
use super::slot::Slot;
use super::steps::{prompt, tool_type};
use super::{Span, SpanKind, SpanStatus, content, names};
use crate::Value;
use crate::event::{Event, Member};
use crate::failure::Failure;
use crate::id::{ActorId, AgentIndex, ItemIndex, StepIndex, ToolIndex};
use crate::ir::CREATE_SUB_AGENTS;
use crate::limits::Reached;
use crate::message::{AssistantMessage, Reply, Usage};
use crate::types::Type;
use std::collections::BTreeSet;
use std::sync::Arc;

#[derive(Debug)]
pub(super) struct AgentTrace {
    agent: AgentIndex,
    item: (StepIndex, ItemIndex),
    lead: Option<ActorId>,
    pub(super) span: Slot,
    /// Its model's answer, its tool call, or its team.
    pub(super) call: Slot,
    turns: u32,
    forced: bool,
    usage: Usage,
    message: Arc<AssistantMessage>,
    /// Position of the current tool call in the message.
    position: u32,
    /// The members of its current wave, and those of them that work.
    wave: Vec<Member>,
    below: BTreeSet<ActorId>,
    /// What it was told since its model's last answer; empty without contents.
    heard: Vec<Value>,
}

impl AgentTrace {
    pub(super) fn new(agent: AgentIndex, item: (StepIndex, ItemIndex), lead: Option<ActorId>) -> Self {
        Self {
            agent,
            item,
            lead,
            span: Slot::default(),
            call: Slot::default(),
            turns: 0,
            forced: false,
            usage: Usage::default(),
            message: Arc::default(),
            position: 0,
            wave: Vec::new(),
            below: BTreeSet::new(),
            heard: Vec::new(),
        }
    }

    /// What is known of it in the end.
    pub(super) fn end_attributes(&mut self) {
        let (turns, usage) = (self.turns, self.usage);
        if let Some(span) = self.span.get_mut() {
            span.set(names::TURNS, turns);
            span.set(names::INPUT_TOKENS, usage.prompt_tokens);
            span.set(names::OUTPUT_TOKENS, usage.completion_tokens);
        }
    }
}

impl RunTrace {
    pub(super) fn fold_agent(&mut self, event: &Event, at_ms: u64, ended: &mut Vec<Span>) {
        match event {
            Event::TurnStarted { actor, forced } => self.start_turn(*actor, forced.as_ref(), at_ms, ended),
            Event::ModelReplied { actor, reply, .. } => self.take_reply(*actor, reply, at_ms, ended),
            Event::ToolCalled { actor, position, tool } => self.call_tool(*actor, *position, *tool, at_ms),
            Event::ToolRefused {
                actor,
                position,
                message,
            } => self.refuse_tool(*actor, *position, message, at_ms),
            Event::ToolReplied { actor, output, .. } => {
                self.hear_tool(*actor, &output.text);
                self.end_call(*actor, Ok(&output.text), at_ms, ended);
            }
            Event::ToolFailed { actor, message, .. } => {
                self.hear_tool(*actor, message);
                self.end_call(*actor, Err(message), at_ms, ended);
            }
            Event::WaveStarted {
                actor,
                position,
                members,
                dropped,
                invalid,
            } => self.start_wave(*actor, *position, members, dropped + invalid, at_ms),
            Event::MemberStarted { actor, member } => self.start_member(*actor, *member, at_ms),
            Event::WaveEnded { actor } => {
                self.stop_below(*actor, at_ms, ended);
                self.agents[actor.at()].wave.clear();
                self.agents[actor.at()].call.succeed(at_ms, ended);
            }
            Event::AnswerRejected { actor, reason } => self.reject(*actor, reason, at_ms),
            Event::AgentAnswered { actor } => self.end_agent(*actor, None, at_ms, ended),
            Event::AgentFailed { actor, failure } => self.end_agent(*actor, Some(failure), at_ms, ended),
            _ => {}
        }
    }

    /// Begins an agent under the span at `above`.
    pub(super) fn start_agent(&mut self, mut agent: AgentTrace, above: String, task: &str, at_ms: u64) {
        let actor = ActorId(u32::try_from(self.agents.len()).unwrap_or(u32::MAX));
        agent.heard.extend(prompt(self.contents, task));
        let item = agent.item;
        agent.span = Slot::open(self.agent_span(&agent, actor, above, at_ms));
        self.agents.push(agent);
        self.items.entry(item).or_default().agents.insert(actor);
    }

    fn agent_span(&self, agent: &AgentTrace, actor: ActorId, above: String, at_ms: u64) -> Span {
        let definition = self.workflow.agent(agent.agent);
        let model = self.workflow.model(definition.model);
        let place = format!("{}/@{}", self.here, actor.0);
        let name = format!("{} {}", names::INVOKE_AGENT, definition.name);
        let mut span = self.span(SpanKind::Agent, place, above, name, at_ms);
        span.attributes = self.common(names::INVOKE_AGENT);
        span.set(names::AGENT, definition.name.as_str());
        span.set(names::PROVIDER, model.provider.as_str());
        span.set(names::REQUEST_MODEL, model.name.as_str());
        if !agent.heard.is_empty() {
            span.set(names::INPUT_MESSAGES, Value::from(agent.heard.clone()).to_string());
        }
        span
    }

    /// An agent that goes on after it had failed has a span again, and so has its item.
    fn ensure_agent(&mut self, actor: ActorId, at_ms: u64) {
        let agent = &self.agents[actor.at()];
        if agent.span.is_open() {
            return;
        }
        let (step, item) = agent.item;
        let above = match agent.lead {
            Some(lead) => self.agents[lead.at()].call.place().unwrap_or_else(|| self.here.clone()),
            None => self.ensure_item(step, item, at_ms),
        };
        let span = self.agent_span(&self.agents[actor.at()], actor, above, at_ms);
        self.agents[actor.at()].span = Slot::open(span);
        self.items.entry((step, item)).or_default().agents.insert(actor);
    }

    fn start_turn(&mut self, actor: ActorId, forced: Option<&Reached>, at_ms: u64, ended: &mut Vec<Span>) {
        self.ensure_agent(actor, at_ms);
        // A limit may have cut a call short.
        self.stop_below(actor, at_ms, ended);
        self.agents[actor.at()].call.stop(at_ms, ended);
        let agent = &mut self.agents[actor.at()];
        agent.forced |= forced.is_some();
        if let (Some(reached), Some(span)) = (forced, agent.span.get_mut()) {
            span.note(at_ms, names::FORCED, vec![(names::LIMIT, reached.limit.word().into())]);
        }
        let heard = std::mem::take(&mut agent.heard);
        let (turn, is_forced) = (agent.turns + 1, agent.forced);
        let above = agent.span.place().unwrap_or_else(|| self.here.clone());
        let mut span = self.model_span(actor, turn, is_forced, above, at_ms);
        if self.contents {
            span.set(names::INPUT_MESSAGES, Value::from(heard).to_string());
        }
        self.agents[actor.at()].call = Slot::open(span);
    }

    fn model_span(&self, actor: ActorId, turn: u32, is_forced: bool, above: String, at_ms: u64) -> Span {
        let agent = &self.agents[actor.at()];
        let definition = self.workflow.agent(agent.agent);
        let model = self.workflow.model(definition.model);
        let mark = if is_forced { "!" } else { "" };
        let name = format!("{} {}", names::CHAT, model.name);
        let mut span = self.span(SpanKind::Call, format!("{above}/t{turn}{mark}"), above, name, at_ms);
        // What answers inside of this process is nobody's client.
        span.is_client = !["builtin", "local"].contains(&model.provider.as_str());
        span.attributes = self.common(names::CHAT);
        span.set(names::PROVIDER, model.provider.as_str());
        span.set(names::REQUEST_MODEL, model.name.as_str());
        span.set(names::AGENT, definition.name.as_str());
        span.set(names::TURN, turn);
        let is_text = agent.lead.is_some() || self.workflow.step(agent.item.0).output == Type::String;
        span.set(names::OUTPUT_TYPE, if is_text { "text" } else { "json" });
        let temperature = if is_forced {
            Some(0.0)
        } else {
            model.sampling.temperature
        };
        if let Some(temperature) = temperature {
            span.set(names::TEMPERATURE, temperature);
        }
        if let Some(max_tokens) = model.sampling.max_tokens {
            span.set(names::MAX_TOKENS, max_tokens);
        }
        span
    }

    fn take_reply(&mut self, actor: ActorId, reply: &Reply, at_ms: u64, ended: &mut Vec<Span>) {
        let contents = self.contents;
        let agent = &mut self.agents[actor.at()];
        agent.turns += 1;
        agent.usage += reply.usage;
        agent.message = reply.message.clone();
        if let Some(span) = agent.call.get_mut() {
            span.set(names::INPUT_TOKENS, reply.usage.prompt_tokens);
            span.set(names::OUTPUT_TOKENS, reply.usage.completion_tokens);
            if reply.usage.cached_tokens > 0 {
                span.set(names::CACHE_READ_TOKENS, reply.usage.cached_tokens);
            }
            let reason = content::finish_reason(reply.finish, &reply.message);
            span.set(names::FINISH_REASONS, vec![reason]);
            span.set(names::QUEUE_MS, reply.queue_ms);
            if contents {
                let written = content::assistant(&reply.message, reply.finish);
                span.set(names::OUTPUT_MESSAGES, written.to_string());
            }
        }
        agent.call.succeed(at_ms, ended);
    }

    fn call_tool(&mut self, actor: ActorId, position: u32, tool: ToolIndex, at_ms: u64) {
        self.ensure_agent(actor, at_ms);
        let definition = self.workflow.tool(tool);
        let kind = tool_type(&definition.source);
        let mut span = self.tool_span(actor, position, &definition.path, at_ms);
        span.set(names::TOOL_TYPE, kind);
        let agent = &mut self.agents[actor.at()];
        agent.position = position;
        agent.call = Slot::open(span);
    }

    /// The span of a tool call of an agent's last message; `path` is the tool's name where the message has none.
    fn tool_span(&self, actor: ActorId, position: u32, path: &str, at_ms: u64) -> Span {
        let agent = &self.agents[actor.at()];
        let call = agent.message.tool_calls.get(position as usize);
        let name = call.map_or(path, |call| call.name.as_str());
        let above = agent.span.place().unwrap_or_else(|| self.here.clone());
        let place = format!("{above}/t{}/c{position}", agent.turns);
        let title = format!("{} {name}", names::EXECUTE_TOOL);
        let mut span = self.span(SpanKind::Call, place, above, title, at_ms);
        span.attributes = self.common(names::EXECUTE_TOOL);
        span.set(names::TOOL, name);
        span.set(names::AGENT, self.workflow.agent(agent.agent).name.as_str());
        if let Some(call) = call {
            span.set(names::TOOL_CALL, call.id.as_str());
            if self.contents {
                span.set(names::TOOL_ARGUMENTS, call.arguments.as_str());
            }
        }
        span
    }

    fn refuse_tool(&mut self, actor: ActorId, position: u32, message: &str, at_ms: u64) {
        self.agents[actor.at()].position = position;
        self.hear_tool(actor, message);
        let agent = &mut self.agents[actor.at()];
        let name = agent
            .message
            .tool_calls
            .get(position as usize)
            .map(|call| call.name.clone());
        if let Some(span) = agent.span.get_mut() {
            let attributes = name.map(|name| (names::TOOL, name.into())).into_iter().collect();
            span.note(at_ms, names::REFUSED, attributes);
        }
    }

    fn hear_tool(&mut self, actor: ActorId, text: &str) {
        if !self.contents {
            return;
        }
        let agent = &mut self.agents[actor.at()];
        let call = agent.message.tool_calls.get(agent.position as usize);
        let heard = content::tool(call.map_or("", |call| call.id.as_str()), text);
        agent.heard.push(heard);
    }

    fn end_call(&mut self, actor: ActorId, given: Result<&str, &str>, at_ms: u64, ended: &mut Vec<Span>) {
        let contents = self.contents;
        let call = &mut self.agents[actor.at()].call;
        if let Some(span) = call.get_mut() {
            match given {
                Ok(text) if contents => span.set(names::TOOL_RESULT, text),
                Ok(_) => {}
                Err(_) => span.set(names::ERROR_TYPE, "tool"),
            }
        }
        match given {
            Ok(_) => call.succeed(at_ms, ended),
            Err(message) => call.end(at_ms, SpanStatus::Error(message.to_owned()), ended),
        }
    }

    fn start_wave(&mut self, actor: ActorId, position: u32, members: &[Member], dropped: u32, at_ms: u64) {
        self.ensure_agent(actor, at_ms);
        let mut span = self.tool_span(actor, position, CREATE_SUB_AGENTS, at_ms);
        span.set(names::TOOL_TYPE, "function");
        if dropped > 0 {
            span.set(names::DROPPED, dropped);
        }
        let agent = &mut self.agents[actor.at()];
        agent.position = position;
        agent.wave = members.to_vec();
        agent.call = Slot::open(span);
    }

    fn start_member(&mut self, lead: ActorId, member: u32, at_ms: u64) {
        let child = ActorId(u32::try_from(self.agents.len()).unwrap_or(u32::MAX));
        let trace = &mut self.agents[lead.at()];
        let Some(member) = trace.wave.get(member as usize).cloned() else {
            return;
        };
        trace.below.insert(child);
        let above = trace.call.place().or_else(|| trace.span.place());
        let above = above.unwrap_or_else(|| self.here.clone());
        let agent = AgentTrace::new(member.agent, self.agents[lead.at()].item, Some(lead));
        self.start_agent(agent, above, &member.prompt, at_ms);
    }

    fn reject(&mut self, actor: ActorId, reason: &str, at_ms: u64) {
        let heard = prompt(self.contents, reason);
        let agent = &mut self.agents[actor.at()];
        if let Some(span) = agent.span.get_mut() {
            let attributes = heard
                .as_ref()
                .map(|_| (names::REASON, reason.into()))
                .into_iter()
                .collect();
            span.note(at_ms, names::REJECTED, attributes);
        }
        agent.heard.extend(heard);
    }

    fn end_agent(&mut self, actor: ActorId, failure: Option<&Failure>, at_ms: u64, ended: &mut Vec<Span>) {
        self.stop_below(actor, at_ms, ended);
        let contents = self.contents;
        let agent = &mut self.agents[actor.at()];
        match failure {
            Some(failure) => agent.call.fail(at_ms, failure, ended),
            None => agent.call.stop(at_ms, ended),
        }
        agent.end_attributes();
        if let Some(span) = agent.span.get_mut().filter(|_| contents && failure.is_none()) {
            let answer = content::assistant(&agent.message, crate::message::Finish::Stop);
            span.set(names::OUTPUT_MESSAGES, answer.to_string());
        }
        match failure {
            Some(failure) => agent.span.fail(at_ms, failure, ended),
            None => agent.span.succeed(at_ms, ended),
        }
        self.forget(actor);
    }

    /// Frees what only an agent at work needs. What failed keeps its turns: a reopened run may go on with it.
    fn forget(&mut self, actor: ActorId) {
        let agent = &mut self.agents[actor.at()];
        let (item, lead) = (agent.item, agent.lead);
        agent.wave = Vec::new();
        agent.heard = Vec::new();
        agent.message = Arc::default();
        if let Some(lead) = lead {
            self.agents[lead.at()].below.remove(&actor);
        }
        if let Some(item) = self.items.get_mut(&item) {
            item.agents.remove(&actor);
        }
    }

    /// Ends an agent that nobody waits for any longer, and those that work for it.
    fn stop_agent(&mut self, actor: ActorId, at_ms: u64, ended: &mut Vec<Span>) {
        self.stop_below(actor, at_ms, ended);
        let agent = &mut self.agents[actor.at()];
        agent.call.stop(at_ms, ended);
        agent.end_attributes();
        agent.span.stop(at_ms, ended);
        self.forget(actor);
    }

    fn stop_below(&mut self, actor: ActorId, at_ms: u64, ended: &mut Vec<Span>) {
        for below in std::mem::take(&mut self.agents[actor.at()].below) {
            self.stop_agent(below, at_ms, ended);
        }
    }

    /// Ends every agent that works for an item.
    pub(super) fn stop_agents(&mut self, step: StepIndex, item: ItemIndex, at_ms: u64, ended: &mut Vec<Span>) {
        let agents = self
            .items
            .get_mut(&(step, item))
            .map(|item| std::mem::take(&mut item.agents));
        for actor in agents.into_iter().flatten() {
            if self.agents[actor.at()].lead.is_none() {
                self.stop_agent(actor, at_ms, ended);
            }
        }
    }
}
