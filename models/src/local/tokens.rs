//! Texts cut into a model's tokens by its `tokenizer.json`.

use super::Tokens;
use std::path::Path;
use tokenizers::{EncodeInput, Encoding, TruncationParams};

/// See the module.
pub struct Tokenizer(tokenizers::Tokenizer);

impl Tokenizer {
    /// Reads the file. What is longer than `most` tokens, with those that the model puts around a text, is cut.
    pub fn read(path: &Path, most: usize) -> Result<Self, String> {
        let told = |error: tokenizers::Error| format!("{}: {error}", path.display());
        let mut tokenizer = tokenizers::Tokenizer::from_file(path).map_err(told)?;
        // Files keep what their maker trained with: a length to fill, and another one to cut at.
        tokenizer.with_padding(None);
        let cut = TruncationParams {
            max_length: most,
            ..TruncationParams::default()
        };
        tokenizer.with_truncation(Some(cut)).map_err(told)?;
        Ok(Self(tokenizer))
    }

    /// The tokens of each text.
    pub fn texts(&self, texts: Vec<String>) -> Result<Vec<Tokens>, String> {
        self.encode(texts)
    }

    /// The tokens of a query together with each of several texts.
    pub fn pairs(&self, query: &str, texts: &[&str]) -> Result<Vec<Tokens>, String> {
        self.encode(
            texts
                .iter()
                .map(|text| (query.to_owned(), (*text).to_owned()))
                .collect(),
        )
    }

    fn encode<'a, E: Into<EncodeInput<'a>> + Send>(&self, inputs: Vec<E>) -> Result<Vec<Tokens>, String> {
        let encoded = self
            .0
            .encode_batch_fast(inputs, true)
            .map_err(|error| error.to_string())?;
        Ok(encoded.iter().map(tokens).collect())
    }
}

fn tokens(encoding: &Encoding) -> Tokens {
    Tokens {
        ids: encoding.get_ids().to_vec(),
        parts: encoding.get_type_ids().to_vec(),
    }
}
