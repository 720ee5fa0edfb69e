//! How events of runs and agents change the view of a run.

use super::{AgentStatus, AgentView, RunView, StepStatus};
use crate::Object;
use crate::event::Event;
use crate::failure::Failure;
use crate::id::{ActorId, AgentIndex, StepIndex};
use crate::ir::{OnError, Workflow};
use crate::limits::Amount;
use crate::message::Usage;
use crate::port::journal::RunStatus;
use indexmap::IndexMap;
use std::collections::BTreeSet;
use std::sync::Arc;

impl RunView {
    pub(super) fn fold_run(&mut self, workflow: &Workflow, event: &Event, at_ms: u64) {
        match event {
            Event::RunStarted { inputs, allowance, .. } => {
                self.started_ms = at_ms;
                self.limits = workflow.limits.within(allowance.as_ref());
                self.most = workflow.limits.amount_within(allowance.as_ref());
                self.inputs = Arc::new(inputs.clone());
                self.status = RunStatus::Running;
            }
            Event::AllowanceGiven { allowance } => {
                self.limits = workflow.limits.within(Some(allowance));
                self.most = workflow.limits.amount_within(Some(allowance));
            }
            Event::LimitRaised { limit, most } => {
                self.limits.raise(*limit, *most);
                self.most = self.most.raised(*limit, *most);
            }
            Event::RunReopened => self.reopen(workflow),
            Event::RunCancelled => self.stop(RunStatus::Cancelled, at_ms),
            Event::RunSucceeded { outputs } => {
                self.outputs = outputs.clone();
                self.stop(RunStatus::Succeeded, at_ms);
            }
            Event::RunFailed { step, item, failure } => {
                let place = step.map(|step| match item {
                    Some(item) => self.place(workflow, step, *item),
                    None => workflow.step(step).name.clone(),
                });
                self.failure = Some((place, failure.clone()));
                self.stop(RunStatus::Failed, at_ms);
            }
            _ => {}
        }
    }

    fn reopen(&mut self, workflow: &Workflow) {
        self.status = RunStatus::Running;
        self.failure = None;
        self.outputs = Object::new();
        for (step, definition) in self.steps.iter_mut().zip(&workflow.steps) {
            // With `on_error: continue` a step whose items have all ended is over for good.
            let is_over = definition.on_error == OnError::Continue && step.failed > 0 && step.is_done();
            if step.status == StepStatus::Failed && !is_over {
                (step.status, step.ended_ms) = (StepStatus::Running, None);
                step.look_for_doubt();
            }
        }
        // Of an item whose model failed for good, the agent of the last attempt goes on. What failed
        // in a wave was told to the lead, and what failed before was tried again.
        let mut later_attempts = BTreeSet::new();
        for at in (0..self.agents.len()).rev() {
            if self.agents[at].parent.is_some() {
                continue;
            }
            let is_last = later_attempts.insert(self.agents[at].address.clone());
            let by_model = |failure: &Failure| failure.kind == crate::failure::FailureKind::Model;
            if is_last && matches!(&self.agents[at].status, AgentStatus::Failed(failure) if by_model(failure)) {
                let agent = &mut self.agents[at];
                agent.status = AgentStatus::Thinking;
                agent.activity = "thinking".into();
                let step = agent.step;
                self.steps[step.at()].working += 1;
            }
        }
        let ended = |agent: &AgentView| agent.status.is_live() && agent.ended_ms.is_some();
        self.agents.change(ended, |agent| agent.ended_ms = None);
    }

    fn stop(&mut self, status: RunStatus, at_ms: u64) {
        self.status = status;
        self.agents
            .change(|agent| agent.status.is_live(), |agent| agent.ended_ms = Some(at_ms));
    }

    pub(super) fn fold_agent(&mut self, workflow: &Workflow, event: &Event, at_ms: u64) {
        match event {
            Event::TurnStarted { actor, forced } => {
                let agent = &mut self.agents[actor.at()];
                agent.status = AgentStatus::Thinking;
                agent.since_ms = at_ms;
                agent.limit = agent.limit.take().or_else(|| forced.clone());
                agent.activity = if forced.is_some() {
                    "answering at its limit".into()
                } else {
                    "thinking".into()
                };
            }
            Event::LimitPassed { actor, limit } => self.passed.push((*actor, limit.clone())),
            Event::ModelReplied { actor, reply, .. } => {
                self.usage += reply.usage;
                self.calls.count(reply.cached);
                self.calls.saved_tokens += reply.saved.total();
                let model = workflow.model(workflow.agent(self.agents[actor.at()].agent).model);
                self.spend(*actor, Amount::of_reply(model, reply));
                let agent = &mut self.agents[actor.at()];
                agent.turns += 1;
                agent.usage += reply.usage;
                agent.model_ms += reply.wall_ms;
                agent.queue_ms += reply.queue_ms;
                agent.cached_turns += u32::from(reply.cached);
                agent.message = reply.message.clone();
            }
            Event::ToolCalled { actor, position, .. } => {
                let agent = &mut self.agents[actor.at()];
                agent.status = AgentStatus::Acting;
                agent.since_ms = at_ms;
                if let Some(call) = agent.message.tool_calls.get(*position as usize) {
                    agent.activity = format!("{} {}", call.name, call.arguments);
                }
            }
            Event::ToolRefused { actor, position, .. } => self.count_tool(*actor, *position),
            Event::ToolReplied { actor, output, .. } => {
                self.tool_calls += 1;
                self.calls.count(output.cached);
                let working = Amount {
                    working_ms: output.wall_ms,
                    ..Amount::default()
                };
                self.spend(*actor, working);
                self.retrieved_tokens += output.retrieved.tokens;
                self.chunks_read.extend(output.retrieved.read.iter().cloned());
                self.agents[actor.at()].retrieved_tokens += output.retrieved.tokens;
                self.count_current_tool(*actor);
            }
            Event::ToolFailed { actor, .. } => self.count_current_tool(*actor),
            Event::WaveStarted {
                actor,
                position,
                members,
                dropped,
                invalid,
            } => {
                self.count_tool(*actor, *position);
                let agent = &mut self.agents[actor.at()];
                agent.status = AgentStatus::Leading;
                agent.since_ms = at_ms;
                agent.waiting = u32::try_from(members.len()).unwrap_or(u32::MAX);
                agent.refused += dropped + invalid;
                agent.activity = format!("leading {} subagents", members.len());
                agent.wave = members
                    .iter()
                    .map(|member| (member.agent, member.prompt.clone()))
                    .collect();
            }
            Event::MemberStarted { actor, member } => {
                let lead = &mut self.agents[actor.at()];
                let Some((agent, prompt)) = lead.wave.get(*member as usize).cloned() else {
                    return;
                };
                lead.children += 1;
                lead.waiting = lead.waiting.saturating_sub(1);
                let (step, place, number) = (lead.step, lead.address.clone(), lead.children);
                let child = self.spawn(workflow, agent, &place, Some(*actor), &prompt, at_ms);
                let child = &mut self.agents[child.at()];
                child.step = step;
                child.address.push_str(&format!("[{number}]"));
            }
            Event::WaveEnded { actor } => self.agents[actor.at()].waiting = 0,
            Event::AnswerRejected { actor, .. } => {
                self.agents[actor.at()].activity = "asked to correct its answer".into()
            }
            Event::AgentAnswered { actor } => self.agents[actor.at()].end(AgentStatus::Answered, "answered", at_ms),
            Event::AgentFailed { actor, failure } => {
                self.agents[actor.at()].end(AgentStatus::Failed(failure.clone()), "failed", at_ms);
            }
            _ => {}
        }
    }

    /// Counts what an agent used, for itself, those that it works for, and the run.
    fn spend(&mut self, actor: ActorId, used: Amount) {
        self.spent += used;
        let mut next = Some(actor);
        while let Some(at) = next {
            let agent = &mut self.agents[at.at()];
            agent.spent += used;
            next = agent.parent;
        }
    }

    fn count_current_tool(&mut self, actor: ActorId) {
        let agent = &mut self.agents[actor.at()];
        let name = agent.activity.split(' ').next().unwrap_or_default().to_owned();
        *agent.tools.entry(name).or_default() += 1;
    }

    fn count_tool(&mut self, actor: ActorId, position: u32) {
        let agent = &mut self.agents[actor.at()];
        if let Some(call) = agent.message.tool_calls.get(position as usize) {
            *agent.tools.entry(call.name.clone()).or_default() += 1;
        }
    }

    pub(super) fn spawn(
        &mut self,
        workflow: &Workflow,
        agent: AgentIndex,
        place: &str,
        parent: Option<ActorId>,
        task: &str,
        at_ms: u64,
    ) -> ActorId {
        let definition = workflow.agent(agent);
        let actor = ActorId(u32::try_from(self.agents.len()).unwrap_or(u32::MAX));
        self.agents.push(AgentView {
            address: format!("{place}/{}", definition.name),
            agent,
            model: workflow.model(definition.model).alias.clone(),
            step: StepIndex(0),
            parent,
            task: task.to_owned(),
            status: AgentStatus::Thinking,
            turns: 0,
            tools: IndexMap::new(),
            usage: Usage::default(),
            model_ms: 0,
            queue_ms: 0,
            cached_turns: 0,
            retrieved_tokens: 0,
            limit: None,
            limits: definition.limits,
            spent: Amount::default(),
            activity: "starting".into(),
            since_ms: at_ms,
            waiting: 0,
            refused: 0,
            message: Arc::default(),
            started_ms: at_ms,
            ended_ms: None,
            wave: Vec::new(),
            children: 0,
        });
        actor
    }
}

impl AgentView {
    pub(super) fn end(&mut self, status: AgentStatus, activity: &str, at_ms: u64) {
        self.status = status;
        self.activity = activity.into();
        self.since_ms = at_ms;
        self.waiting = 0;
        self.ended_ms = Some(at_ms);
    }
}
