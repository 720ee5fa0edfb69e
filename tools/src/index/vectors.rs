//! Sentence vectors in memory maps, and the searches over them.
//!
//! Each vector is kept twice: as numbers, and as bytes on a scale of its own. A search first looks at
//! the bytes, whose error is bounded by the length of what rounding left over, and then computes the
//! true cosine of every vector that could still belong to the answer. A scan's answer is exactly that of
//! a scan over the numbers, at a quarter of the memory traffic; the numbers themselves stay on disk but
//! for the few that are looked at. Where a graph is, a walk of it takes the scan's place, and the bytes
//! lie in the order of the graph's lists.

use super::codes::Codes;
use super::graph::{self, Graph, Reached};
use super::lists::{self, Lists};
use super::table::{self, Table};
use std::io::{self, Write};
use std::path::Path;

const NUMBERS: &str = "vectors";
const CODES: &str = "codes";
const SCALES: &str = "scales";
const REMAINDER: &str = "remainder";

/// All vectors of a segment, each of unit length or zero.
pub struct Vectors {
    dimension: usize,
    numbers: Table<f32>,
    codes: Table<i8>,
    scales: Table<f32>,
    /// Largest length of a rounding remainder, one row.
    remainder: Table<f32>,
    graph: Option<(Graph, Lists)>,
}

/// A sentence and its cosine with a query.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Near {
    /// Position of the sentence.
    pub row: u32,
    /// The cosine.
    pub score: f32,
}

/// Rows that a search may find.
pub type Keep<'a> = &'a dyn Fn(u32) -> bool;

/// Writes vectors as they come, so that they need not be in memory together.
pub struct Writer {
    dimension: usize,
    numbers: io::BufWriter<std::fs::File>,
    codes: Vec<i8>,
    scales: Vec<f32>,
    remainder: f32,
}

impl Writer {
    /// Begins the vectors of the segment in `folder`.
    pub fn new(folder: &Path, dimension: usize) -> io::Result<Self> {
        Ok(Self {
            dimension,
            numbers: io::BufWriter::new(std::fs::File::create(folder.join(NUMBERS))?),
            codes: Vec::new(),
            scales: Vec::new(),
            remainder: 0.0,
        })
    }

    /// Appends `rows`, a whole number of vectors.
    pub fn push(&mut self, rows: &[f32]) -> io::Result<()> {
        self.numbers.write_all(bytemuck::cast_slice(rows))?;
        for row in rows.chunks_exact(self.dimension) {
            let scale = row.iter().fold(0.0f32, |most, x| most.max(x.abs())) / 127.0;
            let inverse = if scale > 0.0 { 1.0 / scale } else { 0.0 };
            let start = self.codes.len();
            self.codes.extend(row.iter().map(|x| nearest_whole(x * inverse) as i8));
            let left = row.iter().zip(&self.codes[start..]);
            let left = left.map(|(x, code)| (x - f32::from(*code) * scale).powi(2));
            self.remainder = self.remainder.max(left.sum::<f32>().sqrt());
            self.scales.push(scale);
        }
        Ok(())
    }

    /// Writes what is left, and a graph when there are `graph_from` vectors or more; `progress` hears of
    /// vectors linked.
    pub fn finish(mut self, folder: &Path, graph_from: usize, progress: &(dyn Fn(usize) + Sync)) -> io::Result<()> {
        self.numbers.flush()?;
        table::write(folder, REMAINDER, &[self.remainder])?;
        if self.scales.len() >= graph_from {
            let lists = lists::Made::of(self.as_codes())?;
            lists.write(folder)?;
            self.put_in_order(&lists.rows);
            graph::write(folder, self.as_codes(), progress)?;
        }
        table::write(folder, CODES, &self.codes)?;
        table::write(folder, SCALES, &self.scales)
    }

    fn put_in_order(&mut self, rows: &[u32]) {
        let codes = rows.iter().flat_map(|row| self.as_codes().row(*row));
        let codes = codes.copied().collect();
        self.scales = rows.iter().map(|row| self.scales[*row as usize]).collect();
        self.codes = codes;
    }

    fn as_codes(&self) -> Codes<'_> {
        Codes {
            dimension: self.dimension,
            codes: &self.codes,
            scales: &self.scales,
        }
    }
}

impl Vectors {
    /// Maps the vectors in `folder`.
    pub fn open(folder: &Path, dimension: usize) -> io::Result<Self> {
        let vectors = Self {
            dimension,
            numbers: Table::open(folder, NUMBERS)?,
            codes: Table::open(folder, CODES)?,
            scales: Table::open(folder, SCALES)?,
            remainder: Table::open(folder, REMAINDER)?,
            graph: Graph::open(folder)?.zip(Lists::open(folder)?),
        };
        let numbers = vectors.scales.len() * dimension;
        let counts = vectors.graph.as_ref().map(|(graph, lists)| (graph.len(), lists.len()));
        if vectors.numbers.len() != numbers
            || vectors.codes.len() != numbers
            || vectors.remainder.len() != 1
            || counts.is_some_and(|counts| counts != (vectors.len(), vectors.len()))
        {
            let message = format!("its vectors are not {} of {dimension} numbers", vectors.len());
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        Ok(vectors)
    }

    /// Number of vectors.
    pub fn len(&self) -> usize {
        self.scales.len()
    }

    /// One vector.
    pub fn row(&self, row: u32) -> &[f32] {
        let start = row as usize * self.dimension;
        &self.numbers[start..start + self.dimension]
    }

    /// The `count` vectors of the largest cosine with a unit `query`, best first, ties by position: of
    /// those to `keep`, of all without it. Of many, a walk may miss some; what it finds has true cosines.
    pub fn nearest(&self, query: &[f32], count: usize, keep: Option<Keep<'_>>) -> Vec<Near> {
        let wide = Wide::new(query);
        if let Some((graph, lists)) = &self.graph {
            let mut reached = graph.walk(lists, self.as_codes(), &wide, count);
            reached.retain(|reached| keep.is_none_or(|keep| keep(lists.row(reached.place))));
            // what a walk reached is nearer than what it did not; too few of it count only for a narrow filter
            if reached.len() >= count.min(self.len()) {
                return self.possible(query, &wide, reached, count);
            }
        }
        self.scan(query, &wide, count, keep)
    }

    /// The same, all rows looked at.
    fn scan(&self, query: &[f32], wide: &Wide, count: usize, keep: Option<Keep<'_>>) -> Vec<Near> {
        let estimates = self.as_codes().similar_all(wide);
        let reached = (0..).zip(estimates).map(|(place, similar)| Reached { place, similar });
        let reached = match keep {
            Some(keep) => reached.filter(|reached| keep(self.row_at(reached.place))).collect(),
            None => reached.collect(),
        };
        self.possible(query, wide, reached, count)
    }

    /// The best `count` of what was reached: only where the estimate leaves it open, numbers are read.
    fn possible(&self, query: &[f32], wide: &Wide, mut reached: Vec<Reached>, count: usize) -> Vec<Near> {
        let count = count.min(reached.len());
        if count == 0 {
            return Vec::new();
        }
        // |true - estimate| is at most the remainders' lengths against unit vectors, and the error of
        // summing floats, for which the constant is generous
        let remainder = self.remainder[0];
        let error = remainder + wide.remainder * (1.0 + remainder) + 1e-5;
        let nearer = |a: &Reached, b: &Reached| b.similar.total_cmp(&a.similar);
        let (_, kth, _) = reached.select_nth_unstable_by(count - 1, nearer);
        let enough = kth.similar - 2.0 * error;
        let possible = reached.iter().filter(|reached| reached.similar >= enough);
        self.best(query, possible.map(|reached| self.row_at(reached.place)), count)
    }

    fn row_at(&self, place: u32) -> u32 {
        self.graph.as_ref().map_or(place, |(_, lists)| lists.row(place))
    }

    /// The best `count` among `rows` by their true cosines, best first, ties by position.
    fn best(&self, query: &[f32], rows: impl Iterator<Item = u32>, count: usize) -> Vec<Near> {
        let scored = rows.map(|row| Near {
            row,
            score: dot(query, self.row(row)),
        });
        let mut scored: Vec<Near> = scored.collect();
        scored.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.row.cmp(&b.row)));
        scored.truncate(count);
        scored
    }

    fn as_codes(&self) -> Codes<'_> {
        Codes {
            dimension: self.dimension,
            codes: &self.codes,
            scales: &self.scales,
        }
    }
}

/// A query on a 16-bit scale, whose own rounding hardly counts.
pub struct Wide {
    /// The numbers, divided by the scale.
    pub codes: Vec<i16>,
    /// What a code of 1 stands for.
    pub scale: f32,
    /// Length of what rounding left over.
    remainder: f32,
}

impl Wide {
    /// The query's codes: as fine as 12 bits, and so that their products with bytes stay below 2^31 in sum.
    pub fn new(query: &[f32]) -> Self {
        let most = (i32::MAX / (127 * query.len().max(1) as i32)).min(4096) as f32;
        let scale = query.iter().fold(0.0f32, |most, x| most.max(x.abs())) / most;
        let inverse = if scale > 0.0 { 1.0 / scale } else { 0.0 };
        let codes: Vec<i16> = query.iter().map(|x| nearest_whole(x * inverse) as i16).collect();
        let left = query.iter().zip(&codes);
        let left = left.map(|(x, code)| (x - f32::from(*code) * scale).powi(2));
        let remainder = left.sum::<f32>().sqrt();
        Self {
            codes,
            scale,
            remainder,
        }
    }
}

/// Rounds without the library call that `f32::round` is on older processors.
fn nearest_whole(x: f32) -> i32 {
    (x + 0.5f32.copysign(x)) as i32
}

/// The dot product, summed in eight lanes: the same order on every machine.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0f32; 8];
    let (a_eights, a_rest) = a.as_chunks::<8>();
    let (b_eights, b_rest) = b.as_chunks::<8>();
    for (x, y) in a_eights.iter().zip(b_eights) {
        for lane in 0..8 {
            lanes[lane] += x[lane] * y[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum();
    lanes.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests;
