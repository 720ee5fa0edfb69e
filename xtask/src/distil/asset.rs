//! Owns the writing of a table as the file that the embedder reads: one byte a number, one
//! scale a row.

use troupe_models::embed::TableHeader;

use super::collect::hash;
use super::matrix::Matrix;

/// The file's bytes.
pub fn to_bytes(table: &Matrix) -> Vec<u8> {
    let mut bytes = Vec::new();
    let scales: Vec<f32> = (0..table.rows).map(|at| scale(table.row(at))).collect();
    bytes.extend(scales.iter().flat_map(|scale| scale.to_le_bytes()));
    for (at, &scale) in scales.iter().enumerate() {
        let divisor = if scale > 0.0 { scale } else { 1.0 };
        bytes.extend(table.row(at).iter().map(|value| (value / divisor).round() as i8 as u8));
    }
    let header = TableHeader {
        dimension: table.columns,
        vocabulary_size: table.rows,
        fingerprint: hash(bytes.iter().copied()),
    };
    [&header.to_bytes()[..], &bytes].concat()
}

/// Makes the largest number of the row 127.
fn scale(row: &[f32]) -> f32 {
    row.iter().fold(0.0f32, |largest, value| largest.max(value.abs())) / 127.0
}

/// Zeroes the rows of the vocabulary's special tokens, which must not move a mean.
pub fn clear_special_rows(table: &mut Matrix, vocabulary: &str) {
    for (id, token) in vocabulary.lines().enumerate() {
        // `[` itself is a token like any other.
        if token.len() > 2 && token.starts_with('[') && token.ends_with(']') {
            table.row_mut(id).fill(0.0);
        }
    }
}
