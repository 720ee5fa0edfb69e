//! Scaled dot-product attention within each of several texts that lie one after the other.

use super::{ARCH, Rows, math};
use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape};
use pulp::NullaryFnOnce;
use std::ops::Range;

/// Which tokens of its text a token attends to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mask {
    /// All.
    Full,
    /// Itself and those before it.
    Causal,
    /// Those at most so many tokens away.
    Near(usize),
}

impl Mask {
    fn keys(self, at: usize, length: usize) -> Range<usize> {
        match self {
            Self::Full => 0..length,
            Self::Causal => 0..at + 1,
            Self::Near(most) => at.saturating_sub(most)..length.min(at + most + 1),
        }
    }
}

/// Of queries, keys and values, one row a token; rows are heads side by side. Several heads of queries share one head
/// of keys and values where there are fewer of those (Ainslie et al. 2023).
pub struct Attend<'a> {
    /// Tokens of each text.
    pub lengths: &'a [usize],
    /// Numbers in a head.
    pub dimension: usize,
    /// What is attended to.
    pub mask: Mask,
}

impl CustomOp3 for Attend<'_> {
    fn name(&self) -> &'static str {
        "attend"
    }

    fn cpu_fwd(
        &self,
        queries: &CpuStorage,
        queries_layout: &Layout,
        keys: &CpuStorage,
        keys_layout: &Layout,
        values: &CpuStorage,
        values_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (count, width) = queries_layout.shape().dims2()?;
        let mut out = vec![0.0; count * width];
        ARCH.dispatch(All {
            how: self,
            queries: Rows::of(queries, queries_layout)?,
            keys: Rows::of(keys, keys_layout)?,
            values: Rows::of(values, values_layout)?,
            out: &mut out,
        });
        Ok((CpuStorage::F32(out), Shape::from((count, width))))
    }
}

struct All<'a> {
    how: &'a Attend<'a>,
    queries: Rows<'a>,
    keys: Rows<'a>,
    values: Rows<'a>,
    out: &'a mut [f32],
}

impl NullaryFnOnce for All<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let dimension = self.how.dimension;
        let sharing = self.queries.width / self.keys.width.max(1);
        let scale = 1.0 / (dimension as f32).sqrt();
        let longest = self.how.lengths.iter().max().copied().unwrap_or_default();
        let (mut turned, mut scores) = (vec![0.0; longest * dimension], vec![0.0; longest]);
        let mut begin = 0;
        for &length in self.how.lengths {
            for shared in 0..self.keys.width / dimension {
                let from = shared * dimension;
                let turned = &mut turned[..length * dimension];
                turn(self.keys, begin, from, length, turned);
                for head in shared * sharing..(shared + 1) * sharing {
                    for at in 0..length {
                        let range = self.how.mask.keys(at, length);
                        let query = &self.queries.row(begin + at)[head * dimension..][..dimension];
                        let scores = &mut scores[range.clone()];
                        score(query, turned, length, range.clone(), scores);
                        soften(scores, scale);
                        let out = &mut self.out[(begin + at) * self.queries.width + head * dimension..][..dimension];
                        mix(scores, self.values, begin + range.start, from, out);
                    }
                }
            }
            begin += length;
        }
    }
}

/// Keys of one head, a row for each of their numbers: so that loops run over keys.
#[inline(always)]
fn turn(keys: Rows<'_>, begin: usize, from: usize, length: usize, turned: &mut [f32]) {
    let dimension = turned.len() / length.max(1);
    for at in 0..length {
        let key = &keys.row(begin + at)[from..][..dimension];
        for (number, row) in key.iter().zip(turned.chunks_exact_mut(length)) {
            row[at] = *number;
        }
    }
}

#[inline(always)]
fn score(query: &[f32], turned: &[f32], length: usize, range: Range<usize>, scores: &mut [f32]) {
    scores.fill(0.0);
    // Four numbers of the query at once: the scores are read and written a quarter as often.
    let (fours, rows) = (query.chunks_exact(4), turned.chunks_exact(4 * length));
    let (rest, rows_left) = (fours.remainder(), rows.remainder());
    for (four, rows) in fours.zip(rows) {
        let row = |at: usize| &rows[at * length..][range.clone()][..scores.len()];
        let (a, b, c, d) = (row(0), row(1), row(2), row(3));
        for (at, score) in scores.iter_mut().enumerate() {
            let pair = four[0].mul_add(a[at], four[1] * b[at]);
            let other = four[2].mul_add(c[at], four[3] * d[at]);
            *score += pair + other;
        }
    }
    for (number, row) in rest.iter().zip(rows_left.chunks_exact(length.max(1))) {
        let row = &row[range.clone()];
        for (score, key) in scores.iter_mut().zip(row) {
            *score += number * key;
        }
    }
}

/// The softmax of the scaled scores.
#[inline(always)]
fn soften(scores: &mut [f32], scale: f32) {
    let greatest = math::greatest(scores);
    for score in scores.iter_mut() {
        *score = math::exp((*score - greatest) * scale);
    }
    let factor = 1.0 / math::sum(scores);
    for score in scores.iter_mut() {
        *score *= factor;
    }
}

/// The values of tokens from `begin` on, weighed by the scores.
#[inline(always)]
fn mix(scores: &[f32], values: Rows<'_>, begin: usize, from: usize, out: &mut [f32]) {
    /// So many sums stay in registers.
    const LANES: usize = 32;
    for (part, out) in out.chunks_mut(LANES).enumerate() {
        let from = from + part * LANES;
        let mut sums = [0.0f32; LANES];
        if out.len() == LANES {
            for (score, row) in scores.iter().zip(begin..) {
                let value: &[f32] = &values.row(row)[from..][..LANES];
                for lane in 0..LANES {
                    sums[lane] = score.mul_add(value[lane], sums[lane]);
                }
            }
        } else {
            for (score, row) in scores.iter().zip(begin..) {
                let value = &values.row(row)[from..][..out.len()];
                for (sum, value) in sums.iter_mut().zip(value) {
                    *sum += score * value;
                }
            }
        }
        out.copy_from_slice(&sums[..out.len()]);
    }
}
