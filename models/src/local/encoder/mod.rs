//! Transformer encoders over packed texts: families differ by data, not by code.
//!
//! [`family`] reads a model's files and says what it is made of; [`layer`] and the operations of
//! [`super::kernels`] do the work.

mod family;
mod layer;
mod parts;

pub use family::{Family, load};

use super::weights::Weights;
use candle_core::{Device, Result, Tensor};
use layer::Layer;
use parts::{Linear, Norm};

/// Texts as token ids, one after the other.
#[derive(Debug, Default)]
pub struct Texts {
    /// The tokens of all.
    pub ids: Vec<u32>,
    /// For each token 0, or 1 in the second part of a pair.
    pub parts: Vec<u32>,
    /// Tokens of each text.
    pub lengths: Vec<usize>,
}

/// A model that gives each token a vector that depends on the whole text.
pub struct Encoder {
    words: Tensor,
    /// A vector for each position, where positions are learned.
    positions: Option<Tensor>,
    /// A vector for each part of a pair.
    parts: Option<Tensor>,
    first: Option<Norm>,
    layers: Vec<Layer>,
    last: Option<Norm>,
    /// Numbers in a token's vector.
    pub width: usize,
    /// Most tokens of a text.
    pub tokens_max: usize,
}

impl Encoder {
    /// The vector of every token, a row each.
    ///
    /// # Errors
    /// A text longer than [`Self::tokens_max`], a token beyond the vocabulary.
    pub fn hidden(&self, texts: &Texts) -> Result<Tensor> {
        let rows = |table: &Tensor, ids: Vec<u32>| {
            let count = ids.len();
            table.index_select(&Tensor::from_vec(ids, count, &Device::Cpu)?, 0)
        };
        let mut states = rows(&self.words, texts.ids.clone())?;
        if let Some(table) = &self.positions {
            let places = texts.lengths.iter().flat_map(|length| 0..*length as u32);
            states = (states + rows(table, places.collect())?)?;
        }
        if let Some(table) = &self.parts {
            states = (states + rows(table, texts.parts.clone())?)?;
        }
        if let Some(norm) = &self.first {
            states = norm.apply(&states)?;
        }
        for layer in &self.layers {
            states = layer.apply(&states, &texts.lengths)?;
        }
        match &self.last {
            Some(norm) => norm.apply(&states),
            None => Ok(states),
        }
    }
}

/// What stands on an encoder that was trained to judge pairs: a layer, and one number made of it.
pub struct Head {
    dense: Linear,
    function: HeadFunction,
    norm: Option<Norm>,
    verdict: Linear,
    /// Whether the mean over the tokens is judged; the first token's vector otherwise.
    pub mean: bool,
}

/// Between the two products of a head.
#[derive(Debug, Clone, Copy)]
enum HeadFunction {
    Tanh,
    Gelu,
}

impl Head {
    /// One number for each row.
    pub fn scores(&self, rows: &Tensor) -> Result<Vec<f32>> {
        let wide = self.dense.apply(rows)?;
        let wide = match self.function {
            HeadFunction::Tanh => wide.tanh()?,
            HeadFunction::Gelu => wide.gelu_erf()?,
        };
        let wide = match &self.norm {
            Some(norm) => norm.apply(&wide)?,
            None => wide,
        };
        self.verdict.apply(&wide)?.flatten_all()?.to_vec1()
    }
}

/// Reads the head that belongs to a family.
///
/// # Errors
/// Weights without one, or with more verdicts than one.
pub fn head(family: Family, weights: &Weights, config: &serde_json::Value) -> Result<Head> {
    let epsilon = |key: &str| config[key].as_f64().unwrap_or(1e-5) as f32;
    let head = match family {
        Family::Bert => Head {
            dense: Linear::load(weights, &["pooler.dense"])?,
            function: HeadFunction::Tanh,
            norm: None,
            verdict: Linear::load_outer(weights, "classifier")?,
            mean: false,
        },
        Family::ModernBert => Head {
            dense: Linear::load_outer(weights, "head.dense")?,
            function: HeadFunction::Gelu,
            norm: Some(Norm::deviation_outer(weights, "head.norm", epsilon("norm_eps"))?),
            verdict: Linear::load_outer(weights, "classifier")?,
            mean: config["classifier_pooling"].as_str() == Some("mean"),
        },
        Family::Qwen3 => {
            candle_core::bail!("models of the family qwen3 judge pairs by writing, which is no reranker here")
        }
    };
    match head.verdict.outputs() {
        1 => Ok(head),
        many => candle_core::bail!("a head of {many} verdicts where a reranker has one"),
    }
}
