//! Workflows measured: a suite's questions become journaled runs, and the runs become scores.
//!
//! `suite` (file → what is asked), `dataset` (rows), `trial` (one run of one question), `ask` (a
//! question to a workflow of our own, a run too), `judge` (a model's word on an answer), `sources` (what can be cited), `measure` (a journal → scores), `summary` (scores → means and how sure they are), and
//! the forms of the report.

mod ask;
mod dataset;
mod judge;
mod junit;
mod measure;
mod page;
mod sources;
mod suite;
mod summary;
mod text;
mod trial;

pub use ask::ask;
pub use judge::{Judge, judge};
pub use measure::measure;
pub use sources::Sources;
pub use suite::{Metric, Suite, Variant};
pub use summary::Summary;
pub use trial::{Making, RUN_PREFIX, Ready, Trial, run_all};
pub use {junit::render as junit, page::render as page, text::render as text};
