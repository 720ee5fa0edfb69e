//! A tool that answers by a function, and remembers under which keys it was called.

use async_trait::async_trait;
use std::sync::Mutex;
use troupe_core::message::{Retrieved, ToolOutput};
use troupe_core::port::Error;
use troupe_core::port::tool::{Invocation, Tool, ToolSpec};
use troupe_core::types::Type;

/// A tool whose every answer is a function of the call.
pub struct Answering<F> {
    spec: ToolSpec,
    answer: F,
    keys: Mutex<Vec<String>>,
}

impl<F: Fn(&Invocation) -> Result<String, Error> + Send + Sync> Answering<F> {
    /// A tool that answers with `answer` and marks the chunk of that name as read.
    pub fn new(answer: F) -> Self {
        let parameters = serde_json::json!({ "type": "object" });
        let spec = ToolSpec {
            name: "lookup".into(),
            description: "Looks it up.".into(),
            parameters,
            result: Type::Any,
        };
        Self {
            spec,
            answer,
            keys: Mutex::new(Vec::new()),
        }
    }

    /// The keys of all calls that ended, in order.
    ///
    /// # Panics
    /// When a call panicked while it was recorded.
    pub fn keys(&self) -> Vec<String> {
        self.keys.lock().expect("recording does not panic").clone()
    }
}

#[async_trait]
impl<F: Fn(&Invocation) -> Result<String, Error> + Send + Sync> Tool for Answering<F> {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    async fn call(&self, invocation: Invocation) -> Result<ToolOutput, Error> {
        let text = (self.answer)(&invocation)?;
        self.keys.lock().expect("recording does not panic").push(invocation.key);
        let retrieved = Retrieved {
            shown: Vec::new(),
            read: vec![text.clone()],
            tokens: 1,
        };
        Ok(ToolOutput {
            text,
            result: serde_json::json!({ "chunks": [] }),
            retrieved,
            ..ToolOutput::default()
        })
    }
}
