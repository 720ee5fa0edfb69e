//! What a run is at one moment: nothing but the fold of its events.

use super::open::Open;
use crate::event::Work;
use crate::failure::Failure;
use crate::id::{ActorId, AgentIndex, CallId, ItemIndex, StepIndex};
use crate::ir::Workflow;
use crate::limits::{LimitHit, Limits};
use crate::message::{AssistantMessage, Message, Usage};
use crate::port::journal::{Progress, RunStatus};
use crate::{Object, Value};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The state of a run. Its fields belong to the engine; the outside asks.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    pub(super) status: Option<RunStatus>,
    pub(super) inputs: Object,
    pub(super) env: Object,
    /// System prompts by agent definition, evaluated once: the stable head of every prompt.
    pub(super) systems: Vec<Arc<str>>,
    pub(super) steps: Vec<StepState>,
    pub(super) agents: Vec<AgentState>,
    pub(super) open: Open,
    pub(super) usage: Usage,
    pub(super) tool_calls: u32,
    pub(super) outputs: Object,
    pub(super) failure: Option<(Option<StepIndex>, Failure)>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct StepState {
    pub(super) phase: StepPhase,
    /// The fan-out's list; none for a step without `for_each`.
    pub(super) list: Option<Arc<Vec<Value>>>,
    pub(super) items: Vec<ItemState>,
    /// The next item that has not been started for the first time.
    pub(super) next: usize,
    pub(super) working: u32,
    pub(super) ended: u32,
    /// The output, or the list of outputs; null until the step is done and when it was skipped.
    pub(super) output: Value,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum StepPhase {
    #[default]
    Waiting,
    Running,
    Done,
    Skipped,
    Failed,
}

impl StepPhase {
    pub(super) fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Skipped)
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "succeeded",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct ItemState {
    pub(super) attempt: u32,
    pub(super) phase: ItemPhase,
    pub(super) timeout: Option<CallId>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) enum ItemPhase {
    #[default]
    Waiting,
    /// An agent works on it.
    Agent(ActorId),
    /// A tool or a process works on it.
    Call(CallId, Arc<Work>),
    /// The next attempt is due when the timer fires.
    Pausing(CallId, u64),
    Done(Value),
    /// The agent is the one whose transcript a reopened run goes on with.
    Failed {
        failure: Failure,
        agent: Option<ActorId>,
    },
}

/// A live agent, or what is left of one.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct AgentState {
    pub(super) agent: AgentIndex,
    pub(super) parent: Parent,
    pub(super) limits: Limits,
    /// The first prompt: what a lead's subagents are told as the main task.
    pub(super) task: Arc<str>,
    pub(super) messages: Vec<Arc<Message>>,
    /// Tokens of the next prompt, as far as known.
    pub(super) context: u64,
    /// Model turns that ended.
    pub(super) turns: u32,
    /// Tokens used by it and by those that work for it.
    pub(super) tokens: u64,
    pub(super) read: Arc<BTreeSet<String>>,
    pub(super) forced: Option<LimitHit>,
    pub(super) rejections: u32,
    pub(super) clock: Option<CallId>,
    pub(super) phase: AgentPhase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parent {
    Item(StepIndex, ItemIndex),
    Lead(ActorId, u32),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum AgentPhase {
    /// A turn is due.
    Ready,
    /// The model was asked.
    Thinking(CallId),
    /// The model gave an answer that nobody has looked at.
    Replied(Arc<AssistantMessage>),
    /// The tool calls of a message are worked on in order; `position` is the current one.
    Acting {
        message: Arc<AssistantMessage>,
        position: u32,
        action: Action,
    },
    /// It answered.
    Answered(String),
    /// It ended without an answer.
    Failed(Failure),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Action {
    /// The call at this position has not begun.
    Due,
    /// A tool works.
    Tool(CallId, crate::id::ToolIndex),
    /// Subagents work.
    Wave(Wave),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wave {
    pub(super) members: Vec<MemberState>,
    pub(super) next: usize,
    pub(super) working: u32,
    pub(super) ended: u32,
    pub(super) dropped: u32,
    pub(super) invalid: u32,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct MemberState {
    pub(super) agent: AgentIndex,
    pub(super) prompt: Arc<str>,
    pub(super) phase: MemberPhase,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum MemberPhase {
    Waiting,
    Working(ActorId),
    Answered(String, Option<LimitHit>),
    Failed(Failure),
}

impl State {
    /// The state before the first event.
    pub fn new(workflow: &Workflow) -> Self {
        Self {
            status: None,
            inputs: Object::new(),
            env: Object::new(),
            systems: Vec::new(),
            steps: vec![StepState::default(); workflow.steps.len()],
            agents: Vec::new(),
            open: Open::default(),
            usage: Usage::default(),
            tool_calls: 0,
            outputs: Object::new(),
            failure: None,
        }
    }

    /// Where the run stands; none before it started.
    pub fn status(&self) -> Option<RunStatus> {
        self.status
    }

    /// The outputs, once the run succeeded.
    pub fn outputs(&self) -> &Object {
        &self.outputs
    }

    /// What the run was started with.
    pub fn inputs(&self) -> &Object {
        &self.inputs
    }

    /// Why the run failed, and at which step.
    pub fn failure(&self) -> Option<(Option<StepIndex>, &Failure)> {
        self.failure.as_ref().map(|(step, failure)| (*step, failure))
    }

    /// How far the run is.
    pub fn progress(&self) -> Progress {
        Progress {
            status: self.status.unwrap_or_default(),
            agents: u32::try_from(self.agents.len()).unwrap_or(u32::MAX),
            tool_calls: self.tool_calls,
            usage: self.usage,
        }
    }

    /// How many effects are open.
    pub fn open_calls(&self) -> usize {
        self.open.since(CallId(0)).count()
    }

    pub(super) fn step(&self, step: StepIndex) -> &StepState {
        &self.steps[step.at()]
    }

    pub(super) fn item(&self, step: StepIndex, item: ItemIndex) -> &ItemState {
        &self.steps[step.at()].items[item.at()]
    }

    pub(super) fn agent(&self, actor: ActorId) -> &AgentState {
        &self.agents[actor.at()]
    }

    pub(super) fn agent_mut(&mut self, actor: ActorId) -> &mut AgentState {
        &mut self.agents[actor.at()]
    }

    pub(super) fn next_actor(&self) -> ActorId {
        ActorId(u32::try_from(self.agents.len()).unwrap_or(u32::MAX))
    }

    /// Evaluates the system prompts; an agent whose prompt cannot be evaluated gets an empty one,
    /// and `run::receive` fails the run before it is ever used.
    pub(super) fn evaluate_systems(&self, workflow: &Workflow) -> Vec<Arc<str>> {
        let scope = super::scope::RunScope::of(workflow, self);
        workflow
            .agents
            .iter()
            .map(|agent| agent.system.evaluate_text(&scope).unwrap_or_default().into())
            .collect()
    }
}

impl AgentState {
    pub(super) fn is_live(&self) -> bool {
        !matches!(self.phase, AgentPhase::Answered(_) | AgentPhase::Failed(_))
    }
}
