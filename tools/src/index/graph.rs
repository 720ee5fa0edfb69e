//! The HNSW graph over the sentence vectors: an approximate search for corpora too large to scan.
//!
//! The graph's points are row numbers; distances look into the shared [`Vectors`], so the dump holds
//! the links alone and nothing is in memory twice. A graph that was read back borrows from its
//! reader, so both live on the stack of one thread, which answers queries until the graph is dropped.

use super::vectors::{Vectors, dot};
use hnsw_rs::prelude::{AnnT, Distance, Hnsw, HnswIo};
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};

/// Links of a point; twice as many on the lowest layer (Malkov and Yashunin 2016, M).
const LINKS: usize = 16;
/// Candidates kept while a point is linked (ef_construction).
const BUILD_BREADTH: usize = 96;
/// Candidates kept while searching (ef): measured in `docs/bench/retrieval.md`.
const SEARCH_BREADTH: usize = 256;
const LAYERS: usize = 16;
/// Base name of the two dump files.
const BASE: &str = "graph";

/// Reads points as row numbers, and a query as the bits of its numbers behind a mark.
struct Cosine(Arc<Vectors>);

impl Distance<u32> for Cosine {
    fn eval(&self, a: &[u32], b: &[u32]) -> f32 {
        let cosine = match (a, b) {
            ([a], [b]) => dot(self.0.row(*a), self.0.row(*b)),
            ([row], query) | (query, [row]) => dot_bits(self.0.row(*row), &query[1..]),
            _ => 0.0,
        };
        // the library asks for distances that are not negative
        (1.0 - cosine).max(0.0)
    }
}

fn dot_bits(row: &[f32], bits: &[u32]) -> f32 {
    let mut lanes = [0.0f32; 8];
    let (row_eights, row_rest) = row.as_chunks::<8>();
    let (bit_eights, bit_rest) = bits.as_chunks::<8>();
    for (x, y) in row_eights.iter().zip(bit_eights) {
        for lane in 0..8 {
            lanes[lane] += x[lane] * f32::from_bits(y[lane]);
        }
    }
    let rest: f32 = row_rest.iter().zip(bit_rest).map(|(x, y)| x * f32::from_bits(*y)).sum();
    lanes.iter().sum::<f32>() + rest
}

/// Links all vectors and writes the graph into `folder`. `progress` hears of points done.
pub fn write(folder: &Path, vectors: &Arc<Vectors>, progress: &(dyn Fn(usize) + Sync)) -> Result<(), String> {
    let graph = Hnsw::<u32, Cosine>::new(LINKS, vectors.len(), LAYERS, BUILD_BREADTH, Cosine(Arc::clone(vectors)));
    for row in 0..vectors.len() {
        graph.insert_slice((&[row as u32], row));
        if row % 256 == 255 {
            progress(row + 1);
        }
    }
    graph.file_dump(folder, BASE).map_err(|error| error.to_string())?;
    Ok(())
}

/// A graph that answers queries.
pub struct Graph {
    queries: mpsc::Sender<Query>,
}

struct Query {
    bits: Vec<u32>,
    count: usize,
    answer: mpsc::SyncSender<Vec<u32>>,
}

impl Graph {
    /// Reads the graph in `folder` on a thread of its own; queries wait until it is there.
    pub fn open(folder: &Path, vectors: &Arc<Vectors>) -> std::io::Result<Self> {
        let (queries, inbox) = mpsc::channel::<Query>();
        let folder: PathBuf = folder.to_owned();
        let cosine = Cosine(Arc::clone(vectors));
        std::thread::Builder::new().name("corpus-graph".into()).spawn(move || {
            let reader = HnswIo::new(&folder, BASE);
            // without a graph the inbox closes, and callers scan instead
            let Ok(graph) = reader.load_hnsw_with_dist::<u32, Cosine>(cosine) else {
                return;
            };
            for query in inbox {
                let breadth = SEARCH_BREADTH.max(2 * query.count);
                let near = graph.search(&query.bits, query.count, breadth);
                // the caller may have been cancelled
                let _ = query.answer.send(near.iter().map(|point| point.d_id as u32).collect());
            }
        })?;
        Ok(Self { queries })
    }

    /// About the `count` rows nearest to `query`, in no order that matters; none when the graph
    /// could not be read.
    pub fn near(&self, query: &[f32], count: usize) -> Option<Vec<u32>> {
        let bits = std::iter::once(0).chain(query.iter().map(|x| x.to_bits())).collect();
        let (answer, reply) = mpsc::sync_channel(1);
        self.queries.send(Query { bits, count, answer }).ok()?;
        reply.recv().ok()
    }
}

#[cfg(test)]
mod tests;
