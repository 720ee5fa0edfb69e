//! Batches of environments: many instances at once, with their records on disk.
//!
//! `again` (environments → whether their verdicts hold), `batch` (instances → records, resumable), `record` (one instance as it is kept and handed on), `summary` (records →
//! shares), `room` (what goes so that there is room), `lineage` (what grew from what), and the forms of the report.

mod advice;
mod again;
mod batch;
mod concealed;
mod junit;
mod lineage;
mod record;
mod room;
mod summary;

pub use advice::{Advisor, Mind};
pub use again::{Verified, verify};
pub use batch::{Batch, build};
pub use concealed::Concealed;
pub use junit::{cases, render as junit, troubles};
pub use lineage::{ancestors, children, grown};
pub use record::{handed_on, pretty};
pub use room::{Kept, evicted, own, taken};
pub use summary::{Summary, used};
