//! Batches of environments: many instances at once, with their records on disk.
//!
//! `batch` (instances → records, resumable), `record` (one instance as it is kept and handed on), `summary` (records →
//! shares), and the forms of the report.

mod batch;
mod junit;
mod record;
mod summary;

pub use batch::{Batch, build};
pub use junit::render as junit;
pub use summary::Summary;
