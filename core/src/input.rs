//! What reaches a run from outside: the only way in.

use crate::failure::Failure;
use crate::id::CallId;
use crate::message::{Reply, ToolOutput};
use crate::{Object, Value};

/// Something that arrived. It may be refused; only the [`crate::event::Event`]s that follow from it are facts.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// Begin the run.
    Start {
        /// The inputs by name, checked against the workflow's types.
        inputs: Object,
        /// The environment variables that expressions read.
        env: Object,
    },
    /// Go on with a run that was cancelled or failed.
    Reopen,
    /// The process that drove the run is gone, and another has folded its journal: effects that must
    /// not be repeated blindly are in doubt.
    Recover,
    /// Stop everything.
    Cancel,
    /// A model answered.
    ModelReplied {
        /// To which call.
        call: CallId,
        /// With what.
        reply: Reply,
    },
    /// A tool answered.
    ToolReplied {
        /// To which call.
        call: CallId,
        /// With what.
        output: ToolOutput,
    },
    /// A process ended.
    ProcessExited {
        /// Of which call.
        call: CallId,
        /// How.
        exit: Exit,
    },
    /// A model, tool or process failed for good; whoever performs effects has already retried what
    /// only needed patience.
    CallFailed {
        /// Which call.
        call: CallId,
        /// Why.
        failure: Failure,
    },
    /// A timer ran down.
    TimerFired {
        /// Which.
        call: CallId,
    },
}

impl Input {
    /// The effect that it answers; none where it comes by itself.
    pub fn call(&self) -> Option<CallId> {
        match self {
            Self::ModelReplied { call, .. }
            | Self::ToolReplied { call, .. }
            | Self::ProcessExited { call, .. }
            | Self::CallFailed { call, .. }
            | Self::TimerFired { call } => Some(*call),
            Self::Start { .. } | Self::Reopen | Self::Recover | Self::Cancel => None,
        }
    }
}

/// How a process ended.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Exit {
    /// The exit code; -1 when a signal ended the process.
    pub code: i32,
    /// What it wrote to stdout, cut at the output limit.
    pub stdout: String,
    /// What it wrote to stderr, cut at the output limit.
    pub stderr: String,
}

impl Exit {
    /// The record that expressions see.
    pub fn to_value(&self) -> Value {
        serde_json::json!({ "exit_code": self.code, "stdout": self.stdout, "stderr": self.stderr })
    }
}
