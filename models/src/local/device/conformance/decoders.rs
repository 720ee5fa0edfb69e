//! Whole decoders on a device: the families, their sequence of operations, and the scheduler above.

use super::distance;
use crate::local::decoder::tests::{Expected, likeliest, opened_on};
use crate::local::decoder::{Batch, Decoder, Piece};
use crate::local::device::{Device, Processor};
use crate::local::engine::{Event, Job, Sampler, Scheduler, Settings, Work, Writer};
use std::sync::Arc;
use tokio::sync::mpsc::unbounded_channel;
use troupe_core::sampling::Sampling;

const FAMILIES: [&str; 4] = ["qwen3", "qwen2", "llama", "mistral"];

/// Numbers in a head of the fixtures.
const DIMENSION: usize = 8;

fn opened<D: Device>(make: impl Fn(usize) -> Option<D>, family: &str) -> Option<(Decoder<D>, Expected)> {
    Some(opened_on(make(DIMENSION)?, family))
}

/// The logits of all tokens, read in parts of `part`.
fn read<D: Device>(decoder: &Decoder<D>, tokens: &[u32], part: usize) -> Vec<f32> {
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

/// Read at once, in parts and token by token, within `most`.
pub fn every_family_is_the_reference<D: Device>(make: impl Fn(usize) -> Option<D>, most: f32) {
    for family in FAMILIES {
        let Some((decoder, expected)) = opened(&make, family) else {
            return;
        };
        let right: Vec<f32> = expected.logits.concat();
        for part in [40, 7, 1] {
            let got = read(&decoder, &expected.prompt, part);
            let last = &got[got.len() - right.len()..];
            let lost = distance(last, &right);
            assert!(lost < most && lost > 0.0, "{family} in parts of {part}: {lost}");
        }
    }
}

/// Within `most`.
pub fn vectors_of_every_layer_are_the_processors<D: Device>(make: impl Fn(usize) -> Option<D>, most: f32) {
    let Some((decoder, expected)) = opened(make, "qwen3") else {
        return;
    };
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
        let got = decoder
            .step(&mut decoder.cache(2).expect("memory"), &batch)
            .expect("a step");
        let right = processor
            .step(&mut processor.cache(2).expect("memory"), &batch)
            .expect("a step");
        assert!(distance(&got.hidden, &right.hidden) < most, "layer {layer}");
        assert!(distance(&got.logits, &right.logits) < most, "layer {layer}");
    }
}

/// Answers of one prompt through the scheduler: they share its blocks, and copy the one that is partly there.
pub fn branches_of_a_prompt_share_its_blocks_and_write_the_same<D: Device>(make: impl Fn(usize) -> Option<D>) {
    let Some((decoder, expected)) = opened(make, "qwen3") else {
        return;
    };
    let first = likeliest(&read(&decoder, &expected.prompt, 40)[39 * decoder.vocabulary..]);
    let settings = Settings {
        cache_tokens: 512,
        context: 128,
        sequences: 8,
        step_tokens: 24,
        threads: 1,
    };
    let mut scheduler = Scheduler::new(Arc::new(decoder), settings).expect("memory");
    let mut listeners = Vec::new();
    let writers = (0..3).map(|_| {
        let (listener, heard) = unbounded_channel();
        listeners.push(heard);
        Writer {
            sampler: Sampler::new(Sampling::default().forced(), &expected.prompt, 0),
            constraint: None,
            ends: Vec::new(),
            most: 12,
            listener,
        }
    });
    let writers = writers.collect();
    scheduler.submit(Job {
        prompt: expected.prompt.clone(),
        work: Work::Write(writers),
        branch: None,
    });
    while !scheduler.is_idle() {
        scheduler.step();
    }
    let written = listeners.into_iter().map(|mut heard| {
        let events = std::iter::from_fn(|| heard.try_recv().ok());
        let tokens = events.filter_map(|event| match event {
            Event::Token(written) => Some(written.token),
            _ => None,
        });
        tokens.collect::<Vec<u32>>()
    });
    let written: Vec<Vec<u32>> = written.collect();
    assert_eq!((written[0].len(), written[0][0]), (12, first));
    assert!(written.iter().all(|tokens| *tokens == written[0]), "{written:?}");
    // 40 of the prompt once, and eleven more of each answer: the last one is not read.
    assert_eq!(scheduler.counts().computed, 40 + 3 * 11);
}
