//! What agents and `tool` steps can call.

use super::Error;
use crate::Value;
use crate::effect::Place;
use crate::limits::Left;
use crate::message::ToolOutput;
use crate::types::Type;
use async_trait::async_trait;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How a model and a check see a tool.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolSpec {
    /// The name that the model calls it by.
    pub name: String,
    /// When and how to use it; guidance for the model lives here (A-RAG §1.4).
    pub description: String,
    /// JSON Schema of the arguments.
    pub parameters: Value,
    /// Type of [`ToolOutput::result`].
    pub result: Type,
}

/// One call of a tool.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// The idempotency key: the same for every repetition of the same effect, and unlike every other one.
    /// It begins with the run's name: `01K…/check[7]/a1/r1`.
    pub key: String,
    /// The arguments, an object.
    pub arguments: Value,
    /// Chunks that were read in full: by the calling agent, or by whomever [`Tool::readers`] names.
    pub read: Arc<BTreeSet<String>>,
    /// Where it works, for the tools of a sandbox.
    pub place: Option<Place>,
}

/// Whose reading a tool is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// The calling agent's own; a `tool` step has read nothing.
    Caller,
    /// Anybody's in the run, in those that it started, and in those that it was started by.
    Everybody,
}

/// A tool. An error is told to the model, which may try something else.
#[async_trait]
pub trait Tool: Send + Sync {
    /// How it is presented.
    fn spec(&self) -> &ToolSpec;

    /// How it is presented to an agent that has it beside `siblings`: the tools of the same corpus or server
    /// that the agent may call, itself among them, each by its own name and by the name that the agent sees.
    fn presented(&self, _siblings: &[(&str, &str)]) -> ToolSpec {
        self.spec().clone()
    }

    /// What is told behind an answer to an agent that has so much left. It changes from call to call, so it
    /// is made anew for each and never kept with an answer.
    fn postscript(&self, _left: &Left) -> Option<String> {
        None
    }

    /// What decides its answers beside the call, such as its corpus's content; equal for two that would
    /// give the same answers. None where that cannot be told: no answer of such a tool is kept.
    fn identity(&self) -> Option<String> {
        None
    }

    /// Whose reading it is told of with a call.
    fn readers(&self) -> Readers {
        Readers::Caller
    }

    /// Calls at once.
    fn parallel(&self) -> u32 {
        64
    }

    /// Milliseconds after which a call is given up.
    fn timeout_ms(&self) -> u64 {
        600_000
    }

    /// Calls it.
    async fn call(&self, invocation: Invocation) -> Result<ToolOutput, Error>;
}
