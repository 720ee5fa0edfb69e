//! Sandboxes that stay from one command to the next.

use super::Error;
use super::sandbox::{Ended, Execution};
use crate::effect::Place;
use async_trait::async_trait;

/// Runs commands in sandboxes, each of which it makes when it is first needed.
#[async_trait]
pub trait Rooms: Send + Sync {
    /// Runs a command to its end at a place, and says what of earlier commands it found there. `key` is the
    /// idempotency key of the call. The place's room is the name of a run, a `/`, and the room's name in the run. A room
    /// that was made for a place with another network, other rights or other limits is brought in line with this one
    /// first.
    async fn execute(&self, key: &str, place: &Place, execution: Execution) -> Result<Executed, Error>;

    /// Is told that nobody drives a run any more. The rooms of one that succeeded are removed, with those of the runs
    /// that it started; those of another rest until somebody goes on with it, their files as they are.
    async fn leave(&self, run: &str, has_succeeded: bool);
}

/// What became of a command at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Executed {
    /// How it ended.
    pub ended: Ended,
    /// What it found.
    pub found: Found,
}

/// What a command finds in its sandbox of those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// All files as they were left.
    Files,
    /// Those of the directory where commands start, and nothing else: the place names another image by now.
    Directory,
    /// Nothing: the sandbox was made for it.
    Nothing,
}
