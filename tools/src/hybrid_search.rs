//! `hybrid_search`: chunks by words and by meaning at once; not in the A-RAG paper.
//!
//! Two rankings, by words (Okapi BM25, see [`crate::corpus::words`]) and by meaning (as `semantic_search`),
//! are fused by reciprocal rank: `Score(c) = Σ 1 / (10 + rank(c))` over the rankings that hold `c`, ranks from
//! 1 (Cormack, Clarke and Büttcher 2009). Where there is a reranker, it orders the best of them anew.

use crate::arguments::Arguments;
use crate::corpus::{Corpus, words};
use crate::face::{Face, Names, about_results};
use crate::fold::fold;
use crate::index::chunk_set::ChunkSet;
use crate::keyword_search::SNIPPET_SENTENCES;
use crate::listing::{self, Hit};
use crate::registry::{Row, Scene, search_schema, search_type};
use crate::semantic_search::{self, Near, POOL, in_text_order};
use crate::sentence::sentences;
use serde_json::json;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use troupe_core::message::ToolOutput;
use troupe_core::port::reranker::Reranker;
use troupe_core::port::tool::{Invocation, Readers, ToolSpec};
use troupe_core::port::{Error, ErrorKind};

pub(crate) const NAME: &str = "hybrid_search";
pub(crate) const ROW: Row = Row {
    name: NAME,
    spec,
    answer,
    reranks: true,
    readers: Readers::Caller,
};
/// Chunks taken from each ranking.
const RANKED: usize = 300;
/// Damps the head of each ranking. The paper on fusion has 60, for many rankings of like quality; of these two, with 1 to
/// 20 a chunk that only one of them finds keeps its rank better (docs/bench/retrieval.md, "Recall beside the references").
const DAMPING: f64 = 10.0;
/// Chunks that a reranker looks at.
const RERANKED: usize = 50;
const EXAMPLE: &str = r#"{"query": "who discovered polonium", "top_k": 5}"#;

fn spec(face: &Face, names: &Names) -> ToolSpec {
    let results = about_results(face, names, "the sentences that come near or hold words of the query");
    let description = format!(
        "Find chunks of the corpus by the words of a query and by its meaning at once: chunks that rank high either way \
         are listed, those that rank high both ways first. Best as a first search, when you know some of the words and \
         not all. {results} Ask for one thing at a time; a question of several parts is better split into several \
         queries."
    );
    let query = json!({
        "type": "string",
        "description": "What you look for, as a short question or statement with the names and terms that matter.",
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
    let nothing = format!("No chunk holds a word of \"{query}\" or comes near to it in meaning.");
    listing::search(scene, invocation, &arguments, nothing, |top_k, among| {
        search(&scene.corpus, &query, top_k, among)
    })
}

fn search<'a>(corpus: &'a Corpus, query: &str, top_k: usize, among: Option<&ChunkSet>) -> Result<Vec<Hit<'a>>, Error> {
    let by_words = corpus.by_words(query, RANKED, among)?;
    let by_words: Vec<u32> = by_words.into_iter().map(|(chunk, _)| chunk).collect();
    let mut near = semantic_search::search(corpus, query, POOL * RANKED, among)?;
    near.truncate(RANKED);
    let by_meaning: Vec<u32> = near.iter().map(|near| near.chunk).collect();
    let mut ranked = fuse(&[&by_words, &by_meaning]);
    if let Some(reranker) = &corpus.encoders.reranker {
        ranked.truncate(RERANKED);
        ranked = rerank(corpus, reranker.as_ref(), query, ranked)?;
    }
    let folded = fold(query);
    let words: BTreeSet<&str> = words::words(&folded).collect();
    let hit = |(chunk, score): (u32, f64)| Hit {
        chunk,
        score: ((score * 1e6).round() / 1e6).into(),
        told: None,
        sentences: snippet(corpus.text(chunk), &words, near.iter().find(|near| near.chunk == chunk)),
    };
    Ok(ranked.into_iter().take(top_k).map(hit).collect())
}

/// All that the rankings hold by the sum of its reciprocal ranks, best first, ties in corpus order.
fn fuse(rankings: &[&[u32]]) -> Vec<(u32, f64)> {
    let mut scores: BTreeMap<u32, f64> = BTreeMap::new();
    for ranking in rankings {
        for (rank, chunk) in (1u32..).zip(*ranking) {
            *scores.entry(*chunk).or_default() += 1.0 / (DAMPING + f64::from(rank));
        }
    }
    let mut fused: Vec<(u32, f64)> = scores.into_iter().collect();
    fused.sort_by(|a, b| b.1.total_cmp(&a.1));
    fused
}

/// The same chunks by the reranker's scores, best first, ties as they were.
fn rerank(
    corpus: &Corpus,
    reranker: &dyn Reranker,
    query: &str,
    ranked: Vec<(u32, f64)>,
) -> Result<Vec<(u32, f64)>, Error> {
    let texts: Vec<&str> = ranked.iter().map(|(chunk, _)| corpus.text(*chunk)).collect();
    let scores = reranker.score(query, &texts)?;
    if scores.len() != texts.len() || scores.iter().any(|score| !score.is_finite()) {
        let message = format!("the reranker {} did not score every chunk", reranker.name());
        return Err(Error::new(ErrorKind::Other, message));
    }
    let chunks = ranked.into_iter().map(|(chunk, _)| chunk);
    let mut again: Vec<(u32, f64)> = chunks.zip(scores.into_iter().map(f64::from)).collect();
    again.sort_by(|a, b| b.1.total_cmp(&a.1));
    Ok(again)
}

/// The sentences that came near, and those that hold most words of the query, in text order.
fn snippet<'a>(text: &'a str, words: &BTreeSet<&str>, near: Option<&Near<'a>>) -> Vec<&'a str> {
    let held = |sentence: &str| {
        let folded = fold(sentence);
        let held: BTreeSet<&str> = words::words(&folded).filter(|word| words.contains(word)).collect();
        held.len()
    };
    let mut holding: Vec<(usize, (usize, &str))> = sentences(text)
        .map(|placed| (held(placed.1), placed))
        .filter(|(held, _)| *held > 0)
        .collect();
    holding.sort_by_key(|(held, _)| Reverse(*held));
    let holding = holding.into_iter().take(SNIPPET_SENTENCES).map(|(_, placed)| placed);
    let near = near.into_iter().flat_map(|near| near.sentences.iter().copied());
    in_text_order(near.chain(holding).collect())
}

#[cfg(test)]
mod tests;
