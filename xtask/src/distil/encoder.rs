//! Owns the forward pass of a BERT encoder (Devlin et al. 2018) on packed texts: no padding,
//! all in plain loops.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use super::matrix::dot;
use super::packed::Packed;
use super::weights::Weights;

/// What `config.json` says about the encoder's shape.
struct Config {
    width: usize,
    wide: usize,
    layers: usize,
    heads: usize,
    epsilon: f32,
}

/// The encoder's weights.
pub struct Encoder {
    words: Vec<f32>,
    positions: Vec<f32>,
    /// The segment vector of first sentences.
    segment: Vec<f32>,
    norm: Norm,
    layers: Vec<Layer>,
    width: usize,
    heads: usize,
    epsilon: f32,
}

struct Layer {
    /// Queries, keys and values side by side.
    attend: Linear,
    output: Linear,
    attend_norm: Norm,
    widen: Linear,
    narrow: Linear,
    norm: Norm,
}

struct Linear {
    weight: Packed,
    bias: Vec<f32>,
}

struct Norm {
    gain: Vec<f32>,
    bias: Vec<f32>,
}

impl Config {
    fn read(path: &Path) -> Result<Self> {
        let content: Value = serde_json::from_slice(&std::fs::read(path)?)?;
        let number = |name: &str| {
            content[name]
                .as_f64()
                .with_context(|| format!("no {name} in the model's config"))
        };
        Ok(Self {
            width: number("hidden_size")? as usize,
            wide: number("intermediate_size")? as usize,
            layers: number("num_hidden_layers")? as usize,
            heads: number("num_attention_heads")? as usize,
            epsilon: number("layer_norm_eps")? as f32,
        })
    }
}

impl Linear {
    /// One product for the layers called `names`, their outputs side by side.
    fn load(weights: &Weights, names: &[String], inputs: usize) -> Result<Self> {
        let (mut rows, mut bias) = (Vec::new(), Vec::new());
        for name in names {
            rows.extend(weights.numbers(&format!("{name}.weight"))?);
            bias.extend(weights.numbers(&format!("{name}.bias"))?);
        }
        Ok(Self {
            weight: Packed::new(&rows, inputs),
            bias,
        })
    }

    fn apply(&self, input: &[f32]) -> Vec<f32> {
        let mut output = self.weight.apply(input);
        output
            .chunks_exact_mut(self.bias.len())
            .for_each(|row| add(row, &self.bias));
        output
    }
}

impl Norm {
    fn load(weights: &Weights, name: &str) -> Result<Self> {
        let gain = weights.numbers(&format!("{name}.weight"))?;
        Ok(Self {
            gain,
            bias: weights.numbers(&format!("{name}.bias"))?,
        })
    }

    fn apply(&self, values: &mut [f32], epsilon: f32) {
        let width = self.gain.len();
        for row in values.chunks_exact_mut(width) {
            let mean = row.iter().sum::<f32>() / width as f32;
            row.iter_mut().for_each(|value| *value -= mean);
            let factor = (dot(row, row) / width as f32 + epsilon).sqrt().recip();
            for ((value, gain), bias) in row.iter_mut().zip(&self.gain).zip(&self.bias) {
                *value = *value * factor * gain + bias;
            }
        }
    }
}

impl Encoder {
    /// Reads `config.json` and `model.safetensors` of folder `model`.
    pub fn load(model: &Path) -> Result<Self> {
        let config = &Config::read(&model.join("config.json"))?;
        let weights = &Weights::read(&model.join("model.safetensors"))?;
        let width = config.width;
        let mut segment = weights.numbers("embeddings.token_type_embeddings.weight")?;
        segment.truncate(width);
        let layers = (0..config.layers).map(|at| Layer::load(weights, at, config));
        Ok(Self {
            words: weights.numbers("embeddings.word_embeddings.weight")?,
            positions: weights.numbers("embeddings.position_embeddings.weight")?,
            segment,
            norm: Norm::load(weights, "embeddings.LayerNorm")?,
            layers: layers.collect::<Result<_>>()?,
            width,
            heads: config.heads,
            epsilon: config.epsilon,
        })
    }

    /// The mean of the last states of each text, one after the other. `texts` are token ids
    /// with `[CLS]` and `[SEP]`.
    pub fn means(&self, texts: &[Vec<u32>]) -> Vec<f32> {
        let mut states = self.embed(texts);
        let lengths: Vec<usize> = texts.iter().map(Vec::len).collect();
        for layer in &self.layers {
            let attended = self.attend(&layer.attend.apply(&states), &lengths);
            add(&mut states, &layer.output.apply(&attended));
            layer.attend_norm.apply(&mut states, self.epsilon);
            let mut wide = layer.widen.apply(&states);
            wide.iter_mut().for_each(|value| *value = gelu(*value));
            add(&mut states, &layer.narrow.apply(&wide));
            layer.norm.apply(&mut states, self.epsilon);
        }
        let mut means = Vec::with_capacity(texts.len() * self.width);
        let mut rest = &states[..];
        for length in lengths {
            let (text, after) = rest.split_at(length * self.width);
            let mut mean = vec![0.0; self.width];
            text.chunks_exact(self.width).for_each(|row| add(&mut mean, row));
            means.extend(mean.iter().map(|sum| sum / length as f32));
            rest = after;
        }
        means
    }

    fn embed(&self, texts: &[Vec<u32>]) -> Vec<f32> {
        let mut states = Vec::new();
        for text in texts {
            for (position, &id) in text.iter().enumerate() {
                let word = &self.words[id as usize * self.width..][..self.width];
                let place = &self.positions[position * self.width..][..self.width];
                let sums = word.iter().zip(place).zip(&self.segment);
                states.extend(sums.map(|((word, place), segment)| word + place + segment));
            }
        }
        self.norm.apply(&mut states, self.epsilon);
        states
    }

    /// Scaled dot-product attention within each text, all heads. `mixed` holds a token's
    /// queries, keys and values.
    fn attend(&self, mixed: &[f32], lengths: &[usize]) -> Vec<f32> {
        let (width, row) = (self.width, 3 * self.width);
        let head = width / self.heads;
        let scale = (head as f32).sqrt().recip();
        let mut out = vec![0.0; mixed.len() / 3];
        let mut begin = 0;
        for &length in lengths {
            let tokens = &mixed[begin * row..][..length * row];
            let mut scores = vec![0.0; length];
            for from in (0..width).step_by(head) {
                for at in 0..length {
                    let query = &tokens[at * row + from..][..head];
                    for (score, key) in scores.iter_mut().zip(tokens.chunks_exact(row)) {
                        *score = scale * dot(query, &key[width + from..][..head]);
                    }
                    softmax(&mut scores);
                    let sum = &mut out[(begin + at) * width + from..][..head];
                    for (&score, value) in scores.iter().zip(tokens.chunks_exact(row)) {
                        let value = &value[2 * width + from..][..head];
                        sum.iter_mut().zip(value).for_each(|(sum, value)| *sum += score * value);
                    }
                }
            }
            begin += length;
        }
        out
    }
}

impl Layer {
    fn load(weights: &Weights, at: usize, config: &Config) -> Result<Self> {
        let (width, wide) = (config.width, config.wide);
        let name = |part: &str| format!("encoder.layer.{at}.{part}");
        let inputs = ["query", "key", "value"].map(|part| name(&format!("attention.self.{part}")));
        Ok(Self {
            attend: Linear::load(weights, &inputs, width)?,
            output: Linear::load(weights, &[name("attention.output.dense")], width)?,
            attend_norm: Norm::load(weights, &name("attention.output.LayerNorm"))?,
            widen: Linear::load(weights, &[name("intermediate.dense")], width)?,
            narrow: Linear::load(weights, &[name("output.dense")], wide)?,
            norm: Norm::load(weights, &name("output.LayerNorm"))?,
        })
    }
}

fn add(sums: &mut [f32], values: &[f32]) {
    sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
}

fn softmax(scores: &mut [f32]) {
    let largest = scores.iter().fold(f32::MIN, |largest, &score| largest.max(score));
    scores.iter_mut().for_each(|score| *score = exp(*score - largest));
    let factor = scores.iter().sum::<f32>().recip();
    scores.iter_mut().for_each(|score| *score *= factor);
}

/// x Φ(x), with the error function of Abramowitz and Stegun 7.1.26 (absolute error 1.5e-7).
#[inline(always)]
fn gelu(x: f32) -> f32 {
    let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
    let t = (1.0 + 0.327_591_1 * z).recip();
    let polynomial = ((((1.061_405_4 * t - 1.453_152) * t + 1.421_413_7) * t - 0.284_496_74) * t + 0.254_829_6) * t;
    let tail = 0.5 * polynomial * exp(-z * z);
    if x >= 0.0 { x * (1.0 - tail) } else { x * tail }
}

/// e^x to seven digits without a call, so that loops over it become vector code.
#[inline(always)]
fn exp(x: f32) -> f32 {
    /// Adding this rounds to an integer: f32 has no bits left for a fraction.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 88.0);
    let power = (x * std::f32::consts::LOG2_E + ROUND) - ROUND;
    // ln 2 in two parts, the first exact in its product with a small integer.
    let r = x - power * 0.693_359_4 + power * 2.121_944_4e-4;
    let series =
        1.0 + r * (1.0 + r * (0.5 + r * (0.166_666_66 + r * (0.041_666_67 + r * (0.008_333_33 + r * 0.001_388_89)))));
    series * f32::from_bits(((power as i32 + 127) << 23) as u32)
}
