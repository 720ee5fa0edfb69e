//! The HNSW graph over the sentence vectors: an approximate search for corpora too large to scan.
//!
//! The graph's points are row numbers; distances look into the shared [`Vectors`], so the dump holds
//! the links alone and nothing is in memory twice. A graph that was read back borrows from its
//! reader, so both live on the stack of one thread, which answers queries until the graph is dropped.

use super::vectors::{Vectors, Wide};
use hnsw_rs::prelude::{AnnT, Distance, Hnsw, HnswIo};
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};

/// Links of a point; twice as many on the lowest layer (Malkov and Yashunin 2016, M).
const LINKS: usize = 16;
/// Candidates kept while a point is linked (ef_construction).
const BUILD_BREADTH: usize = 64;
/// Candidates kept while searching (ef): measured in `docs/bench/retrieval.md`.
const SEARCH_BREADTH: usize = 640;
const LAYERS: usize = 16;
/// Base name of the two dump files.
const BASE: &str = "graph";

/// Length of a point: a row number in two halves.
const POINT: usize = 2;
/// What stands before a query's codes: its scale in two halves, and a mark that no point is as long.
const HEAD: usize = 3;

/// Distances of points, which are row numbers, and queries, which are [`Wide`] codes; all from the
/// vectors' bytes, which is near enough for walking and needs a quarter of the memory traffic.
struct Cosine(Arc<Vectors>);

impl Distance<i16> for Cosine {
    #[inline]
    fn eval(&self, a: &[i16], b: &[i16]) -> f32 {
        let cosine = match (a, b) {
            ([a_low, a_high], [b_low, b_high]) => self.0.similar(joined(*a_low, *a_high), joined(*b_low, *b_high)),
            ([low, high], query) | (query, [low, high]) => {
                let scale = f32::from_bits(joined(query[0], query[1]));
                self.0.similar_to(joined(*low, *high), &query[HEAD..], scale)
            }
            _ => 0.0,
        };
        // the library asks for distances that are not negative
        (1.0 - cosine).max(0.0)
    }
}

fn joined(low: i16, high: i16) -> u32 {
    u32::from(low as u16) | u32::from(high as u16) << 16
}

fn halves(number: u32) -> [i16; POINT] {
    [number as u16 as i16, (number >> 16) as u16 as i16]
}

/// Links all vectors and writes the graph into `folder`. `progress` hears of points done. One point
/// after the other, so that the same vectors always make the same graph.
pub fn write(folder: &Path, vectors: &Arc<Vectors>, progress: &(dyn Fn(usize) + Sync)) -> Result<(), String> {
    let graph = Hnsw::<i16, Cosine>::new(LINKS, vectors.len(), LAYERS, BUILD_BREADTH, Cosine(Arc::clone(vectors)));
    for row in 0..vectors.len() {
        graph.insert_slice((&halves(row as u32), row));
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
    codes: Vec<i16>,
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
            let Ok(graph) = reader.load_hnsw_with_dist::<i16, Cosine>(cosine) else {
                return;
            };
            for query in inbox {
                let breadth = SEARCH_BREADTH.max(2 * query.count);
                let near = graph.search(&query.codes, query.count, breadth);
                // the caller may have been cancelled
                let _ = query.answer.send(near.iter().map(|point| point.d_id as u32).collect());
            }
        })?;
        Ok(Self { queries })
    }

    /// About the `count` rows nearest to `query`, in no order that matters; none when the graph
    /// could not be read.
    pub fn near(&self, query: &[f32], count: usize) -> Option<Vec<u32>> {
        let wide = Wide::new(query);
        let mut codes = Vec::with_capacity(HEAD + query.len());
        codes.extend(halves(wide.scale.to_bits()));
        codes.push(0);
        codes.extend(wide.codes);
        let (answer, reply) = mpsc::sync_channel(1);
        self.queries.send(Query { codes, count, answer }).ok()?;
        reply.recv().ok()
    }
}

#[cfg(test)]
mod tests;
