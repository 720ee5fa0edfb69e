//! What searches answer with: a block for each chunk that they list, and what stands around the blocks.

use crate::arguments::Arguments;
use crate::corpus::Corpus;
use crate::filter::Filter;
use crate::index::chunk_set::ChunkSet;
use crate::registry::Scene;
use serde_json::json;
use std::ops::Range;
use troupe_core::Value;
use troupe_core::ir::{Extra, Results};
use troupe_core::message::{Retrieved, ToolOutput};
use troupe_core::port::Error;
use troupe_core::port::tool::Invocation;

/// Shown in place of sentences when a keyword lies across the end of one.
const ACROSS_SENTENCES: &str = "(the match lies across the end of a sentence; read the chunk to see it)";
/// Characters of a rule in a frame.
const RULE: usize = 80;

/// A chunk that a search lists.
pub(crate) struct Hit<'a> {
    /// Its position.
    pub(crate) chunk: u32,
    /// Its score, as results have it.
    pub(crate) score: Value,
    /// The score as the model is told it, such as `similarity 0.812`.
    pub(crate) told: Option<String>,
    /// What of it is shown, in text order.
    pub(crate) sentences: Vec<&'a str>,
}

/// Answers a search: reads `top_k` and `where`, lets `find` look for so many chunks among those that are left,
/// and tells what it found. `nothing` stands where no chunk is listed.
pub(crate) fn search<'a>(
    scene: &'a Scene,
    invocation: &Invocation,
    arguments: &Arguments<'_>,
    nothing: String,
    find: impl FnOnce(usize, Option<&ChunkSet>) -> Result<Vec<Hit<'a>>, Error>,
) -> Result<ToolOutput, Error> {
    let top_k = arguments.top_k()?;
    let filter = Filter::read(arguments, &scene.face.metadata)?;
    let narrowed = filter.map(|filter| scene.documents().narrow(&scene.corpus, &filter));
    let hits = find(top_k, narrowed.as_ref().map(|narrowed| &narrowed.among))?;
    let notes = narrowed.map_or_else(Vec::new, |narrowed| narrowed.notes(!hits.is_empty()));
    Ok(answer(scene, invocation, &hits, nothing, notes))
}

/// `nothing` stands where no chunk is listed, `notes` behind it all.
fn answer(scene: &Scene, invocation: &Invocation, hits: &[Hit<'_>], nothing: String, notes: Vec<String>) -> ToolOutput {
    let listed = match scene.face.results {
        Results::Snippets => snippets(scene, invocation, hits),
        Results::Full => whole_chunks(scene, invocation, hits),
    };
    let mut blocks = listed.blocks;
    if blocks.is_empty() {
        blocks.push(nothing);
    }
    blocks.extend(notes);
    let shown = hits.iter().map(|hit| scene.corpus.id(hit.chunk).to_owned());
    ToolOutput {
        text: blocks.join("\n\n"),
        result: json!({ "chunks": listed.chunks }),
        retrieved: Retrieved {
            shown: shown.collect(),
            read: listed.read,
            tokens: listed.tokens,
        },
        ..ToolOutput::default()
    }
}

#[derive(Default)]
struct Listed {
    blocks: Vec<String>,
    chunks: Vec<Value>,
    read: Vec<String>,
    tokens: u64,
}

fn snippets(scene: &Scene, invocation: &Invocation, hits: &[Hit<'_>]) -> Listed {
    let corpus = &scene.corpus;
    let mut listed = Listed::default();
    for hit in hits {
        let id = corpus.id(hit.chunk);
        let is_marked = scene.face.tells(Extra::Marks) && invocation.read.contains(id);
        let snippet = match hit.sentences.as_slice() {
            [] => ACROSS_SENTENCES.to_owned(),
            sentences => format!("... {} ...", sentences.join(" ... ")),
        };
        let mark = if is_marked { " (already read)" } else { "" };
        let told = hit.told.as_ref().map(|told| format!(" ({told})")).unwrap_or_default();
        let block = format!("Chunk {id}{mark}{told}\n{snippet}");
        listed.blocks.push(with_neighbours(scene, hit.chunk, block));
        listed
            .chunks
            .push(json!({ "id": id, "score": hit.score, "sentences": hit.sentences }));
    }
    let shown: Vec<&str> = hits.iter().flat_map(|hit| hit.sentences.iter().copied()).collect();
    if !shown.is_empty() {
        listed.tokens = corpus.encoders.tokens.count(&shown.join("\n")) as u64;
    }
    listed
}

/// Each chunk's text goes to an agent once, as with `read_chunk`.
fn whole_chunks(scene: &Scene, invocation: &Invocation, hits: &[Hit<'_>]) -> Listed {
    let corpus = &scene.corpus;
    let mut listed = Listed::default();
    for hit in hits {
        let id = corpus.id(hit.chunk);
        let told = hit.told.as_ref().map(|told| format!(" ({told})")).unwrap_or_default();
        let text = (!invocation.read.contains(id)).then(|| corpus.text(hit.chunk));
        let block = match text {
            Some(text) => framed(&format!("Chunk {id}{told}"), Some(text)),
            None => already_read(id),
        };
        listed.blocks.push(with_neighbours(scene, hit.chunk, block));
        listed
            .chunks
            .push(json!({ "id": id, "score": hit.score, "text": text }));
        if let Some(text) = text {
            listed.tokens += corpus.encoders.tokens.count(text) as u64;
            listed.read.push(id.to_owned());
        }
    }
    listed
}

/// The block of a chunk whose text the agent has.
pub(crate) fn already_read(id: &str) -> String {
    framed(&format!("Chunk {id} was already read; its text is above."), None)
}

/// A text between rules, under its head.
pub(crate) fn framed(head: &str, text: Option<&str>) -> String {
    let (double, single) = ("=".repeat(RULE), "-".repeat(RULE));
    match text {
        Some(text) => format!("{double}\n{head}\n{single}\n{text}\n{double}"),
        None => format!("{double}\n{head}\n{double}"),
    }
}

/// The block, with a line about the chunks beside this one where such are told.
pub(crate) fn with_neighbours(scene: &Scene, chunk: u32, mut block: String) -> String {
    if scene.face.tells(Extra::Neighbours) {
        let line = neighbours(&scene.corpus, chunk, scene.corpus.document(chunk));
        block.extend(line.map(|line| format!("\n{line}")));
    }
    block
}

/// The ids before and after a chunk within its document; none where it stands alone.
pub(crate) fn neighbours(corpus: &Corpus, chunk: u32, document: Range<u32>) -> Option<String> {
    let before = chunk.checked_sub(1).filter(|before| document.contains(before));
    let after = Some(chunk + 1).filter(|after| document.contains(after));
    match (before.map(|at| corpus.id(at)), after.map(|at| corpus.id(at))) {
        (Some(before), Some(after)) => Some(format!("(before it: {before}; after it: {after})")),
        (Some(before), None) => Some(format!("(before it: {before})")),
        (None, Some(after)) => Some(format!("(after it: {after})")),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests;
