//! Vectors in lists around heads: where a walk of the graph begins.
//!
//! Heads are an even sample of all vectors, and every vector is in the list of the head that it is nearest
//! to (inverted lists: Sivic and Zisserman 2003). Looking through the lists of the nearest heads finds most
//! of what is near; the walk from there finds what lies just across their borders.

use super::codes::Codes;
use super::table::{self, Table};
use super::vectors::Wide;
use std::io;
use std::path::Path;

/// Vectors of a list on average.
const LIST: usize = 256;
/// One vector of so many is looked at for a query: measured in `docs/bench/retrieval.md`.
const SHARE: usize = 16;

const ENDS: &str = "list-ends";
const ROWS: &str = "list-rows";

/// Lists of rows, mapped.
pub struct Lists {
    ends: Table<u32>,
    rows: Table<u32>,
    heads: Vec<u32>,
}

/// Puts every vector into a list and writes the lists into `folder`, on all cores.
pub fn write(folder: &Path, codes: Codes<'_>) -> io::Result<()> {
    let heads = heads(codes.len());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let rows: Vec<u32> = (0..codes.len() as u32).collect();
    let nearest = |rows: &[u32]| -> Vec<u32> { rows.iter().map(|row| codes.nearest(*row, &heads)).collect() };
    let own: Vec<u32> = std::thread::scope(|scope| {
        let share = rows.len().div_ceil(threads).max(1);
        let workers: Vec<_> = rows
            .chunks(share)
            .map(|rows| scope.spawn(move || nearest(rows)))
            .collect();
        let found = workers.into_iter().map(|worker| worker.join());
        let stopped = |_| io::Error::other("the lists could not be made");
        found
            .collect::<Result<Vec<_>, _>>()
            .map(|parts| parts.concat())
            .map_err(stopped)
    })?;
    let mut lists = vec![Vec::new(); heads.len()];
    for (row, list) in rows.iter().zip(own) {
        lists[list as usize].push(*row);
    }
    let mut end = 0;
    let ends: Vec<u32> = lists
        .iter()
        .map(|list| {
            end += list.len() as u32;
            end
        })
        .collect();
    table::write(folder, ENDS, &ends)?;
    table::write(folder, ROWS, &lists.concat())
}

/// An even sample of `count` rows.
fn heads(count: usize) -> Vec<u32> {
    let heads = count.div_ceil(LIST);
    (0..heads).map(|at| (at * count / heads) as u32).collect()
}

impl Lists {
    /// Maps the lists in `folder`.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let (ends, rows): (Table<u32>, Table<u32>) = (Table::open(folder, ENDS)?, Table::open(folder, ROWS)?);
        let heads = heads(rows.len());
        let whole = <[u32]>::last(&ends).map_or(0, |end| *end as usize) == rows.len() && ends.len() == heads.len();
        if !whole {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "its lists are cut short"));
        }
        Ok(Self { ends, rows, heads })
    }

    /// Number of vectors.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// The rows in the lists of the heads nearest to a query, `count` or the sixteenth part of all at least.
    pub fn near(&self, codes: Codes<'_>, query: &Wide, count: usize) -> Vec<u32> {
        let mut similar = Vec::new();
        codes.similar_some(query, &self.heads, &mut similar);
        let mut order: Vec<u32> = (0..self.heads.len() as u32).collect();
        order.sort_unstable_by(|a, b| similar[*b as usize].total_cmp(&similar[*a as usize]).then(a.cmp(b)));
        let wanted = count.max(self.len() / SHARE);
        let mut rows = Vec::with_capacity(wanted + LIST);
        for list in order {
            let at = list as usize;
            let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
            rows.extend_from_slice(
                self.rows
                    .get(start as usize..self.ends[at] as usize)
                    .unwrap_or_default(),
            );
            if rows.len() >= wanted {
                break;
            }
        }
        rows
    }
}
