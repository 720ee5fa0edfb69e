//! Sandboxes that stay from one command to the next.

use super::Error;
use super::sandbox::{Ended, Execution};
use crate::effect::Place;
use async_trait::async_trait;

/// Runs commands in sandboxes, each of which it makes when it is first needed.
#[async_trait]
pub trait Rooms: Send + Sync {
    /// Runs a command to its end at a place, and says whether the sandbox was made for it: then nothing of what
    /// earlier commands did is there. `key` is the idempotency key of the call. The place's room is the name of a
    /// run, a `/`, and the room's name in the run.
    async fn execute(&self, key: &str, place: &Place, execution: Execution) -> Result<Executed, Error>;

    /// Is told that nobody drives a run any more. The rooms of one that is over are removed; those of another rest
    /// until somebody goes on with it, their files as they are.
    async fn leave(&self, run: &str, is_over: bool);
}

/// What became of a command at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Executed {
    /// How it ended.
    pub ended: Ended,
    /// Whether its sandbox was made for it.
    pub is_new: bool,
}
