//! Whole decoders on an emulated device: the families, their sequence of operations, and the scheduler above.

use super::{distance, emulated};
use crate::local::decoder::tests::{Expected, opened_on};
use crate::local::decoder::{Batch, Decoder, Piece};
use crate::local::device::{Cuda, Processor};

const FAMILIES: [&str; 4] = ["qwen3", "qwen2", "llama", "mistral"];

fn opened(family: &str) -> Option<(Decoder<Cuda>, Expected)> {
    Some(opened_on(emulated(8)?, family))
}

/// The logits of all tokens, read in parts of `part`.
fn read(decoder: &Decoder<Cuda>, tokens: &[u32], part: usize) -> Vec<f32> {
    let mut cache = decoder.cache(4).expect("memory");
    let blocks = [2, 0, 3];
    let parts = tokens.chunks(part).enumerate().flat_map(|(at, tokens)| {
        let piece = Piece {
            tokens,
            begin: at * part,
            blocks: &blocks,
            wanted: 0..tokens.len(),
            tapped: false,
        };
        let made = decoder.step(&mut cache, &Batch::new([piece], None));
        made.expect("a step").logits
    });
    parts.collect()
}

/// With eight bits for every number that a product reads, a model of 32 numbers a row loses up to 3.4 parts in a hundred.
const LOST: f32 = 0.04;

#[test]
fn every_family_is_the_reference() {
    for family in FAMILIES {
        let Some((decoder, expected)) = opened(family) else { return };
        let right: Vec<f32> = expected.logits.concat();
        for part in [40, 7, 1] {
            let got = read(&decoder, &expected.prompt, part);
            let last = &got[got.len() - right.len()..];
            let lost = distance(last, &right);
            assert!(lost < LOST && lost > 0.0, "{family} in parts of {part}: {lost}");
        }
    }
}

#[test]
fn vectors_of_every_layer_are_the_processors() {
    let Some((decoder, expected)) = opened("qwen3") else { return };
    let (processor, _) = opened_on(Processor, "qwen3");
    for layer in 0..=decoder.architecture.layers {
        let piece = Piece {
            tokens: &expected.prompt,
            begin: 0,
            blocks: &[1, 0],
            wanted: 39..40,
            tapped: true,
        };
        let batch = Batch::new([piece], Some(layer));
        let got = decoder.step(&mut decoder.cache(2).expect("memory"), &batch).expect("a step");
        let right = processor.step(&mut processor.cache(2).expect("memory"), &batch).expect("a step");
        assert!(distance(&got.hidden, &right.hidden) < LOST, "layer {layer}");
        assert!(distance(&got.logits, &right.logits) < LOST, "layer {layer}");
    }
}
