//! Sentences as A-RAG cuts them (§1.1): between runs of `. ! ?` and newlines, which are lost, and trimmed.
//!
//! The cut is naive on purpose: `3.5` and `e.g.` fall apart, because a snippet only points at a chunk
//! and what counts as one sentence is part of the tools' contract. Keyword snippets use every sentence
//! that is not empty; vectors are kept for those longer than [`EMBEDDED_ABOVE`] characters.

/// Sentences of at most so many characters get no vector.
pub const EMBEDDED_ABOVE: usize = 10;

/// The sentences of a text with the byte offset of each.
pub fn sentences(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut start = 0;
    text.split(['.', '!', '?', '\n']).filter_map(move |piece| {
        let offset = start + piece.len() - piece.trim_start().len();
        // every separator is one byte
        start += piece.len() + 1;
        let sentence = piece.trim();
        (!sentence.is_empty()).then_some((offset, sentence))
    })
}

/// Whether a sentence is long enough to stand for a meaning.
pub fn is_embedded(sentence: &str) -> bool {
    sentence.chars().nth(EMBEDDED_ABOVE).is_some()
}

#[cfg(test)]
mod tests;
