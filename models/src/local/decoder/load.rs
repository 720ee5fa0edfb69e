//! A decoder from the tensors of its files, whatever their format and names.

use super::architecture::Architecture;
use super::{Decoder, Layer};
use crate::local::device::{self, Device};
use crate::local::gguf::Gguf;
use crate::local::shape::Family;
use crate::local::weights::Weights;
use candle_core::{Result, bail};
use serde_json::Value;

/// Where the tensors are.
pub enum Source {
    /// `config.json` and safetensors.
    Safetensors(Value, Weights),
    /// One file with everything.
    Gguf(Gguf),
}

/// What a tensor is called in safetensors and in GGUF.
type Names = (&'static str, &'static str);

const WORDS: Names = ("model.embed_tokens", "token_embd");
const NORM: Names = ("model.norm", "output_norm");
const HEAD: Names = ("lm_head", "output");
const BEFORE_ATTENTION: Names = ("input_layernorm", "attn_norm");
const QUERIES: Names = ("self_attn.q_proj", "attn_q");
const KEYS: Names = ("self_attn.k_proj", "attn_k");
const VALUES: Names = ("self_attn.v_proj", "attn_v");
const QUERY_NORM: Names = ("self_attn.q_norm", "attn_q_norm");
const KEY_NORM: Names = ("self_attn.k_norm", "attn_k_norm");
const MIXED: Names = ("self_attn.o_proj", "attn_output");
const BEFORE_PRODUCTS: Names = ("post_attention_layernorm", "ffn_norm");
const GATE: Names = ("mlp.gate_proj", "ffn_gate");
const UP: Names = ("mlp.up_proj", "ffn_up");
const DOWN: Names = ("mlp.down_proj", "ffn_down");

/// Reads a decoder into the memory of a device.
///
/// # Errors
/// A family or setting that is not followed, a tensor that is missing or has another shape than the numbers say, or
/// what the device says.
pub fn load<D: Device>(device: D, source: &Source) -> Result<Decoder<D>> {
    let shape = source.architecture()?;
    let (width, inner) = (shape.width, shape.inner);
    let (queries, shared) = (shape.heads * shape.dimension, shape.shared_heads * shape.dimension);
    let vector = |name: &str, length: usize| -> Result<D::Norm> {
        let gain = source.vector(name, length)?;
        device.norm(gain, shape.epsilon).map_err(candle_core::Error::Msg)
    };
    let (words, vocabulary) = source.matrix(&device, &source.name(WORDS), None, width)?;
    let layer = |at: usize| -> Result<Layer<D>> {
        let name = |names: Names| source.layer_name(at, names);
        let norm = |names: Names| vector(&name(names), width);
        let by_head = |names: Names| match shape.family {
            Family::Qwen3 => vector(&name(names), shape.dimension).map(Some),
            _ => Ok(None),
        };
        let matrix = |names: Names, outputs: usize, inputs: usize| {
            let read = source.matrix(&device, &name(names), Some(outputs), inputs);
            read.map(|(matrix, _)| matrix)
        };
        let turned = |names: Names, outputs: usize| match (source, shape.family) {
            // What llama.cpp turns pair by pair is written in another order.
            (Source::Gguf(file), Family::Llama | Family::Mistral) => {
                let heads = outputs / shape.dimension;
                let read = file.in_halves(&format!("{}.weight", name(names)), heads)?;
                taken(&device, device::Weights::Bytes(read), None)
            }
            _ => matrix(names, outputs, width),
        };
        Ok(Layer {
            before_attention: norm(BEFORE_ATTENTION)?,
            queries: turned(QUERIES, queries)?,
            keys: turned(KEYS, shared)?,
            values: matrix(VALUES, shared, width)?,
            query_norm: by_head(QUERY_NORM)?,
            key_norm: by_head(KEY_NORM)?,
            mixed: matrix(MIXED, width, queries)?,
            before_products: norm(BEFORE_PRODUCTS)?,
            gate: matrix(GATE, inner, width)?,
            up: matrix(UP, inner, width)?,
            down: matrix(DOWN, width, inner)?,
        })
    };
    let head = source.name(HEAD);
    let head = source
        .has(&head)
        .then(|| source.matrix(&device, &head, Some(vocabulary), width));
    Ok(Decoder {
        words,
        vocabulary,
        layers: (0..shape.layers).map(layer).collect::<Result<_>>()?,
        norm: vector(&source.name(NORM), width)?,
        head: head.transpose()?.map(|(head, _)| head),
        architecture: shape,
        device,
    })
}

fn taken<D: Device>(device: &D, weights: device::Weights<'_>, bias: Option<Vec<f32>>) -> Result<D::Matrix> {
    device.matrix(weights, bias).map_err(candle_core::Error::Msg)
}

impl Source {
    /// Brings what lies in files into memory, where it stays in its place.
    pub fn fetch(&self) {
        if let Self::Gguf(file) = self {
            file.fetch();
        }
    }

    fn architecture(&self) -> Result<Architecture> {
        match self {
            Self::Safetensors(config, _) => Architecture::from_config(config),
            Self::Gguf(file) => {
                let factors = file.vector("rope_freqs.weight").transpose()?;
                Architecture::from_gguf(file.metadata(), factors.as_deref())
            }
        }
    }

    fn name(&self, (usual, gguf): Names) -> String {
        match self {
            Self::Safetensors(..) => usual.to_owned(),
            Self::Gguf(_) => gguf.to_owned(),
        }
    }

    fn layer_name(&self, at: usize, (usual, gguf): Names) -> String {
        match self {
            Self::Safetensors(..) => format!("model.layers.{at}.{usual}"),
            Self::Gguf(_) => format!("blk.{at}.{gguf}"),
        }
    }

    fn has(&self, name: &str) -> bool {
        let name = format!("{name}.weight");
        match self {
            Self::Safetensors(_, weights) => weights.has(&name),
            Self::Gguf(file) => file.has(&name),
        }
    }

    /// A matrix with its bias, where it has one, and its outputs; those are checked where they are known.
    fn matrix<D: Device>(
        &self,
        device: &D,
        name: &str,
        outputs: Option<usize>,
        inputs: usize,
    ) -> Result<(D::Matrix, usize)> {
        let (weight, bias) = (format!("{name}.weight"), format!("{name}.bias"));
        let fits = |rows: usize, numbers: Option<Vec<f32>>| match numbers {
            Some(numbers) if numbers.len() != rows => {
                bail!("`{bias}` has another length than the rows of `{weight}`");
            }
            other => Ok(other),
        };
        match self {
            Self::Safetensors(_, weights) => {
                let tensor = weights.matrix(&weight)?;
                let bias = weights.vector_if_there(&bias)?;
                let (rows, width) = tensor.dims2()?;
                expect(&weight, (rows, width), outputs, inputs)?;
                let numbers: Vec<f32> = tensor.flatten_all()?.to_vec1()?;
                let weights = device::Weights::Numbers(&numbers, inputs);
                Ok((taken(device, weights, fits(rows, bias)?)?, rows))
            }
            Self::Gguf(file) => {
                let read = file.matrix(&weight)?;
                expect(&weight, (read.outputs, read.inputs), outputs, inputs)?;
                let (rows, bias) = (read.outputs, file.vector(&bias).transpose()?);
                Ok((taken(device, device::Weights::Bytes(read), fits(rows, bias)?)?, rows))
            }
        }
    }

    fn vector(&self, name: &str, length: usize) -> Result<Vec<f32>> {
        let name = format!("{name}.weight");
        let numbers = match self {
            Self::Safetensors(_, weights) => weights.vector(&name)?,
            Self::Gguf(file) => match file.vector(&name) {
                Some(numbers) => numbers?,
                None => bail!("the file holds no `{name}`"),
            },
        };
        if numbers.len() != length {
            bail!("`{name}` has {} numbers where {length} are needed", numbers.len());
        }
        Ok(numbers)
    }
}

fn expect(name: &str, got: (usize, usize), outputs: Option<usize>, inputs: usize) -> Result<()> {
    let (rows, width) = (outputs.unwrap_or(got.0), inputs);
    if got != (rows, width) {
        bail!(
            "`{name}` has the shape {} × {} where {rows} × {width} is needed",
            got.0,
            got.1
        );
    }
    Ok(())
}
