//! What can end a driver besides the run's own end.

use troupe_core::engine::Refusal;
use troupe_core::port;

/// The driver stopped; the journal holds everything up to there, and the run can be resumed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The run does not take the input.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Facts could not be made durable, so nothing that follows from them was done.
    #[error("the run's journal cannot be written: {0}")]
    Journal(#[source] port::Error),
    /// The journal could not be read.
    #[error("the run's journal cannot be read: {0}")]
    Load(#[source] port::Error),
    /// The driver's task ended by a defect.
    #[error("X0002: the run's driver broke: {0}; the run can be resumed")]
    Broken(String),
}
