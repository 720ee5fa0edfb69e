//! What models read and write: messages, tool calls, usage.

use crate::Value;
use crate::recording::Recording;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One message of a transcript. The system prompt is not one: it belongs to the request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "snake_case")]
pub enum Message {
    /// A task or a notice for the model.
    User {
        /// What it says.
        text: String,
    },
    /// What the model wrote.
    Assistant(Arc<AssistantMessage>),
    /// The answer to one tool call.
    Tool {
        /// The id that the model gave the call.
        id: String,
        /// The tool's name.
        name: String,
        /// What the model sees.
        text: String,
    },
}

impl Message {
    /// Estimated tokens of the message, tool-call arguments included.
    pub fn estimated_tokens(&self) -> u64 {
        match self {
            Self::User { text } | Self::Tool { text, .. } => crate::tokens::estimate(text),
            Self::Assistant(message) => {
                let calls: u64 = message
                    .tool_calls
                    .iter()
                    .map(|c| crate::tokens::estimate(&c.arguments) + crate::tokens::estimate(&c.name))
                    .sum();
                crate::tokens::estimate(&message.text) + calls
            }
        }
    }
}

/// What a model wrote in one turn.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AssistantMessage {
    /// The visible text; the answer when there are no tool calls.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// Text inside the model's thinking marks, kept apart and never handed to another agent.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub thinking: String,
    /// The tools that it wants called, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall>,
}

/// A tool call as the model wrote it; the arguments are unparsed, since models get them wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The id that the model or its adapter gave the call.
    pub id: String,
    /// The tool's name as the model knows it.
    pub name: String,
    /// JSON text, hopefully.
    pub arguments: String,
}

/// What a model call cost, as its provider reports it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens of the prompt.
    pub prompt_tokens: u64,
    /// Tokens of the prompt that came from a cache.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cached_tokens: u64,
    /// Tokens written by the model.
    pub completion_tokens: u64,
    /// Milliseconds of accelerators, where the model knows them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub gpu_ms: u64,
}

fn is_zero(n: &u64) -> bool {
    *n == 0
}

fn is_false(value: &bool) -> bool {
    !value
}

impl Usage {
    /// Whether nothing was used.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// Prompt and completion together.
    pub fn total(&self) -> u64 {
        self.prompt_tokens + self.completion_tokens
    }
}

impl std::ops::AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.prompt_tokens += other.prompt_tokens;
        self.cached_tokens += other.cached_tokens;
        self.completion_tokens += other.completion_tokens;
        self.gpu_ms += other.gpu_ms;
    }
}

/// A model's whole answer to one request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// What it wrote.
    pub message: Arc<AssistantMessage>,
    /// What it cost.
    pub usage: Usage,
    /// Why it stopped writing.
    #[serde(default)]
    pub finish: Finish,
    /// Milliseconds from asking to the last byte, waiting included.
    #[serde(default)]
    pub wall_ms: u64,
    /// Milliseconds of [`Reply::wall_ms`] spent waiting for a place or a rate limit.
    #[serde(default)]
    pub queue_ms: u64,
    /// Whether it is the answer that an earlier equal call got. [`Reply::usage`] is then nothing.
    #[serde(default, skip_serializing_if = "is_false")]
    pub cached: bool,
    /// What a cached answer cost when it was made; nothing for any other.
    #[serde(default, skip_serializing_if = "Usage::is_nothing")]
    pub saved: Usage,
    /// What its tokens were chosen from; models in this process know that.
    #[serde(default, skip_serializing_if = "Recording::is_empty")]
    pub recording: Recording,
}

/// Why a model stopped writing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// It was done, or asked for tools.
    #[default]
    Stop,
    /// It reached the provider's output length.
    Length,
    /// The provider's filter ended it.
    Filtered,
}

/// What a tool gave back.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ToolOutput {
    /// What the model sees.
    pub text: String,
    /// The same as data, for expressions and `--json`. Null where a tool has nothing to add to its
    /// text, or where the call came from an agent: the model reads text only.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub result: Value,
    /// What retrieval showed and read.
    #[serde(default, skip_serializing_if = "Retrieved::is_empty")]
    pub retrieved: Retrieved,
    /// Whether it is the answer that an earlier equal call got.
    #[serde(default, skip_serializing_if = "is_false")]
    pub cached: bool,
    /// Milliseconds from calling it to its answer, as whoever called it measured them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub wall_ms: u64,
}

/// The retrieval record of one tool call: raw facts for citation checks and scores.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retrieved {
    /// Ids of chunks of which snippets were shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shown: Vec<String>,
    /// Ids of chunks shown in full for the first time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub read: Vec<String>,
    /// Tokens that came from the corpus; headers and notices are not counted (A-RAG §1.5).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub tokens: u64,
}

impl Retrieved {
    /// Whether nothing was shown, read or counted.
    pub fn is_empty(&self) -> bool {
        self.shown.is_empty() && self.read.is_empty() && self.tokens == 0
    }
}
