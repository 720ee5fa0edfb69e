//! Products, norms and gates.

use super::emulated;
use crate::local::device::conformance::{distance, noise};
use crate::local::device::cuda::Cuda;
use crate::local::device::cuda::matrix::{bytes_of, narrowed};
use crate::local::device::cuda::rows::Rows;
use crate::local::device::{Device, Weights};
use crate::local::kernels::quantised_tests::{KINDS, kept, stored};
use candle_core::quantized::GgmlDType;
use half::bf16;

/// Rows with these numbers, in both forms.
fn given(cuda: &Cuda, numbers: &[f32], width: usize) -> Rows {
    let rows = cuda.rows(numbers.len() / width, width).expect("memory");
    let narrow = narrowed(numbers);
    let launcher = &cuda.memory.launcher;
    launcher.upload(rows.wide.address, &bytes_of(numbers)).expect("memory");
    launcher.upload(rows.narrow.address, &narrow).expect("memory");
    rows
}

fn rounded(numbers: &[f32]) -> Vec<f32> {
    numbers.iter().map(|number| bf16::from_f32(*number).to_f32()).collect()
}

/// Rows times weights, as plain as it can be.
fn right(rows: &[f32], weights: &[f32], bias: &[f32], inputs: usize) -> Vec<f32> {
    let one = |row: &[f32], weights: &[f32]| -> f32 { row.iter().zip(weights).map(|(a, b)| a * b).sum() };
    rows.chunks_exact(inputs)
        .flat_map(|row| {
            let products = weights.chunks_exact(inputs).map(move |weights| one(row, weights));
            products.zip(bias).map(|(product, bias)| product + bias)
        })
        .collect()
}

/// What is lost: of few rows nothing but the order of the sums, of many what bfloat16 loses of unpacked weights.
fn assert_products<'a>(weights: impl Fn() -> Weights<'a>, numbers: &[f32], inputs: usize) {
    let Some(cuda) = emulated(64) else { return };
    let outputs = numbers.len() / inputs;
    let bias = noise(3, outputs);
    for (matrix_bias, has_bias) in [(Some(bias.clone()), true), (None, false)] {
        let matrix = cuda.matrix(weights(), matrix_bias).expect("a matrix");
        let bias = if has_bias { bias.clone() } else { vec![0.0; outputs] };
        for count in [1, 2, 3, 5, 8, 9, 33] {
            let given_rows = rounded(&noise(count as u32, count * inputs));
            let rows = given(&cuda, &given_rows, inputs);
            let mut out = cuda.rows(count, outputs).expect("memory");
            cuda.products([&matrix], &rows, [&mut out]).expect("a product");
            let expected = right(&given_rows, numbers, &bias, inputs);
            let lost = distance(&cuda.numbers(out).expect("numbers"), &expected);
            let allowed = if count <= 4 { 1e-5 } else { 4e-3 };
            assert!(lost < allowed, "{count} rows: {lost}");

            let before = noise(9, count * outputs);
            let (mut sums, mut between) = (given(&cuda, &before, outputs), cuda.rows(0, 1).expect("memory"));
            cuda.add_product(&matrix, &rows, &mut between, &mut sums)
                .expect("a product");
            let expected: Vec<f32> = expected.iter().zip(&before).map(|(a, b)| a + b).collect();
            let lost = distance(&cuda.numbers(sums).expect("numbers"), &expected);
            assert!(lost < allowed, "{count} rows added: {lost}");
        }
    }
}

#[test]
fn plain_weights_are_multiplied() {
    for (outputs, inputs) in [(1, 8), (7, 40), (65, 264)] {
        let numbers = rounded(&noise(1, outputs * inputs));
        assert_products(|| Weights::Numbers(&numbers, inputs), &numbers, inputs);
    }
}

#[test]
fn every_quantisation_is_multiplied_as_the_weights_it_stands_for() {
    for kind in KINDS {
        // The last one is unpacked in several parts.
        for (outputs, blocks) in [(1, 1), (19, 3), (130, 3)] {
            let inputs = blocks * kind.block_size();
            let (bytes, stands_for) = kept(kind, noise(7, outputs * inputs), inputs);
            let weights = || Weights::Bytes(stored(kind, &bytes, outputs, inputs));
            assert_products(weights, &stands_for, inputs);
        }
    }
}

#[test]
fn weights_that_are_not_followed_are_told() {
    let Some(cuda) = emulated(64) else { return };
    let told = |kind, inputs| {
        let weights = Weights::Bytes(stored(kind, &[0; 1024], 2, inputs));
        cuda.matrix(weights, None).err().unwrap_or_default()
    };
    assert!(told(GgmlDType::Q2K, 256).contains("use Q4_K"));
    assert_eq!(told(GgmlDType::BF16, 12), "2 × 12 weights: rows come in blocks of 8");
}

#[test]
fn rows_are_normalised_and_gated() {
    let Some(cuda) = emulated(64) else { return };
    for width in [8, 33, 600] {
        let (numbers, gain) = (noise(1, 3 * width), noise(2, width));
        let norm = cuda.norm(gain.clone(), 1e-5).expect("memory");
        let rows = given(&cuda, &numbers, width);
        let mut out = cuda.rows(3, width).expect("memory");
        cuda.normalise(&norm, &rows, &mut out).expect("a norm");
        let expected = numbers.chunks_exact(width).flat_map(|row| {
            let square = row.iter().map(|x| x * x).sum::<f32>() / width as f32;
            let gain = gain.iter();
            row.iter()
                .zip(gain)
                .map(move |(x, gain)| x / (square + 1e-5).sqrt() * gain)
        });
        let lost = distance(&cuda.numbers(out).expect("numbers"), &expected.collect::<Vec<_>>());
        assert!(lost < 1e-6, "{width}: {lost}");

        let (mut gates, up) = (rows, given(&cuda, &noise(4, 3 * width), width));
        cuda.gate(&mut gates, &up).expect("gates");
        let expected = numbers.iter().zip(noise(4, 3 * width));
        let expected: Vec<f32> = expected.map(|(x, up)| x / (1.0 + (-x).exp()) * up).collect();
        let lost = distance(&narrow(&cuda, &gates), &expected);
        assert!(lost < 4e-3, "{width}: {lost}");
    }
}

/// The numbers of rows as products read them.
fn narrow(cuda: &Cuda, rows: &Rows) -> Vec<f32> {
    let count = rows.count * rows.width;
    let mut words = vec![0.0f32; count.div_ceil(2)];
    let downloaded = cuda.memory.launcher.download(rows.narrow.address, &mut words);
    downloaded.expect("numbers");
    let halves = words.iter().flat_map(|word| {
        let bits = word.to_bits();
        [bits as u16, (bits >> 16) as u16]
    });
    halves.take(count).map(|bits| bf16::from_bits(bits).to_f32()).collect()
}
