//! Owns the teacher: `all-MiniLM-L6-v2`, and the file that keeps its vectors of
//! the training text so that fitting again costs seconds.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use troupe_models::embed::{EncoderOptions, WordPiece};
use troupe_models::local::LocalEmbedder;

use super::collect::hash;

/// Length of the teacher's vectors.
pub const TEACHER_DIMENSION: usize = 384;
/// Tokens of a text that the teacher reads, `[CLS]` and `[SEP]` not counted.
const MAX_TOKENS: usize = 254;
/// Texts between two writes to the cache.
const CHUNK: usize = 2048;
/// Bytes before the vectors in a cache file: the hash of the token ids they belong to.
const CACHE_HEADER: usize = 8;

/// Texts and the first numbers of their vectors, as candle-transformers 0.11.1 computes them
/// (which agrees with sentence-transformers 6.2 to 2.4e-7).
const REFERENCE: [(&str, [f32; 6]); 4] = [
    (
        "a",
        [-0.0364330, 0.0347035, -0.0459598, 0.0343255, -0.0808233, 0.0328386],
    ),
    (
        "What is the capital of France?",
        [0.0820482, 0.0360555, -0.0038929, -0.0048810, 0.0256511, -0.0571434],
    ),
    (
        "Mitochondria play a role in remodelling lace plant leaves.",
        [-0.0371817, -0.0543991, -0.0347411, 0.0499985, 0.0513806, 0.0798812],
    ),
    (
        "The treaty, signed in 1648 at Münster, ended the Thirty Years' War; its terms held for a century and more.",
        [-0.0055434, 0.0946364, 0.0834459, -0.1040166, -0.0802120, 0.0099988],
    ),
];

/// The sentence encoder and its tokenizer.
pub struct Teacher {
    embedder: LocalEmbedder,
    tokenizer: WordPiece,
    start: u32,
    end: u32,
    /// The vocabulary file's content.
    pub vocabulary: String,
}

impl Teacher {
    /// Loads the model in folder `model`, which has `vocab.txt` too.
    pub fn load(model: &Path) -> Result<Self> {
        let vocabulary = std::fs::read_to_string(model.join("vocab.txt")).context("reading the model's vocab.txt")?;
        let tokenizer =
            WordPiece::new(vocabulary.clone(), MAX_TOKENS).context("the model's vocabulary has no [UNK]")?;
        let special = |name| tokenizer.token_id(name).context("no [CLS] or [SEP]");
        let (start, end) = (special("[CLS]")?, special("[SEP]")?);
        let name = model
            .file_name()
            .and_then(|name| name.to_str())
            .context("--model is a folder")?;
        let places = model.parent().into_iter().map(Path::to_owned).collect();
        let options = EncoderOptions::local(name, places);
        let embedder = LocalEmbedder::open(&options)?;
        Ok(Self {
            embedder,
            tokenizer,
            start,
            end,
            vocabulary,
        })
    }

    /// The tokenizer, which the student shares.
    pub fn tokenizer(&self) -> &WordPiece {
        &self.tokenizer
    }

    /// The vectors (mean over the tokens, length 1) of texts given as token ids without
    /// `[CLS]` and `[SEP]`, one after the other.
    pub fn embed(&self, tokens: &[Vec<u32>]) -> Result<Vec<f32>> {
        let texts = tokens.iter().map(|text| self.framed(text)).collect();
        Ok(self.embedder.embed_tokens(texts)?.concat())
    }

    fn framed(&self, text: &[u32]) -> Vec<u32> {
        [&[self.start], text, &[self.end]].concat()
    }

    /// The largest difference, over a few texts, from numbers recorded of the reference
    /// implementation (the first of each vector).
    pub fn check(&self) -> Result<f32> {
        let mut largest = 0.0f32;
        for (text, reference) in REFERENCE {
            let vector = self.embed(&[self.tokenizer.encode(text)])?;
            let differences = vector.iter().zip(reference).map(|(own, other)| (own - other).abs());
            largest = differences.fold(largest, f32::max);
        }
        Ok(largest)
    }

    /// The vectors of `tokens`, taken from `cache` as far as it reaches and added to it, for at
    /// most `seconds` of work. The result is shorter than `tokens` only if time ran out.
    pub fn embed_cached(&self, tokens: &[Vec<u32>], cache: &Path, seconds: u64) -> Result<Vec<f32>> {
        let mut vectors = read_cache(tokens, cache)?;
        let mut file = OpenOptions::new().append(true).open(cache)?;
        let begun = Instant::now();
        let first = vectors.len() / TEACHER_DIMENSION;
        let mut done = first;
        while done < tokens.len() && begun.elapsed().as_secs() < seconds {
            let end = tokens.len().min(done + CHUNK);
            let chunk = self.embed(&tokens[done..end])?;
            let bytes: Vec<u8> = chunk.iter().flat_map(|value| value.to_le_bytes()).collect();
            file.write_all(&bytes)?;
            vectors.extend(chunk);
            done = end;
            let rate = (done - first) as f64 / begun.elapsed().as_secs_f64();
            println!("teacher: {done} of {} texts, {rate:.0}/s", tokens.len());
        }
        Ok(vectors)
    }
}

fn read_cache(tokens: &[Vec<u32>], cache: &Path) -> Result<Vec<f32>> {
    let ids = tokens.iter().flat_map(|text| text.iter().chain([&u32::MAX]));
    let key = hash(ids.flat_map(|id| id.to_le_bytes())).to_le_bytes();
    if !cache.exists() {
        std::fs::write(cache, key)?;
    }
    let bytes = std::fs::read(cache)?;
    ensure!(
        bytes.starts_with(&key),
        "{} holds vectors of another text",
        cache.display()
    );
    let whole = (bytes.len() - CACHE_HEADER) / (4 * TEACHER_DIMENSION) * TEACHER_DIMENSION;
    let values = bytes[CACHE_HEADER..].chunks_exact(4).take(whole);
    let vectors: Vec<f32> = values
        .map(|four| f32::from_le_bytes(four.try_into().expect("chunks of four bytes")))
        .collect();
    // A write that was cut short leaves part of a vector behind.
    let file = OpenOptions::new().write(true).open(cache)?;
    file.set_len((CACHE_HEADER + whole * 4) as u64)?;
    Ok(vectors)
}
