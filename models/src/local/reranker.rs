//! Query and text read together, by a model in this process.

use super::encoder::{self, Encoder, Head};
use super::files::Opened;
use super::tokens::Tokenizer;
use super::{failed, through};
use crate::embed::EncoderOptions;
use candle_core::Tensor;
use troupe_core::port::Error;
use troupe_core::port::reranker::Reranker;

/// See the module.
pub struct LocalReranker {
    encoder: Encoder,
    head: Head,
    tokenizer: Tokenizer,
    name: String,
}

impl LocalReranker {
    /// Opens the model that `options` name.
    ///
    /// # Errors
    /// `Missing` when there is no such folder, `Invalid` for files that cannot be followed, or have no head that
    /// judges a pair.
    pub fn open(options: &EncoderOptions) -> Result<Self, Error> {
        let name = &options.model.name;
        let opened = Opened::find(name, &options.model.places)?;
        let head = encoder::head(opened.family, &opened.weights, &opened.config);
        let head = head.map_err(|error| failed(&opened.identity, error))?;
        Ok(Self {
            encoder: opened.encoder,
            head,
            tokenizer: opened.tokenizer,
            name: opened.identity,
        })
    }

    fn judge(&self, texts: &[Tensor]) -> candle_core::Result<Vec<f32>> {
        let judged = texts.iter().map(|tokens| match self.head.mean {
            true => tokens.mean_keepdim(0),
            false => tokens.narrow(0, 0, 1),
        });
        let judged: Vec<Tensor> = judged.collect::<candle_core::Result<_>>()?;
        self.head.scores(&Tensor::cat(&judged, 0)?)
    }
}

impl Reranker for LocalReranker {
    fn name(&self) -> &str {
        &self.name
    }

    fn score(&self, query: &str, texts: &[&str]) -> Result<Vec<f32>, Error> {
        let failed = |error: &dyn std::fmt::Display| failed(&self.name, error);
        let tokens = self.tokenizer.pairs(query, texts).map_err(|error| failed(&error))?;
        through(&self.encoder, &tokens, |rows| self.judge(rows)).map_err(|error| failed(&error))
    }
}
