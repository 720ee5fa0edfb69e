//! `semantic_search`: chunks with sentences that mean something near to a query (A-RAG §1.2).
//!
//! The 3·top_k sentences of the largest cosine with the query form the pool. A chunk's score is its
//! best sentence in the pool; the top_k chunks are listed with all their sentences in the pool.
//! Where sentences of one chunk crowd the pool, fewer than top_k chunks come back.

use crate::arguments::Arguments;
use crate::corpus::Corpus;
use crate::registry::{Names, chunks_type, identity, top_k_schema};
use async_trait::async_trait;
use indexmap::IndexMap;
use serde_json::json;
use std::collections::HashSet;
use std::sync::Arc;
use troupe_core::message::{Retrieved, ToolOutput};
use troupe_core::port::embedder::Role;
use troupe_core::port::tool::{Invocation, Tool, ToolSpec};
use troupe_core::port::{Error, ErrorKind};
use troupe_core::types::Type;

pub(crate) const NAME: &str = "semantic_search";
/// Sentences in the pool for each chunk asked for.
const POOL: usize = 3;
const EXAMPLE: &str = r#"{"query": "who discovered radioactive elements", "top_k": 5}"#;

/// A chunk found by meaning.
struct Hit<'a> {
    id: &'a str,
    score: f32,
    /// With the place of each in the text.
    sentences: Vec<(usize, &'a str)>,
}

pub(crate) fn spec(names: &Names<'_>) -> ToolSpec {
    let (own, keyword, read) = (names.of(NAME), names.of("keyword_search"), names.of("read_chunk"));
    let description = format!(
        "Find chunks of the corpus by meaning: the query is compared with every sentence, and the chunks with the \
         nearest sentences are listed with their similarity (1 is the same meaning). \
         Best when you do not know the exact words, for descriptions, relations and paraphrases. \
         For names and exact terms {keyword} is surer. \
         You get chunk ids and the sentences that come near, not the whole text: before you rely on a chunk, read it \
         with {read}. Ask for one thing at a time; a question of several parts is better split into several queries."
    );
    ToolSpec {
        name: own,
        description,
        parameters: json!({
            "type": "object",
            "properties": {
                "query": {
                    "type": "string",
                    "description": "What you look for, as a short question or statement in plain language.",
                },
                "top_k": top_k_schema(),
            },
            "required": ["query"],
        }),
        result: chunks_type(&[
            ("id", Type::String),
            ("score", Type::Number),
            ("sentences", Type::List(Box::new(Type::String))),
        ]),
    }
}

pub(crate) fn make(corpus: Arc<Corpus>, spec: ToolSpec) -> Arc<dyn Tool> {
    Arc::new(SemanticSearch { corpus, spec })
}

struct SemanticSearch {
    corpus: Arc<Corpus>,
    spec: ToolSpec,
}

#[async_trait]
impl Tool for SemanticSearch {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn identity(&self) -> Option<String> {
        Some(identity(&self.spec, &self.corpus))
    }

    async fn call(&self, invocation: Invocation) -> Result<ToolOutput, Error> {
        let arguments = Arguments::new(&invocation.arguments, &self.spec.name, EXAMPLE);
        let query = arguments.text("query")?;
        let top_k = arguments.top_k()?;
        let corpus = Arc::clone(&self.corpus);
        crate::registry::compute(move || answer(&corpus, &query, top_k)).await
    }
}

fn answer(corpus: &Corpus, query: &str, top_k: usize) -> Result<ToolOutput, Error> {
    let hits = search(corpus, query, top_k)?;
    let text = if hits.is_empty() {
        format!("No chunk comes near in meaning to \"{query}\".")
    } else {
        hits.iter().map(block).collect::<Vec<_>>().join("\n\n")
    };
    let shown: Vec<&str> = hits.iter().flat_map(Hit::shown).collect();
    let tokens = if shown.is_empty() {
        0
    } else {
        corpus.encoders.tokens.count(&shown.join("\n")) as u64
    };
    let chunks = hits.iter().map(|hit| {
        let sentences: Vec<&str> = hit.shown().collect();
        // six decimals are what a float of this size can hold
        let score = (f64::from(hit.score) * 1e6).round() / 1e6;
        json!({ "id": hit.id, "score": score, "sentences": sentences })
    });
    Ok(ToolOutput {
        text,
        result: json!({ "chunks": chunks.collect::<Vec<_>>() }),
        retrieved: Retrieved {
            shown: hits.iter().map(|hit| hit.id.to_owned()).collect(),
            read: Vec::new(),
            tokens,
        },
        ..ToolOutput::default()
    })
}

impl Hit<'_> {
    fn shown(&self) -> impl Iterator<Item = &str> {
        self.sentences.iter().map(|(_, sentence)| *sentence)
    }
}

fn block(hit: &Hit<'_>) -> String {
    let snippet: Vec<&str> = hit.shown().collect();
    format!(
        "Chunk {} (similarity {:.3})\n... {} ...",
        hit.id,
        hit.score,
        snippet.join(" ... ")
    )
}

fn search<'a>(corpus: &'a Corpus, query: &str, top_k: usize) -> Result<Vec<Hit<'a>>, Error> {
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
    let pool = corpus.nearest(&vector, POOL * top_k, None)?;
    // the pool is sorted, so chunks enter in the order of their best sentence
    let mut chunks: IndexMap<u32, Hit<'a>> = IndexMap::new();
    for near in pool {
        let hit = Hit {
            id: corpus.id(near.chunk),
            score: near.score,
            sentences: Vec::new(),
        };
        let hit = chunks.entry(near.chunk).or_insert(hit);
        hit.sentences.push((near.start, near.sentence));
    }
    Ok(chunks.into_values().take(top_k).map(in_text_order).collect())
}

/// Sorts the sentences by place; one that occurs twice is shown where it comes first.
fn in_text_order(mut hit: Hit<'_>) -> Hit<'_> {
    hit.sentences.sort_unstable();
    let mut seen = HashSet::new();
    hit.sentences.retain(|(_, sentence)| seen.insert(*sentence));
    hit
}
