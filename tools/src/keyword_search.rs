//! `keyword_search`: chunks that contain given words literally (A-RAG §1.2).
//!
//! `Score(c, K) = Σ_{k∈K} count(k, c) · |k|`: occurrences that do not overlap, in folded text (see
//! [`crate::fold`]), times the characters of the keyword as given. What a word of the
//! index cannot tell is counted in the texts.

use crate::arguments::Arguments;
use crate::corpus::Corpus;
use crate::face::{Face, Names, about_results};
use crate::fold::fold;
use crate::index::chunk_set::ChunkSet;
use crate::listing::{self, Hit};
use crate::registry::{Row, Scene, search_schema, search_type};
use crate::sentence::sentences;
use crate::tally::Tally;
use crate::{hybrid_search, semantic_search};
use memchr::memmem::Finder;
use serde_json::json;
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
    among: Option<&ChunkSet>,
) -> Result<Vec<Hit<'a>>, Error> {
    let folded: Vec<String> = keywords.iter().map(|keyword| fold(keyword)).collect();
    let mut tally = Tally::new(corpus.len());
    for (keyword, folded) in keywords.iter().zip(&folded).filter(|(keyword, _)| !keyword.is_empty()) {
        let length = keyword.chars().count() as u64;
        corpus.occurrences(folded, among, |chunk, count| tally.add(chunk, count * length))?;
    }
    let finders: Vec<Finder<'_>> = folded.iter().filter(|k| !k.is_empty()).map(Finder::new).collect();
    let hit = |(chunk, score): (u32, u64)| Hit {
        chunk,
        score: score.into(),
        told: None,
        sentences: snippet(corpus.text(chunk), &finders),
    };
    Ok(tally.best(top_k).into_iter().map(hit).collect())
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
