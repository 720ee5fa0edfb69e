//! Running a command and hearing how it ended.

use super::Error;
use crate::effect::Command;
use crate::input::Exit;
use async_trait::async_trait;

/// Starts processes. Dropping the future kills the process and everything that it started.
#[async_trait]
pub trait ProcessRunner: Send + Sync {
    /// Processes at once.
    fn parallel(&self) -> u32 {
        64
    }

    /// Runs `command` to its end. `key` is the idempotency key: the same for every repetition of
    /// the same effect, and unlike every other one.
    /// A command that starts and fails is an [`Exit`], not an error.
    async fn run(&self, key: &str, command: Command) -> Result<Exit, Error>;

    /// Waits until nothing is left of commands that nobody waits for: to be called before a process ends.
    async fn settle(&self) {}
}
