//! A navigable graph over many vectors: linked by hnsw_rs, kept flat, walked where it lies.
//!
//! hnsw_rs builds a hierarchical graph (Malkov and Yashunin 2016). Only the links of its lowest layer
//! are kept, in both directions, as two tables; a memory map of them is ready at once, takes a tenth
//! of the vectors' room, and is never read as a whole. What the upper layers are for, good places to
//! begin, the lists beside it give. Vectors are known by their places in those lists: what is near in
//! meaning is then near in memory.

use super::codes::Codes;
use super::lists::Lists;
use super::table::{self, Table};
use super::vectors::Wide;
use hnsw_rs::prelude::{Distance, Hnsw};
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering as Atomic};

/// Links of a point when it is inserted; twice as many on the lowest layer (M in the paper).
const LINKS: usize = 16;
/// Candidates kept while a point is linked (ef_construction): measured in `docs/bench/retrieval.md`.
const BUILD_BREADTH: usize = 64;
/// Candidates kept while searching (ef): measured there too.
const SEARCH_BREADTH: usize = 400;
/// Layers at most.
const LAYERS: usize = 16;
/// Links that lead back to a point, at most.
const BACK_LINKS: usize = 64;

const ENDS: &str = "graph-ends";
const NEIGHBOURS: &str = "graph-links";

/// The graph's points are places; distances look into the vectors' bytes.
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
    table::write(folder, NEIGHBOURS, &links)
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
}

/// A place and its similarity, ordered by it; of two that are as near, the first place comes first.
#[derive(Clone, Copy, PartialEq)]
pub struct Reached {
    /// About the cosine with the query.
    pub similar: f32,
    /// Where it is.
    pub place: u32,
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
        nearer.then(other.place.cmp(&self.place))
    }
}

impl Graph {
    /// Maps the graph in `folder`; none when there is none.
    pub fn open(folder: &Path) -> io::Result<Option<Self>> {
        if !folder.join(ENDS).exists() {
            return Ok(None);
        }
        let (ends, links) = (Table::open(folder, ENDS)?, Table::open(folder, NEIGHBOURS)?);
        let last: Option<&u32> = <[u32]>::last(&ends);
        if last.map_or(0, |end| *end as usize) != links.len() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "its graph is cut short"));
        }
        Ok(Some(Self { ends, links }))
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    fn neighbours(&self, place: u32) -> &[u32] {
        let at = place as usize;
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        self.links
            .get(start as usize..self.ends[at] as usize)
            .unwrap_or_default()
    }

    /// The places nearest to a query, more than `count` of them, in no order that matters: a best-first
    /// walk that ends when nothing is left to visit that is nearer than the worst of the best so far.
    pub fn walk(&self, lists: &Lists, codes: Codes<'_>, query: &Wide, count: usize) -> Vec<Reached> {
        let breadth = SEARCH_BREADTH.max(4 * count);
        let mut seen = Seen(vec![0; self.len().div_ceil(64)]);
        let beginnings = beginnings(lists, codes, query, breadth, &mut seen);
        let mut best: BinaryHeap<Reverse<Reached>> = beginnings.iter().copied().map(Reverse).collect();
        let mut open = BinaryHeap::from(beginnings);
        let (mut places, mut similar) = (Vec::new(), Vec::new());
        while let Some(reached) = open.pop() {
            let worst = best.peek().map(|Reverse(worst)| *worst);
            if best.len() >= breadth && worst.is_some_and(|worst| reached < worst) {
                break;
            }
            places.clear();
            similar.clear();
            let new = self
                .neighbours(reached.place)
                .iter()
                .filter(|place| seen.first(**place));
            places.extend(new);
            codes.similar_some(query, &places, &mut similar);
            for (place, similar) in places.iter().zip(&similar) {
                let reached = Reached {
                    similar: *similar,
                    place: *place,
                };
                let full = best.len() >= breadth;
                if full && best.peek().is_some_and(|Reverse(worst)| reached <= *worst) {
                    continue;
                }
                if full {
                    best.pop();
                }
                best.push(Reverse(reached));
                open.push(reached);
            }
        }
        best.into_iter().map(|Reverse(reached)| reached).collect()
    }
}

/// The best that the lists near to a query hold, `breadth` of them.
fn beginnings(lists: &Lists, codes: Codes<'_>, query: &Wide, breadth: usize, seen: &mut Seen) -> Vec<Reached> {
    let mut found = Vec::new();
    let mut similar = Vec::new();
    for range in lists.near(codes, query, breadth) {
        similar.clear();
        codes.similar_range(query, range.clone(), &mut similar);
        seen.all(range.clone());
        let reached = range.zip(&similar).map(|(place, similar)| Reached {
            similar: *similar,
            place,
        });
        found.extend(reached);
    }
    if found.len() > breadth {
        found.select_nth_unstable_by(breadth, |a, b| b.cmp(a));
        found.truncate(breadth);
    }
    found
}

/// Places that were looked at.
struct Seen(Vec<u64>);

impl Seen {
    /// Whether this is the first look; a place that there is not has been seen.
    fn first(&mut self, place: u32) -> bool {
        let Some(bits) = self.0.get_mut(place as usize / 64) else {
            return false;
        };
        let bit = 1 << (place % 64);
        let first = *bits & bit == 0;
        *bits |= bit;
        first
    }

    fn all(&mut self, places: Range<u32>) {
        places.for_each(|place| _ = self.first(place));
    }
}

#[cfg(test)]
mod tests;
