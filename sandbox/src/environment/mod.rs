//! Environments: images in which a repository's tests run, found by rules and verified by running them.

pub mod language;
pub mod plan;
pub mod results;
pub mod snapshot;

pub use language::Language;
pub use snapshot::Snapshot;
