//! One run as a person sees it: steps with their items, agents as a tree, and what they use.

use super::Leaves;
use crate::Object;
use crate::event::Event;
use crate::failure::Failure;
use crate::id::{ActorId, AgentIndex, ItemIndex, StepIndex};
use crate::input::Used;
use crate::ir::Workflow;
use crate::limits::{Amount, Limits, Reached, RunLimits};
use crate::message::{AssistantMessage, Usage};
use crate::port::journal::{Entry, RunStatus};
use indexmap::IndexMap;
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::Arc;

mod edit;
mod fold;
mod steps;

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
    pub inputs: Arc<Object>,
    /// What it gave, once it succeeded.
    pub outputs: Object,
    /// Why it failed, and where: `publish`, `check[paper-12]`.
    pub failure: Option<(Option<String>, Failure)>,
    /// The steps, in dependency order.
    pub steps: Vec<StepView>,
    /// The agents, in the order in which they started; the position is the [`ActorId`].
    pub agents: Leaves<AgentView>,
    /// Agents of the runs that it started.
    pub agents_below: u32,
    /// Model usage of all agents, those of runs that it started included.
    pub usage: Usage,
    /// Tool calls that ended, those of runs that it started included.
    pub tool_calls: u32,
    /// Its model calls and tool calls, and what the cache saved of them.
    pub calls: CallsView,
    /// What it may use: of the size of the run, and how long.
    pub limits: RunLimits,
    /// What it may use of all that adds up: its limits, within what the run above left to it.
    pub most: Amount,
    /// What it used of that, runs that it started included.
    pub spent: Amount,
    /// Limits that were passed and stopped nothing, since the run is audited; with the agent where one is meant.
    pub passed: Vec<(Option<ActorId>, Reached)>,
    /// Tokens that came from corpora.
    pub retrieved_tokens: u64,
    /// Ids of chunks that somebody read in full.
    pub chunks_read: BTreeSet<String>,
}

/// Calls of models and tools that gave an answer: those of the run's own agents and `tool` steps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CallsView {
    /// How many.
    pub answered: u32,
    /// Those that were answered from the cache.
    pub cached: u32,
    /// Tokens that those would have used.
    pub saved_tokens: u64,
}

impl CallsView {
    fn count(&mut self, cached: bool) {
        self.answered += 1;
        self.cached += u32::from(cached);
    }
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
    /// Their names by `key`; empty for a step without one.
    pub keys: Arc<Vec<String>>,
    /// Items that have their output.
    pub succeeded: u32,
    /// Items that failed for good while the run goes on: `on_error: continue`.
    pub failed: u32,
    /// Items that are worked on.
    pub working: u32,
    /// Items whose effect may have happened or not, and about which a person is asked.
    pub in_doubt: BTreeSet<ItemIndex>,
    /// Attempts beyond the first.
    pub retries: u32,
    /// Rounds of its `repeat` that ended and were not the last.
    pub rounds: u32,
    /// The runs that its items started, in the order in which they were first started.
    pub children: Vec<ChildView>,
    /// When it started.
    pub started_ms: Option<u64>,
    /// When it ended.
    pub ended_ms: Option<u64>,
    /// The last failure of an item, mended or not.
    pub failure: Option<Failure>,
    /// Where each item stands.
    pub(super) item_status: Vec<StepStatus>,
    /// Items that failed for good, and the run with them.
    stopped: BTreeSet<ItemIndex>,
}

/// A run that an item of a step started.
#[derive(Debug, Clone, PartialEq)]
pub struct ChildView {
    /// What follows the name of the run that started it, and a `.`: `review`, `check-7`.
    pub name: String,
    /// Which item.
    pub item: ItemIndex,
    /// Where it stands, as far as the run that started it knows.
    pub status: RunStatus,
    /// What it used, once it ended.
    pub used: Used,
    /// When it was first started.
    pub started_ms: u64,
    /// When it ended.
    pub ended_ms: Option<u64>,
}

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepStatus {
    /// Not due yet.
    Waiting,
    /// Worked on.
    Running,
    /// Nothing of it can go on before a person says what became of an interrupted effect.
    InDoubt,
    /// Done.
    Succeeded,
    /// Its `when` was false.
    Skipped,
    /// An item failed for good; with `on_error: continue` the others have ended too, and the run goes on.
    Failed,
}

impl StepStatus {
    /// The word that screens and JSON use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::InDoubt => "in doubt",
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
    /// Milliseconds of those spent waiting for a place or a rate limit.
    pub queue_ms: u64,
    /// Its model calls that were answered from the cache.
    pub cached_turns: u32,
    /// Tokens that came from corpora.
    pub retrieved_tokens: u64,
    /// The limit that forced its answer.
    pub limit: Option<Reached>,
    /// What it may use.
    pub limits: Limits,
    /// What it and those that work for it used of that.
    pub spent: Amount,
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
    /// The word that screens and JSON use.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Thinking => "thinking",
            Self::Acting => "acting",
            Self::Leading => "leading",
            Self::Answered => "answered",
            Self::Failed(_) => "failed",
        }
    }

    /// Whether it still works.
    pub fn is_live(&self) -> bool {
        matches!(self, Self::Thinking | Self::Acting | Self::Leading)
    }
}

impl AgentView {
    /// What it and those that work for it may still use; turns are its own.
    pub fn left(&self) -> Amount {
        let turns = u64::from(self.limits.turns.saturating_sub(self.turns));
        let left = self.limits.amount().minus(self.spent);
        Amount { turns, ..left }
    }
}

impl RunView {
    /// What the run may still use; what is reserved for calls under way is a part of it.
    pub fn left(&self) -> Amount {
        self.most.minus(self.spent)
    }

    /// The view before the first event.
    pub fn new(workflow: &Workflow) -> Self {
        let steps = workflow.steps.iter().map(|step| StepView::new(workflow, step));
        Self {
            workflow: workflow.name.clone(),
            steps: steps.collect(),
            limits: workflow.limits,
            most: workflow.limits.amount(),
            ..Self::default()
        }
    }

    /// The view of a whole journal.
    pub fn of<'a>(workflow: &Workflow, entries: impl IntoIterator<Item = &'a Entry>) -> Self {
        let mut view = Self::new(workflow);
        entries.into_iter().for_each(|entry| view.fold(workflow, entry));
        view
    }

    /// An item's name: `publish`, `check[7]`, `check[paper-12]`.
    pub fn place(&self, workflow: &Workflow, step: StepIndex, item: ItemIndex) -> String {
        let view = &self.steps[step.at()];
        match (&workflow.step(step).fan_out, view.keys.get(item.at())) {
            (None, _) => view.name.clone(),
            (Some(_), Some(key)) => format!("{}[{key}]", view.name),
            (Some(_), None) => format!("{}[{}]", view.name, item.0),
        }
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
            | Event::AllowanceGiven { .. }
            | Event::LimitRaised { .. }
            | Event::RunCancelled
            | Event::RunSucceeded { .. }
            | Event::RunFailed { .. } => self.fold_run(workflow, &entry.event, at_ms),
            Event::StepSkipped { .. }
            | Event::StepStarted { .. }
            | Event::StepFailed { .. }
            | Event::OutputEdited { .. }
            | Event::ItemStarted { .. }
            | Event::ItemSucceeded { .. }
            | Event::RoundEnded { .. }
            | Event::ItemFailed { .. }
            | Event::EffectDoubted { .. }
            | Event::EffectRepeated { .. } => self.fold_step(workflow, &entry.event, at_ms),
            event => self.fold_agent(workflow, event, at_ms),
        }
    }
}
