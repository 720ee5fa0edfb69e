//! `POST /rerank` as Jina and Cohere have it: scores from a server.

use crate::wire::chat_completions::Shared;
use crate::wire::served::wait_for;
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;
use troupe_core::port::reranker::Reranker;
use troupe_core::port::{Error, ErrorKind};

/// A reranker behind an endpoint.
#[derive(Debug)]
pub struct Rerank {
    shared: Arc<Shared>,
    model: String,
    name: String,
}

#[derive(Deserialize)]
struct Answer {
    results: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    index: usize,
    relevance_score: f32,
}

impl Rerank {
    /// The reranker `model`, called `name` in a search's settings.
    pub fn new(shared: Shared, model: String, name: String) -> Self {
        Self {
            shared: Arc::new(shared),
            model,
            name,
        }
    }
}

impl Reranker for Rerank {
    fn name(&self) -> &str {
        &self.name
    }

    fn score(&self, query: &str, texts: &[&str]) -> Result<Vec<f32>, Error> {
        let count = texts.len();
        if count == 0 {
            return Ok(Vec::new());
        }
        let body = json!({ "model": self.model, "query": query, "documents": texts, "top_n": count });
        let shared = Arc::clone(&self.shared);
        let answer: Answer = wait_for(async move { shared.ask(&body).await })?;
        let mut scores = vec![f32::NAN; count];
        for item in &answer.results {
            if let Some(score) = scores.get_mut(item.index) {
                *score = item.relevance_score;
            }
        }
        if answer.results.len() != count || scores.iter().any(|score| !score.is_finite()) {
            let given = answer.results.len();
            let what = format!("{count} texts were sent and {given} scores came back, or not one finite for each");
            return Err(self.shared.error(ErrorKind::Invalid, what));
        }
        Ok(scores)
    }
}
