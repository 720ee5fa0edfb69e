//! Products with quantised weights beside plain ones, and beside themselves on other machines.

use super::format::Format;
use super::lanes::Machine;
use super::loops::Product;
use super::panels::Packed;
use super::{Cells, LANES, Q4_0, Q4K, Q5_0, Q5K, Q6K, Q8_0, Quantised};
use crate::local::stored::{Bytes, Order};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};
use proptest::prelude::*;

pub const KINDS: [GgmlDType; 6] = [
    GgmlDType::Q4_0,
    GgmlDType::Q5_0,
    GgmlDType::Q8_0,
    GgmlDType::Q4K,
    GgmlDType::Q5K,
    GgmlDType::Q6K,
];

/// Numbers like those of a model: a bell, some far out.
fn numbers(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut uniform = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 24) as f32
    };
    let mut normal = move || (0..12).map(|_| uniform()).sum::<f32>() - 6.0;
    let number = |at: usize| normal() * if at.is_multiple_of(97) { 4.0 } else { 1.0 };
    (0..count).map(number).collect()
}

/// Weights of a kind, as a file has them and as numbers.
fn weights(kind: GgmlDType, outputs: usize, inputs: usize, seed: u64) -> (Vec<u8>, Vec<f32>) {
    kept(kind, numbers(outputs * inputs, seed), inputs)
}

/// Numbers as a file of a kind has them, and what they are there.
pub fn kept(kind: GgmlDType, numbers: Vec<f32>, inputs: usize) -> (Vec<u8>, Vec<f32>) {
    let outputs = numbers.len() / inputs;
    let tensor = Tensor::from_vec(numbers, (outputs, inputs), &Device::Cpu).unwrap();
    let tensor = QTensor::quantize(&tensor, kind).unwrap();
    let numbers = tensor.dequantize(&Device::Cpu).unwrap().flatten_all().unwrap();
    (tensor.data().unwrap().to_vec(), numbers.to_vec1().unwrap())
}

fn product(weights: &[f32], inputs: usize, bias: &[f32], rows: &[f32]) -> Vec<f32> {
    let one = |row: &[f32], output: usize| {
        let weights = &weights[output * inputs..][..inputs];
        let sum: f64 = row.iter().zip(weights).map(|(a, b)| f64::from(a * b)).sum();
        bias[output] + sum as f32
    };
    let outputs = bias.len();
    rows.chunks_exact(inputs)
        .flat_map(|row| (0..outputs).map(move |output| one(row, output)))
        .collect()
}

/// Weights of a file, row after row.
pub fn stored(kind: GgmlDType, bytes: &[u8], outputs: usize, inputs: usize) -> Bytes {
    Bytes {
        kind,
        bytes: bytes.to_vec().into(),
        order: Order::Rows,
        outputs,
        inputs,
    }
}

fn applied(matrix: &Quantised, rows: &[f32]) -> Vec<f32> {
    let mut out = vec![f32::NAN; rows.len() / matrix.inputs() * matrix.outputs()];
    matrix.apply_into(rows, &mut out);
    out
}

/// The root mean square of the differences as a part of that of the right numbers.
fn error(got: &[f32], right: &[f32]) -> f32 {
    let square = |numbers: &mut dyn Iterator<Item = f32>| numbers.map(|n| n * n).sum::<f32>();
    let differences = square(&mut got.iter().zip(right).map(|(a, b)| a - b));
    (differences / square(&mut right.iter().copied())).sqrt()
}

#[test]
fn a_row_is_what_the_file_says() {
    for kind in KINDS {
        let (outputs, inputs) = (19, 512);
        let (bytes, numbers) = weights(kind, outputs, inputs, 1);
        let matrix = Quantised::new(stored(kind, &bytes, outputs, inputs), None).unwrap();
        let mut row = vec![f32::NAN; inputs];
        for (output, right) in numbers.chunks_exact(inputs).enumerate() {
            matrix.row(output, &mut row);
            assert_eq!(row, right, "{kind:?}, output {output}");
        }
    }
}

#[test]
fn products_differ_by_what_eight_bits_of_the_rows_lose() {
    for kind in KINDS {
        for (count, outputs, inputs) in [(1, 16, 256), (3, 40, 768), (41, 33, 1024)] {
            let (bytes, weights) = weights(kind, outputs, inputs, 2);
            let (bias, rows) = (numbers(outputs, 3), numbers(count * inputs, 4));
            let matrix = Quantised::new(stored(kind, &bytes, outputs, inputs), Some(bias.clone())).unwrap();
            let error = error(&applied(&matrix, &rows), &product(&weights, inputs, &bias, &rows));
            assert!(error < 0.012, "{kind:?}, {count} × {inputs} → {outputs}: {error}");
            assert!(error > 1e-4, "{kind:?}: rows are not of eight bits: {error}");
        }
    }
}

/// With rows that are small integers nothing is lost, so that nothing hides behind what is.
#[test]
fn products_of_small_integers_are_exact() {
    for kind in KINDS {
        let (count, outputs, inputs) = (13, 35, 512);
        let (bytes, weights) = weights(kind, outputs, inputs, 5);
        let bias = numbers(outputs, 6);
        let integer = |at: usize| {
            if at.is_multiple_of(32) {
                127.0
            } else {
                (at * 7919 % 255) as f32 - 127.0
            }
        };
        let rows: Vec<f32> = (0..count * inputs).map(integer).collect();
        let matrix = Quantised::new(stored(kind, &bytes, outputs, inputs), Some(bias.clone())).unwrap();
        let error = error(&applied(&matrix, &rows), &product(&weights, inputs, &bias, &rows));
        assert!(error < 2e-6, "{kind:?}: {error}");
    }
}

#[test]
fn inputs_need_not_fill_a_block() {
    for kind in [GgmlDType::Q4_0, GgmlDType::Q5_0, GgmlDType::Q8_0] {
        let (bytes, weights) = weights(kind, 7, 352, 7);
        let rows = numbers(5 * 352, 8);
        let matrix = Quantised::new(stored(kind, &bytes, 7, 352), None).unwrap();
        let error = error(&applied(&matrix, &rows), &product(&weights, 352, &[0.0; 7], &rows));
        assert!(error < 0.012, "{kind:?}: {error}");
        let mut row = vec![f32::NAN; 352];
        matrix.row(6, &mut row);
        assert_eq!(row, weights[6 * 352..]);
    }
}

#[test]
fn every_machine_gives_the_same_bits() {
    fn check<F: Format>(kind: GgmlDType) {
        let (count, outputs, inputs) = (13, 48, 768);
        let (bytes, _) = weights(kind, outputs, inputs, 9);
        let packed = Packed::<F>::new(stored(kind, &bytes, outputs, inputs), None).unwrap();
        let cells = Cells::new(&numbers(count * inputs, 10), inputs);
        let on = |machine: Machine| {
            let mut out = vec![f32::NAN; count * outputs];
            let mut outs: Vec<&mut [f32]> = out.chunks_mut(outputs).collect();
            let product = Product {
                blocks: packed.blocks(),
                bias: &[[0.0; LANES]; 3],
                cells: &cells,
                outs: &mut outs,
            };
            product.run(machine);
            out
        };
        let right = on(Machine::Plain);
        for machine in Machine::all() {
            assert_eq!(on(machine), right, "{kind:?} on {machine:?}");
        }
    }
    check::<Q4_0>(GgmlDType::Q4_0);
    check::<Q5_0>(GgmlDType::Q5_0);
    check::<Q8_0>(GgmlDType::Q8_0);
    check::<Q4K>(GgmlDType::Q4K);
    check::<Q5K>(GgmlDType::Q5K);
    check::<Q6K>(GgmlDType::Q6K);
}

#[test]
fn rows_that_lie_pair_by_pair_are_read_in_the_order_of_the_outputs() {
    let (kind, head, inputs) = (GgmlDType::Q4K, 24, 512);
    let (bytes, numbers) = weights(kind, 3 * head, inputs, 17);
    let turned = Bytes {
        order: Order::Pairs(head),
        ..stored(kind, &bytes, 3 * head, inputs)
    };
    let straight = stored(kind, &turned.rows(), 3 * head, inputs);
    let (turned, straight) = (
        Quantised::new(turned, None).unwrap(),
        Quantised::new(straight, None).unwrap(),
    );
    let mut row = vec![f32::NAN; inputs];
    // The second rows of the pairs of a head come behind the first ones.
    for (output, row_in_file) in [(0, 0), (1, 2), (head / 2, 1), (2 * head - 1, 2 * head - 1)] {
        turned.row(output, &mut row);
        assert_eq!(row, numbers[row_in_file * inputs..][..inputs], "output {output}");
    }
    let rows = self::numbers(3 * inputs, 18);
    assert_eq!(applied(&turned, &rows), applied(&straight, &rows));
}

#[test]
fn several_matrices_give_what_each_gives() {
    let (inputs, rows) = (512, numbers(6 * 512, 11));
    let matrix = |(kind, outputs)| {
        let (bytes, _) = weights(kind, outputs, inputs, 12);
        Quantised::new(stored(kind, &bytes, outputs, inputs), None).unwrap()
    };
    let matrices = [(GgmlDType::Q4K, 70), (GgmlDType::Q6K, 16), (GgmlDType::Q8_0, 33)].map(matrix);
    let mut outs: Vec<Vec<f32>> = matrices
        .iter()
        .map(|matrix| vec![f32::NAN; 6 * matrix.outputs()])
        .collect();
    let mut slices: Vec<&mut [f32]> = outs.iter_mut().map(Vec::as_mut_slice).collect();
    Quantised::apply_several(&matrices.each_ref(), &rows, &mut slices);
    for (matrix, out) in matrices.iter().zip(&outs) {
        assert_eq!(&applied(matrix, &rows), out, "{matrix:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_row_does_not_depend_on_the_others_or_on_threads(
        kind in proptest::sample::select(&KINDS[..]),
        count in 1usize..80,
        threads in 1usize..4,
    ) {
        let (outputs, inputs) = (90, 512);
        let (bytes, _) = weights(kind, outputs, inputs, 13);
        let rows = numbers(count * inputs, 14);
        let matrix = Quantised::new(stored(kind, &bytes, outputs, inputs), Some(numbers(outputs, 15))).unwrap();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let together = pool.install(|| applied(&matrix, &rows));
        let alone = rows.chunks_exact(inputs).flat_map(|row| applied(&matrix, row));
        prop_assert_eq!(together, alone.collect::<Vec<f32>>());
    }
}

#[test]
fn what_does_not_fit_is_refused_with_what_it_is() {
    let (bytes, _) = weights(GgmlDType::Q4K, 4, 256, 16);
    let refused = |kind, bytes: &[u8], outputs, inputs, bias| {
        Quantised::new(stored(kind, bytes, outputs, inputs), bias).unwrap_err()
    };
    insta::assert_snapshot!(
        [
            refused(GgmlDType::Q3K, &bytes, 4, 256, None),
            refused(GgmlDType::Q4K, &bytes[1..], 4, 256, None),
            refused(GgmlDType::Q4K, &bytes, 4, 250, None),
            refused(GgmlDType::Q4K, &bytes, 4, 256, Some(vec![0.0; 5])),
            refused(GgmlDType::Q4K, &[], 0, 256, None),
        ]
        .join("\n"),
        @r"
        4 × 256 weights of kind Q3K: this kind is not followed: use Q4_K, Q5_K, Q6_K, Q8_0, Q4_0 or Q5_0
        4 × 256 weights of kind Q4K: 575 bytes instead of rows of 144
        4 × 250 weights of kind Q4K: rows come in blocks of 256
        4 × 256 weights of kind Q4K: a bias of 5 numbers
        0 × 256 weights of kind Q4K: rows come in blocks of 256
        "
    );
}
