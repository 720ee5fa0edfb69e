//! Vectors in lists around heads: where a walk of the graph begins.
//!
//! Heads are an even sample of all vectors, and every vector is in the list of the head that it is nearest
//! to (inverted lists: Sivic and Zisserman 2003). Looking through the lists of the nearest heads finds most
//! of what is near; the walk from there finds what lies just across their borders.

use super::codes::Codes;
use super::table::{self, Table};
use super::vectors::Wide;
use std::io;
use std::ops::Range;
use std::path::Path;

/// Vectors of a list on average.
const LIST: usize = 256;
/// One vector of so many is looked at for a query: measured in `docs/bench/retrieval.md`.
const SHARE: usize = 32;

const ENDS: &str = "list-ends";
const ROWS: &str = "list-rows";
const HEADS: &str = "list-heads";

/// Lists, mapped. Codes lie in their order, so that a list is looked through where it lies; a *place* is a position
/// in that order.
pub struct Lists {
    ends: Table<u32>,
    /// The row at each place.
    rows: Table<u32>,
    /// The place of each head.
    heads: Table<u32>,
}

/// Which vectors are in which list.
pub struct Made {
    ends: Vec<u32>,
    /// The row at each place.
    pub rows: Vec<u32>,
    heads: Vec<u32>,
}

impl Made {
    /// Puts every vector into a list, on all cores.
    pub fn of(codes: Codes<'_>) -> io::Result<Self> {
        let heads = heads(codes.len());
        let rows: Vec<u32> = (0..codes.len() as u32).collect();
        let mut lists = vec![Vec::new(); heads.len()];
        for (row, list) in rows.iter().zip(nearest(codes, &rows, &heads)?) {
            lists[list as usize].push(*row);
        }
        let rows = lists.concat();
        let mut places = vec![0; rows.len()];
        (0..).zip(&rows).for_each(|(place, row)| places[*row as usize] = place);
        let ends = lists.iter().scan(0, |end, list| {
            *end += list.len() as u32;
            Some(*end)
        });
        Ok(Self {
            ends: ends.collect(),
            heads: heads.iter().map(|row| places[*row as usize]).collect(),
            rows,
        })
    }

    /// Writes the lists into `folder`.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        table::write(folder, ENDS, &self.ends)?;
        table::write(folder, ROWS, &self.rows)?;
        table::write(folder, HEADS, &self.heads)
    }
}

/// For each row the number of its nearest head.
fn nearest(codes: Codes<'_>, rows: &[u32], heads: &[u32]) -> io::Result<Vec<u32>> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = rows.len().div_ceil(threads).max(1);
    let nearest = |rows: &[u32]| -> Vec<u32> { rows.iter().map(|row| codes.nearest(*row, heads)).collect() };
    std::thread::scope(|scope| {
        let workers = rows.chunks(share).map(|rows| scope.spawn(move || nearest(rows)));
        let workers: Vec<_> = workers.collect();
        let found = workers.into_iter().map(|worker| worker.join());
        let stopped = |_| io::Error::other("the lists could not be made");
        found
            .collect::<Result<Vec<_>, _>>()
            .map(|parts| parts.concat())
            .map_err(stopped)
    })
}

/// An even sample of `count` rows.
fn heads(count: usize) -> Vec<u32> {
    let heads = count.div_ceil(LIST);
    (0..heads).map(|at| (at * count / heads) as u32).collect()
}

impl Lists {
    /// Maps the lists in `folder`; none when there are none.
    pub fn open(folder: &Path) -> io::Result<Option<Self>> {
        if !folder.join(ENDS).exists() {
            return Ok(None);
        }
        let lists = Self {
            ends: Table::open(folder, ENDS)?,
            rows: Table::open(folder, ROWS)?,
            heads: Table::open(folder, HEADS)?,
        };
        let (ends, heads): (&[u32], &[u32]) = (&lists.ends, &lists.heads);
        if ends.last().map_or(0, |end| *end as usize) != lists.rows.len() || ends.len() != heads.len() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "its lists are cut short"));
        }
        Ok(Some(lists))
    }

    /// Number of vectors.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// The row at a place.
    pub fn row(&self, place: u32) -> u32 {
        self.rows.get(place as usize).copied().unwrap_or(u32::MAX)
    }

    /// The places of the lists whose heads are nearest to a query, `count` or a [`SHARE`]th of all at least.
    pub fn near(&self, codes: Codes<'_>, query: &Wide, count: usize) -> Vec<Range<u32>> {
        let mut similar = Vec::new();
        codes.similar_some(query, &self.heads, &mut similar);
        let mut order: Vec<u32> = (0..self.heads.len() as u32).collect();
        order.sort_unstable_by(|a, b| similar[*b as usize].total_cmp(&similar[*a as usize]).then(a.cmp(b)));
        let wanted = count.max(self.len() / SHARE);
        let mut places = Vec::new();
        let mut found = 0;
        for list in order {
            let at = list as usize;
            let range = at.checked_sub(1).map_or(0, |before| self.ends[before])..self.ends[at];
            found += range.len();
            places.push(range);
            if found >= wanted {
                break;
            }
        }
        places
    }
}
