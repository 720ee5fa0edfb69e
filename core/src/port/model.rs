//! Language models, and whatever stands in for one. Streaming is the only path: a whole answer is a fold.

use super::branch::Branch;
use super::tool::ToolSpec;
use super::{Error, ErrorKind};
use crate::message::{AssistantMessage, Finish, Message, Reply, ToolCall, Usage};
use crate::recording::{Recording, Written};
use crate::sampling::Sampling;
use crate::types::Type;
use async_trait::async_trait;
use futures_core::Stream;
use serde::Serialize;
use std::pin::Pin;
use std::sync::Arc;

/// Everything that a model is given for one answer.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelRequest {
    /// The system prompt, policies of the runtime included.
    pub system: Arc<str>,
    /// The transcript.
    pub messages: Vec<Arc<Message>>,
    /// The tools on offer; none when an answer is forced.
    pub tools: Arc<[ToolSpec]>,
    /// Which calls of them the answer may hold, and which it must.
    pub calling: Calling,
    /// What the final answer must be; `Type::String` for text.
    pub output: Type,
    /// How the answer's tokens are chosen.
    pub sampling: Sampling,
    /// Whether a limit forced this answer.
    pub forced: bool,
    /// The agent that asks, where it may ask again.
    pub branch: Option<Arc<Branch>>,
}

/// How many tools an answer calls: a workflow leaves that to the model.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Calling {
    /// Whether it must call any.
    pub choice: ToolChoice,
    /// Whether one call is the most.
    pub single: bool,
}

/// Whether an answer calls tools.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolChoice {
    /// As the model likes.
    #[default]
    Auto,
    /// It calls some tool.
    Required,
    /// It calls the tool of this name.
    Named(String),
}

/// A piece of an answer as it arrives.
#[derive(Debug, Clone, PartialEq)]
pub enum Delta {
    /// Visible text.
    Text(String),
    /// Text inside thinking marks.
    Thinking(String),
    /// A piece of a tool call; pieces of one call share `position`.
    ToolCall {
        /// Position among the answer's tool calls.
        position: usize,
        /// The call's id, on the first piece at the latest.
        id: Option<String>,
        /// The tool's name, on the first piece at the latest.
        name: Option<String>,
        /// The next piece of the arguments' JSON text.
        arguments: String,
    },
    /// The answer's next token, as the model chose it; its text comes as another piece, now or later.
    Token(Written),
    /// What the call cost so far; the last one counts.
    Usage(Usage),
    /// Why it stopped.
    Finish(Finish),
    /// Milliseconds spent waiting for a rate limit.
    Queued(u64),
    /// The answer begins anew: the text, the thinking and the tool calls so far are void.
    Void,
}

impl Delta {
    /// Bytes of the answer in it.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Text(text) | Self::Thinking(text) => text.len(),
            Self::ToolCall { name, arguments, .. } => name.as_ref().map_or(0, String::len) + arguments.len(),
            Self::Token(_) | Self::Usage(_) | Self::Finish(_) | Self::Queued(_) | Self::Void => 0,
        }
    }
}

/// An answer as it arrives. Dropping it cancels the request.
pub type DeltaStream = Pin<Box<dyn Stream<Item = Result<Delta, Error>> + Send>>;

/// A model. Rate limits and retries of passing faults are its own business; how many requests it gets at
/// once is the runtime's.
#[async_trait]
pub trait Model: Send + Sync {
    /// Starts an answer.
    async fn generate(&self, request: ModelRequest) -> Result<DeltaStream, Error>;

    /// What is shown beside its answers, such as `builtin/reader (no language model)`.
    fn label(&self) -> String;

    /// How likely `answer` is as the answer to a request.
    ///
    /// # Errors
    /// `Invalid` by whoever cannot say: what is behind an endpoint does not.
    async fn score(&self, _request: ModelRequest, _answer: &str) -> Result<Score, Error> {
        Err(self.cannot("say how likely a given answer is"))
    }

    /// The mean of the vectors of a request's tokens behind a layer; 0 is the table of words, and the last one is
    /// normalised.
    ///
    /// # Errors
    /// `Invalid` by whoever cannot say, and for a layer that there is not.
    async fn hidden(&self, _request: ModelRequest, _layer: usize) -> Result<Vec<f32>, Error> {
        Err(self.cannot("show its hidden states"))
    }

    /// Keeps the beginning that requests like this one share (system prompt and tools) ready until the guard is
    /// dropped: several are about to ask with it. Nothing where a model has no use for that.
    async fn hold(&self, _request: &ModelRequest) -> Option<Held> {
        None
    }

    /// How the tokens that it tells of ([`Delta::Token`]) are spelled; nothing where it tells of none.
    ///
    /// # Errors
    /// As [`Self::generate`], for a model that is loaded by this.
    async fn words(&self) -> Result<Option<Words>, Error> {
        Ok(None)
    }

    /// The refusal of something that this kind of model does not do.
    fn cannot(&self, what: &str) -> Error {
        let message = format!("{} cannot {what}; models in this process (local/…) can", self.label());
        Error::new(ErrorKind::Invalid, message)
    }

    /// Which model it is and where it is reached: two of the same identity share their places, and would
    /// give the same answers. It holds no key.
    fn identity(&self) -> String {
        self.label()
    }
}

/// The bytes of each token of a vocabulary; of one that it has not, none.
pub type Words = Arc<dyn Fn(u32) -> Vec<u8> + Send + Sync>;

/// Whatever keeps something ready; dropping it lets it go.
pub type Held = Box<dyn Send + Sync>;

/// How likely a given answer is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// Its tokens, the one that ends it included.
    pub tokens: usize,
    /// Sum of their natural log-probabilities.
    pub sum: f64,
}

impl Score {
    /// The mean log-probability of a token (length-normalised likelihood).
    pub fn mean(&self) -> f64 {
        self.sum / self.tokens.max(1) as f64
    }
}

/// Folds deltas into a whole answer.
#[derive(Debug, Default)]
pub struct Fold {
    text: String,
    thinking: String,
    calls: Vec<ToolCall>,
    usage: Usage,
    finish: Finish,
    queue_ms: u64,
    recording: Recording,
}

impl Fold {
    /// Takes the next piece.
    pub fn push(&mut self, delta: Delta) {
        match delta {
            Delta::Text(piece) => self.text.push_str(&piece),
            Delta::Thinking(piece) => self.thinking.push_str(&piece),
            Delta::Token(written) => self.recording.push(&written),
            Delta::Usage(usage) => self.usage = usage,
            Delta::Finish(finish) => self.finish = finish,
            Delta::Queued(ms) => self.queue_ms += ms,
            Delta::Void => {
                self.text.clear();
                self.thinking.clear();
                self.calls.clear();
                self.recording.clear();
            }
            Delta::ToolCall {
                position,
                id,
                name,
                arguments,
            } => {
                // A provider that skips positions must not make us allocate for them.
                let at = position.min(self.calls.len());
                if at == self.calls.len() {
                    self.calls.push(ToolCall {
                        id: String::new(),
                        name: String::new(),
                        arguments: String::new(),
                    });
                }
                let call = &mut self.calls[at];
                if let Some(id) = id {
                    call.id = id;
                }
                if let Some(name) = name {
                    call.name.push_str(&name);
                }
                call.arguments.push_str(&arguments);
            }
        }
    }

    /// The whole answer. Calls that came without an id get `call_N`, which is unique in the message.
    pub fn finish(mut self, wall_ms: u64) -> Reply {
        for (n, call) in self.calls.iter_mut().enumerate() {
            if call.id.is_empty() {
                call.id = format!("call_{n}");
            }
        }
        // Answers are kept as long as their agent lives, and grew piece by piece.
        self.calls.shrink_to_fit();
        for text in [&mut self.text, &mut self.thinking] {
            text.shrink_to_fit();
        }
        for call in &mut self.calls {
            call.arguments.shrink_to_fit();
        }
        let message = AssistantMessage {
            text: self.text,
            thinking: self.thinking,
            tool_calls: self.calls,
        };
        Reply {
            message: Arc::new(message),
            usage: self.usage,
            finish: self.finish,
            wall_ms,
            queue_ms: self.queue_ms,
            cached: false,
            saved: Usage::default(),
            recording: self.recording,
        }
    }
}
