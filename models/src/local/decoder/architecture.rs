//! What a decoder is made of, as the files of its family say: families differ by these numbers alone.

use crate::local::shape::Family;
use candle_core::quantized::gguf_file;
use candle_core::{Result, bail};
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashMap;

/// The numbers of a decoder.
#[derive(Debug, Clone, PartialEq)]
pub struct Architecture {
    /// Which family's names its tensors have.
    pub family: Family,
    /// Layers.
    pub layers: usize,
    /// Numbers in a token's vector.
    pub width: usize,
    /// Numbers between the products of a feed-forward layer.
    pub inner: usize,
    /// Heads of queries.
    pub heads: usize,
    /// Heads of keys and values (Ainslie et al. 2023).
    pub shared_heads: usize,
    /// Numbers in a head.
    pub dimension: usize,
    /// Added to the mean square of a row before its root is taken.
    pub epsilon: f32,
    /// Tokens that it was trained to read.
    pub context: usize,
    /// For each pair of numbers of a head, the angle of one position.
    pub frequencies: Vec<f64>,
}

/// `config.json` of any of the families.
#[derive(Deserialize)]
struct Config {
    hidden_size: usize,
    num_hidden_layers: usize,
    intermediate_size: usize,
    num_attention_heads: usize,
    num_key_value_heads: Option<usize>,
    head_dim: Option<usize>,
    #[serde(default = "usual_epsilon")]
    rms_norm_eps: f64,
    #[serde(default = "usual_context")]
    max_position_embeddings: usize,
    rope_theta: Option<f64>,
    rope_scaling: Option<Value>,
    rope_parameters: Option<Value>,
    hidden_act: String,
    #[serde(default)]
    use_sliding_window: bool,
    sliding_window: Option<usize>,
}

fn usual_epsilon() -> f64 {
    1e-6
}

fn usual_context() -> usize {
    2048
}

impl Architecture {
    /// From `config.json`.
    ///
    /// # Errors
    /// A family or a setting that is not followed, by name.
    pub fn from_config(config: &Value) -> Result<Self> {
        let family = family(&config["model_type"])?;
        let config =
            Config::deserialize(config).map_err(|error| candle_core::Error::Msg(format!("config.json: {error}")))?;
        if config.hidden_act != "silu" {
            bail!(
                "config.json: the function `{}` between products is not followed; silu is",
                config.hidden_act
            );
        }
        if family == Family::Mistral && config.sliding_window.is_some() || config.use_sliding_window {
            bail!("config.json: sliding windows are not followed");
        }
        let heads = config.num_attention_heads;
        let dimension = match config.head_dim {
            Some(dimension) => dimension,
            None => config.hidden_size / heads.max(1),
        };
        let said = config.rope_parameters.as_ref();
        let theta = config
            .rope_theta
            .or_else(|| said?["rope_theta"].as_f64())
            .unwrap_or(10_000.0);
        let scaling = config.rope_scaling.as_ref().or(said).unwrap_or(&Value::Null);
        Self {
            family,
            layers: config.num_hidden_layers,
            width: config.hidden_size,
            inner: config.intermediate_size,
            heads,
            shared_heads: config.num_key_value_heads.unwrap_or(heads),
            dimension,
            epsilon: config.rms_norm_eps as f32,
            context: config.max_position_embeddings,
            frequencies: scaled(frequencies(dimension, theta), scaling)?,
        }
        .checked()
    }

    /// From the metadata of a GGUF file; `factors` are those of its tensor `rope_freqs`, where it has one.
    ///
    /// # Errors
    /// As [`Self::from_config`].
    pub fn from_gguf(metadata: &HashMap<String, gguf_file::Value>, factors: Option<&[f32]>) -> Result<Self> {
        let text = |key: &str| {
            metadata
                .get(key)
                .and_then(|value| value.to_string().ok())
                .map(String::as_str)
        };
        let Some(kind) = text("general.architecture") else {
            bail!("the file does not say its `general.architecture`");
        };
        let family = family(&Value::from(kind))?;
        let number = |key: &str| metadata.get(&format!("{kind}.{key}"));
        let count = |key: &str| match number(key).map(|value| value.to_u32()) {
            Some(Ok(count)) => Ok(count as usize),
            _ => bail!("the file does not say its `{kind}.{key}`"),
        };
        let real = |key: &str| number(key).and_then(|value| value.to_f32().ok()).map(f64::from);
        let heads = count("attention.head_count")?;
        let width = count("embedding_length")?;
        let dimension = count("attention.key_length").unwrap_or(width / heads.max(1));
        let mut frequencies = frequencies(dimension, real("rope.freq_base").unwrap_or(10_000.0));
        match text(&format!("{kind}.rope.scaling.type")) {
            None | Some("none") => {}
            Some("linear") => {
                let factor = real("rope.scaling.factor").unwrap_or(1.0);
                frequencies.iter_mut().for_each(|angle| *angle /= factor);
            }
            Some(other) => bail!("positions scaled in the way `{other}` are not followed"),
        }
        for (angle, factor) in frequencies.iter_mut().zip(factors.unwrap_or_default()) {
            *angle /= f64::from(*factor);
        }
        Self {
            family,
            layers: count("block_count")?,
            width,
            inner: count("feed_forward_length")?,
            heads,
            shared_heads: count("attention.head_count_kv").unwrap_or(heads),
            dimension,
            epsilon: real("attention.layer_norm_rms_epsilon").unwrap_or(1e-6) as f32,
            context: count("context_length")?,
            frequencies,
        }
        .checked()
    }

    fn checked(self) -> Result<Self> {
        let whole = self.shared_heads > 0 && self.heads.is_multiple_of(self.shared_heads);
        if !whole || self.dimension == 0 || !self.dimension.is_multiple_of(2) {
            bail!(
                "{} heads of {} numbers that share {} heads of keys are not followed",
                self.heads,
                self.dimension,
                self.shared_heads
            );
        }
        Ok(self)
    }
}

fn family(said: &Value) -> Result<Family> {
    let known = Family::deserialize(said).ok().filter(|family| family.is_decoder());
    known.ok_or_else(|| {
        candle_core::Error::Msg(format!(
            "language models of the family {said} are not known; llama, mistral, qwen2 and qwen3 are"
        ))
    })
}

/// Su et al. 2021, §3.2.2: the angle of pair i is θ^(−2i/d).
fn frequencies(dimension: usize, theta: f64) -> Vec<f64> {
    let pairs = 0..dimension / 2;
    pairs
        .map(|at| theta.powf(-2.0 * at as f64 / dimension as f64))
        .collect()
}

/// Frequencies for longer texts than the first training had.
fn scaled(mut frequencies: Vec<f64>, said: &Value) -> Result<Vec<f64>> {
    let kind = said["rope_type"]
        .as_str()
        .or(said["type"].as_str())
        .unwrap_or("default");
    let number = |key: &str| match said[key].as_f64() {
        Some(number) => Ok(number),
        None => bail!("config.json: scaled positions without `{key}`"),
    };
    match kind {
        "default" => {}
        "linear" => {
            let factor = number("factor")?;
            frequencies.iter_mut().for_each(|angle| *angle /= factor);
        }
        "llama3" => {
            let (factor, low, high) = (
                number("factor")?,
                number("low_freq_factor")?,
                number("high_freq_factor")?,
            );
            let before = number("original_max_position_embeddings")?;
            for angle in &mut frequencies {
                *angle = llama3(*angle, factor, low, high, before);
            }
        }
        other => bail!("config.json: positions scaled in the way `{other}` are not followed"),
    }
    Ok(frequencies)
}

/// Llama 3.1's scaling: long waves are stretched, short ones kept, those between blended (as in its reference code).
fn llama3(angle: f64, factor: f64, low: f64, high: f64, before: f64) -> f64 {
    let wave = std::f64::consts::TAU / angle;
    if wave < before / high {
        return angle;
    }
    if wave > before / low {
        return angle / factor;
    }
    let smooth = (before / wave - low) / (high - low);
    (1.0 - smooth) * angle / factor + smooth * angle
}
