//! Why a part of a run failed, in words for people and kinds for `retry`.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What went wrong. The kind's word is what `retry: { errors: [...] }` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// A model could not be reached, refused, or broke off.
    Model,
    /// A tool call of a `tool` step failed.
    Tool,
    /// A command of a `run` step could not start or exited with a code other than 0.
    Process,
    /// An answer does not fit the declared `output`.
    Output,
    /// A `timeout` or a `seconds` limit ended the work.
    Timeout,
    /// An expression could not be evaluated.
    Expression,
    /// A written limit was reached where no forced answer can help.
    Limit,
    /// An effect was interrupted and must not be repeated without a person's word.
    InDoubt,
    /// A person stopped it.
    Stopped,
    /// A defect of Troupe itself.
    Internal,
}

impl FailureKind {
    /// All kinds, in the order in which the documentation lists them.
    pub const ALL: [FailureKind; 10] = [
        Self::Model,
        Self::Tool,
        Self::Process,
        Self::Output,
        Self::Timeout,
        Self::Expression,
        Self::Limit,
        Self::InDoubt,
        Self::Stopped,
        Self::Internal,
    ];

    /// The word used in YAML, JSON and the journal.
    pub fn word(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Tool => "tool",
            Self::Process => "process",
            Self::Output => "output",
            Self::Timeout => "timeout",
            Self::Expression => "expression",
            Self::Limit => "limit",
            Self::InDoubt => "in_doubt",
            Self::Stopped => "stopped",
            Self::Internal => "internal",
        }
    }
}

/// A failure: a kind for programs and a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The kind, which decides about retries.
    pub kind: FailureKind,
    /// One sentence that says what happened and, where known, the way out.
    pub message: String,
}

impl Failure {
    /// A failure of `kind` described by `message`.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.kind.word())
    }
}
