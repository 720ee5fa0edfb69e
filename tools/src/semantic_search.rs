//! `semantic_search`: chunks with sentences that mean something near to a query (A-RAG §1.2).
//!
//! The 3·top_k sentences of the largest cosine with the query form the pool. A chunk's score is its
//! best sentence in the pool; the top_k chunks are listed with all their sentences in the pool.
//! Where sentences of one chunk crowd the pool, fewer than top_k chunks come back.

use crate::arguments::Arguments;
use crate::corpus::Corpus;
use crate::face::{Face, Names, about_results};
use crate::index::chunk_set::ChunkSet;
use crate::keyword_search;
use crate::listing::{self, Hit};
use crate::registry::{Row, Scene, search_schema, search_type};
use indexmap::IndexMap;
use serde_json::json;
use std::collections::HashSet;
use troupe_core::message::ToolOutput;
use troupe_core::port::embedder::Role;
use troupe_core::port::tool::{Invocation, Readers, ToolSpec};
use troupe_core::port::{Error, ErrorKind};

pub(crate) const NAME: &str = "semantic_search";
pub(crate) const ROW: Row = Row {
    name: NAME,
    spec,
    answer,
    reranks: false,
    readers: Readers::Caller,
};
/// Sentences in the pool for each chunk asked for.
pub(crate) const POOL: usize = 3;
const EXAMPLE: &str = r#"{"query": "who discovered radioactive elements", "top_k": 5}"#;

/// A chunk found by meaning.
pub(crate) struct Near<'a> {
    pub(crate) chunk: u32,
    /// The cosine of its best sentence.
    pub(crate) score: f32,
    /// Its sentences in the pool, each with its place in the text.
    pub(crate) sentences: Vec<(usize, &'a str)>,
}

fn spec(face: &Face, names: &Names) -> ToolSpec {
    let results = about_results(face, names, "the sentences that come near");
    let by_words = names.of(keyword_search::NAME);
    let by_words = by_words.map_or_else(String::new, |name| {
        format!("For names and exact terms {name} is surer. ")
    });
    let description = format!(
        "Find chunks of the corpus by meaning: the query is compared with every sentence, and the chunks with the \
         nearest sentences are listed with their similarity (1 is the same meaning). \
         Best when you do not know the exact words, for descriptions, relations and paraphrases. \
         {by_words}{results} Ask for one thing at a time; a question of several parts is better split into several \
         queries."
    );
    let query = json!({
        "type": "string",
        "description": "What you look for, as a short question or statement in plain language.",
    });
    ToolSpec {
        name: names.own(NAME),
        description,
        parameters: search_schema(face, "query", query),
        result: search_type(face),
    }
}

fn answer(scene: &Scene, invocation: &Invocation) -> Result<ToolOutput, Error> {
    let arguments = Arguments::new(&invocation.arguments, &scene.name, EXAMPLE);
    let query = arguments.text("query")?;
    let nothing = format!("No chunk comes near in meaning to \"{query}\".");
    listing::search(scene, invocation, &arguments, nothing, |top_k, among| {
        let near = search(&scene.corpus, &query, POOL * top_k, among)?;
        Ok(near.into_iter().take(top_k).map(hit).collect())
    })
}

fn hit(near: Near<'_>) -> Hit<'_> {
    Hit {
        chunk: near.chunk,
        // six decimals are what a float of this size can hold
        score: ((f64::from(near.score) * 1e6).round() / 1e6).into(),
        told: Some(format!("similarity {:.3}", near.score)),
        sentences: in_text_order(near.sentences),
    }
}

/// The chunks of the `pool` sentences nearest to a query, best first.
pub(crate) fn search<'a>(
    corpus: &'a Corpus,
    query: &str,
    pool: usize,
    among: Option<&ChunkSet>,
) -> Result<Vec<Near<'a>>, Error> {
    let vector = corpus
        .encoders
        .embedder
        .embed(Role::Query, &[query])?
        .into_iter()
        .next()
        .unwrap_or_default();
    if vector.len() != corpus.encoders.embedder.recipe().dimension {
        return Err(Error::new(
            ErrorKind::Other,
            "the embedder gave no vector for the query",
        ));
    }
    // a query without a known word has no direction: nothing is nearer to it than anything else
    if vector.iter().all(|x| *x == 0.0 || !x.is_finite()) {
        return Ok(Vec::new());
    }
    // the pool is sorted, so chunks enter in the order of their best sentence
    let mut chunks: IndexMap<u32, Near<'a>> = IndexMap::new();
    for found in corpus.nearest(&vector, pool, among)? {
        let near = Near {
            chunk: found.chunk,
            score: found.score,
            sentences: Vec::new(),
        };
        let near = chunks.entry(found.chunk).or_insert(near);
        near.sentences.push((found.start, found.sentence));
    }
    Ok(chunks.into_values().collect())
}

/// The sentences by their places; one that occurs twice is shown where it comes first.
pub(crate) fn in_text_order(mut sentences: Vec<(usize, &str)>) -> Vec<&str> {
    sentences.sort_unstable();
    let mut seen = HashSet::new();
    let sentences = sentences.into_iter().map(|(_, sentence)| sentence);
    sentences.filter(|sentence| seen.insert(*sentence)).collect()
}
