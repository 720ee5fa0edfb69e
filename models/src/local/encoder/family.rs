//! The families of encoders: what each calls its weights, and how they go together.

use super::Encoder;
use super::layer::{Attention, Feed, Layer, Norms};
use super::parts::{Linear, Norm};
use crate::local::kernels::{Activate, Activation, Mask, Rotation};
use crate::local::weights::Weights;
use candle_core::{Result, bail};
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// BERT (Devlin et al. 2018): learned positions, norms after.
    Bert,
    /// ModernBERT (Warner et al. 2024): turned positions, a gate, most layers with near tokens only.
    ModernBert,
    /// Qwen3-Embedding (Zhang et al. 2025): a decoder; tokens attend to those before them.
    Qwen3,
}

/// Positions that are prepared for a family whose models take very long texts.
const POSITIONS_MAX: usize = 8192;

/// Makes the encoder of a model's `config.json` and weights.
///
/// # Errors
/// A setting that this code does not follow, weights that are missing or of another shape.
pub fn load(family: Family, config: &Value, weights: &Weights) -> Result<Encoder> {
    match family {
        Family::Bert => bert(&read(config)?, weights),
        Family::ModernBert => modern_bert(&read(config)?, weights),
        Family::Qwen3 => qwen3(&read(config)?, weights),
    }
}

fn read<T: for<'a> Deserialize<'a>>(config: &Value) -> Result<T> {
    T::deserialize(config).map_err(|error| candle_core::Error::Msg(format!("config.json: {error}")))
}

fn function(name: &str) -> Result<Activation> {
    match name {
        "gelu" => Ok(Activation::Gelu),
        "silu" => Ok(Activation::Silu),
        other => bail!("config.json: the activation `{other}` is not known; gelu and silu are"),
    }
}

fn whole(width: usize, heads: usize) -> Result<usize> {
    if heads == 0 || !width.is_multiple_of(heads) {
        bail!("config.json: {width} numbers do not make {heads} heads");
    }
    Ok(width / heads)
}

/// The base of the wavelengths of turned positions: a setting of its own, or among newer files' parameters.
fn theta(own: Option<f64>, newer: Option<&Value>, usual: f64) -> Result<f64> {
    if let Some(kind) = newer
        .and_then(|newer| newer["rope_type"].as_str())
        .filter(|kind| *kind != "default")
    {
        bail!("config.json: turned positions of the type `{kind}` are not followed");
    }
    let newer = newer.and_then(|newer| newer["rope_theta"].as_f64());
    Ok(own.or(newer).unwrap_or(usual))
}

#[derive(Deserialize)]
struct Bert {
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    layer_norm_eps: f32,
    hidden_act: String,
    max_position_embeddings: usize,
    #[serde(default)]
    position_embedding_type: Option<String>,
}

fn bert(config: &Bert, weights: &Weights) -> Result<Encoder> {
    if let Some(other) = config
        .position_embedding_type
        .as_deref()
        .filter(|kind| *kind != "absolute")
    {
        bail!("config.json: positions of the type `{other}` are not known; absolute ones are");
    }
    let dimension = whole(config.hidden_size, config.num_attention_heads)?;
    let activate = Activate {
        function: function(&config.hidden_act)?,
        gated: false,
    };
    let layer = |at: usize| -> Result<Layer> {
        let name = |part: &str| format!("encoder.layer.{at}.{part}");
        let norm = |part: &str| Norm::deviation(weights, &name(part), config.layer_norm_eps);
        let [queries, keys, values] = ["query", "key", "value"].map(|part| name(&format!("attention.self.{part}")));
        Ok(Layer {
            attention: Attention {
                inputs: Linear::load(weights, &[&queries, &keys, &values])?,
                output: Linear::load(weights, &[&name("attention.output.dense")])?,
                heads: config.num_attention_heads,
                shared_heads: config.num_attention_heads,
                dimension,
                mask: Mask::Full,
                rotation: None,
                head_norms: None,
            },
            feed: Feed {
                widen: Linear::load(weights, &[&name("intermediate.dense")])?,
                activate,
                narrow: Linear::load(weights, &[&name("output.dense")])?,
            },
            norms: Norms::After {
                attention: norm("attention.output.LayerNorm")?,
                feed: norm("output.LayerNorm")?,
            },
        })
    };
    Ok(Encoder {
        words: weights.matrix(&weights.inner("embeddings.word_embeddings.weight"))?,
        positions: Some(weights.matrix(&weights.inner("embeddings.position_embeddings.weight"))?),
        parts: Some(weights.matrix(&weights.inner("embeddings.token_type_embeddings.weight"))?),
        first: Some(Norm::deviation(weights, "embeddings.LayerNorm", config.layer_norm_eps)?),
        layers: (0..config.num_hidden_layers).map(layer).collect::<Result<_>>()?,
        last: None,
        width: config.hidden_size,
        tokens_max: config.max_position_embeddings,
    })
}

#[derive(Deserialize)]
struct ModernBert {
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    norm_eps: f32,
    hidden_activation: String,
    max_position_embeddings: usize,
    local_attention: usize,
    /// Every so many layers one that sees all; newer files name each layer's kind instead.
    global_attn_every_n_layers: Option<usize>,
    layer_types: Option<Vec<String>>,
    global_rope_theta: Option<f64>,
    local_rope_theta: Option<f64>,
    /// Where newer files have the two bases.
    rope_parameters: Option<Value>,
}

impl ModernBert {
    /// Whether a layer attends to all tokens.
    fn sees_all(&self, layer: usize) -> bool {
        match &self.layer_types {
            Some(kinds) => kinds.get(layer).is_none_or(|kind| kind == "full_attention"),
            None => layer.is_multiple_of(self.global_attn_every_n_layers.unwrap_or(3).max(1)),
        }
    }

    /// The base of the wavelengths, of layers that see all or only near tokens.
    fn theta(&self, own: Option<f64>, kind: &str, usual: f64) -> Result<f64> {
        theta(
            own,
            self.rope_parameters.as_ref().map(|parameters| &parameters[kind]),
            usual,
        )
    }
}

fn modern_bert(config: &ModernBert, weights: &Weights) -> Result<Encoder> {
    let dimension = whole(config.hidden_size, config.num_attention_heads)?;
    let tokens_max = config.max_position_embeddings.min(POSITIONS_MAX);
    let rotation = |theta: f64| Arc::new(Rotation::new(dimension, tokens_max, theta));
    let all = rotation(config.theta(config.global_rope_theta, "full_attention", 160_000.0)?);
    let near = rotation(config.theta(config.local_rope_theta, "sliding_attention", 10_000.0)?);
    let activate = Activate {
        function: function(&config.hidden_activation)?,
        gated: true,
    };
    let norm = |name: &str| Norm::deviation(weights, name, config.norm_eps);
    let layer = |at: usize| -> Result<Layer> {
        let name = |part: &str| format!("layers.{at}.{part}");
        let sees_all = config.sees_all(at);
        Ok(Layer {
            attention: Attention {
                inputs: Linear::load(weights, &[&name("attn.Wqkv")])?,
                output: Linear::load(weights, &[&name("attn.Wo")])?,
                heads: config.num_attention_heads,
                shared_heads: config.num_attention_heads,
                dimension,
                mask: if sees_all {
                    Mask::Full
                } else {
                    Mask::Near(config.local_attention / 2)
                },
                rotation: Some(Arc::clone(if sees_all { &all } else { &near })),
                head_norms: None,
            },
            feed: Feed {
                widen: Linear::load(weights, &[&name("mlp.Wi")])?,
                activate,
                narrow: Linear::load(weights, &[&name("mlp.Wo")])?,
            },
            norms: Norms::Before {
                // The embeddings are normalised already.
                attention: (at > 0).then(|| norm(&name("attn_norm"))).transpose()?,
                feed: norm(&name("mlp_norm"))?,
            },
        })
    };
    Ok(Encoder {
        words: weights.matrix(&weights.inner("embeddings.tok_embeddings.weight"))?,
        positions: None,
        parts: None,
        first: Some(norm("embeddings.norm")?),
        layers: (0..config.num_hidden_layers).map(layer).collect::<Result<_>>()?,
        last: Some(norm("final_norm")?),
        width: config.hidden_size,
        tokens_max,
    })
}

#[derive(Deserialize)]
struct Qwen3 {
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    num_key_value_heads: usize,
    head_dim: usize,
    rms_norm_eps: f32,
    hidden_act: String,
    max_position_embeddings: usize,
    rope_theta: Option<f64>,
    /// Where newer files have the base.
    rope_parameters: Option<Value>,
    rope_scaling: Option<Value>,
    #[serde(default)]
    use_sliding_window: bool,
}

fn qwen3(config: &Qwen3, weights: &Weights) -> Result<Encoder> {
    if config.use_sliding_window || config.rope_scaling.is_some() {
        bail!("config.json: sliding windows and scaled positions are not followed");
    }
    whole(config.num_attention_heads, config.num_key_value_heads)?;
    let tokens_max = config.max_position_embeddings.min(POSITIONS_MAX);
    let theta = theta(config.rope_theta, config.rope_parameters.as_ref(), 1_000_000.0)?;
    let rotation = Arc::new(Rotation::new(config.head_dim, tokens_max, theta));
    let activate = Activate {
        function: function(&config.hidden_act)?,
        gated: true,
    };
    let norm = |name: &str| Norm::mean_square(weights, name, config.rms_norm_eps);
    let layer = |at: usize| -> Result<Layer> {
        let name = |part: &str| format!("layers.{at}.{part}");
        let [queries, keys, values] = ["q", "k", "v"].map(|part| name(&format!("self_attn.{part}_proj")));
        Ok(Layer {
            attention: Attention {
                inputs: Linear::load(weights, &[&queries, &keys, &values])?,
                output: Linear::load(weights, &[&name("self_attn.o_proj")])?,
                heads: config.num_attention_heads,
                shared_heads: config.num_key_value_heads,
                dimension: config.head_dim,
                mask: Mask::Causal,
                rotation: Some(Arc::clone(&rotation)),
                head_norms: Some((norm(&name("self_attn.q_norm"))?, norm(&name("self_attn.k_norm"))?)),
            },
            feed: Feed {
                widen: Linear::load(weights, &[&name("mlp.gate_proj"), &name("mlp.up_proj")])?,
                activate,
                narrow: Linear::load(weights, &[&name("mlp.down_proj")])?,
            },
            norms: Norms::Before {
                attention: Some(norm(&name("input_layernorm"))?),
                feed: norm(&name("post_attention_layernorm"))?,
            },
        })
    };
    Ok(Encoder {
        words: weights.matrix(&weights.inner("embed_tokens.weight"))?,
        positions: None,
        parts: None,
        first: None,
        layers: (0..config.num_hidden_layers).map(layer).collect::<Result<_>>()?,
        last: Some(norm("norm")?),
        width: config.hidden_size,
        tokens_max,
    })
}
