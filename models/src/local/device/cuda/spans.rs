//! Attention cut into pieces that a device works on side by side: see `kernels/attention.cu`.

use crate::local::kernels::Visit;
use std::collections::HashMap;

/// Queries that a block of threads takes: sixteen for each of its four warps.
const QUERIES: usize = 64;
/// Blocks of threads that keep a large device busy: some for each of its 132 multiprocessors.
const BUSY: usize = 512;
/// A span has at least so many blocks of the cache where there are as many: what it makes must be put together.
const SPAN_MIN: usize = 4;
const SPAN_MAX: usize = 64;

/// The pieces, as the kernels read them.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Spans {
    /// Six numbers each: `Span` of the kernel.
    pub spans: Vec<i32>,
    /// For each block of a span, which one and the most positions that are seen of it.
    pub blocks: Vec<i32>,
    /// For each row of a span, which one.
    pub rows: Vec<i32>,
    /// For each block and row of a span, how many positions it sees.
    pub seen: Vec<u8>,
    /// For each row of the step, where its part of `made` begins; and the end of the last one.
    pub begins: Vec<i32>,
    /// The places where spans put what they make, row by row.
    pub made: Vec<i32>,
}

/// Rows that attend to the same blocks.
struct Company<'a> {
    rows: Vec<u32>,
    visits: Vec<&'a Visit>,
}

impl Spans {
    /// Of a step of `rows` rows, where `sharing` queries of a row share one of `shared_heads` heads of keys.
    pub fn new(visits: &[Visit], rows: usize, sharing: usize, shared_heads: usize) -> Self {
        let companies = companies(visits);
        let tile = (QUERIES / sharing).max(1);
        let work = companies
            .iter()
            .map(|company| company.visits.len() * company.rows.len().div_ceil(tile));
        let wanted = (BUSY / shared_heads).max(1);
        let length = work.sum::<usize>().div_ceil(wanted).clamp(SPAN_MIN, SPAN_MAX);
        let mut spans = Self::default();
        let mut made = vec![Vec::new(); rows];
        for company in &companies {
            for (at, tile_rows) in company.rows.chunks(tile).enumerate() {
                for visits in company.visits.chunks(length) {
                    spans.push(tile_rows, at * tile, visits, &mut made);
                }
            }
        }
        for places in made {
            spans.begins.push(spans.made.len() as i32);
            spans.made.extend(places);
        }
        spans.begins.push(spans.made.len() as i32);
        spans
    }

    /// How many.
    pub fn count(&self) -> usize {
        self.spans.len() / 6
    }

    /// `first` is the place of the rows among the tokens of each visit.
    fn push(&mut self, rows: &[u32], first: usize, visits: &[&Visit], made: &mut [Vec<i32>]) {
        let place = self.rows.len();
        let (blocks, seen) = (self.blocks.len() / 2, self.seen.len());
        let numbers = [blocks, visits.len(), place, rows.len(), seen, place];
        self.spans.extend(numbers.map(|number| number as i32));
        for visit in visits {
            let tokens = &visit.tokens[first..][..rows.len()];
            let most = tokens.iter().map(|(_, seen)| *seen).max().unwrap_or(0);
            self.blocks.extend([visit.block as i32, most as i32]);
            self.seen.extend(tokens.iter().map(|(_, seen)| *seen as u8));
        }
        for (at, row) in rows.iter().enumerate() {
            made[*row as usize].push((place + at) as i32);
            self.rows.push(*row as i32);
        }
    }
}

/// Blocks by who attends to them, in the order of their first visit.
fn companies(visits: &[Visit]) -> Vec<Company<'_>> {
    let mut known: HashMap<Vec<u32>, usize> = HashMap::new();
    let mut companies: Vec<Company<'_>> = Vec::new();
    for visit in visits {
        let rows: Vec<u32> = visit.tokens.iter().map(|(row, _)| *row).collect();
        let at = *known.entry(rows).or_insert_with_key(|rows| {
            companies.push(Company {
                rows: rows.clone(),
                visits: Vec::new(),
            });
            companies.len() - 1
        });
        companies[at].visits.push(visit);
    }
    companies
}
