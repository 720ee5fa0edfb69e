//! The tokenizer that a GGUF file describes in its metadata.

mod pieces;

use super::super::Metadata;
use crate::local::shape::whole;
use candle_core::quantized::gguf_file::Value;
use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::normalizers::NFC;
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{AddedToken, SplitDelimiterBehavior, Tokenizer};

/// Kinds of tokens, as `llama.h` numbers them: marks that are no text, and words that a maker added.
const CONTROL: usize = 3;
const USER_DEFINED: usize = 4;

const GPT2: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
const QWEN2: &str =
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const LLAMA3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const TEKKEN: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// How text is cut into words before BPE.
struct Splitting {
    /// Values of `tokenizer.ggml.pre`.
    names: &'static [&'static str],
    /// What is applied one after the other, from those models' own `tokenizer.json`.
    expressions: &'static [&'static str],
    /// Whether a word that is a token is never built from parts.
    ignore_merges: bool,
    /// Whether text is composed (NFC) before.
    composes: bool,
}

const fn splitting(names: &'static [&'static str], expressions: &'static [&'static str]) -> Splitting {
    Splitting {
        names,
        expressions,
        ignore_merges: false,
        composes: false,
    }
}

const SPLITTINGS: &[Splitting] = &[
    Splitting {
        composes: true,
        ..splitting(&["qwen2"], &[QWEN2])
    },
    splitting(&["deepseek-r1-qwen"], &[QWEN2]),
    Splitting {
        ignore_merges: true,
        ..splitting(&["llama-bpe", "llama3", "llama-v3", "falcon3"], &[LLAMA3])
    },
    Splitting {
        ignore_merges: true,
        ..splitting(&["tekken"], &[TEKKEN])
    },
    splitting(&["gpt-2", "mpt", "olmo", "jais", "phi-2"], &[GPT2]),
    splitting(&["smollm", "starcoder", "refact", "command-r"], &[r"\p{N}", GPT2]),
    // What llama.cpp does with files that name no way.
    splitting(
        &["default"],
        &[r"[\p{P}\$\+<=>\^~\|]+", GPT2, r"\p{N}+", "[0-9][0-9][0-9]"],
    ),
];

/// Builds the tokenizer of a file's metadata.
pub fn tokenizer(metadata: &Metadata) -> Result<Tokenizer, String> {
    let kind = text(metadata, "tokenizer.ggml.model")?;
    let words = strings(metadata, "tokenizer.ggml.tokens")?;
    let mut tokenizer = match kind {
        "gpt2" => bytes(metadata, &words)?,
        "llama" => {
            let scores = field(metadata, "tokenizer.ggml.scores")?;
            let unknown = metadata
                .get("tokenizer.ggml.unknown_token_id")
                .and_then(|token| token.to_u32().ok());
            let unknown = unknown.and_then(|token| words.get(token as usize).copied());
            let prefixed = metadata
                .get("tokenizer.ggml.add_space_prefix")
                .and_then(|value| value.to_bool().ok());
            pieces::tokenizer(
                &words,
                list(scores, "tokenizer.ggml.scores")?,
                unknown,
                prefixed != Some(false),
            )?
        }
        _ => {
            return Err(format!(
                "tokenizer.ggml.model: `{kind}` is not read here, byte-level BPE (`gpt2`) and SentencePiece's BPE (`llama`) \
                 are; the same model's folder with its tokenizer.json can be used instead"
            ));
        }
    };
    tokenizer
        .add_tokens(added(metadata, &words)?)
        .map_err(|error| format!("tokenizer.ggml.token_type: {error}"))?;
    Ok(tokenizer)
}

/// Byte-level BPE, as GPT-2 has it.
fn bytes(metadata: &Metadata, words: &[&str]) -> Result<Tokenizer, String> {
    let splitting = named(metadata)?;
    let merges = strings(metadata, "tokenizer.ggml.merges")?;
    let merges: Option<Vec<(String, String)>> = merges
        .iter()
        .map(|merge| {
            let (left, right) = merge.split_once(' ')?;
            Some((left.to_owned(), right.to_owned()))
        })
        .collect();
    let merges = merges.ok_or("tokenizer.ggml.merges: a merge is not two tokens with a space between them")?;
    let numbered = words.iter().zip(0..).map(|(word, token)| ((*word).to_owned(), token));
    let model = BPE::builder()
        .vocab_and_merges(numbered.collect::<Vocab>(), merges)
        .ignore_merges(splitting.ignore_merges)
        .build()
        .map_err(|error| format!("tokenizer.ggml.merges: {error}"))?;
    let mut tokenizer = Tokenizer::new(model);
    tokenizer.with_pre_tokenizer(Some(pre_tokenizer(splitting.expressions)?));
    tokenizer.with_decoder(Some(ByteLevel::default()));
    if splitting.composes {
        tokenizer
            .with_normalizer(Some(NFC))
            .map_err(|error| error.to_string())?;
    }
    Ok(tokenizer)
}

/// The way that the file names.
fn named(metadata: &Metadata) -> Result<&'static Splitting, String> {
    let field = "tokenizer.ggml.pre";
    let name = match metadata.get(field) {
        Some(_) => text(metadata, field)?,
        None => "default",
    };
    SPLITTINGS
        .iter()
        .find(|known| known.names.contains(&name))
        .ok_or_else(|| {
            let known: Vec<&str> = SPLITTINGS.iter().flat_map(|known| known.names).copied().collect();
            format!(
                "{field}: how `{name}` splits text is not known here; known are {}",
                known.join(", ")
            )
        })
}

fn pre_tokenizer(expressions: &[&str]) -> Result<Sequence, String> {
    let mut steps: Vec<PreTokenizerWrapper> = Vec::new();
    for expression in expressions {
        let pattern = SplitPattern::Regex((*expression).to_owned());
        let split = Split::new(pattern, SplitDelimiterBehavior::Isolated, false);
        steps.push(split.map_err(|error| format!("{expression}: {error}"))?.into());
    }
    steps.push(ByteLevel::new(false, true, false).into());
    Ok(Sequence::new(steps))
}

/// The tokens that are recognised whole in a text.
fn added(metadata: &Metadata, words: &[&str]) -> Result<Vec<AddedToken>, String> {
    let Some(kinds) = metadata.get("tokenizer.ggml.token_type") else {
        return Ok(Vec::new());
    };
    let kinds = list(kinds, "tokenizer.ggml.token_type")?;
    if kinds.len() != words.len() {
        return Err(format!(
            "tokenizer.ggml.token_type has {} numbers for {} tokens",
            kinds.len(),
            words.len()
        ));
    }
    // A number that is asked for as another kind than it is costs a look at the whole stack.
    let added = words.iter().zip(kinds).filter_map(|(word, kind)| {
        let special = match whole(kind) {
            Some(CONTROL) => true,
            Some(USER_DEFINED) => false,
            _ => return None,
        };
        Some(AddedToken::from(*word, special).normalized(false))
    });
    Ok(added.collect())
}

fn field<'a>(metadata: &'a Metadata, name: &str) -> Result<&'a Value, String> {
    let found = metadata.get(name);
    found.ok_or_else(|| format!("{name} is missing: the file does not say how text becomes tokens"))
}

fn text<'a>(metadata: &'a Metadata, name: &str) -> Result<&'a str, String> {
    match field(metadata, name)? {
        Value::String(text) => Ok(text),
        other => Err(format!("{name}: expected text, found {:?}", other.value_type())),
    }
}

fn strings<'a>(metadata: &'a Metadata, name: &str) -> Result<Vec<&'a str>, String> {
    let texts = list(field(metadata, name)?, name)?.iter().map(|item| match item {
        Value::String(text) => Ok(text.as_str()),
        other => Err(format!("{name}: expected texts, found {:?}", other.value_type())),
    });
    texts.collect()
}

fn list<'a>(value: &'a Value, name: &str) -> Result<&'a Vec<Value>, String> {
    value.to_vec().map_err(|_| format!("{name}: expected a list"))
}
