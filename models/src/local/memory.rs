//! How much memory a model takes before it is loaded, and what would fit where that is too much.

use super::shape::Shape;
use serde::Serialize;
use std::fmt::Write as _;
use troupe_core::port::{Error, ErrorKind};

/// What a model is asked to hold at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Load {
    /// Most tokens of one sequence, prompt and answer.
    pub context: usize,
    /// Sequences at once.
    pub parallel: usize,
}

/// Bytes that a model takes under a load.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// The load.
    pub load: Load,
    /// The weights, as they are in the files.
    pub weights: u64,
    /// Keys and values of all tokens of all sequences; none for an encoder.
    pub cache: u64,
    /// What one step works in.
    pub work: u64,
    #[serde(skip)]
    token: u64,
    #[serde(skip)]
    parameters: u64,
}

/// Bytes of a number in the cache, and of those that a step works with: f32 on the processor.
const NUMBER: u64 = 4;
/// Tokens that go through the layers in one step.
const STEP: u64 = 512;
/// Tokens of a piece of attention on a device, and the pieces that a row may have besides (`device/cuda/spans.rs`).
#[cfg(feature = "cuda")]
const SPAN: (u64, u64) = (2_048, 8);
/// What weights are unpacked into on a device, and its library works in.
#[cfg(feature = "cuda")]
const UNPACKED: u64 = 128 << 20;
/// The scores of a piece of attention on Apple's devices (`device/tensors/plan.rs`).
#[cfg(feature = "metal")]
const SCORES: u64 = 256 << 20;
/// Fewer tokens than this are no context to work in.
const CONTEXT_MIN: u64 = 256;
/// Formats that weights can be had in, by bits a weight: a block's bytes over its numbers (ggml's `block_q8_0` and so
/// on: 34 of 32, 210 of 256, 144 of 256).
const FORMATS: [(&str, f64); 3] = [("Q8_0", 8.5), ("Q6_K", 6.5625), ("Q4_K", 4.5)];

impl Plan {
    /// The plan of a model under a load.
    pub fn new(shape: &Shape, load: Load) -> Self {
        let size = |n: usize| n as u64;
        // 2 × layers × kv heads × head dimension: a key and a value in every layer.
        let token = 2 * size(shape.layers) * size(shape.kv_heads) * size(shape.head_dimension) * NUMBER;
        let token = if shape.family.is_decoder() { token } else { 0 };
        let tokens = size(load.context).saturating_mul(size(load.parallel));
        // Of each token its row twice, queries, keys and values, and the two sides of a gate; of each sequence a row of logits.
        let heads = size(shape.heads + 2 * shape.kv_heads) * size(shape.head_dimension);
        let row = 2 * size(shape.width) + heads + 3 * size(shape.inner);
        let logits = if token > 0 { size(shape.vocabulary) } else { 0 };
        Self {
            load,
            weights: shape.weights,
            cache: token.saturating_mul(tokens),
            work: STEP * row * NUMBER + size(load.parallel).saturating_mul(logits) * NUMBER,
            token,
            parameters: shape.parameters,
        }
    }

    /// The plan of a model on one of Nvidia's devices: keys, values and plain weights have two bytes a number there.
    #[cfg(feature = "cuda")]
    pub fn on_cuda(shape: &Shape, load: Load) -> Self {
        let size = |n: usize| n as u64;
        let head = size(shape.head_dimension.next_multiple_of(16));
        let token = 2 * size(shape.layers) * size(shape.kv_heads) * head * 2;
        let tokens = size(load.context).saturating_mul(size(load.parallel));
        let is_plain = ["F32", "F16", "BF16"].contains(&shape.format.as_str());
        // Rows are there as f32 and as bfloat16, in pieces of powers of two; logits as many as rows, for scores.
        let heads = size(shape.heads + 2 * shape.kv_heads) * head;
        let row = 2 * size(shape.width) + 2 * heads + 2 * size(shape.inner) + size(shape.vocabulary);
        let spans = size(shape.context).div_ceil(SPAN.0) + SPAN.1;
        let attention = size(shape.heads) * (head + 2) * 4 * spans;
        Self {
            load,
            weights: if is_plain { 2 * shape.parameters } else { shape.weights },
            cache: token.saturating_mul(tokens),
            work: STEP * row * 12 + (STEP * attention).next_power_of_two() + UNPACKED,
            token,
            parameters: shape.parameters,
        }
    }

    /// The plan of a model on Apple's devices: plain weights, keys and values have two bytes a number there.
    #[cfg(feature = "metal")]
    pub fn on_metal(shape: &Shape, load: Load) -> Self {
        let size = |n: usize| n as u64;
        let token = 2 * size(shape.layers) * size(shape.kv_heads) * size(shape.head_dimension) * 2;
        let tokens = size(load.context).saturating_mul(size(load.parallel));
        let is_plain = ["F32", "F16", "BF16"].contains(&shape.format.as_str());
        // Tensors are made anew by each operation: rows as f32 and as bfloat16, and scores as they are, masked, as weights.
        let heads = size(shape.heads + 2 * shape.kv_heads) * size(shape.head_dimension);
        let row = 4 * size(shape.width) + 3 * heads + 3 * size(shape.inner);
        let logits = size(load.parallel).saturating_mul(size(shape.vocabulary));
        Self {
            load,
            weights: if is_plain { 2 * shape.parameters } else { shape.weights },
            cache: token.saturating_mul(tokens),
            work: (STEP * row + logits) * 6 + 3 * SCORES,
            token,
            parameters: shape.parameters,
        }
    }

    /// Bytes in all.
    pub fn total(&self) -> u64 {
        self.weights.saturating_add(self.cache).saturating_add(self.work)
    }

    /// Whether it fits into `available` bytes.
    ///
    /// # Errors
    /// `Invalid`, with what is needed for what, and what would fit.
    pub fn fits(&self, available: u64) -> Result<(), Error> {
        if self.total() <= available {
            return Ok(());
        }
        let Load { context, parallel } = self.load;
        let mut message = format!(
            "{} are needed (weights {}, {} for {parallel} × {context} tokens, {} to work in), {} are there; ",
            bytes(self.total()),
            bytes(self.weights),
            bytes(self.cache),
            bytes(self.work),
            bytes(available)
        );
        let ways = self.ways(available);
        let _ = match ways.is_empty() {
            true => write!(message, "no setting makes it fit: take a smaller model"),
            false => write!(message, "what would fit: {}", ways.join(", or ")),
        };
        Err(Error::new(ErrorKind::Invalid, message))
    }

    /// The changes that make it fit, each alone.
    fn ways(&self, available: u64) -> Vec<String> {
        let (context, parallel) = (self.load.context as u64, self.load.parallel as u64);
        let mut ways = Vec::new();
        let room = available.saturating_sub(self.weights).saturating_sub(self.work);
        let tokens = room.checked_div(self.token).unwrap_or(0);
        let each = tokens / parallel.max(1);
        if (CONTEXT_MIN..context).contains(&each) {
            ways.push(format!("{each} tokens of context"));
        }
        let sequences = tokens / context.max(1);
        if (1..parallel).contains(&sequences) {
            ways.push(format!("{sequences} sequences at once"));
        }
        let bits = |weights: f64| weights * 8.0 / self.parameters.max(1) as f64;
        let now = bits(self.weights as f64);
        let smaller = FORMATS.iter().find(|(_, bits)| {
            let weights = (self.parameters as f64 * bits / 8.0) as u64;
            *bits < now * 0.95 && weights.saturating_add(self.cache + self.work) <= available
        });
        ways.extend(smaller.map(|(format, _)| format!("weights in {format}")));
        ways
    }
}

/// `1.5 GB`.
fn bytes(n: u64) -> String {
    match n {
        0..1_000_000 => format!("{:.1} kB", n as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", n as f64 / 1e6),
        _ => format!("{:.1} GB", n as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::super::shape::{Family, Purpose};
    use super::*;
    use proptest::prelude::*;

    /// The shape of Qwen3-4B in BF16.
    fn qwen3_4b() -> Shape {
        Shape {
            family: Family::Qwen3,
            purpose: Purpose::Text,
            layers: 36,
            heads: 32,
            kv_heads: 8,
            head_dimension: 128,
            width: 2560,
            inner: 9728,
            vocabulary: 151_936,
            context: 40_960,
            tied: true,
            parameters: 4_022_468_096,
            weights: 8_044_936_192,
            format: "BF16".into(),
        }
    }

    const LOAD: Load = Load {
        context: 8192,
        parallel: 4,
    };

    #[test]
    fn a_token_costs_a_key_and_a_value_in_every_layer() {
        let plan = Plan::new(&qwen3_4b(), LOAD);
        assert_eq!(plan.cache, 2 * 36 * 8 * 128 * 4 * 4 * 8192);
        let encoder = Shape {
            family: Family::Bert,
            ..qwen3_4b()
        };
        assert_eq!(Plan::new(&encoder, LOAD).cache, 0);
    }

    #[test]
    #[cfg(feature = "cuda")]
    fn a_device_keeps_two_bytes_a_number() {
        let plan = Plan::on_cuda(&qwen3_4b(), LOAD);
        assert_eq!(plan.cache, 2 * 36 * 8 * 128 * 2 * 4 * 8192);
        assert_eq!(plan.weights, 8_044_936_192);
        let quantised = Shape {
            format: "Q4_K".into(),
            weights: 2_500_000_000,
            ..qwen3_4b()
        };
        assert_eq!(Plan::on_cuda(&quantised, LOAD).weights, 2_500_000_000);
    }

    #[test]
    fn what_does_not_fit_is_told_with_what_would() {
        let plan = Plan::new(&qwen3_4b(), LOAD);
        let told = |available: u64| plan.fits(available).map_err(|error| error.message);
        insta::assert_snapshot!(told(16_000_000_000).unwrap_err(), @"17.8 GB are needed (weights 8.0 GB, 9.7 GB for 4 × 8192 tokens, 85.3 MB to work in), 16.0 GB are there; what would fit: 6671 tokens of context, or 3 sequences at once, or weights in Q8_0");
        insta::assert_snapshot!(told(1_000_000_000).unwrap_err(), @"17.8 GB are needed (weights 8.0 GB, 9.7 GB for 4 × 8192 tokens, 85.3 MB to work in), 1.0 GB are there; no setting makes it fit: take a smaller model");
        assert_eq!(told(18_000_000_000), Ok(()));
    }

    proptest! {
        /// Whatever number of tokens is offered fits, and one more token for each sequence does not.
        #[test]
        fn an_offer_is_exact(available in 8_200_000_000u64..17_700_000_000) {
            let shape = qwen3_4b();
            let told = Plan::new(&shape, LOAD).fits(available).unwrap_err().message;
            let Some((before, _)) = told.split_once(" tokens of context") else { return Ok(()) };
            let context: usize = before.rsplit(' ').next().unwrap().parse().unwrap();
            let fits = |context: usize| Plan::new(&shape, Load { context, ..LOAD }).fits(available).is_ok();
            prop_assert!(fits(context));
            prop_assert!(!fits(context + 1));
        }
    }
}
