//! Vectors as bytes, and the products of many of them with one query: in the widest instructions that
//! the processor has, which is found out when the program runs.
//!
//! Loops here are plain ones: what an iterator's `fold` or `extend` calls is compiled as a function of its own,
//! for the oldest processor that there is.

use super::vectors::Wide;
use pulp::{Arch, NullaryFnOnce};
use std::ops::Range;
use std::sync::LazyLock;

static ARCH: LazyLock<Arch> = LazyLock::new(Arch::new);

/// Vectors as bytes, each on a scale of its own.
#[derive(Clone, Copy)]
pub struct Codes<'a> {
    /// Numbers in a vector.
    pub dimension: usize,
    /// The bytes, vector after vector.
    pub codes: &'a [i8],
    /// What a byte of 1 stands for, one a vector.
    pub scales: &'a [f32],
}

impl<'a> Codes<'a> {
    /// Number of vectors.
    pub fn len(&self) -> usize {
        self.scales.len()
    }

    /// The bytes of one vector.
    pub fn row(&self, row: u32) -> &'a [i8] {
        let start = row as usize * self.dimension;
        &self.codes[start..start + self.dimension]
    }

    /// About the cosine of two vectors.
    pub fn similar(&self, a: u32, b: u32) -> f32 {
        let sum = ARCH.dispatch(Pair(self.row(a), self.row(b)));
        sum as f32 * self.scales[a as usize] * self.scales[b as usize]
    }

    /// The number of the one of `others` that a vector is nearest to.
    pub fn nearest(&self, row: u32, others: &[u32]) -> u32 {
        ARCH.dispatch(Nearest {
            codes: *self,
            row,
            others,
        })
    }

    /// About the cosine of every vector with a query.
    pub fn similar_all(&self, query: &Wide) -> Vec<f32> {
        let mut found = Vec::with_capacity(self.len());
        self.similar_range(query, 0..self.len() as u32, &mut found);
        found
    }

    /// Appends about the cosine of each vector of a range with a query; of those that there are.
    pub fn similar_range(&self, query: &Wide, range: Range<u32>, found: &mut Vec<f32>) {
        let (end, start) = ((range.end as usize).min(self.len()), range.start as usize);
        let range = start.min(end)..end;
        let codes = Codes {
            dimension: self.dimension,
            codes: &self.codes[range.start * self.dimension..range.end * self.dimension],
            scales: &self.scales[range],
        };
        ARCH.dispatch(All { codes, query, found });
    }

    /// Appends about the cosine of each of `rows` with a query.
    pub fn similar_some(&self, query: &Wide, rows: &[u32], found: &mut Vec<f32>) {
        ARCH.dispatch(Some {
            codes: *self,
            query,
            rows,
            found,
        });
    }
}

struct Pair<'a>(&'a [i8], &'a [i8]);

impl NullaryFnOnce for Pair<'_> {
    type Output = i32;

    #[inline(always)]
    fn call(self) -> i32 {
        let Self(a, b) = self;
        // at most 127 * 127 a product: 2^31 is far for any dimension in use
        let mut sum = 0i32;
        for (a, b) in a.iter().zip(b) {
            sum = sum.wrapping_add(i32::from(*a).wrapping_mul(i32::from(*b)));
        }
        sum
    }
}

struct Nearest<'a, 'b> {
    codes: Codes<'a>,
    row: u32,
    others: &'b [u32],
}

impl NullaryFnOnce for Nearest<'_, '_> {
    type Output = u32;

    #[inline(always)]
    fn call(self) -> u32 {
        let row = self.codes.row(self.row);
        let mut best = (f32::NEG_INFINITY, 0);
        for (at, other) in (0u32..).zip(self.others) {
            let sum = Pair(row, self.codes.row(*other)).call() as f32;
            let similar = sum * self.codes.scales[*other as usize];
            if similar > best.0 {
                best = (similar, at);
            }
        }
        best.1
    }
}

struct All<'a, 'b> {
    codes: Codes<'a>,
    query: &'a Wide,
    found: &'b mut Vec<f32>,
}

impl NullaryFnOnce for All<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let before = self.found.len();
        self.found.resize(before + self.codes.len(), 0.0);
        let rows = self.codes.codes.chunks_exact(self.codes.dimension);
        let scaled = rows.zip(self.codes.scales);
        for ((row, scale), found) in scaled.zip(&mut self.found[before..]) {
            *found = product(&self.query.codes, row) as f32 * self.query.scale * scale;
        }
    }
}

struct Some<'a, 'b> {
    codes: Codes<'a>,
    query: &'a Wide,
    rows: &'b [u32],
    found: &'b mut Vec<f32>,
}

impl NullaryFnOnce for Some<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let before = self.found.len();
        self.found.resize(before + self.rows.len(), 0.0);
        for (row, found) in self.rows.iter().zip(&mut self.found[before..]) {
            let sum = product(&self.query.codes, self.codes.row(*row));
            *found = sum as f32 * self.query.scale * self.codes.scales[*row as usize];
        }
    }
}

/// The sums cannot overflow (see [`Wide::new`]); wrapping lets the compiler add many at once.
#[inline(always)]
fn product(wide: &[i16], narrow: &[i8]) -> i32 {
    let mut sum = 0i32;
    for (a, b) in wide.iter().zip(narrow) {
        sum = sum.wrapping_add(i32::from(*a).wrapping_mul(i32::from(*b)));
    }
    sum
}
