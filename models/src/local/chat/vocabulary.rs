//! The words of a model: texts to tokens, and the bytes behind each token.

mod gguf;
mod words;

use super::Metadata;
use std::path::Path;
use std::sync::Arc;
use tokenizers::Tokenizer;
use words::Spelling;

/// A token as it is written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Word {
    /// Its bytes: often a part of a character only. Nothing for a number that stands for no token.
    pub bytes: Vec<u8>,
    /// Whether it is a mark of the model's own, such as the end of a turn, and no part of a text.
    pub special: bool,
}

/// The tokens of one model.
pub struct Vocabulary {
    tokenizer: Arc<Tokenizer>,
    words: Vec<Word>,
    spelling: Spelling,
}

impl Vocabulary {
    /// Reads the `tokenizer.json` of a model's folder.
    ///
    /// # Errors
    /// The file, and what is wrong with it. Byte-level BPE is read, and what SentencePiece was turned into;
    /// the pieces of BERT are not.
    pub fn read(folder: &Path) -> Result<Self, String> {
        let path = folder.join("tokenizer.json");
        let told = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let mut tokenizer = Tokenizer::from_file(&path).map_err(|error| told(&error))?;
        // Files keep what their maker trained with: a length to fill, and another one to cut at.
        tokenizer.with_padding(None);
        tokenizer.with_truncation(None).map_err(|error| told(&error))?;
        Self::new(tokenizer).map_err(|error| told(&error))
    }

    /// Reads what a GGUF file says under `tokenizer.ggml`: byte-level BPE, which is called `gpt2` there, and the BPE of
    /// SentencePiece, which is called `llama`.
    ///
    /// # Errors
    /// The field, and what is wrong with it; a kind or a way of splitting that is not read here.
    pub fn from_metadata(metadata: &Metadata) -> Result<Self, String> {
        Self::new(gguf::tokenizer(metadata)?)
    }

    fn new(tokenizer: Tokenizer) -> Result<Self, String> {
        let spelling = Spelling::of(&tokenizer)?;
        let words = words::all(&tokenizer, spelling);
        Ok(Self {
            tokenizer: Arc::new(tokenizer),
            words,
            spelling,
        })
    }

    /// The tokens of a text. Special ones that are written in it are recognised, and none are added.
    ///
    /// # Errors
    /// What the tokenizer says.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, String> {
        let encoded = self.tokenizer.encode_fast(text, false);
        encoded
            .map(|encoding| encoding.get_ids().to_vec())
            .map_err(|error| error.to_string())
    }

    /// One more than the highest token. A model whose table of words has fewer rows cannot use this vocabulary;
    /// one that has more is padded.
    pub fn size(&self) -> usize {
        self.words.len()
    }

    /// The token that is written as `text`, if there is one.
    pub fn token(&self, text: &str) -> Option<u32> {
        self.tokenizer.token_to_id(text)
    }

    /// The word behind a token; an empty one where there is none.
    pub fn word(&self, token: u32) -> &Word {
        static NONE: Word = Word {
            bytes: Vec::new(),
            special: true,
        };
        self.words.get(token as usize).unwrap_or(&NONE)
    }

    /// All words, by token.
    pub fn words(&self) -> &[Word] {
        &self.words
    }

    /// Whether the first word of a text is written with a space before it that is no part of the text.
    pub fn begins_with_space(&self) -> bool {
        self.spelling == Spelling::Pieces
    }

    /// What cuts texts.
    pub(super) fn tokenizer(&self) -> &Arc<Tokenizer> {
        &self.tokenizer
    }
}

#[cfg(test)]
mod tests;
