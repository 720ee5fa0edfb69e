//! One run as a person sees it: steps with their items, agents as a tree, and what they use.

use crate::Object;
use crate::event::{Event, Work};
use crate::failure::Failure;
use crate::id::{ActorId, AgentIndex, StepIndex};
use crate::ir::{Verb, Workflow};
use crate::limits::LimitHit;
use crate::message::{AssistantMessage, Usage};
use crate::port::journal::{Entry, RunStatus};
use indexmap::IndexMap;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A run, folded from its events.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunView {
    /// The workflow's name.
    pub workflow: String,
    /// Where it stands.
    pub status: RunStatus,
    /// When it began, in milliseconds since the Unix epoch.
    pub started_ms: u64,
    /// When its last event was appended.
    pub updated_ms: u64,
    /// Events so far.
    pub events: u64,
    /// What it was started with.
    pub inputs: Object,
    /// What it gave, once it succeeded.
    pub outputs: Object,
    /// Why it failed, and at which step.
    pub failure: Option<(Option<String>, Failure)>,
    /// The steps, in dependency order.
    pub steps: Vec<StepView>,
    /// The agents, in the order in which they started; the position is the [`ActorId`].
    pub agents: Vec<AgentView>,
    /// Model usage of all agents.
    pub usage: Usage,
    /// Tool calls that ended.
    pub tool_calls: u32,
    /// Tokens that came from corpora.
    pub retrieved_tokens: u64,
    /// Ids of chunks that somebody read in full.
    pub chunks_read: BTreeSet<String>,
}

/// A step.
#[derive(Debug, Clone, PartialEq)]
pub struct StepView {
    /// Its name.
    pub name: String,
    /// Its verb.
    pub verb: &'static str,
    /// Where it stands.
    pub status: StepStatus,
    /// Items in all; 1 without a fan-out, 0 before it starts.
    pub items: u32,
    /// Items that have their output.
    pub succeeded: u32,
    /// Items that are worked on.
    pub working: u32,
    /// Attempts beyond the first.
    pub retries: u32,
    /// When it started.
    pub started_ms: Option<u64>,
    /// When it ended.
    pub ended_ms: Option<u64>,
    /// The last failure of an item, mended or not.
    pub failure: Option<Failure>,
}

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepStatus {
    /// Not due yet.
    Waiting,
    /// Worked on.
    Running,
    /// Done.
    Succeeded,
    /// Its `when` was false.
    Skipped,
    /// An item failed for good.
    Failed,
}

impl StepStatus {
    /// The word that screens and JSON use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
        }
    }
}

/// An agent at work or done.
#[derive(Debug, Clone, PartialEq)]
pub struct AgentView {
    /// Who it is: `research/lead`, `research/lead/seeker[2]`, `check[7]/seeker`.
    pub address: String,
    /// The step that it works for, itself or through its leads.
    pub step: StepIndex,
    /// The definition.
    pub agent: AgentIndex,
    /// The model's alias.
    pub model: String,
    /// The agent that it works for.
    pub parent: Option<ActorId>,
    /// What it was asked, as its author wrote it.
    pub task: String,
    /// Where it stands.
    pub status: AgentStatus,
    /// Model turns that ended.
    pub turns: u32,
    /// Tool calls by name.
    pub tools: IndexMap<String, u32>,
    /// Its own model usage.
    pub usage: Usage,
    /// Milliseconds spent in its model calls.
    pub model_ms: u64,
    /// Tokens that came from corpora.
    pub retrieved_tokens: u64,
    /// The limit that forced its answer.
    pub limit: Option<LimitHit>,
    /// What it does now, or did last, in a few words.
    pub activity: String,
    /// When that began.
    pub since_ms: u64,
    /// Subagents of its current wave that have not started yet.
    pub waiting: u32,
    /// Subagents that it asked for and did not get: beyond the limit of a wave, or not usable.
    pub refused: u32,
    /// Its last message.
    pub message: Arc<AssistantMessage>,
    /// When it started.
    pub started_ms: u64,
    /// When it ended.
    pub ended_ms: Option<u64>,
    /// The subagents of its current wave.
    wave: Vec<(AgentIndex, String)>,
    /// Subagents started so far, over all waves.
    children: u32,
}

/// Where an agent stands.
#[derive(Debug, Clone, PartialEq)]
pub enum AgentStatus {
    /// It waits for its model.
    Thinking,
    /// It waits for a tool.
    Acting,
    /// It waits for its subagents.
    Leading,
    /// It answered.
    Answered,
    /// It ended without an answer.
    Failed(Failure),
}

impl AgentStatus {
    /// Whether it still works.
    pub fn is_live(&self) -> bool {
        matches!(self, Self::Thinking | Self::Acting | Self::Leading)
    }
}

impl RunView {
    /// The view before the first event.
    pub fn new(workflow: &Workflow) -> Self {
        let steps = workflow.steps.iter().map(|step| StepView {
            name: step.name.clone(),
            verb: match step.verb {
                Verb::Agent { .. } => "agent",
                Verb::Tool { .. } => "tool",
                Verb::Run { .. } => "run",
            },
            status: StepStatus::Waiting,
            items: 0,
            succeeded: 0,
            working: 0,
            retries: 0,
            started_ms: None,
            ended_ms: None,
            failure: None,
        });
        Self {
            workflow: workflow.name.clone(),
            steps: steps.collect(),
            ..Self::default()
        }
    }

    /// The view of a whole journal.
    pub fn of<'a>(workflow: &Workflow, entries: impl IntoIterator<Item = &'a Entry>) -> Self {
        let mut view = Self::new(workflow);
        entries.into_iter().for_each(|entry| view.fold(workflow, entry));
        view
    }

    /// Agents that still work.
    pub fn live_agents(&self) -> impl Iterator<Item = &AgentView> {
        self.agents.iter().filter(|agent| agent.status.is_live())
    }

    /// Takes one more event.
    pub fn fold(&mut self, workflow: &Workflow, entry: &Entry) {
        let at_ms = entry.at_ms;
        self.updated_ms = at_ms;
        self.events = entry.sequence + 1;
        match &entry.event {
            Event::RunStarted { .. }
            | Event::RunReopened
            | Event::RunCancelled
            | Event::RunSucceeded { .. }
            | Event::RunFailed { .. } => self.fold_run(workflow, &entry.event, at_ms),
            Event::StepSkipped { .. }
            | Event::StepStarted { .. }
            | Event::StepFailed { .. }
            | Event::ItemStarted { .. }
            | Event::ItemSucceeded { .. }
            | Event::ItemFailed { .. } => self.fold_step(workflow, &entry.event, at_ms),
            event => self.fold_agent(workflow, event, at_ms),
        }
    }

    fn fold_run(&mut self, workflow: &Workflow, event: &Event, at_ms: u64) {
        match event {
            Event::RunStarted { inputs, .. } => {
                self.started_ms = at_ms;
                self.inputs = inputs.clone();
                self.status = RunStatus::Running;
            }
            Event::RunReopened => self.reopen(),
            Event::RunCancelled => self.stop(RunStatus::Cancelled, at_ms),
            Event::RunSucceeded { outputs } => {
                self.outputs = outputs.clone();
                self.stop(RunStatus::Succeeded, at_ms);
            }
            Event::RunFailed { step, failure } => {
                let step = step.map(|step| workflow.step(step).name.clone());
                self.failure = Some((step, failure.clone()));
                self.stop(RunStatus::Failed, at_ms);
            }
            _ => {}
        }
    }

    fn reopen(&mut self) {
        self.status = RunStatus::Running;
        self.failure = None;
        for step in self.steps.iter_mut().filter(|step| step.status == StepStatus::Failed) {
            (step.status, step.ended_ms) = (StepStatus::Running, None);
        }
        // Of an item whose model failed for good, the agent of the last attempt goes on. What failed
        // in a wave was told to the lead, and what failed before was tried again.
        let mut later_attempts = BTreeSet::new();
        for agent in self.agents.iter_mut().rev().filter(|agent| agent.parent.is_none()) {
            let is_last = later_attempts.insert(agent.address.clone());
            let by_model = |failure: &Failure| failure.kind == crate::failure::FailureKind::Model;
            if is_last && matches!(&agent.status, AgentStatus::Failed(failure) if by_model(failure)) {
                agent.status = AgentStatus::Thinking;
                agent.activity = "thinking".into();
                self.steps[agent.step.at()].working += 1;
            }
        }
        for agent in self.agents.iter_mut().filter(|agent| agent.status.is_live()) {
            agent.ended_ms = None;
        }
    }

    fn stop(&mut self, status: RunStatus, at_ms: u64) {
        self.status = status;
        for agent in self.agents.iter_mut().filter(|agent| agent.status.is_live()) {
            agent.ended_ms = Some(at_ms);
        }
    }

    fn fold_step(&mut self, workflow: &Workflow, event: &Event, at_ms: u64) {
        match event {
            Event::StepSkipped { step } => {
                let step = &mut self.steps[step.at()];
                (step.status, step.ended_ms) = (StepStatus::Skipped, Some(at_ms));
            }
            Event::StepStarted { step, items } => {
                let step = &mut self.steps[step.at()];
                step.items = items
                    .as_ref()
                    .map_or(1, |items| u32::try_from(items.len()).unwrap_or(u32::MAX));
                (step.status, step.started_ms) = (StepStatus::Running, Some(at_ms));
                step.close_when_done(at_ms);
            }
            Event::StepFailed { step, failure } => {
                let step = &mut self.steps[step.at()];
                (step.status, step.ended_ms, step.failure) = (StepStatus::Failed, Some(at_ms), Some(failure.clone()));
            }
            Event::ItemStarted {
                step,
                item,
                attempt,
                work,
            } => {
                let view = &mut self.steps[step.at()];
                view.working += 1;
                view.retries += u32::from(*attempt > 1);
                if let (Work::Agent { prompt }, Verb::Agent { agent, .. }) = (work, &workflow.step(*step).verb) {
                    let fanned = workflow.step(*step).fan_out.is_some();
                    let place = if fanned {
                        format!("{}[{}]", view.name, item.0)
                    } else {
                        view.name.clone()
                    };
                    let actor = self.spawn(workflow, *agent, &place, None, prompt, at_ms);
                    self.agents[actor.at()].step = *step;
                }
            }
            Event::ItemSucceeded { step, retrieved, .. } => {
                self.retrieved_tokens += retrieved.tokens;
                self.chunks_read.extend(retrieved.read.iter().cloned());
                let step = &mut self.steps[step.at()];
                step.succeeded += 1;
                step.working = step.working.saturating_sub(1);
                step.close_when_done(at_ms);
            }
            Event::ItemFailed {
                step,
                failure,
                retry_after_ms,
                ..
            } => {
                let step = &mut self.steps[step.at()];
                step.failure = Some(failure.clone());
                step.working = step.working.saturating_sub(1);
                if retry_after_ms.is_none() {
                    (step.status, step.ended_ms) = (StepStatus::Failed, Some(at_ms));
                }
            }
            _ => {}
        }
    }

    fn fold_agent(&mut self, workflow: &Workflow, event: &Event, at_ms: u64) {
        match event {
            Event::TurnStarted { actor, forced } => {
                let agent = &mut self.agents[actor.at()];
                agent.status = AgentStatus::Thinking;
                agent.since_ms = at_ms;
                agent.limit = agent.limit.or(*forced);
                agent.activity = if forced.is_some() {
                    "answering at its limit".into()
                } else {
                    "thinking".into()
                };
            }
            Event::ModelReplied { actor, reply, .. } => {
                self.usage += reply.usage;
                let agent = &mut self.agents[actor.at()];
                agent.turns += 1;
                agent.usage += reply.usage;
                agent.model_ms += reply.wall_ms;
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

    fn spawn(
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
            retrieved_tokens: 0,
            limit: None,
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

impl StepView {
    fn close_when_done(&mut self, at_ms: u64) {
        if self.succeeded == self.items {
            (self.status, self.ended_ms) = (StepStatus::Succeeded, Some(at_ms));
        }
    }
}

impl AgentView {
    fn end(&mut self, status: AgentStatus, activity: &str, at_ms: u64) {
        self.status = status;
        self.activity = activity.into();
        self.since_ms = at_ms;
        self.waiting = 0;
        self.ended_ms = Some(at_ms);
    }
}
