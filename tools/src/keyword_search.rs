//! `keyword_search`: chunks that contain given words literally (A-RAG §1.2).
//!
//! `Score(c, K) = Σ_{k∈K} count(k, c) · |k|`: occurrences that do not overlap, in folded text (see
//! [`crate::fold`]), times the characters of the keyword as given. The trigram index only prunes.

use crate::arguments::Arguments;
use crate::corpus::Corpus;
use crate::fold::fold;
use crate::index::keywords::Candidates;
use crate::registry::{Names, chunks_type, identity, top_k_schema};
use crate::sentence::sentences;
use async_trait::async_trait;
use memchr::memmem::Finder;
use serde_json::json;
use std::cmp::Reverse;
use std::sync::Arc;
use troupe_core::message::{Retrieved, ToolOutput};
use troupe_core::port::Error;
use troupe_core::port::tool::{Invocation, Tool, ToolSpec};
use troupe_core::types::Type;

pub(crate) const NAME: &str = "keyword_search";
/// Sentences shown of a chunk.
const SNIPPET_SENTENCES: usize = 5;
/// Shown in place of sentences when a keyword lies across the end of one.
const ACROSS_SENTENCES: &str = "(the match lies across the end of a sentence; read the chunk to see it)";
const EXAMPLE: &str = r#"{"keywords": ["Marie Curie", "polonium"], "top_k": 5}"#;

/// A chunk found by keywords.
struct Hit<'a> {
    id: &'a str,
    score: u64,
    sentences: Vec<&'a str>,
}

pub(crate) fn spec(names: &Names<'_>) -> ToolSpec {
    let (own, semantic, read) = (names.of(NAME), names.of("semantic_search"), names.of("read_chunk"));
    let description = format!(
        "Find chunks of the corpus that contain given words exactly as written (upper and lower case are the same). \
         Best for names of people, places and works, technical terms, numbers and short fixed phrases. \
         A keyword also matches inside longer words, so `art` finds `party`; a phrase matches only as a whole. \
         Chunks are ranked by how often and how long the matching keywords are. \
         You get chunk ids and the sentences that match, not the whole text: before you rely on a chunk, read it with \
         {read}. If the words in the corpus may differ from yours, try synonyms, or search by meaning with {semantic}."
    );
    let keywords = "Words to look for, each of 1 to 3 words: names, terms, key concepts. \
                    Good: [\"Ed Wood\", \"film director\"]. \
                    Bad: whole questions, descriptions or sentences, such as [\"who directed the film about Ed Wood\"].";
    ToolSpec {
        name: own,
        description,
        parameters: json!({
            "type": "object",
            "properties": {
                "keywords": { "type": "array", "items": { "type": "string" }, "description": keywords },
                "top_k": top_k_schema(),
            },
            "required": ["keywords"],
        }),
        result: chunks_type(&[
            ("id", Type::String),
            ("score", Type::Number),
            ("sentences", Type::List(Box::new(Type::String))),
        ]),
    }
}

pub(crate) fn make(corpus: Arc<Corpus>, spec: ToolSpec) -> Arc<dyn Tool> {
    Arc::new(KeywordSearch { corpus, spec })
}

struct KeywordSearch {
    corpus: Arc<Corpus>,
    spec: ToolSpec,
}

#[async_trait]
impl Tool for KeywordSearch {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn identity(&self) -> Option<String> {
        Some(identity(&self.spec, &self.corpus))
    }

    async fn call(&self, invocation: Invocation) -> Result<ToolOutput, Error> {
        let arguments = Arguments::new(&invocation.arguments, &self.spec.name, EXAMPLE);
        let keywords = arguments.texts("keywords")?;
        let keywords = keywords.ok_or_else(|| arguments.invalid("`keywords` is missing"))?;
        let top_k = arguments.top_k()?;
        let corpus = Arc::clone(&self.corpus);
        crate::registry::compute(move || answer(&corpus, &keywords, top_k)).await
    }
}

fn answer(corpus: &Corpus, keywords: &[String], top_k: usize) -> Result<ToolOutput, Error> {
    let hits = search(corpus, keywords, top_k)?;
    let text = if hits.is_empty() {
        let echoed: Vec<String> = keywords.iter().map(|keyword| format!("\"{keyword}\"")).collect();
        format!("No chunk contains any of the keywords [{}].", echoed.join(", "))
    } else {
        hits.iter().map(block).collect::<Vec<_>>().join("\n\n")
    };
    let shown: Vec<&str> = hits.iter().flat_map(|hit| hit.sentences.iter().copied()).collect();
    let tokens = if shown.is_empty() {
        0
    } else {
        corpus.encoders.tokens.count(&shown.join("\n")) as u64
    };
    let chunks = hits
        .iter()
        .map(|hit| json!({ "id": hit.id, "score": hit.score, "sentences": hit.sentences }));
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

fn block(hit: &Hit<'_>) -> String {
    let snippet = match hit.sentences.as_slice() {
        [] => ACROSS_SENTENCES.to_owned(),
        sentences => format!("... {} ...", sentences.join(" ... ")),
    };
    format!("Chunk {}\n{snippet}", hit.id)
}

fn search<'a>(corpus: &'a Corpus, keywords: &[String], top_k: usize) -> Result<Vec<Hit<'a>>, Error> {
    let folded: Vec<String> = keywords.iter().map(|keyword| fold(keyword)).collect();
    let mut scores: Vec<(u32, u64)> = Vec::new();
    for (keyword, folded) in keywords.iter().zip(&folded).filter(|(keyword, _)| !keyword.is_empty()) {
        count(corpus, folded, keyword.chars().count() as u64, &mut scores)?;
    }
    let ranked = rank(scores, top_k);
    let finders: Vec<Finder<'_>> = folded.iter().filter(|k| !k.is_empty()).map(Finder::new).collect();
    let hit = |(chunk, score): (u32, u64)| Hit {
        id: corpus.id(chunk),
        score,
        sentences: snippet(corpus.text(chunk), &finders),
    };
    Ok(ranked.into_iter().map(hit).collect())
}

/// Appends `(chunk, count · length)` for every chunk that contains a keyword, in corpus order.
fn count(corpus: &Corpus, folded: &str, length: u64, scores: &mut Vec<(u32, u64)>) -> Result<(), Error> {
    let finder = Finder::new(folded);
    let mut look = |chunk: u32| {
        let text = corpus.folded(chunk);
        let found = match folded.as_bytes() {
            // counting a byte is much faster than finding it
            [byte] => memchr::memchr_iter(*byte, text).count(),
            _ => finder.find_iter(text).count(),
        };
        if found > 0 {
            scores.push((chunk, found as u64 * length));
        }
    };
    match corpus.candidates(folded)? {
        Candidates::All => (0..corpus.len() as u32).for_each(&mut look),
        Candidates::Chunks(chunks) => chunks.into_iter().for_each(&mut look),
    }
    Ok(())
}

/// Sums the scores of each chunk and keeps the `top_k` highest; ties keep corpus order.
fn rank(mut scores: Vec<(u32, u64)>, top_k: usize) -> Vec<(u32, u64)> {
    scores.sort_by_key(|(chunk, _)| *chunk);
    scores.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 += next.1;
        }
        same
    });
    let order = |(chunk, score): &(u32, u64)| (Reverse(*score), *chunk);
    if scores.len() > top_k {
        scores.select_nth_unstable_by_key(top_k, order);
        scores.truncate(top_k);
    }
    scores.sort_unstable_by_key(order);
    scores
}

/// The first sentences that contain any keyword, in text order.
fn snippet<'a>(text: &'a str, keywords: &[Finder<'_>]) -> Vec<&'a str> {
    let matches = |sentence: &&str| {
        let folded = fold(sentence);
        keywords.iter().any(|keyword| keyword.find(folded.as_bytes()).is_some())
    };
    sentences(text)
        .map(|(_, sentence)| sentence)
        .filter(matches)
        .take(SNIPPET_SENTENCES)
        .collect()
}
