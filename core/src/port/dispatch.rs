//! Work that waits for a process: runs that can be gone on with, and what was said to them meanwhile.

use super::Error;
use super::approver::Answer;
use crate::id::{CallId, RunId};
use crate::input::Part;
use crate::limits::LimitHit;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// What somebody outside of a run's process says to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "word", rename_all = "snake_case")]
pub enum Word {
    /// Stop.
    Cancel,
    /// Stop a part. It is stale when the part is not at work.
    Stop {
        /// The run whose part it is: the one that the word is for, or one that it started.
        run: RunId,
        /// Which part.
        part: Part,
        /// Who said so.
        by: String,
    },
    /// Let the run use more than its file says.
    Raise {
        /// Of what.
        limit: LimitHit,
        /// So much in all, in the units in which [`crate::limits::Reached`] counts.
        most: u64,
    },
    /// The answer to a question. It is stale when `call` is no longer open in `run`.
    Answer {
        /// The run that asks: the one that the word is for, or one that it started.
        run: RunId,
        /// The question's call in that run.
        call: CallId,
        /// What was decided.
        answer: Answer,
    },
}

/// A word that nobody has settled yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// Grows with every word for a run.
    pub number: u64,
    /// What was said.
    pub word: Word,
}

/// Hands out work. It holds nobody off: whoever takes a run takes its lease first.
#[async_trait]
pub trait Dispatch: Send + Sync {
    /// Leaves a word for a run that a person started; `Missing` when there is no such run. It is durable
    /// when this returns.
    async fn post(&self, run: &RunId, word: Word) -> Result<(), Error>;

    /// The words that wait for a run, oldest first.
    async fn posted(&self, run: &RunId) -> Result<Vec<Post>, Error>;

    /// Forgets a run's words up to `number`, once what follows from them is in the journal.
    async fn settle(&self, run: &RunId, number: u64) -> Result<(), Error>;

    /// Runs started by a person that a process could go on with at `now_ms` (since the Unix epoch): those
    /// that say `running`, and those that wait and have words or a timer that ran down
    /// ([`crate::port::journal::Progress::wake_ms`]). Those that were heard of least recently come first.
    async fn due(&self, now_ms: u64, limit: u32) -> Result<Vec<RunId>, Error>;
}
