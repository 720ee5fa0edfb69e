//! Environments: images in which a repository's tests run, found by rules and verified by running them.
//!
//! The loop is MEnvAgent's (arXiv 2601.22859, algorithm 1), with its open questions settled: every path ends in the
//! same check of both states, and every verified environment is kept for the next commit of its repository.

mod again;
mod attempt;
pub mod build;
pub mod check;
mod grow;
pub mod instance;
mod job;
pub mod language;
pub mod moment;
mod name;
mod pack;
pub mod plan;
mod regrow;
pub mod results;
pub mod reuse;
pub mod script;
pub mod snapshot;
pub mod source;
mod tool;
mod usage;
pub mod verdict;
mod witness;

pub use again::Again;
pub use attempt::{Attempt, Step};
pub use build::{Builder, Built, Given, Options};
pub use instance::Instance;
pub use language::{Language, NamedLanguage};
pub use moment::Moment;
pub use snapshot::Snapshot;
pub use tool::{EnvironmentTool, Tail, told};
pub use verdict::Verdict;
