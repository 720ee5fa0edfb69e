//! Owns models that run in this process, from the files that they are published as.
//!
//! Texts are packed one after the other, without padding, and go through an encoder whose family the files
//! name; [`LocalEmbedder`] and [`LocalReranker`] are the ports made of it. All on the processor, in f32.

pub mod bench;
pub mod chat;
mod decoder;
pub mod device;
mod embedder;
mod encoder;
mod engine;
mod files;
mod gguf;
mod kernels;
mod language;
pub mod machine;
mod manifest;
pub mod memory;
mod reranker;
pub mod shape;
pub mod shelf;
mod stored;
mod tensors;
mod tokens;
pub mod verify;
mod weights;

pub use embedder::LocalEmbedder;
pub use kernels::{Product, Quantised};
pub use language::{LocalModel, Planned, plan};
pub(crate) use manifest::hexadecimal;
pub use manifest::{Manifest, Sum};
pub use reranker::LocalReranker;
pub use stored::{Bytes, Kept, Order};

use candle_core::Tensor;
use encoder::{Encoder, Texts};
use rayon::prelude::*;
use troupe_core::port::{Error, ErrorKind};

/// Tokens that go through the layers at once, unless one text is longer: what they make of them stays in a core's cache.
const TOKENS_AT_ONCE: usize = 1024;

/// What fails inside of a model is told under its name.
fn failed(name: &str, error: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Invalid, format!("{name}: {error}"))
}

/// A text as tokens, and for each token the part of a pair that it is in.
struct Tokens {
    ids: Vec<u32>,
    parts: Vec<u32>,
}

impl From<Vec<u32>> for Tokens {
    fn from(ids: Vec<u32>) -> Self {
        let parts = vec![0; ids.len()];
        Self { ids, parts }
    }
}

/// Runs every text through the encoder, on all cores, and makes of each the numbers that `finish` takes from the rows
/// of its tokens. The results are in the order of the texts.
fn through<T: Send>(
    encoder: &Encoder,
    texts: &[Tokens],
    finish: impl Fn(&[Tensor]) -> candle_core::Result<Vec<T>> + Sync,
) -> candle_core::Result<Vec<T>> {
    // Texts of like length go together, so that the batches take equally long.
    let mut order: Vec<usize> = (0..texts.len()).collect();
    order.sort_by_key(|&at| std::cmp::Reverse(texts[at].ids.len()));
    // And no core waits while another one has two shares.
    let total: usize = texts.iter().map(|text| text.ids.len()).sum();
    let share = total.div_ceil(rayon::current_num_threads()).min(TOKENS_AT_ONCE);
    let mut batches: Vec<Vec<usize>> = Vec::new();
    let mut room = 0;
    for at in order {
        let length = texts[at].ids.len();
        if batches.is_empty() || length > room {
            batches.push(Vec::new());
            room = share.max(length);
        }
        room -= length;
        batches.last_mut().expect("one was pushed").push(at);
    }
    let run = |batch: &Vec<usize>| -> candle_core::Result<Vec<(usize, T)>> {
        let mut packed = Texts::default();
        for text in batch.iter().map(|&at| &texts[at]) {
            packed.ids.extend(&text.ids);
            packed.parts.extend(&text.parts);
            packed.lengths.push(text.ids.len());
        }
        let hidden = encoder.hidden(&packed)?;
        let mut begin = 0;
        let rows = packed.lengths.iter().map(|length| {
            begin += length;
            hidden.narrow(0, begin - length, *length)
        });
        let rows: Vec<Tensor> = rows.collect::<candle_core::Result<_>>()?;
        Ok(batch.iter().copied().zip(finish(&rows)?).collect())
    };
    let done: Vec<Vec<(usize, T)>> = batches.par_iter().map(run).collect::<candle_core::Result<_>>()?;
    let mut done: Vec<(usize, T)> = done.into_iter().flatten().collect();
    done.sort_by_key(|(at, _)| *at);
    Ok(done.into_iter().map(|(_, made)| made).collect())
}

#[cfg(test)]
mod tests;
