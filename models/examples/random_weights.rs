//! Writes a GGUF file of the shape of Qwen3-0.6B with random weights (Q4_K, table of words and head Q6_K) and the
//! words of a tokenizer of Hugging Face, so that engines can be compared where no model can be fetched.
//!
//!     cargo run -p troupe-models --features local --example random_weights -- tokenizer.json OUT.gguf
//!
//! `benches/local/README.md` says how the tokenizer is made.

use candle_core::quantized::gguf_file::{self, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Result, Tensor};
use serde_json::Value as Json;
use std::collections::HashMap;

const LAYERS: usize = 28;
const WIDTH: usize = 1024;
const INNER: usize = 3072;
const HEADS: usize = 16;
const SHARED_HEADS: usize = 8;
const DIMENSION: usize = 128;
const WORDS: usize = 151_936;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [tokenizer, out] = arguments.as_slice() else {
        candle_core::bail!("usage: random_weights tokenizer.json OUT.gguf");
    };
    let text = std::fs::read_to_string(tokenizer)?;
    let tokenizer: Json = serde_json::from_str(&text).map_err(candle_core::Error::msg)?;
    let metadata = metadata(&tokenizer)?;
    let metadata: Vec<(&str, &Value)> = metadata.iter().map(|(key, value)| (key.as_str(), value)).collect();
    let tensors = tensors()?;
    let tensors: Vec<(&str, &QTensor)> = tensors.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
    gguf_file::write(&mut std::fs::File::create(out)?, &metadata, &tensors)
}

fn tensors() -> Result<Vec<(String, QTensor)>> {
    let mut random = Random(20_261_130);
    let mut tensors = Vec::new();
    let mut add = |name: String, kind, outputs: usize, inputs: usize| {
        let numbers: Vec<f32> = (0..outputs * inputs).map(|_| random.normal() * 0.02).collect();
        let tensor = Tensor::from_vec(numbers, (outputs, inputs), &Device::Cpu)?;
        tensors.push((name, QTensor::quantize(&tensor, kind)?));
        candle_core::Result::Ok(())
    };
    add("token_embd.weight".into(), GgmlDType::Q6K, WORDS, WIDTH)?;
    for layer in 0..LAYERS {
        for (name, outputs, inputs) in [
            ("attn_q", HEADS * DIMENSION, WIDTH),
            ("attn_k", SHARED_HEADS * DIMENSION, WIDTH),
            ("attn_v", SHARED_HEADS * DIMENSION, WIDTH),
            ("attn_output", WIDTH, HEADS * DIMENSION),
            ("ffn_gate", INNER, WIDTH),
            ("ffn_up", INNER, WIDTH),
            ("ffn_down", WIDTH, INNER),
        ] {
            add(format!("blk.{layer}.{name}.weight"), GgmlDType::Q4K, outputs, inputs)?;
        }
    }
    let mut ones = |name: String, width: usize| {
        let ones = Tensor::ones(width, candle_core::DType::F32, &Device::Cpu)?;
        tensors.push((name, QTensor::quantize(&ones, GgmlDType::F32)?));
        candle_core::Result::Ok(())
    };
    ones("output_norm.weight".into(), WIDTH)?;
    for layer in 0..LAYERS {
        for (name, width) in [
            ("attn_norm", WIDTH),
            ("ffn_norm", WIDTH),
            ("attn_q_norm", DIMENSION),
            ("attn_k_norm", DIMENSION),
        ] {
            ones(format!("blk.{layer}.{name}.weight"), width)?;
        }
    }
    Ok(tensors)
}

/// What llama.cpp asks of a file of this family; the names are those of GGUF's specification.
fn metadata(tokenizer: &Json) -> Result<HashMap<String, Value>> {
    let missing =
        || candle_core::Error::Msg("a tokenizer.json of byte-level BPE has model.vocab and model.merges".into());
    let vocabulary = tokenizer["model"]["vocab"].as_object().ok_or_else(missing)?;
    let merges = tokenizer["model"]["merges"].as_array().ok_or_else(missing)?;
    let mut words: Vec<String> = (0..WORDS).map(|at| format!("<|unused {at}|>")).collect();
    // Normal words are kind 1, words that no text has kind 5.
    let mut kinds = vec![5; WORDS];
    for (word, id) in vocabulary {
        let id = id.as_u64().filter(|id| *id < WORDS as u64).ok_or_else(missing)? as usize;
        words[id].clone_from(word);
        kinds[id] = 1;
    }
    let end = vocabulary.len().min(WORDS - 1);
    (words[end], kinds[end]) = ("<|im_end|>".into(), 3);
    let merge = |pair: &Json| match pair.as_array().map(Vec::as_slice) {
        Some([left, right]) => Ok(format!(
            "{} {}",
            left.as_str().unwrap_or(""),
            right.as_str().unwrap_or("")
        )),
        _ => pair.as_str().map(str::to_owned).ok_or_else(missing),
    };
    let merges: Vec<String> = merges.iter().map(merge).collect::<Result<_>>()?;
    let texts = |texts: Vec<String>| Value::Array(texts.into_iter().map(Value::String).collect());
    let number = |number: usize| Value::U32(number as u32);
    let all = [
        ("general.architecture", Value::String("qwen3".into())),
        (
            "general.name",
            Value::String("Random weights of the shape of Qwen3-0.6B".into()),
        ),
        ("general.file_type", number(15)),
        ("general.quantization_version", number(2)),
        ("qwen3.block_count", number(LAYERS)),
        ("qwen3.context_length", number(40_960)),
        ("qwen3.embedding_length", number(WIDTH)),
        ("qwen3.feed_forward_length", number(INNER)),
        ("qwen3.attention.head_count", number(HEADS)),
        ("qwen3.attention.head_count_kv", number(SHARED_HEADS)),
        ("qwen3.attention.key_length", number(DIMENSION)),
        ("qwen3.attention.value_length", number(DIMENSION)),
        ("qwen3.attention.layer_norm_rms_epsilon", Value::F32(1e-6)),
        ("qwen3.rope.freq_base", Value::F32(1e6)),
        ("tokenizer.ggml.model", Value::String("gpt2".into())),
        ("tokenizer.ggml.pre", Value::String("qwen2".into())),
        ("tokenizer.ggml.tokens", texts(words)),
        (
            "tokenizer.ggml.token_type",
            Value::Array(kinds.into_iter().map(Value::I32).collect()),
        ),
        ("tokenizer.ggml.merges", texts(merges)),
        ("tokenizer.ggml.eos_token_id", number(end)),
        ("tokenizer.ggml.padding_token_id", number(end)),
        ("tokenizer.ggml.add_bos_token", Value::Bool(false)),
    ];
    Ok(all.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

/// SplitMix64 (Steele et al. 2014): the same file every time.
struct Random(u64);

impl Random {
    /// Four uniform numbers summed, scaled to a variance of one: near enough to a bell.
    fn normal(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        let sum = (0..4).map(|part| f32::from((bits >> (16 * part)) as u16)).sum::<f32>() / 65_536.0;
        (sum - 2.0) * 3f32.sqrt()
    }
}
