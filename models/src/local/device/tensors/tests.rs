//! The tensors on candle's processor, where plain weights, keys and values are f32: the same operations as on Metal.

use super::{Rows, Tensors};
use crate::local::device::conformance::{self, distance, noise};
use crate::local::device::{Device, Weights};
use crate::local::kernels::quantised_tests::{KINDS, kept, stored};
use candle_core::Tensor;

fn tensors(_: usize) -> Option<Tensors> {
    Some(Tensors::new(candle_core::Device::Cpu))
}

/// Of 32 bits.
const LOST: f32 = 1e-5;

#[test]
fn attention_is_the_processors_whatever_shares_what() {
    conformance::attention_is_the_processors(tensors, LOST);
}

#[test]
fn every_family_is_the_reference() {
    conformance::every_family_is_the_reference(tensors, LOST);
}

#[test]
fn vectors_of_every_layer_are_the_processors() {
    conformance::vectors_of_every_layer_are_the_processors(tensors, LOST);
}

#[test]
fn branches_of_a_prompt_share_its_blocks_and_write_the_same() {
    conformance::branches_of_a_prompt_share_its_blocks_and_write_the_same(tensors);
}

#[test]
fn quantised_weights_are_multiplied_and_their_rows_are_what_they_stand_for() {
    let device = Tensors::new(candle_core::Device::Cpu);
    for kind in KINDS {
        let (outputs, inputs) = (19, 4 * kind.block_size());
        let (bytes, stands_for) = kept(kind, noise(7, outputs * inputs), inputs);
        let weights = Weights::Bytes(stored(kind, &bytes, outputs, inputs));
        let table = device.matrix(weights, None).expect("a matrix");
        let which = [3, 0, 18];
        let rows = table.rows(&device.device, &which).expect("rows");
        let rows: Vec<f32> = rows.flatten_all().and_then(|rows| rows.to_vec1()).expect("numbers");
        let right = which
            .iter()
            .flat_map(|row| &stands_for[*row as usize * inputs..][..inputs]);
        assert_eq!(rows, right.copied().collect::<Vec<_>>(), "{kind:?}");
        // On the processor candle makes rows integers, with eight bits for the largest of them; on Metal it does not.
        let given = noise(9, 2 * inputs);
        let product = |row: &[f32], output: &[f32]| row.iter().zip(output).map(|(a, b)| a * b).sum::<f32>();
        let right = given.chunks_exact(inputs).flat_map(|row| {
            let outputs = stands_for.chunks_exact(inputs);
            outputs.map(move |output| product(row, output))
        });
        let rows = Rows(Some(
            Tensor::from_vec(given.clone(), (2, inputs), &device.device).expect("rows"),
        ));
        let mut out = device.rows(2, outputs).expect("rows");
        device.products([&table], &rows, [&mut out]).expect("a product");
        let lost = distance(&device.numbers(out).expect("numbers"), &right.collect::<Vec<_>>());
        assert!(lost < 0.02, "{kind:?}: {lost}");
    }
}

#[test]
fn rows_that_nothing_was_computed_for_are_told() {
    let device = Tensors::new(candle_core::Device::Cpu);
    let norm = device.norm(vec![1.0; 4], 1e-6).expect("memory");
    let (rows, mut out) = (device.rows(2, 4).expect("rows"), device.rows(2, 4).expect("rows"));
    assert!(device.normalise(&norm, &rows, &mut out).is_err());
}
