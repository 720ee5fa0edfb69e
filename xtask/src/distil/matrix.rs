//! Owns the little linear algebra of the fit: matrix products and the eigenvectors of a
//! symmetric matrix.

use troupe_models::local::Product;

/// A dense row-major matrix.
#[derive(Debug, Clone)]
pub struct Matrix {
    /// Row-major values.
    pub values: Vec<f32>,
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub columns: usize,
}

impl Matrix {
    /// A matrix of `columns` columns over `values`.
    pub fn new(values: Vec<f32>, columns: usize) -> Self {
        Self {
            rows: values.len() / columns,
            columns,
            values,
        }
    }

    /// Zeros.
    pub fn zeros(rows: usize, columns: usize) -> Self {
        Self {
            values: vec![0.0; rows * columns],
            rows,
            columns,
        }
    }

    /// Row `at`.
    pub fn row(&self, at: usize) -> &[f32] {
        &self.values[at * self.columns..][..self.columns]
    }

    /// Row `at`, to write to.
    pub fn row_mut(&mut self, at: usize) -> &mut [f32] {
        &mut self.values[at * self.columns..][..self.columns]
    }

    fn transposed(&self) -> Self {
        let mut turned = Self::zeros(self.columns, self.rows);
        for (at, row) in self.values.chunks_exact(self.columns).enumerate() {
            for (column, &value) in row.iter().enumerate() {
                turned.values[column * self.rows + at] = value;
            }
        }
        turned
    }

    /// `self · other`.
    pub fn times(&self, other: &Self) -> Self {
        self.times_transposed(&other.transposed())
    }

    /// `self · otherᵀ`.
    pub fn times_transposed(&self, other: &Self) -> Self {
        let product = Product::new(&other.values, other.columns, None).apply(&self.values);
        Self::new(product, other.rows)
    }

    /// `selfᵀ · other`, in parts of so many rows that single precision suffices for the sums.
    pub fn transposed_times(&self, other: &Self) -> Self {
        const ROWS: usize = 2048;
        let mut sum = Self::zeros(self.columns, other.columns);
        let rights = other.values.chunks(ROWS * other.columns);
        for (left, right) in self.values.chunks(ROWS * self.columns).zip(rights) {
            let left = Self::new(left.to_vec(), self.columns);
            let part = left.transposed().times(&Self::new(right.to_vec(), other.columns));
            sum.values
                .iter_mut()
                .zip(&part.values)
                .for_each(|(sum, value)| *sum += value);
        }
        sum
    }

    /// Makes every row of length 1; rows of zeros stay.
    pub fn normalise_rows(&mut self) {
        self.values.chunks_mut(self.columns).for_each(|row| {
            normalise(row);
        });
    }
}

/// The scalar product.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    // Eight sums, so that the compiler may use vector registers.
    let mut sums = [0.0f32; 8];
    let (left, right) = (a.chunks_exact(8), b.chunks_exact(8));
    let tail: f32 = left.remainder().iter().zip(right.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in left.zip(right) {
        for lane in 0..8 {
            sums[lane] += x[lane] * y[lane];
        }
    }
    sums.iter().sum::<f32>() + tail
}

/// Scales `row` to length 1 and returns the length that it had.
pub fn normalise(row: &mut [f32]) -> f32 {
    let length = dot(row, row).sqrt();
    if length > 0.0 {
        row.iter_mut().for_each(|value| *value /= length);
    }
    length
}

/// Eigenvalues of a symmetric matrix, largest first, and its eigenvectors as rows
/// (cyclic Jacobi, Golub and Van Loan §8.5).
pub fn eigenvectors(matrix: &Matrix) -> (Vec<f64>, Matrix) {
    let size = matrix.rows;
    let mut work: Vec<f64> = matrix.values.iter().map(|&value| f64::from(value)).collect();
    let mut vectors = vec![0.0f64; size * size];
    (0..size).for_each(|at| vectors[at * size + at] = 1.0);
    let total: f64 = work.iter().map(|value| value * value).sum();
    for _ in 0..30 {
        let mut off = 0.0;
        for p in 0..size {
            for q in p + 1..size {
                off += work[p * size + q] * work[p * size + q];
                rotate(&mut work, &mut vectors, size, p, q);
            }
        }
        if off < 1e-16 * total {
            break;
        }
    }
    let mut order: Vec<usize> = (0..size).collect();
    order.sort_by(|&a, &b| work[b * size + b].total_cmp(&work[a * size + a]));
    let values = order.iter().map(|&at| work[at * size + at]).collect();
    let rows = order.iter().flat_map(|&at| &vectors[at * size..][..size]);
    (values, Matrix::new(rows.map(|&value| value as f32).collect(), size))
}

/// One Jacobi rotation that zeroes entry (p, q); the rows of `vectors` rotate along.
fn rotate(work: &mut [f64], vectors: &mut [f64], size: usize, p: usize, q: usize) {
    let off = work[p * size + q];
    if off == 0.0 {
        return;
    }
    let tau = (work[q * size + q] - work[p * size + p]) / (2.0 * off);
    let t = tau.signum() / (tau.abs() + (1.0 + tau * tau).sqrt());
    let c = (1.0 + t * t).sqrt().recip();
    let s = t * c;
    for at in 0..size {
        let (x, y) = (work[at * size + p], work[at * size + q]);
        work[at * size + p] = c * x - s * y;
        work[at * size + q] = s * x + c * y;
    }
    for rows in [work, vectors] {
        let (upper, lower) = rows.split_at_mut(q * size);
        for (x, y) in upper[p * size..][..size].iter_mut().zip(&mut lower[..size]) {
            (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
        }
    }
}
