//! Owns the tests of the making of the table: products, the fit, the file, the readers of text.

use troupe_models::embed::StaticTable;

use super::fit::{Fit, Settings};
use super::matrix::{Matrix, dot, eigenvectors};
use super::{asset, dictionary, initial, markup, sentences};

/// Numbers without a pattern, from -1 to 1.
fn noise(count: usize, seed: u32) -> Vec<f32> {
    (0..count as u32)
        .map(|at| (at + 1).wrapping_mul(seed).wrapping_mul(2_654_435_761) >> 8)
        .map(|bits| bits as f32 / (1 << 23) as f32 - 1.0)
        .collect()
}

fn naive(left: &Matrix, right: &Matrix) -> Matrix {
    let mut product = Matrix::zeros(left.rows, right.columns);
    for row in 0..left.rows {
        for column in 0..right.columns {
            product.row_mut(row)[column] = (0..left.columns)
                .map(|at| left.row(row)[at] * right.row(at)[column])
                .sum();
        }
    }
    product
}

fn assert_near(left: &[f32], right: &[f32], tolerance: f32) {
    assert_eq!(left.len(), right.len());
    for (x, y) in left.iter().zip(right) {
        assert!((x - y).abs() < tolerance, "{x} and {y}");
    }
}

#[test]
fn products_of_odd_shapes() {
    let (left, right) = (Matrix::new(noise(7 * 5, 3), 5), Matrix::new(noise(5 * 37, 11), 37));
    let expected = naive(&left, &right);
    assert_near(&left.times(&right).values, &expected.values, 1e-5);
    let tall = Matrix::new(noise(5000 * 3, 5), 3);
    let other = Matrix::new(noise(5000 * 2, 7), 2);
    let mut turned = Matrix::zeros(3, 5000);
    (0..5000).for_each(|at| (0..3).for_each(|column| turned.row_mut(column)[at] = tall.row(at)[column]));
    assert_near(
        &tall.transposed_times(&other).values,
        &naive(&turned, &other).values,
        1e-2,
    );
}

#[test]
fn eigenvectors_diagonalise() {
    let root = Matrix::new(noise(12 * 12, 9), 12);
    let matrix = root.transposed_times(&root);
    let (values, vectors) = eigenvectors(&matrix);
    assert!(values.is_sorted_by(|a, b| a >= b));
    for (at, &value) in values.iter().enumerate() {
        let image = Matrix::new(vectors.row(at).to_vec(), 12).times(&matrix);
        let expected: Vec<f32> = vectors.row(at).iter().map(|entry| entry * value as f32).collect();
        assert_near(&image.values, &expected, 1e-3);
    }
}

#[test]
fn a_table_that_exists_is_found() {
    let texts: Vec<Vec<u32>> = (0..400u32)
        .map(|at| (0..4).map(|word| (at * 7 + word * word) % 30).collect())
        .collect();
    let truth = Matrix::new(noise(30 * 8, 13), 8);
    let mut targets = Matrix::zeros(texts.len(), 8);
    texts
        .iter()
        .enumerate()
        .for_each(|(at, text)| initial::mean_rows(&truth, text, targets.row_mut(at)));
    targets.normalise_rows();
    let settings = Settings {
        epochs: 200,
        batch: 32,
        rate: 0.02,
        similarity: 2.0,
        dropout: 0.0,
    };
    let mut fit = Fit::new(Matrix::new(noise(30 * 8, 17), 8), settings);
    fit.run(&texts, &targets, |_, _| ());
    let mut vector = vec![0.0; 8];
    for (at, text) in texts.iter().enumerate() {
        initial::mean_rows(&fit.table, text, &mut vector);
        let cosine = dot(&vector, targets.row(at)) / dot(&vector, &vector).sqrt();
        assert!(cosine > 0.99, "text {at}: {cosine}");
    }
}

#[test]
fn the_regression_recovers_a_linear_map() {
    let tokens = Matrix::new(noise(40 * 6, 19), 6);
    let map = Matrix::new(noise(6 * 4, 23), 4);
    let weights = vec![1.0; 40];
    let texts: Vec<Vec<u32>> = (0..300u32).map(|at| vec![at % 40, at * 3 % 37, at * 5 % 31]).collect();
    let truth = tokens.times(&map);
    let mut targets = Matrix::zeros(texts.len(), 4);
    texts
        .iter()
        .enumerate()
        .for_each(|(at, text)| initial::mean_rows(&truth, text, targets.row_mut(at)));
    let found = initial::regressed(&tokens, &weights, &texts, &targets);
    assert_near(&found.values, &truth.values, 0.05);
}

#[test]
fn a_written_table_reads_back() {
    let mut table = Matrix::new(noise(4 * 16, 29), 16);
    asset::clear_special_rows(&mut table, "[UNK]\n[\none\ntwo");
    let read = StaticTable::from_bytes(asset::to_bytes(&table), "[UNK]\n[\none\ntwo").unwrap();
    let mut mean = vec![0.0; 16];
    initial::mean_rows(&table, &[2, 3], &mut mean);
    let vector = read.vector("one two");
    assert!(dot(&mean, &vector) / dot(&mean, &mean).sqrt() > 0.999);
    assert!(table.row(0).iter().all(|&value| value == 0.0));
    assert!(table.row(1).iter().any(|&value| value != 0.0));
}

#[test]
fn prose_is_read_out_of_markup() {
    let page = "<p>One <b>bold</b> word &amp; more.</p><pre>no</pre><h1>Heading</h1><p>Why?</p>";
    assert_eq!(markup::html(page), ["One bold word & more.", "Why?"]);
    let manual = ".SH NAME\nIt returns the \\fBvalue\\fP\n.I x\nin radians.\n.PP\n";
    assert_eq!(
        markup::manual(manual).concat().trim(),
        "It returns the value x in radians."
    );
    assert_eq!(markup::quoted("a=_ \"First.\" b=_(\"Second.\")"), ["First.", "Second."]);
    assert_eq!(
        markup::pod("=head1 X\n\nUse C<open> here.\n\n  verbatim\n"),
        ["Use open here."]
    );
}

#[test]
fn sentences_end_where_they_end() {
    let found = sentences::split("Dr. Who met J. Smith. \"Really?\" It cost 3.5 dollars! end");
    assert_eq!(
        found,
        ["Dr. Who met J. Smith.", "\"Really?\"", "It cost 3.5 dollars! end"]
    );
    assert!(!sentences::is_prose("too short"));
    assert!(!sentences::is_prose("fn main() -> Result { return Ok(value); }"));
}

#[test]
fn definitions_become_sentences_and_questions() {
    let entry = "etamine\n    n 1: a soft cotton or worsted fabric with an open mesh; used for\n         curtains [syn: {etamin}]\n";
    let (mut texts, mut questions) = (Vec::new(), Vec::new());
    dictionary::wordnet(entry, &mut texts);
    dictionary::wordnet_questions(entry, &mut questions);
    assert!(
        texts
            .iter()
            .all(|text| text.contains("soft cotton or worsted fabric with an open mesh; used for curtains"))
    );
    assert_eq!(questions.len(), 1);
    assert!(questions[0].ends_with('?') && !questions[0].contains("syn"));
}
