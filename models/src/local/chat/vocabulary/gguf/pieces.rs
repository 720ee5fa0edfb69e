//! BPE over the pieces of SentencePiece, which GGUF calls `llama`.

use candle_core::quantized::gguf_file::Value;
use tokenizers::models::bpe::{BPE, Merges, Vocab};
use tokenizers::normalizers::{NormalizerWrapper, Prepend, Replace, Sequence};
use tokenizers::{DecoderWrapper, Tokenizer, decoders};

/// Builds the tokenizer of pieces and their scores, in the way of `transformers`' conversion: a piece is merged from every
/// two pieces that it is made of, and the piece of the highest score comes first.
pub fn tokenizer(words: &[&str], scores: &[Value], unknown: Option<&str>, prefixed: bool) -> Result<Tokenizer, String> {
    let scores: Result<Vec<f32>, _> = scores.iter().map(Value::to_f32).collect();
    let scores = scores.map_err(|error| format!("tokenizer.ggml.scores: {error}"))?;
    if scores.len() != words.len() {
        return Err(format!(
            "tokenizer.ggml.scores has {} numbers for {} tokens",
            scores.len(),
            words.len()
        ));
    }
    let numbered: Vocab = words
        .iter()
        .zip(0..)
        .map(|(word, token)| ((*word).to_owned(), token))
        .collect();
    let mut builder = BPE::builder()
        .vocab_and_merges(numbered.clone(), merges(words, &scores, &numbered))
        .byte_fallback(true)
        .fuse_unk(true);
    if let Some(unknown) = unknown {
        builder = builder.unk_token(unknown.to_owned());
    }
    let model = builder
        .build()
        .map_err(|error| format!("tokenizer.ggml.tokens: {error}"))?;
    let mut tokenizer = Tokenizer::new(model);
    let mut steps: Vec<NormalizerWrapper> = Vec::new();
    if prefixed {
        steps.push(Prepend::new("▁".to_owned()).into());
    }
    let told = |error: tokenizers::Error| error.to_string();
    steps.push(Replace::new(" ", "▁").map_err(told)?.into());
    tokenizer.with_normalizer(Some(Sequence::new(steps))).map_err(told)?;
    let steps: Vec<DecoderWrapper> = vec![
        Replace::new("▁", " ").map_err(told)?.into(),
        decoders::byte_fallback::ByteFallback::new().into(),
        decoders::fuse::Fuse::new().into(),
    ];
    tokenizer.with_decoder(Some(decoders::sequence::Sequence::new(steps)));
    Ok(tokenizer)
}

/// All ways to make a piece from two, in the order in which they are tried.
fn merges(words: &[&str], scores: &[f32], numbered: &Vocab) -> Merges {
    let mut ways: Vec<(f32, &str, &str)> = Vec::new();
    for (word, score) in words.iter().zip(scores) {
        let mut parts: Vec<(u32, u32, &str, &str)> = Vec::new();
        for (at, _) in word.char_indices().skip(1) {
            let (left, right) = word.split_at(at);
            if let (Some(one), Some(other)) = (numbered.get(left), numbered.get(right)) {
                parts.push((*one, *other, left, right));
            }
        }
        parts.sort_unstable();
        ways.extend(parts.into_iter().map(|(.., left, right)| (*score, left, right)));
    }
    let length = |text: &str| text.chars().count();
    // Stable, as there: of two ways that are alike, the one of the earlier piece comes first.
    ways.sort_by(|(one, left, right), (other, other_left, other_right)| {
        let lengths = (length(other_left), length(other_right)).cmp(&(length(left), length(right)));
        other.total_cmp(one).then(lengths)
    });
    ways.into_iter()
        .map(|(_, left, right)| (left.to_owned(), right.to_owned()))
        .collect()
}
