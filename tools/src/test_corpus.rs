//! Corpora for the crate's own tests.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

use crate::{Corpus, CorpusOptions, Encoders, GRAPH_FROM};
use serde_json::json;
use std::sync::Arc;
use troupe_core::port::Error;
use troupe_core::port::embedder::{Embedder, Pooling, Recipe, Role};
use troupe_core::port::reranker::Reranker;
use troupe_core::port::tokens::TokenCounter;

/// Counts of letters as vectors; words as tokens.
pub(crate) struct Letters {
    recipe: Recipe,
}

impl Letters {
    pub(crate) fn new() -> Self {
        let recipe = Recipe {
            name: "letters".into(),
            dimension: 26,
            pooling: Pooling::Mean,
            query_prefix: String::new(),
            passage_prefix: String::new(),
        };
        Self { recipe }
    }
}

impl Embedder for Letters {
    fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    fn embed(&self, _: Role, texts: &[&str]) -> Result<Vec<Vec<f32>>, Error> {
        Ok(texts.iter().map(|text| letters(text)).collect())
    }
}

pub(crate) fn letters(text: &str) -> Vec<f32> {
    let mut counts = vec![0.0f32; 26];
    for letter in text.to_lowercase().bytes().filter(u8::is_ascii_lowercase) {
        counts[usize::from(letter - b'a')] += 1.0;
    }
    let length = counts.iter().map(|x| x * x).sum::<f32>().sqrt();
    if length > 0.0 {
        counts.iter_mut().for_each(|x| *x /= length);
    }
    counts
}

impl TokenCounter for Letters {
    fn count(&self, text: &str) -> usize {
        text.split_whitespace().count()
    }
}

/// A corpus of ready chunks with the ids "0", "1", …
pub(crate) fn chunks(texts: &[String], reranker: Option<Arc<dyn Reranker>>) -> (tempfile::TempDir, Arc<Corpus>) {
    let folder = tempfile::tempdir().unwrap();
    let entries = texts.iter().enumerate();
    let entries: Vec<_> = entries.map(|(id, text)| json!({ "id": id, "text": text })).collect();
    std::fs::write(folder.path().join("chunks.json"), json!(entries).to_string()).unwrap();
    let options = CorpusOptions {
        name: "papers".into(),
        root: folder.path().to_owned(),
        patterns: vec!["chunks.json".into()],
        chunk_tokens: 1000,
        embedder: String::new(),
        index_folder: folder.path().join("index"),
        graph_from: GRAPH_FROM,
    };
    let encoders = Encoders {
        embedder: Arc::new(Letters::new()),
        tokens: Arc::new(Letters::new()),
        reranker,
    };
    let opened = Corpus::open(&options, encoders, &|_| ()).unwrap();
    (folder, opened.corpus)
}
