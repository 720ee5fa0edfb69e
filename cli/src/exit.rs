//! Exit codes, in one table.

use std::process::ExitCode;
use troupe_core::port::journal::RunStatus;

/// How a command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It did what it was asked.
    Succeeded = 0,
    /// The run failed, or the command could not do its work.
    Failed = 1,
    /// The command line or the workflow is wrong; nothing was run.
    Usage = 2,
    /// The run waits for a person.
    Waiting = 3,
    /// The run was cancelled (128 + SIGINT).
    Cancelled = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

impl From<RunStatus> for Exit {
    fn from(status: RunStatus) -> Self {
        match status {
            RunStatus::Succeeded => Exit::Succeeded,
            RunStatus::Failed | RunStatus::Running => Exit::Failed,
            RunStatus::Waiting => Exit::Waiting,
            RunStatus::Cancelled => Exit::Cancelled,
        }
    }
}

/// A mistake of the caller: ends with [`Exit::Usage`].
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);

impl Usage {
    /// A mistake described by one sentence, as an error to return.
    pub fn error(message: impl Into<String>) -> anyhow::Error {
        Self(message.into()).into()
    }
}
