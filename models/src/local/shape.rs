//! What a model is, as its files say: family, layers, heads, words, context and weights. Nothing is loaded.

use super::failed;
use super::shelf::Files;
use super::tensors::Tensors;
use candle_core::quantized::gguf_file::Value;
use serde::{Deserialize, Serialize};
use std::path::Path;
use troupe_core::port::Error;

/// A line of models that are built alike: `model_type` of a `config.json`, `general.architecture` of a GGUF file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// BERT: vectors and scores.
    Bert,
    /// ModernBERT: vectors and scores.
    ModernBert,
    /// Qwen3: text, and vectors.
    Qwen3,
    /// Qwen2 and Qwen2.5: text.
    Qwen2,
    /// Llama and what is built like it: text.
    Llama,
    /// Mistral: text.
    Mistral,
}

impl Family {
    /// All of them, by the names that files have for them.
    const KNOWN: &str = "qwen3, qwen2, llama and mistral for text, bert, modernbert and qwen3 for vectors";

    fn named(name: &str) -> Result<Self, String> {
        let read = serde_json::from_value(name.into());
        read.map_err(|_| format!("models of the type `{name}` are not known; {} are", Self::KNOWN))
    }

    /// Whether its tokens read those before them only, so that what was read is kept.
    pub fn is_decoder(self) -> bool {
        !matches!(self, Self::Bert | Self::ModernBert)
    }
}

/// What a model is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// It writes.
    Text,
    /// It embeds.
    Vectors,
    /// It judges pairs.
    Scores,
}

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shape {
    /// What it is built like.
    pub family: Family,
    /// What it is made for.
    pub purpose: Purpose,
    /// Layers.
    pub layers: usize,
    /// Heads that ask.
    pub heads: usize,
    /// Heads that keep keys and values.
    pub kv_heads: usize,
    /// Numbers of one head.
    pub head_dimension: usize,
    /// Numbers of a token between layers.
    pub width: usize,
    /// Numbers of a token inside of a feed-forward part.
    pub inner: usize,
    /// Rows of the table of words.
    pub vocabulary: usize,
    /// Most tokens of a text.
    pub context: usize,
    /// Whether the table of words is the last layer too.
    pub tied: bool,
    /// Numbers in all weights.
    pub parameters: u64,
    /// Bytes of all weights.
    pub weights: u64,
    /// The format that most weights are in: `BF16`, `Q4_K` …
    pub format: String,
}

/// What the parts of a `config.json` that all families share are called.
#[derive(Deserialize)]
struct Config {
    model_type: String,
    #[serde(default)]
    architectures: Vec<String>,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    num_key_value_heads: Option<usize>,
    head_dim: Option<usize>,
    hidden_size: usize,
    intermediate_size: usize,
    vocab_size: usize,
    max_position_embeddings: usize,
    #[serde(default)]
    tie_word_embeddings: bool,
}

impl Shape {
    /// Reads it from the heads of a model's files.
    ///
    /// # Errors
    /// `Invalid` for a file that is absent, cut short or not understood, and for a family that is not known.
    pub fn of(files: &Files) -> Result<Self, Error> {
        let label = files.path().display().to_string();
        let tensors = Tensors::of(files).map_err(|error| failed(&label, error))?;
        Self::from(files, &tensors).map_err(|error| failed(&label, error))
    }

    /// The same, where the heads of the weights have been read.
    pub(super) fn from(files: &Files, tensors: &Tensors) -> Result<Self, String> {
        match files {
            Files::Folder(folder) => published(folder, tensors),
            Files::Gguf(_) => gguf(tensors),
        }
    }
}

/// The family that a `config.json` names: known before any weight is fetched.
///
/// # Errors
/// A file that is no such thing, or a family that is not known.
pub fn family(config: &Path) -> Result<Family, String> {
    read(config).and_then(|config| Family::named(&config.model_type))
}

fn read(path: &Path) -> Result<Config, String> {
    let told = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let bytes = std::fs::read(path).map_err(|error| told(&error))?;
    serde_json::from_slice(&bytes).map_err(|error| told(&error))
}

fn published(folder: &Path, tensors: &Tensors) -> Result<Shape, String> {
    let config = read(&folder.join("config.json"))?;
    let family = Family::named(&config.model_type)?;
    let has_head = config.tie_word_embeddings || tensors.tensors.contains_key("lm_head.weight");
    let judges = config
        .architectures
        .iter()
        .any(|name| name.ends_with("ForSequenceClassification"));
    let purpose = match () {
        () if judges => Purpose::Scores,
        () if !family.is_decoder() || !has_head || folder.join("modules.json").is_file() => Purpose::Vectors,
        () => Purpose::Text,
    };
    let per_head = config.hidden_size.checked_div(config.num_attention_heads);
    Ok(Shape {
        family,
        purpose,
        layers: config.num_hidden_layers,
        heads: config.num_attention_heads,
        kv_heads: config.num_key_value_heads.unwrap_or(config.num_attention_heads),
        head_dimension: config
            .head_dim
            .or(per_head)
            .ok_or("config.json: a model without heads")?,
        width: config.hidden_size,
        inner: config.intermediate_size,
        vocabulary: config.vocab_size,
        context: config.max_position_embeddings,
        tied: config.tie_word_embeddings,
        parameters: tensors.parameters(),
        weights: tensors.bytes(),
        format: tensors.format(),
    })
}

fn gguf(tensors: &Tensors) -> Result<Shape, String> {
    let said = |key: &str| tensors.metadata.get(key);
    let Some(Value::String(architecture)) = said("general.architecture") else {
        return Err("its metadata name no `general.architecture`".to_owned());
    };
    let family = Family::named(architecture)?;
    if !family.is_decoder() {
        return Err(format!(
            "models of the type `{architecture}` are read from safetensors, not from GGUF"
        ));
    }
    let number = |key: &str| -> Option<usize> { whole(said(&format!("{architecture}.{key}"))?) };
    let needed = |key: &str| {
        let value = number(key).filter(|value| *value > 0);
        value.ok_or_else(|| format!("its metadata have no number `{architecture}.{key}`"))
    };
    let heads = needed("attention.head_count")?;
    let width = needed("embedding_length")?;
    let words = tensors.tensors.get("token_embd.weight");
    let vocabulary = words.and_then(|words| words.shape.first().copied());
    Ok(Shape {
        family,
        purpose: Purpose::Text,
        layers: needed("block_count")?,
        heads,
        kv_heads: number("attention.head_count_kv").unwrap_or(heads),
        head_dimension: number("attention.key_length").unwrap_or(width / heads),
        width,
        inner: needed("feed_forward_length")?,
        vocabulary: vocabulary.ok_or("it has no tensor `token_embd.weight`")?,
        context: needed("context_length")?,
        tied: !tensors.tensors.contains_key("output.weight"),
        parameters: tensors.parameters(),
        weights: tensors.bytes(),
        format: tensors.format(),
    })
}

/// A number of a GGUF file, whatever it is stored as.
pub(super) fn whole(value: &Value) -> Option<usize> {
    Some(match value {
        Value::U8(n) => usize::from(*n),
        Value::U16(n) => usize::from(*n),
        Value::U32(n) => *n as usize,
        Value::U64(n) => usize::try_from(*n).ok()?,
        Value::I32(n) => usize::try_from(*n).ok()?,
        Value::I64(n) => usize::try_from(*n).ok()?,
        _ => return None,
    })
}
