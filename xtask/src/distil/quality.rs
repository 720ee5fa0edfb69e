//! Owns how near a table is to its teacher on texts that it was not trained on.

use super::initial::mean_rows;
use super::matrix::Matrix;

/// Held-out texts compared with each other: half a million pairs.
const COMPARED: usize = 1000;
/// Held-out texts searched by the first `COMPARED` of them.
const SEARCHED: usize = 4000;
const TOP: usize = 10;

/// Agreement with the teacher.
#[derive(Debug, Clone, Copy)]
pub struct Quality {
    /// Mean cosine to the teacher's projected vector of the same text.
    pub cosine: f32,
    /// Spearman's rank correlation of the similarities of all pairs.
    pub spearman: f32,
    /// Share of the teacher's ten nearest texts among the table's ten.
    pub overlap: f32,
}

impl std::fmt::Display for Quality {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            cosine,
            spearman,
            overlap,
        } = self;
        write!(
            f,
            "held out: cosine {cosine:.4}, Spearman {spearman:.4}, top-10 overlap {overlap:.4}"
        )
    }
}

/// Compares `table` on `texts` with the targets (in its dimensions) and the teacher's vectors.
pub fn measure(table: &Matrix, texts: &[Vec<u32>], targets: &Matrix, teacher: &Matrix) -> Quality {
    let mut vectors = Matrix::zeros(texts.len(), table.columns);
    for (at, text) in texts.iter().enumerate() {
        mean_rows(table, text, vectors.row_mut(at));
    }
    vectors.normalise_rows();
    let cosine = super::matrix::dot(&vectors.values, &targets.values) / texts.len() as f32;
    let student = head(&vectors, COMPARED).times_transposed(&head(&vectors, SEARCHED));
    let wanted = head(teacher, COMPARED).times_transposed(&head(teacher, SEARCHED));
    let upper = |matrix: &Matrix| -> Vec<f32> {
        let compared = matrix.rows.min(matrix.columns);
        (0..compared)
            .flat_map(|at| matrix.row(at)[at + 1..compared].to_vec())
            .collect()
    };
    let spearman = correlation(&ranks(&upper(&student)), &ranks(&upper(&wanted)));
    let mut shared = 0;
    for at in 0..student.rows {
        let nearest = top(student.row(at), at);
        shared += top(wanted.row(at), at)
            .iter()
            .filter(|&other| nearest.contains(other))
            .count();
    }
    let overlap = shared as f32 / (student.rows * TOP) as f32;
    Quality {
        cosine,
        spearman,
        overlap,
    }
}

fn head(matrix: &Matrix, rows: usize) -> Matrix {
    let rows = rows.min(matrix.rows);
    Matrix::new(matrix.values[..rows * matrix.columns].to_vec(), matrix.columns)
}

/// The ten columns of the largest values, `own` left out.
fn top(similarities: &[f32], own: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..similarities.len()).filter(|&at| at != own).collect();
    order.sort_by(|&a, &b| similarities[b].total_cmp(&similarities[a]));
    order.truncate(TOP);
    order
}

fn ranks(values: &[f32]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    for (rank, at) in order.into_iter().enumerate() {
        ranks[at] = rank as f64;
    }
    ranks
}

/// Pearson's correlation.
fn correlation(a: &[f64], b: &[f64]) -> f32 {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut both, mut square_a, mut square_b) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        both += (x - mean_a) * (y - mean_b);
        square_a += (x - mean_a).powi(2);
        square_b += (y - mean_b).powi(2);
    }
    (both / (square_a * square_b).sqrt()) as f32
}
