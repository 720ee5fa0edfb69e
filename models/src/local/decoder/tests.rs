//! Decoders beside the reference implementation, and beside themselves in any mix.

mod formats;

use super::{Batch, Decoder, Piece, Source, load};
use crate::local::device::{Device, Processor};
use crate::local::kernels::BLOCK;
use crate::local::weights::Weights;
use serde::Deserialize;
use std::path::Path;

/// What transformers made of a tiny model with random weights (fixtures/make.py).
#[derive(Deserialize)]
pub struct Expected {
    pub prompt: Vec<u32>,
    /// Of the last four tokens.
    pub logits: Vec<Vec<f32>>,
    /// For each layer, the mean over the prompt.
    pub hidden: Vec<Vec<f32>>,
    pub greedy: Vec<u32>,
}

pub fn opened(family: &str) -> (Decoder, Expected) {
    opened_on(Processor, family)
}

pub fn opened_on<D: Device>(device: D, family: &str) -> (Decoder<D>, Expected) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src/local/fixtures/decoders")
        .join(family);
    let read = |name: &str| std::fs::read(folder.join(name)).expect("a fixture");
    let config = serde_json::from_slice(&read("config.json")).expect("JSON");
    let weights = Weights::read(&[folder.join("model.safetensors")]).expect("weights");
    let decoder = load(device, &Source::Safetensors(config, weights)).expect("a decoder");
    (decoder, serde_json::from_slice(&read("expected.json")).expect("JSON"))
}

/// A sequence with a cache of its own.
struct Alone<'a> {
    decoder: &'a Decoder,
    cache: Vec<f32>,
    blocks: Vec<usize>,
    length: usize,
}

impl<'a> Alone<'a> {
    fn new(decoder: &'a Decoder) -> Self {
        const BLOCKS: usize = 8;
        Self {
            decoder,
            cache: vec![f32::NAN; BLOCKS * decoder.layout().block()],
            // Not in the order of the positions.
            blocks: (0..BLOCKS).rev().collect(),
            length: 0,
        }
    }

    /// The logits of all new tokens, a row each.
    fn read(&mut self, tokens: &[u32]) -> Vec<Vec<f32>> {
        let piece = Piece {
            tokens,
            begin: self.length,
            blocks: &self.blocks,
            wanted: 0..tokens.len(),
            tapped: false,
        };
        let made = self
            .decoder
            .step(&mut self.cache, &Batch::new([piece], None))
            .expect("a step");
        self.length += tokens.len();
        made.logits
            .chunks_exact(self.decoder.vocabulary)
            .map(<[f32]>::to_vec)
            .collect()
    }
}

pub fn likeliest(logits: &[f32]) -> u32 {
    let best = logits.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
    best.expect("a vocabulary").0 as u32
}

fn assert_near(got: &[f32], right: &[f32], what: &str) {
    let size = right.iter().map(|x| x.abs()).fold(0.0, f32::max);
    for (got, right) in got.iter().zip(right) {
        assert!(
            (got - right).abs() < 1e-4 * size,
            "{what}: {got} is not {right} (of at most {size})"
        );
    }
    assert_eq!(got.len(), right.len());
}

#[test]
fn every_family_is_the_reference() {
    for family in ["qwen3", "qwen2", "llama", "mistral"] {
        let (decoder, expected) = opened(family);
        let mut alone = Alone::new(&decoder);
        let mut logits = alone.read(&expected.prompt);
        for (got, right) in logits.split_off(36).iter().zip(&expected.logits) {
            assert_near(got, right, family);
        }
        let mut next = likeliest(expected.logits.last().expect("four rows"));
        for right in &expected.greedy {
            assert_eq!(next, *right, "{family}");
            next = likeliest(&alone.read(&[next])[0]);
        }
        for (layer, right) in expected.hidden.iter().enumerate() {
            let blocks = [1, 0];
            let piece = Piece {
                tokens: &expected.prompt,
                begin: 0,
                blocks: &blocks,
                wanted: 0..0,
                tapped: true,
            };
            let mut cache = vec![0.0; 2 * decoder.layout().block()];
            let made = decoder
                .step(&mut cache, &Batch::new([piece], Some(layer)))
                .expect("a step");
            let width = decoder.architecture.width;
            let mean = |at: usize| made.hidden.iter().skip(at).step_by(width).sum::<f32>() / 40.0;
            assert_near(&(0..width).map(mean).collect::<Vec<_>>(), right, family);
        }
    }
}

#[test]
fn a_token_is_the_same_alone_and_in_any_mix() {
    let (decoder, expected) = opened("qwen3");
    let prompt = &expected.prompt;
    let mut alone = Alone::new(&decoder);
    let right: Vec<Vec<f32>> = alone.read(prompt);
    let mut pieces = Alone::new(&decoder);
    let mut got = Vec::new();
    for part in [
        &prompt[..8],
        &prompt[8..9],
        &prompt[9..10],
        &prompt[10..33],
        &prompt[33..],
    ] {
        got.extend(pieces.read(part));
    }
    assert_eq!(got, right, "a prompt in parts is the prompt");

    // Two branches that share their first block, and a third sequence, in one step.
    let size = decoder.layout().block();
    let mut cache = vec![0.0; 8 * size];
    let piece = |tokens, begin, blocks, wanted| Piece {
        tokens,
        begin,
        blocks,
        wanted,
        tapped: false,
    };
    let first = Batch::new([piece(&prompt[..BLOCK], 0, &[5], 0..0)], None);
    decoder.step(&mut cache, &first).expect("a step");
    let other: Vec<u32> = prompt.iter().rev().copied().collect();
    let mixed = Batch::new(
        [
            piece(&prompt[BLOCK..], BLOCK, &[5, 2], 7..8),
            piece(&other, 0, &[0, 7], 39..40),
            piece(&prompt[BLOCK..BLOCK + 1], BLOCK, &[5, 3], 0..1),
        ],
        None,
    );
    let made = decoder.step(&mut cache, &mixed).expect("a step");
    let rows: Vec<&[f32]> = made.logits.chunks_exact(decoder.vocabulary).collect();
    assert_eq!(rows[0], right[39], "the end of the first branch");
    assert_eq!(rows[1], Alone::new(&decoder).read(&other)[39], "another sequence");
    assert_eq!(rows[2], right[BLOCK], "the first token of the second branch");
}
