//! What people are shown: folds of events into plain data, in the words of screens and reports.
//!
//! A view never writes and never asks the engine: it needs the workflow's names and the journal.

mod artifacts;
mod build;
mod diff;
mod leaves;
pub mod metrics;
mod reads;
mod retrieval;
mod run;
mod timeline;
pub mod trace;
mod transcript;

pub use artifacts::{ItemArtifacts, artifacts};
pub use build::{AttemptView, BuildEnding, BuildView, CommandView};
pub use diff::{AgentDiff, Change, Figures, ItemDiff, Pair, RunDiff, Side, StepDiff};
pub use leaves::{Elements, Leaves};
pub use reads::Reads;
pub use retrieval::{Chunk, Retrieval, Search, Seeker};
pub use run::{AgentStatus, AgentView, CallsView, ChildView, RunView, StepStatus, StepView};
pub use timeline::{Doing, Stretch, Timeline};
pub use transcript::{Said, Transcript, TranscriptFold, Turn};
