//! Owns what the fit starts from and aims at: the teacher's sentence vectors in the table's
//! dimensions, and a first table from the teacher's vectors of single tokens.

use super::matrix::{Matrix, eigenvectors};

/// How much of a token's weight its frequency takes: weight = a / (a + p(token)), with a of
/// this size (smooth inverse frequency, Arora et al. 2017).
const INVERSE_FREQUENCY: f32 = 1e-3;
/// Ridge penalty relative to the mean of the features' second moments.
const RIDGE: f64 = 1e-3;

/// The directions, as rows, in which the teacher's vectors have most of their length.
///
/// Second moments and not covariance: the similarities that the table is to reproduce are of
/// vectors that nobody centres.
pub fn directions(teacher: &Matrix, dimension: usize) -> Matrix {
    let (values, vectors) = eigenvectors(&teacher.transposed_times(teacher));
    let kept: f64 = values[..dimension].iter().sum();
    let share = kept / values.iter().sum::<f64>();
    println!(
        "{dimension} directions keep {:.2} % of the teacher's squared length",
        share * 100.0
    );
    Matrix::new(vectors.values[..dimension * vectors.columns].to_vec(), vectors.columns)
}

/// Weight of each token by its frequency in `texts`.
pub fn token_weights(texts: &[Vec<u32>], vocabulary_size: usize) -> Vec<f32> {
    let mut counts = vec![0u32; vocabulary_size];
    texts.iter().flatten().for_each(|&id| counts[id as usize] += 1);
    let total: f32 = counts.iter().map(|&count| count as f32).sum();
    let weight = |&count: &u32| INVERSE_FREQUENCY / (INVERSE_FREQUENCY + count as f32 / total);
    counts.iter().map(weight).collect()
}

/// The table without any training: weighted token vectors in the kept directions.
pub fn untrained(tokens: &Matrix, weights: &[f32], directions: &Matrix) -> Matrix {
    let mut rows = tokens.times_transposed(directions);
    for (row, weight) in rows.values.chunks_mut(directions.rows).zip(weights) {
        row.iter_mut().for_each(|value| *value *= weight);
    }
    rows
}

/// The best table of the form row = weight · token vector · A + b for `targets`, in the least
/// squares of the text vectors. Tokens that the text never shows get sensible rows this way.
pub fn regressed(tokens: &Matrix, weights: &[f32], texts: &[Vec<u32>], targets: &Matrix) -> Matrix {
    // A last column of ones makes b a row of A.
    let width = tokens.columns + 1;
    let mut features = Matrix::zeros(tokens.rows, width);
    for (id, &weight) in weights.iter().enumerate() {
        let row = features.row_mut(id);
        for (value, token) in row.iter_mut().zip(tokens.row(id)) {
            *value = weight * token;
        }
        row[width - 1] = 1.0;
    }
    let mut pooled = Matrix::zeros(texts.len(), width);
    for (at, text) in texts.iter().enumerate() {
        mean_rows(&features, text, pooled.row_mut(at));
    }
    let (values, vectors) = eigenvectors(&pooled.transposed_times(&pooled));
    let penalty = RIDGE * values.iter().sum::<f64>() / width as f64;
    // A = Vᵀ (E + penalty)⁻¹ V · Xᵀ Y, with the eigenvectors as the rows of V.
    let mut inner = vectors.times(&pooled.transposed_times(targets));
    for (at, value) in values.iter().enumerate() {
        let factor = (value + penalty).recip() as f32;
        inner.row_mut(at).iter_mut().for_each(|entry| *entry *= factor);
    }
    features.times(&vectors.transposed_times(&inner))
}

/// Writes the mean of the rows of `text`'s tokens to `mean`.
pub fn mean_rows(table: &Matrix, text: &[u32], mean: &mut [f32]) {
    mean.fill(0.0);
    for &id in text {
        for (sum, value) in mean.iter_mut().zip(table.row(id as usize)) {
            *sum += value;
        }
    }
    let factor = (text.len().max(1) as f32).recip();
    mean.iter_mut().for_each(|sum| *sum *= factor);
}
