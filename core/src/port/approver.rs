//! People who decide.

use crate::id::{CallId, RunId};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// What a run asks a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The run that asks: the one that was started, or one that it started.
    pub run: RunId,
    /// The question's call in that run.
    pub call: CallId,
    /// Where in the run that was started, and the name under which it is answered: `sign_off`,
    /// `check[paper-12]`, `review/sign_off[2]`.
    pub place: String,
    /// The step that asks.
    pub step: String,
    /// The item's key, or its position where it has none; none for a step without `for_each`.
    pub item: Option<String>,
    /// What the person reads.
    pub message: String,
    /// What may be chosen; at least one.
    pub choices: Vec<String>,
    /// When nobody is waited for any longer, in milliseconds since the Unix epoch.
    pub deadline_ms: Option<u64>,
}

/// What a person decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// One of the question's choices.
    pub choice: String,
    /// What the person had to say about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Who decided, for the record.
    pub by: String,
}

/// Asks people. Dropping the future withdraws the question.
#[async_trait]
pub trait Approver: Send + Sync {
    /// The decision, or none when nobody decides now: the run then waits.
    async fn ask(&self, question: Question) -> Option<Answer>;
}
