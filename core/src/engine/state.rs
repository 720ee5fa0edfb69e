//! What a run is at one moment: nothing but the fold of its events.

use super::open::Open;
use crate::event::Work;
use crate::failure::Failure;
use crate::id::{ActorId, AgentIndex, CallId, ItemIndex, StepIndex};
use crate::input::Used;
use crate::ir::Workflow;
use crate::limits::{Allowance, Amount, LimitHit, Limits, Reached, RunLimits};
use crate::message::{AssistantMessage, Message, Usage};
use crate::port::journal::{Progress, RunStatus};
use crate::{Object, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The state of a run. Its fields belong to the engine; the outside asks.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    pub(super) status: Option<RunStatus>,
    pub(super) inputs: Object,
    pub(super) env: Object,
    /// The workflow's, within what a parent left to this run.
    pub(super) limits: RunLimits,
    /// What the run above left to this one.
    pub(super) allowance: Option<Allowance>,
    /// Of what adds up, the most that the run may use.
    pub(super) most: Amount,
    /// What it used, runs that it started included.
    pub(super) spent: Amount,
    /// What calls and runs under way may use.
    pub(super) reserved: Amount,
    /// Agents that runs under way may start.
    pub(super) agents_lent: u32,
    /// Items of the widest fan-out so far.
    pub(super) widest: u32,
    /// Whether a workflow was called or a team started.
    pub(super) nests: bool,
    /// Limits that were passed and told, of agents and of the run.
    pub(super) passed: BTreeMap<(Option<ActorId>, LimitHit), Reached>,
    /// The end of the run's seconds.
    pub(super) clock: Option<CallId>,
    /// Agents whose turn is due and has not begun, since a limit makes it wait.
    pub(super) ready: BTreeSet<ActorId>,
    /// System prompts by agent definition, evaluated once: the stable head of every prompt.
    pub(super) systems: Vec<Arc<str>>,
    /// Images by declared sandbox, evaluated once.
    pub(super) images: Vec<Arc<str>>,
    pub(super) steps: Vec<StepState>,
    /// The first step that is not over: how many steps there are, when all are.
    pub(super) first_open: usize,
    pub(super) agents: Vec<AgentState>,
    pub(super) open: Open,
    pub(super) usage: Usage,
    pub(super) tool_calls: u32,
    /// Agents of the runs that this one started.
    pub(super) agents_below: u32,
    /// Ids of chunks that anybody read in full, runs that it started included.
    pub(super) read: BTreeSet<String>,
    pub(super) outputs: Object,
    pub(super) failure: Option<(Option<Place>, Failure)>,
}

/// A step, and the item of it where one is meant.
pub(super) type Place = (StepIndex, Option<ItemIndex>);

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct StepState {
    pub(super) phase: StepPhase,
    /// The fan-out's list; none for a step without `for_each`.
    pub(super) list: Option<Arc<Vec<Value>>>,
    /// The items' names; empty for a step without `key`.
    pub(super) keys: Arc<Vec<String>>,
    pub(super) items: Vec<ItemState>,
    /// The next item that has not been started for the first time.
    pub(super) next: usize,
    pub(super) working: u32,
    pub(super) ended: u32,
    /// Items whose run has a share of what is left.
    pub(super) lent: u32,
    /// The output, or the list of outputs; null until the step is done and when it was skipped.
    pub(super) output: Value,
    /// What `steps.NAME.errors` holds; null until the step is done.
    pub(super) errors: Value,
}

impl StepState {
    /// What `steps.NAME.status` says.
    pub(super) fn word(&self) -> &'static str {
        match self.errors.as_array() {
            Some(errors) if !errors.is_empty() => StepPhase::Failed.word(),
            _ => self.phase.word(),
        }
    }
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

    fn word(self) -> &'static str {
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
    /// The attempt of the current round.
    pub(super) attempt: u32,
    /// Attempts of the current round that began; `attempt` begins anew when the run is reopened, and this does not.
    pub(super) begun: u32,
    /// Times that this attempt's effect was in doubt, or its person had to be asked again.
    pub(super) doubts: u32,
    pub(super) phase: ItemPhase,
    pub(super) timeout: Option<CallId>,
    /// Until when a person is waited for.
    pub(super) deadline: Option<CallId>,
    /// Rounds that ended.
    pub(super) rounds: u32,
    /// Rounds that had ended when a person last asked to try again: `max` counts from there.
    pub(super) rounds_before: u32,
    /// What the last round left to the next.
    pub(super) carry: Value,
    /// Whether a person asked to try again what failed in the run that it started.
    pub(super) reopened: bool,
    /// What that run used and the run's own figures hold already.
    pub(super) counted: Used,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) enum ItemPhase {
    #[default]
    Waiting,
    /// An agent works on it.
    Agent(ActorId),
    /// A tool, a process, another run or a person works on it.
    Call(CallId, Arc<Work>),
    /// A person is asked what became of the work.
    InDoubt {
        question: CallId,
        work: Arc<Work>,
        /// Why the last answer could not be used.
        refused: Option<String>,
    },
    /// A round ended and the next one is due.
    BetweenRounds,
    /// The next attempt is due when the timer fires.
    Pausing(CallId, u64),
    Done(Value),
    /// The agent is the one whose transcript a reopened run goes on with, `interrupted` the work that may
    /// have been done all the same.
    Failed {
        failure: Failure,
        agent: Option<ActorId>,
        interrupted: Option<Arc<Work>>,
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
    /// What it and those that work for it used.
    pub(super) spent: Amount,
    /// What calls of it and of those that work for it may use.
    pub(super) reserved: Amount,
    /// What its own call may use.
    pub(super) call: Amount,
    pub(super) read: Arc<BTreeSet<String>>,
    pub(super) forced: Option<LimitHit>,
    pub(super) rejections: u32,
    /// Times that it went on after its model had failed for good.
    pub(super) returns: u32,
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
    /// Whether nothing of a step will happen any more, as far as can be told.
    pub fn is_over(&self, step: StepIndex) -> bool {
        let phase = self.steps.get(step.at()).map(|step| step.phase);
        phase.is_some_and(|phase| phase.is_over() || phase == StepPhase::Failed)
    }

    /// The state before the first event.
    pub fn new(workflow: &Workflow) -> Self {
        Self {
            status: None,
            inputs: Object::new(),
            env: Object::new(),
            limits: workflow.limits,
            allowance: None,
            most: workflow.limits.amount(),
            spent: Amount::default(),
            reserved: Amount::default(),
            agents_lent: 0,
            widest: 0,
            nests: false,
            passed: BTreeMap::new(),
            clock: None,
            ready: BTreeSet::new(),
            systems: Vec::new(),
            images: Vec::new(),
            steps: vec![StepState::default(); workflow.steps.len()],
            first_open: 0,
            agents: Vec::new(),
            open: Open::default(),
            usage: Usage::default(),
            tool_calls: 0,
            agents_below: 0,
            read: BTreeSet::new(),
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

    /// What an item of a step gave, or a step without `for_each` as its item 0; none before it is done.
    pub fn output(&self, workflow: &Workflow, step: StepIndex, item: ItemIndex) -> Option<&Value> {
        let at = self.step(step);
        match (&workflow.step(step).fan_out, at.phase, &at.items.get(item.at())?.phase) {
            (_, _, ItemPhase::Failed { .. }) => None,
            (None, StepPhase::Done, _) => Some(&at.output),
            (Some(_), StepPhase::Done, _) => at.output.get(item.at()),
            (_, _, ItemPhase::Done(value)) => Some(value),
            _ => None,
        }
    }

    /// What the run was started with.
    pub fn inputs(&self) -> &Object {
        &self.inputs
    }

    /// Why the run failed, and where: `publish`, `check[paper-12]`; nowhere when an output could not be computed.
    pub fn failure(&self, workflow: &Workflow) -> Option<(Option<String>, &Failure)> {
        let (place, failure) = self.failure.as_ref()?;
        let place = place.map(|(step, item)| match item {
            Some(item) => self.place(workflow, step, item),
            None => workflow.step(step).name.clone(),
        });
        Some((place, failure))
    }

    /// An item's name for people: `publish`, `check[7]`, `check[paper-12]`.
    pub(super) fn place(&self, workflow: &Workflow, step: StepIndex, item: ItemIndex) -> String {
        let name = &workflow.step(step).name;
        match self.item_name(workflow, step, item) {
            Some(item) => format!("{name}[{item}]"),
            None => name.clone(),
        }
    }

    /// The item's key, or its position where it has none; none for a step without `for_each`.
    pub(super) fn item_name(&self, workflow: &Workflow, step: StepIndex, item: ItemIndex) -> Option<String> {
        workflow.step(step).fan_out.as_ref()?;
        let key = self.step(step).keys.get(item.at());
        Some(key.cloned().unwrap_or_else(|| item.0.to_string()))
    }

    /// How far the run is.
    pub fn progress(&self) -> Progress {
        Progress {
            status: self.status.unwrap_or_default(),
            agents: self.agents_started(),
            tool_calls: self.tool_calls,
            usage: self.usage,
            wake_ms: None,
        }
    }

    /// The number that the next effect gets: whatever is wanted from now on has this number or a later one.
    pub fn next_call(&self) -> CallId {
        self.open.next_call()
    }

    /// Agents started, those of other runs that this one started included.
    pub(super) fn agents_started(&self) -> u32 {
        u32::try_from(self.agents.len())
            .unwrap_or(u32::MAX)
            .saturating_add(self.agents_below)
    }

    /// Counts what a run that this one started has used.
    pub(super) fn count(&mut self, used: Used) {
        self.usage += used.usage;
        self.tool_calls += used.tool_calls;
        self.agents_below += used.agents;
        self.spent += used.amount();
    }

    /// What the run used, as one that another run started tells it.
    pub fn used(&self) -> Used {
        Used {
            agents: self.agents_started(),
            tool_calls: self.tool_calls,
            usage: self.usage,
            turns: self.spent.turns,
            cost_micros: self.spent.cost_micros,
            working_ms: self.spent.working_ms,
        }
    }

    /// Ids of chunks that anybody in the run read in full, runs that it started included.
    pub fn read(&self) -> &BTreeSet<String> {
        &self.read
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

    /// Evaluates the images of declared sandboxes, as system prompts are.
    pub(super) fn evaluate_images(&self, workflow: &Workflow) -> Vec<Arc<str>> {
        let scope = super::scope::RunScope::of(workflow, self);
        let images = workflow.sandboxes.iter().map(|sandbox| &sandbox.place.image);
        images
            .map(|image| image.evaluate_text(&scope).unwrap_or_default().into())
            .collect()
    }
}

impl AgentState {
    pub(super) fn is_live(&self) -> bool {
        !matches!(self.phase, AgentPhase::Answered(_) | AgentPhase::Failed(_))
    }
}
