//! What a run wants done. Performed only after the facts that led to it are on disk.

use crate::Value;
use crate::id::{ActorId, AgentIndex, CallId, ModelIndex, ToolIndex};
use crate::message::Message;
use crate::types::Type;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A wish. Exactly one input answers it, unless it is aborted.
#[derive(Debug, Clone, PartialEq)]
pub struct Effect {
    /// Which call this is: part of the idempotency key, and the name under which the answer comes back.
    pub call: CallId,
    /// What is wanted.
    pub want: Want,
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
    /// A wake-up after so many milliseconds.
    Timer {
        /// From when the effect is performed.
        after_ms: u64,
    },
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
}
