//! `keyword_search`: chunks that contain given words literally (A-RAG §1.2).
//!
//! `Score(c, K) = Σ_{k∈K} count(k, c) · |k|`: occurrences that do not overlap, in folded text (see
//! [`crate::fold`]), times the characters of the keyword as given. The trigram index only prunes.

use crate::arguments::Arguments;
use crate::corpus::{Among, Corpus};
use crate::face::{Face, Names, about_results};
use crate::fold::fold;
use crate::index::keywords::Candidates;
use crate::listing::{self, Hit};
use crate::registry::{Row, Scene, search_schema, search_type};
use crate::sentence::sentences;
use crate::{hybrid_search, semantic_search};
use memchr::memmem::Finder;
use serde_json::json;
use std::cmp::Reverse;
use troupe_core::message::ToolOutput;
use troupe_core::port::Error;
use troupe_core::port::tool::{Invocation, Readers, ToolSpec};

pub(crate) const NAME: &str = "keyword_search";
pub(crate) const ROW: Row = Row {
    name: NAME,
    spec,
    answer,
    reranks: false,
    readers: Readers::Caller,
};
/// Sentences shown of a chunk.
pub(crate) const SNIPPET_SENTENCES: usize = 5;
const EXAMPLE: &str = r#"{"keywords": ["Marie Curie", "polonium"], "top_k": 5}"#;

fn spec(face: &Face, names: &Names) -> ToolSpec {
    let results = about_results(face, names, "the sentences that match");
    let by_meaning = names
        .of(semantic_search::NAME)
        .or_else(|| names.of(hybrid_search::NAME));
    let by_meaning = by_meaning.map_or_else(String::new, |name| format!(", or search by meaning with {name}"));
    let description = format!(
        "Find chunks of the corpus that contain given words exactly as written (upper and lower case are the same). \
         Best for names of people, places and works, technical terms, numbers and short fixed phrases. \
         A keyword also matches inside longer words, so `art` finds `party`; a phrase matches only as a whole. \
         Chunks are ranked by how often and how long the matching keywords are. \
         {results} If the words in the corpus may differ from yours, try synonyms{by_meaning}."
    );
    let keywords = "Words to look for, each of 1 to 3 words: names, terms, key concepts. \
                    Good: [\"Ed Wood\", \"film director\"]. \
                    Bad: whole questions, descriptions or sentences, such as [\"who directed the film about Ed Wood\"].";
    let keywords = json!({ "type": "array", "items": { "type": "string" }, "description": keywords });
    ToolSpec {
        name: names.own(NAME),
        description,
        parameters: search_schema(face, "keywords", keywords),
        result: search_type(face),
    }
}

fn answer(scene: &Scene, invocation: &Invocation) -> Result<ToolOutput, Error> {
    let arguments = Arguments::new(&invocation.arguments, &scene.name, EXAMPLE);
    let keywords = arguments.texts("keywords")?;
    let keywords = keywords.ok_or_else(|| arguments.invalid("`keywords` is missing"))?;
    let echoed: Vec<String> = keywords.iter().map(|keyword| format!("\"{keyword}\"")).collect();
    let nothing = format!("No chunk contains any of the keywords [{}].", echoed.join(", "));
    listing::search(scene, invocation, &arguments, nothing, |top_k, among| {
        search(&scene.corpus, &keywords, top_k, among)
    })
}

fn search<'a>(
    corpus: &'a Corpus,
    keywords: &[String],
    top_k: usize,
    among: Option<&Among>,
) -> Result<Vec<Hit<'a>>, Error> {
    let folded: Vec<String> = keywords.iter().map(|keyword| fold(keyword)).collect();
    let mut scores: Vec<(u32, u64)> = Vec::new();
    for (keyword, folded) in keywords.iter().zip(&folded).filter(|(keyword, _)| !keyword.is_empty()) {
        count(corpus, folded, keyword.chars().count() as u64, among, &mut scores)?;
    }
    let ranked = rank(scores, top_k);
    let finders: Vec<Finder<'_>> = folded.iter().filter(|k| !k.is_empty()).map(Finder::new).collect();
    let hit = |(chunk, score): (u32, u64)| Hit {
        chunk,
        score: score.into(),
        told: None,
        sentences: snippet(corpus.text(chunk), &finders),
    };
    Ok(ranked.into_iter().map(hit).collect())
}

/// Appends `(chunk, count · length)` for every chunk that contains a keyword, in corpus order.
fn count(
    corpus: &Corpus,
    folded: &str,
    length: u64,
    among: Option<&Among>,
    scores: &mut Vec<(u32, u64)>,
) -> Result<(), Error> {
    let finder = Finder::new(folded);
    let mut look = |chunk: u32| {
        if among.is_some_and(|among| !among.has(chunk)) {
            return;
        }
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

#[cfg(test)]
mod tests;
