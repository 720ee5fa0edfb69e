//! Scores of answers, retrieval and repeated trials, and how sure they are: pure functions, each with its source.

mod retrieval;
mod statistics;
mod table;
mod text;
mod trials;

pub use retrieval::{full_support_at, recall_at, reciprocal_rank};
pub use statistics::{Interval, Paired, RESAMPLES, Random, bootstrap, paired};
pub use table::{CellMeasure, ColumnRules, Joined, Pair, Preprocess, Shares, Table, TableRules, TableScores};
pub use text::{contains, exact_match, normalised, token_f1, words_contained};
pub use trials::{average, best, passed};

#[cfg(test)]
mod tests;
