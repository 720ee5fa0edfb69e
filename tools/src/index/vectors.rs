//! Sentence vectors in memory, and the exact search over them.
//!
//! Each vector is kept twice: as numbers, and as bytes on a scale of its own. A search first scans
//! the bytes, whose error is bounded by the length of what rounding left over, and then computes the
//! true cosine of every vector that could still belong to the answer. The answer is exactly that of
//! a scan over the numbers, at a quarter of the memory traffic.

/// All vectors of a corpus, each of unit length or zero.
pub struct Vectors {
    dimension: usize,
    rows: Vec<f32>,
    codes: Vec<i8>,
    scales: Vec<f32>,
    /// Largest length of a rounding remainder.
    remainder: f32,
}

/// A sentence and its cosine with a query.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Near {
    /// Position of the sentence.
    pub row: u32,
    /// The cosine.
    pub score: f32,
}

impl Vectors {
    /// Takes `rows`, `dimension` numbers a vector.
    pub fn new(dimension: usize, rows: Vec<f32>) -> Self {
        let count = rows.len().checked_div(dimension).unwrap_or(0);
        let mut codes = Vec::with_capacity(rows.len());
        let mut scales = Vec::with_capacity(count);
        let mut remainder = 0.0f32;
        for row in rows.chunks_exact(dimension.max(1)) {
            let scale = row.iter().fold(0.0f32, |most, x| most.max(x.abs())) / 127.0;
            let inverse = if scale > 0.0 { 1.0 / scale } else { 0.0 };
            let start = codes.len();
            codes.extend(row.iter().map(|x| nearest_whole(x * inverse) as i8));
            let left = row
                .iter()
                .zip(&codes[start..])
                .map(|(x, code)| (x - f32::from(*code) * scale).powi(2));
            remainder = remainder.max(left.sum::<f32>().sqrt());
            scales.push(scale);
        }
        Self {
            dimension,
            rows,
            codes,
            scales,
            remainder,
        }
    }

    /// Number of vectors.
    pub fn len(&self) -> usize {
        self.scales.len()
    }

    /// One vector.
    pub fn row(&self, row: u32) -> &[f32] {
        let start = row as usize * self.dimension;
        &self.rows[start..start + self.dimension]
    }

    /// The vectors as little-endian bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.rows.iter().flat_map(|x| x.to_le_bytes()).collect()
    }

    /// Reads [`Vectors::to_bytes`] back; none when the bytes are no whole number of finite vectors.
    pub fn from_bytes(dimension: usize, bytes: &[u8]) -> Option<Self> {
        let (numbers, rest) = bytes.as_chunks::<4>();
        if !rest.is_empty() || dimension == 0 || numbers.len() % dimension != 0 {
            return None;
        }
        Some(Self::new(
            dimension,
            numbers.iter().map(|four| f32::from_le_bytes(*four)).collect(),
        ))
    }

    /// About the cosine of two vectors, from their bytes.
    #[inline]
    pub fn similar(&self, a: u32, b: u32) -> f32 {
        let products = self.codes(a).iter().zip(self.codes(b));
        // at most 127 * 127 a product: 2^31 is far for any dimension in use
        let sum = products.fold(0i32, |sum, (a, b)| {
            sum.wrapping_add(i32::from(*a).wrapping_mul(i32::from(*b)))
        });
        sum as f32 * self.scales[a as usize] * self.scales[b as usize]
    }

    /// About the cosine of a vector with a query, from its bytes.
    #[inline]
    pub fn similar_to(&self, row: u32, query: &[i16], scale: f32) -> f32 {
        wide_dot(query, self.codes(row)) * scale * self.scales[row as usize]
    }

    fn codes(&self, row: u32) -> &[i8] {
        let start = row as usize * self.dimension;
        &self.codes[start..start + self.dimension]
    }

    /// The `count` vectors of the largest cosine with a unit `query`, best first, ties by position.
    pub fn nearest(&self, query: &[f32], count: usize) -> Vec<Near> {
        let count = count.min(self.len());
        if count == 0 {
            return Vec::new();
        }
        let wide = Wide::new(query);
        let mut estimates: Vec<f32> = Vec::with_capacity(self.len());
        for (codes, scale) in self.codes.chunks_exact(self.dimension).zip(&self.scales) {
            estimates.push(wide_dot(&wide.codes, codes) * wide.scale * scale);
        }
        // |true - estimate| is at most the remainders' lengths against unit vectors, and the error of
        // summing floats, for which the constant is generous
        let error = self.remainder + wide.remainder * (1.0 + self.remainder) + 1e-5;
        let mut sorted = estimates.clone();
        let (_, kth, _) = sorted.select_nth_unstable_by(count - 1, |a, b| b.total_cmp(a));
        let enough = *kth - 2.0 * error;
        let possible = estimates
            .iter()
            .enumerate()
            .filter(|(_, estimate)| **estimate >= enough);
        self.best(query, possible.map(|(row, _)| row as u32), count)
    }

    /// The best `count` among `rows` by their true cosines, best first, ties by position.
    pub fn best(&self, query: &[f32], rows: impl Iterator<Item = u32>, count: usize) -> Vec<Near> {
        let mut scored: Vec<Near> = rows
            .map(|row| Near {
                row,
                score: dot(query, self.row(row)),
            })
            .collect();
        scored.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.row.cmp(&b.row)));
        scored.truncate(count);
        scored
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
    /// Codes up to this keep 2048 products with bytes below 2^31.
    const MOST: f32 = 4096.0;

    /// The query's codes.
    pub fn new(query: &[f32]) -> Self {
        let scale = query.iter().fold(0.0f32, |most, x| most.max(x.abs())) / Self::MOST;
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

/// The dot product of a query's codes with a vector's. The sums cannot overflow; wrapping lets the
/// compiler add many at once.
#[inline]
fn wide_dot(wide: &[i16], narrow: &[i8]) -> f32 {
    let part = |wide: &[i16], narrow: &[i8]| {
        let products = wide.iter().zip(narrow);
        products.fold(0i32, |sum, (a, b)| {
            sum.wrapping_add(i32::from(*a).wrapping_mul(i32::from(*b)))
        })
    };
    let parts = wide.chunks(2048).zip(narrow.chunks(2048));
    parts.map(|(wide, narrow)| part(wide, narrow) as f32).sum()
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
