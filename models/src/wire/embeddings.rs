//! OpenAI's `POST /embeddings`: vectors from a server.

use crate::wire::chat_completions::Shared;
use crate::wire::served::wait_for;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;
use troupe_core::port::embedder::{Embedder, Recipe, Role};
use troupe_core::port::{Error, ErrorKind};

/// Texts in one request: far below the 2048 that OpenAI allows, and what local servers take.
const REQUEST_TEXTS: usize = 64;
/// Requests under way at once.
const REQUESTS_AT_ONCE: usize = 4;

/// An embedder behind an endpoint.
#[derive(Debug)]
pub struct Embeddings {
    shared: Arc<Shared>,
    model: String,
    /// The `dimensions` parameter, where the workflow asks for a length.
    asked: Option<u32>,
    recipe: Recipe,
}

#[derive(Deserialize)]
struct Answer {
    data: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    index: usize,
    embedding: Vec<f32>,
}

impl Embeddings {
    /// The embedder `model`, whose vectors have the length `asked`. When none is asked for, one request
    /// is made to learn it; then the recipe's dimension is replaced.
    ///
    /// # Errors
    /// Those of that request.
    pub fn new(shared: Shared, model: String, asked: Option<u32>, recipe: Recipe) -> Result<Self, Error> {
        let mut embeddings = Self {
            shared: Arc::new(shared),
            model,
            asked,
            recipe,
        };
        embeddings.recipe.dimension = match asked {
            Some(asked) => asked as usize,
            None => embeddings.request(vec!["dimension".to_owned()])?[0].len(),
        };
        Ok(embeddings)
    }

    /// The vectors of `texts`, in order, as the server gives them.
    fn request(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, Error> {
        let (shared, model, asked) = (Arc::clone(&self.shared), self.model.clone(), self.asked);
        wait_for(async move {
            let batches: Vec<Vec<String>> = texts.chunks(REQUEST_TEXTS).map(<[String]>::to_vec).collect();
            let answers = stream::iter(batches).map(|batch| {
                let (shared, model) = (Arc::clone(&shared), model.clone());
                async move {
                    let mut body = json!({ "model": model, "input": batch, "encoding_format": "float" });
                    if let Some(asked) = asked {
                        body["dimensions"] = asked.into();
                    }
                    let answer: Answer = shared.ask(&body).await?;
                    in_order(&shared, answer, batch.len())
                }
            });
            let vectors: Vec<Vec<Vec<f32>>> = answers.buffered(REQUESTS_AT_ONCE).try_collect().await?;
            Ok(vectors.into_iter().flatten().collect())
        })
    }
}

fn in_order(shared: &Shared, answer: Answer, count: usize) -> Result<Vec<Vec<f32>>, Error> {
    let given = answer.data.len();
    let mut vectors = vec![Vec::new(); count];
    for item in answer.data {
        if let Some(vector) = vectors.get_mut(item.index) {
            *vector = item.embedding;
        }
    }
    if given != count || vectors.iter().any(Vec::is_empty) {
        let what = format!("{count} texts were sent and {given} vectors came back, or not one for each");
        return Err(shared.error(ErrorKind::Invalid, what));
    }
    Ok(vectors)
}

impl Embedder for Embeddings {
    fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    fn embed(&self, role: Role, texts: &[&str]) -> Result<Vec<Vec<f32>>, Error> {
        let prefix = self.recipe.prefix(role);
        // Servers refuse blank texts.
        let blank = |text: &str| text.trim().is_empty();
        let sent: Vec<String> = texts
            .iter()
            .filter(|text| !blank(text))
            .map(|text| format!("{prefix}{text}"))
            .collect();
        let mut vectors = self.request(sent)?.into_iter();
        let dimension = self.recipe.dimension;
        let of_text = |text: &&str| {
            let vector = if blank(text) { None } else { vectors.next() };
            vector.map_or_else(|| Ok(vec![0.0; dimension]), |vector| self.normalised(vector))
        };
        texts.iter().map(of_text).collect()
    }

    fn batch(&self) -> usize {
        REQUEST_TEXTS * REQUESTS_AT_ONCE
    }
}

impl Embeddings {
    fn normalised(&self, mut vector: Vec<f32>) -> Result<Vec<f32>, Error> {
        let (expected, found) = (self.recipe.dimension, vector.len());
        if found != expected {
            let what = format!("a vector of {found} numbers came back where {expected} were expected; set `dimension`");
            return Err(self.shared.error(ErrorKind::Invalid, what));
        }
        let square: f64 = vector.iter().map(|value| f64::from(*value).powi(2)).sum();
        if !square.is_finite() {
            let what = "a vector that came back holds a number that is not finite";
            return Err(self.shared.error(ErrorKind::Invalid, what));
        }
        if square > 0.0 {
            let factor = square.sqrt().recip() as f32;
            vector.iter_mut().for_each(|value| *value *= factor);
        }
        Ok(vector)
    }
}

#[cfg(test)]
mod tests;
