//! What a run wants done. Performed only after the facts that led to it are on disk.

use crate::artifact::Wanted;
use crate::id::{ActorId, AgentIndex, CallId, ItemIndex, ModelIndex, StepIndex, ToolIndex, WorkflowIndex};
use crate::input::Used;
use crate::limits::{Allowance, Left};
use crate::message::Message;
use crate::port::sandbox::{Network, Resources, Rights};
use crate::types::Type;
use crate::{Object, Value};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A wish. Exactly one input answers it, unless it is aborted.
#[derive(Debug, Clone, PartialEq)]
pub struct Effect {
    /// Which call this is: the name under which the answer comes back.
    pub call: CallId,
    /// Which work it is a part of; none for the run's own timer.
    pub origin: Option<Origin>,
    /// What it is by place and attempt (`check[7]/a2/r1`), unlike every other effect of the run: the same
    /// for each repetition of it, so that whoever performs it can tell one from something new. Empty for
    /// timers, of which nobody outside hears.
    pub key: String,
    /// What is wanted.
    pub want: Want,
}

/// The work that an effect is a part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Origin {
    /// The step.
    pub step: StepIndex,
    /// The item.
    pub item: ItemIndex,
    /// The item's attempt, from 1.
    pub attempt: u32,
    /// The item's round, from 1.
    pub round: u32,
    /// The lead of the subagent that wants it; none where no lead is between it and the item.
    pub lead: Option<ActorId>,
}

/// What is wanted.
#[derive(Debug, Clone, PartialEq)]
pub enum Want {
    /// The next message of an agent. Repeating it is harmless.
    Model(ModelRequest),
    /// A tool call.
    Tool(ToolRequest),
    /// A process on the host.
    Process(Command),
    /// A run of another workflow, begun or gone on with, to its end.
    Workflow(Box<WorkflowRequest>),
    /// A person's decision.
    Approve(ApprovalRequest),
    /// A wake-up after so many milliseconds.
    Timer {
        /// From when the effect was wanted, in this process or an earlier one.
        after_ms: u64,
        /// Which milliseconds count.
        measure: Measure,
    },
}

/// Which time a timer measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// All time, whether a process drives the run or not.
    Clock,
    /// Time in which a process drives the run: nobody works in between.
    Work,
}

/// A run of another workflow.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkflowRequest {
    /// Which workflow.
    pub workflow: WorkflowIndex,
    /// The last part of the run's name; the same for every repetition of the effect.
    pub name: String,
    /// The step that starts it, with its item: `review[2]`.
    pub place: String,
    /// Its inputs, which fit.
    pub inputs: Object,
    /// The environment variables that its expressions read.
    pub env: Object,
    /// What it may use of its parent's limits, on top of what was counted.
    pub allowance: Allowance,
    /// What it used before and its parent has counted.
    pub counted: Used,
    /// Whether a person asked to try again what failed in it.
    pub reopen: bool,
}

/// A question to a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalRequest {
    /// The step that asks.
    pub step: String,
    /// The item's key, or its position where it has none; none for a step without `for_each`.
    pub item: Option<String>,
    /// What the person reads.
    pub message: String,
    /// What may be chosen.
    pub choices: Vec<String>,
    /// Milliseconds after which nobody is waited for.
    pub deadline_ms: Option<u64>,
}

/// A request to a model, before tool schemas and prompt policies are added by the runtime.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelRequest {
    /// Who asks.
    pub actor: ActorId,
    /// The definition of who asks: its tools, its team.
    pub agent: AgentIndex,
    /// Which model.
    pub model: ModelIndex,
    /// The system prompt.
    pub system: Arc<str>,
    /// The transcript; shared, never copied.
    pub messages: Vec<Arc<Message>>,
    /// The turn of which this is the model call, from 1.
    pub turn: u32,
    /// Whether the answer is forced: no tools are offered, temperature 0 (A-RAG §1.3).
    pub forced: bool,
    /// What the final answer must be; `Type::String` for text.
    pub output: Type,
}

/// A call of one tool.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolRequest {
    /// The agent that asks; none for a `tool` step.
    pub actor: Option<ActorId>,
    /// Which tool.
    pub tool: ToolIndex,
    /// Its arguments, an object.
    pub arguments: Value,
    /// The chunks that this agent has read in full: the context tracker of A-RAG §1.2.
    pub read: Arc<BTreeSet<String>>,
    /// What this agent may still use; none for a `tool` step.
    pub left: Option<Left>,
    /// Where a tool of a sandbox works; none for other tools.
    pub place: Option<Place>,
}

/// A process to start.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Command {
    /// Program and arguments.
    pub arguments: Vec<String>,
    /// Environment variables added to the process's own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<(String, String)>,
    /// What the process reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdin: Option<String>,
    /// Where it runs; on the machine itself where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sandbox: Option<Place>,
    /// Files that it gives, for the run to keep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifacts: Option<Wanted>,
}

/// A sandbox.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Place {
    /// Its name in the run, where it stays from one command to the next: `shop`, `shop/agent-7`. Without one it is
    /// made for a command and gone afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<String>,
    /// The image that it starts from.
    pub image: String,
    /// Where commands start.
    #[serde(default = "work")]
    pub directory: String,
    /// What it may reach.
    pub network: Network,
    /// What its commands may do to it.
    #[serde(default)]
    pub rights: Rights,
    /// What it may use.
    pub resources: Resources,
}

/// Where commands in a sandbox start that say nothing else: an empty folder of its own.
pub const WORK: &str = "/work";

fn work() -> String {
    WORK.to_owned()
}
