//! Sentences to vectors, by a model in this process.

use super::encoder::Encoder;
use super::files::Opened;
use super::tokens::Tokenizer;
use super::{Tokens, failed, through};
use crate::embed::EncoderOptions;
use candle_core::Tensor;
use troupe_core::port::Error;
use troupe_core::port::embedder::{Embedder, Pooling, Recipe, Role};

/// See the module.
pub struct LocalEmbedder {
    encoder: Encoder,
    tokenizer: Tokenizer,
    recipe: Recipe,
}

impl LocalEmbedder {
    /// Opens the model that `options` name; what they leave open, the model's files say.
    ///
    /// # Errors
    /// `Missing` when there is no such folder, `Invalid` for files that cannot be followed.
    pub fn open(options: &EncoderOptions) -> Result<Self, Error> {
        let name = &options.model.name;
        let opened = Opened::find(name, &options.model.places)?;
        let pooling = match options.pooling {
            Some(pooling) => pooling,
            None => opened.pooling()?,
        };
        let width = opened.encoder.width;
        let dimension = options.dimension.map_or(width, |asked| asked as usize);
        if dimension == 0 || dimension > width {
            let message = format!("its vectors have {width} numbers, so a `dimension` of {dimension} cannot be had");
            return Err(failed(&opened.identity, message));
        }
        let prefix = |own: &Option<String>, kinds: &[&str]| match own {
            Some(own) => Ok(own.clone()),
            None => opened.prompt(kinds),
        };
        let recipe = Recipe {
            name: opened.identity.clone(),
            dimension,
            pooling,
            query_prefix: prefix(&options.query_prefix, &["query"])?,
            passage_prefix: prefix(&options.passage_prefix, &["document", "passage"])?,
        };
        Ok(Self {
            encoder: opened.encoder,
            tokenizer: opened.tokenizer,
            recipe,
        })
    }

    /// One vector for each text that is given as the model's token ids, special ones and all.
    ///
    /// # Errors
    /// `Invalid` for a text longer than the model reads, and for a token that it does not have.
    pub fn embed_tokens(&self, texts: Vec<Vec<u32>>) -> Result<Vec<Vec<f32>>, Error> {
        let tokens: Vec<Tokens> = texts.into_iter().map(Tokens::from).collect();
        self.vectors(&tokens)
    }

    fn vectors(&self, texts: &[Tokens]) -> Result<Vec<Vec<f32>>, Error> {
        let pooled = |rows: &[Tensor]| rows.iter().map(|tokens| self.vector(tokens)).collect();
        through(&self.encoder, texts, pooled).map_err(|error| failed(&self.recipe.name, error))
    }

    fn vector(&self, tokens: &Tensor) -> candle_core::Result<Vec<f32>> {
        let rows: Vec<Vec<f32>> = match self.recipe.pooling {
            Pooling::First => vec![tokens.get(0)?.to_vec1()?],
            Pooling::Last => vec![tokens.get(tokens.dims()[0] - 1)?.to_vec1()?],
            Pooling::Mean | Pooling::Served => tokens.to_vec2()?,
        };
        let mut sum = vec![0.0f64; self.recipe.dimension];
        for row in rows {
            sum.iter_mut()
                .zip(row)
                .for_each(|(sum, value)| *sum += f64::from(value));
        }
        let length = sum.iter().map(|value| value * value).sum::<f64>().sqrt();
        let factor = if length > 0.0 { length.recip() } else { 0.0 };
        Ok(sum.into_iter().map(|value| (value * factor) as f32).collect())
    }
}

impl Embedder for LocalEmbedder {
    fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    fn embed(&self, role: Role, texts: &[&str]) -> Result<Vec<Vec<f32>>, Error> {
        let prefix = self.recipe.prefix(role);
        let blank = |text: &&str| text.trim().is_empty();
        let sent = texts.iter().filter(|text| !blank(text));
        let sent = sent.map(|text| format!("{prefix}{text}")).collect();
        let tokens = self.tokenizer.texts(sent);
        let tokens = tokens.map_err(|error| failed(&self.recipe.name, error))?;
        let vectors = self.vectors(&tokens)?;
        let mut vectors = vectors.into_iter();
        let zeros = || vec![0.0; self.recipe.dimension];
        let all = texts.iter().map(|text| if blank(text) { None } else { vectors.next() });
        Ok(all.map(|vector| vector.unwrap_or_else(zeros)).collect())
    }
}
