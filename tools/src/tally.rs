//! Scores summed by chunk, and the best of them.

use std::cmp::Reverse;

/// What part of all chunks may have an entry while entries are listed one by one.
const FEW: usize = 16;

/// Sums of scores. A few entries are listed, so that a rare keyword costs nothing by the size of the corpus.
pub(crate) enum Tally {
    Few { entries: Vec<(u32, u64)>, chunks: usize },
    Many(Vec<u64>),
}

impl Tally {
    /// Nothing for any of so many chunks.
    pub(crate) fn new(chunks: usize) -> Self {
        let entries = Vec::new();
        Self::Few { entries, chunks }
    }

    /// Adds to a chunk's score.
    pub(crate) fn add(&mut self, chunk: u32, score: u64) {
        match self {
            Self::Many(scores) => scores[chunk as usize] += score,
            Self::Few { entries, chunks } => {
                entries.push((chunk, score));
                if entries.len() > *chunks / FEW {
                    let mut scores = vec![0; *chunks];
                    for (chunk, score) in entries {
                        scores[*chunk as usize] += *score;
                    }
                    *self = Self::Many(scores);
                }
            }
        }
    }

    /// The `top_k` chunks with the highest scores above zero; ties keep corpus order.
    pub(crate) fn best(self, top_k: usize) -> Vec<(u32, u64)> {
        let mut scores = match self {
            Self::Few { entries, .. } => summed(entries),
            Self::Many(scores) => (0..).zip(scores).filter(|(_, score)| *score > 0).collect(),
        };
        let order = |(chunk, score): &(u32, u64)| (Reverse(*score), *chunk);
        if scores.len() > top_k {
            scores.select_nth_unstable_by_key(top_k, order);
            scores.truncate(top_k);
        }
        scores.sort_unstable_by_key(order);
        scores
    }
}

fn summed(mut entries: Vec<(u32, u64)>) -> Vec<(u32, u64)> {
    // mostly ascending runs, which this sort merges
    entries.sort_by_key(|(chunk, _)| *chunk);
    entries.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 += next.1;
        }
        same
    });
    entries
}
