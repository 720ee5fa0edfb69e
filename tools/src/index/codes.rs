//! Vectors as bytes, and the products of many of them with one query: in the widest instructions that
//! the processor has, which is found out when the program runs.

use super::vectors::Wide;
use pulp::{Arch, NullaryFnOnce};
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

    fn row(&self, row: u32) -> &'a [i8] {
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
        ARCH.dispatch(All {
            codes: *self,
            query,
            found: &mut found,
        });
        found
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
        // at most 127 * 127 a product: 2^31 is far for any dimension in use
        let products = self.0.iter().zip(self.1);
        products.fold(0i32, |sum, (a, b)| {
            sum.wrapping_add(i32::from(*a).wrapping_mul(i32::from(*b)))
        })
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
        let rows = self.codes.codes.chunks_exact(self.codes.dimension);
        let similar = rows
            .zip(self.codes.scales)
            .map(|(row, scale)| product(&self.query.codes, row) as f32 * self.query.scale * scale);
        self.found.extend(similar);
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
        let similar = self.rows.iter().map(|row| {
            let sum = product(&self.query.codes, self.codes.row(*row));
            sum as f32 * self.query.scale * self.codes.scales[*row as usize]
        });
        self.found.extend(similar);
    }
}

/// The sums cannot overflow (see [`Wide::new`]); wrapping lets the compiler add many at once.
#[inline(always)]
fn product(wide: &[i16], narrow: &[i8]) -> i32 {
    let products = wide.iter().zip(narrow);
    products.fold(0i32, |sum, (a, b)| {
        sum.wrapping_add(i32::from(*a).wrapping_mul(i32::from(*b)))
    })
}
