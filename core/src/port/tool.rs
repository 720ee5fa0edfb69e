//! What agents and `tool` steps can call.

use super::Error;
use crate::Value;
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
    /// Chunks that the calling agent has read in full.
    pub read: Arc<BTreeSet<String>>,
}

/// A tool. An error is told to the model, which may try something else.
#[async_trait]
pub trait Tool: Send + Sync {
    /// How it is presented.
    fn spec(&self) -> &ToolSpec;

    /// Calls it.
    async fn call(&self, invocation: Invocation) -> Result<ToolOutput, Error>;
}
