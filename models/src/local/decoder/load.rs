//! A decoder from the tensors of its files, whatever their format and names.

use super::architecture::Architecture;
use super::matrix::Matrix;
use super::{Decoder, Layer};
use crate::local::gguf::Gguf;
use crate::local::kernels::{Product, Quantised};
use crate::local::shape::Family;
use crate::local::weights::Weights;
use candle_core::quantized::GgmlDType;
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

/// Reads a decoder.
///
/// # Errors
/// A family or setting that is not followed, a tensor that is missing or has another shape than the numbers say.
pub fn load(source: &Source) -> Result<Decoder> {
    let shape = source.architecture()?;
    let (width, inner) = (shape.width, shape.inner);
    let (queries, shared) = (shape.heads * shape.dimension, shape.shared_heads * shape.dimension);
    let words = source.matrix(&source.name(WORDS), None, width)?;
    let vocabulary = words.outputs();
    let layer = |at: usize| -> Result<Layer> {
        let name = |names: Names| source.layer_name(at, names);
        let norm = |names: Names| source.vector(&name(names), width);
        let by_head = |names: Names| match shape.family {
            Family::Qwen3 => source.vector(&name(names), shape.dimension).map(Some),
            _ => Ok(None),
        };
        let matrix = |names: Names, outputs: usize, inputs: usize| source.matrix(&name(names), Some(outputs), inputs);
        let turned = |names: Names, outputs: usize| match (source, shape.family) {
            // What llama.cpp turns pair by pair is written in another order.
            (Source::Gguf(file), Family::Llama | Family::Mistral) => {
                let heads = outputs / shape.dimension;
                quantised(&file.in_halves(&format!("{}.weight", name(names)), heads)?, None)
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
    let head = source.has(&head).then(|| source.matrix(&head, Some(vocabulary), width));
    Ok(Decoder {
        words,
        layers: (0..shape.layers).map(layer).collect::<Result<_>>()?,
        norm: source.vector(&source.name(NORM), width)?,
        head: head.transpose()?,
        architecture: shape,
    })
}

/// The bytes of a matrix, as a file has them.
pub struct Bytes<'a> {
    /// How numbers are written.
    pub kind: GgmlDType,
    /// Row after row.
    pub bytes: std::borrow::Cow<'a, [u8]>,
    /// Rows.
    pub outputs: usize,
    /// Numbers in a row.
    pub inputs: usize,
}

fn quantised(read: &Bytes<'_>, bias: Option<Vec<f32>>) -> Result<Matrix> {
    if let GgmlDType::F32 | GgmlDType::F16 | GgmlDType::BF16 = read.kind {
        let numbers = crate::local::gguf::numbers(read.kind, &read.bytes)?;
        return Ok(Matrix::Plain(Product::new(&numbers, read.inputs, bias)));
    }
    let made = Quantised::new(read.kind, &read.bytes, read.outputs, read.inputs, bias);
    made.map(Matrix::Quantised).map_err(candle_core::Error::Msg)
}

impl Source {
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

    /// A matrix and its bias, where it has one; `outputs` where they are known.
    fn matrix(&self, name: &str, outputs: Option<usize>, inputs: usize) -> Result<Matrix> {
        let (weight, bias) = (format!("{name}.weight"), format!("{name}.bias"));
        let (matrix, length) = match self {
            Self::Safetensors(_, weights) => {
                let tensor = weights.matrix(&weight)?;
                let bias = weights.vector_if_there(&bias)?;
                let (rows, width) = tensor.dims2()?;
                expect(&weight, (rows, width), outputs, inputs)?;
                let length = bias.as_ref().map(Vec::len);
                let numbers: Vec<f32> = tensor.flatten_all()?.to_vec1()?;
                (Matrix::Plain(Product::new(&numbers, inputs, bias)), length)
            }
            Self::Gguf(file) => {
                let read = file.matrix(&weight)?;
                expect(&weight, (read.outputs, read.inputs), outputs, inputs)?;
                let bias = file.vector(&bias).transpose()?;
                let length = bias.as_ref().map(Vec::len);
                (quantised(&read, bias)?, length)
            }
        };
        if length.is_some_and(|length| length != matrix.outputs()) {
            bail!("`{bias}` has another length than the rows of `{weight}`");
        }
        Ok(matrix)
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
