//! A navigable graph over many vectors: linked by hnsw_rs, kept flat, walked where it lies.
//!
//! hnsw_rs builds a hierarchical graph (Malkov and Yashunin 2016). Only the links of its lowest layer
//! are kept, in both directions, as two tables; a memory map of them is ready at once, takes a tenth
//! of the vectors' room, and is never read as a whole. What the upper layers are for, good places to
//! begin, the lists beside it give.

use super::codes::Codes;
use super::lists::{self, Lists};
use super::table::{self, Table};
use super::vectors::Wide;
use hnsw_rs::prelude::{Distance, Hnsw};
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering as Atomic};

/// Links of a point when it is inserted; twice as many on the lowest layer (M in the paper).
const LINKS: usize = 16;
/// Candidates kept while a point is linked (ef_construction): measured in `docs/bench/retrieval.md`.
const BUILD_BREADTH: usize = 64;
/// Candidates kept while searching (ef): measured there too.
const SEARCH_BREADTH: usize = 600;
/// Layers at most.
const LAYERS: usize = 16;
/// Links that lead back to a point, at most.
const BACK_LINKS: usize = 64;

const ENDS: &str = "graph-ends";
const NEIGHBOURS: &str = "graph-links";

/// The graph's points are row numbers; distances look into the vectors' bytes.
struct Cosine<'a>(Codes<'a>);

impl Distance<u32> for Cosine<'_> {
    fn eval(&self, a: &[u32], b: &[u32]) -> f32 {
        match (a, b) {
            // the library asks for distances that are not negative
            ([a], [b]) => (1.0 - self.0.similar(*a, *b)).max(0.0),
            _ => 1.0,
        }
    }
}

/// Links all vectors and writes the graph into `folder`, on all cores; `progress` hears of points done.
pub fn write(folder: &Path, codes: Codes<'_>, progress: &(dyn Fn(usize) + Sync)) -> io::Result<()> {
    let neighbours = link(codes, progress);
    let mut ends = Vec::with_capacity(neighbours.len());
    let mut links = Vec::new();
    for list in neighbours {
        links.extend(list);
        ends.push(links.len() as u32);
    }
    table::write(folder, ENDS, &ends)?;
    table::write(folder, NEIGHBOURS, &links)?;
    lists::write(folder, codes)
}

/// The neighbours of every point, ascending.
fn link(codes: Codes<'_>, progress: &(dyn Fn(usize) + Sync)) -> Vec<Vec<u32>> {
    let count = codes.len();
    let graph = Hnsw::<u32, Cosine<'_>>::new(LINKS, count, LAYERS, BUILD_BREADTH, Cosine(codes));
    let next = AtomicUsize::new(0);
    let insert = || {
        loop {
            let row = next.fetch_add(1, Atomic::Relaxed);
            if row >= count {
                return;
            }
            graph.insert_slice((&[row as u32], row));
            if row % 256 == 255 {
                progress(row + 1);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(insert);
        }
    });
    let mut neighbours = vec![Vec::new(); count];
    for point in graph.get_point_indexation() {
        let layers = point.get_neighborhood_id();
        let lowest = layers.first().into_iter().flatten();
        neighbours[point.get_origin_id()] = lowest.map(|neighbour| neighbour.d_id as u32).collect();
    }
    drop(graph);
    both_ways(&mut neighbours);
    neighbours
}

/// Adds to every point the links that lead to it, nearest rows first.
fn both_ways(neighbours: &mut [Vec<u32>]) {
    let mut back = vec![Vec::new(); neighbours.len()];
    for (row, list) in (0u32..).zip(neighbours.iter()) {
        for other in list {
            let links: &mut Vec<u32> = &mut back[*other as usize];
            if links.len() < BACK_LINKS {
                links.push(row);
            }
        }
    }
    for (list, back) in neighbours.iter_mut().zip(back) {
        list.extend(back);
        list.sort_unstable();
        list.dedup();
    }
}

/// A graph, mapped.
pub struct Graph {
    ends: Table<u32>,
    links: Table<u32>,
    lists: Lists,
}

/// A row and its similarity, ordered by it; of two that are as near, the first row comes first.
#[derive(Clone, Copy, PartialEq)]
struct Reached {
    similar: f32,
    row: u32,
}

impl Eq for Reached {}

impl PartialOrd for Reached {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Reached {
    fn cmp(&self, other: &Self) -> Ordering {
        let nearer = self.similar.total_cmp(&other.similar);
        nearer.then(other.row.cmp(&self.row))
    }
}

impl Graph {
    /// Maps the graph in `folder`; none when there is none.
    pub fn open(folder: &Path) -> io::Result<Option<Self>> {
        if !folder.join(ENDS).exists() {
            return Ok(None);
        }
        let (ends, links) = (Table::open(folder, ENDS)?, Table::open(folder, NEIGHBOURS)?);
        let lists = Lists::open(folder)?;
        let last: Option<&u32> = <[u32]>::last(&ends);
        if last.map_or(0, |end| *end as usize) != links.len() || lists.len() != ends.len() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "its graph is cut short"));
        }
        Ok(Some(Self { ends, links, lists }))
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    fn neighbours(&self, row: u32) -> &[u32] {
        let at = row as usize;
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        self.links
            .get(start as usize..self.ends[at] as usize)
            .unwrap_or_default()
    }

    /// The rows nearest to a query, more than `count` of them, in no order that matters: a best-first
    /// walk that ends when nothing is left to visit that is nearer than the worst of the best so far.
    pub fn walk(&self, codes: Codes<'_>, query: &Wide, count: usize) -> Vec<u32> {
        let breadth = SEARCH_BREADTH.max(4 * count);
        let mut seen = Seen(vec![0; self.len().div_ceil(64)]);
        let mut similar = Vec::new();
        let mut rows = self.lists.near(codes, query, breadth);
        codes.similar_some(query, &rows, &mut similar);
        let mut beginnings: Vec<Reached> = reached(&rows, &similar).collect();
        if beginnings.len() > breadth {
            beginnings.select_nth_unstable_by(breadth, |a, b| b.cmp(a));
            beginnings.truncate(breadth);
        }
        rows.iter().for_each(|row| _ = seen.first(*row));
        let mut best: BinaryHeap<Reverse<Reached>> = beginnings.iter().copied().map(Reverse).collect();
        let mut open = BinaryHeap::from(beginnings);
        while let Some(place) = open.pop() {
            let worst = best.peek().map(|Reverse(worst)| *worst);
            if best.len() >= breadth && worst.is_some_and(|worst| place < worst) {
                break;
            }
            rows.clear();
            similar.clear();
            let new = self.neighbours(place.row).iter().filter(|row| seen.first(**row));
            rows.extend(new);
            codes.similar_some(query, &rows, &mut similar);
            for place in reached(&rows, &similar) {
                let full = best.len() >= breadth;
                if full && best.peek().is_some_and(|Reverse(worst)| place <= *worst) {
                    continue;
                }
                if full {
                    best.pop();
                }
                best.push(Reverse(place));
                open.push(place);
            }
        }
        best.into_iter().map(|Reverse(place)| place.row).collect()
    }
}

fn reached<'a>(rows: &'a [u32], similar: &'a [f32]) -> impl Iterator<Item = Reached> + 'a {
    let pairs = rows.iter().zip(similar);
    pairs.map(|(row, similar)| Reached {
        similar: *similar,
        row: *row,
    })
}

/// Rows that were looked at.
struct Seen(Vec<u64>);

impl Seen {
    /// Whether this is the first look; a row that there is not has been seen.
    fn first(&mut self, row: u32) -> bool {
        let Some(bits) = self.0.get_mut(row as usize / 64) else {
            return false;
        };
        let bit = 1 << (row % 64);
        let first = *bits & bit == 0;
        *bits |= bit;
        first
    }
}

#[cfg(test)]
mod tests;
