//! What the tools showed: hits of searches and passages that were read.
//!
//! The texts are those that a model sees: a hit is `Chunk ID`, perhaps ` (already read)` and ` (similarity 0.123)`,
//! and a line `... sentence ... sentence ...`; a whole chunk, read or found, stands between rules of 80 signs.

use super::scoring::Question;
use super::sentences::sentences;
use super::transcript::{ToolKind, Transcript};
use super::words::words;

/// Characters of a rule around a chunk.
const RULE: usize = 80;
/// Longest first line that may be a title, in characters.
const TITLE_CHARACTERS_MAX: usize = 240;
/// Damping of reciprocal rank fusion (Cormack, Clarke and Büttcher 2009).
const FUSION_DAMPING: f64 = 60.0;

/// A stretch of text to answer from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Passage {
    /// The chunk to cite; none for text of the task's own.
    pub id: Option<String>,
    /// Its heading.
    pub title: Option<String>,
    /// Its sentences, the heading left out.
    pub sentences: Vec<String>,
    /// The question that it answers, where that is known.
    pub topic: Option<String>,
}

impl Passage {
    /// A passage from a chunk's text. A heading, or a short first line above a blank one, is the title.
    pub fn from_text(id: Option<String>, text: &str) -> Self {
        let text = text.trim();
        let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
        let heading = first.trim_start_matches('#').trim();
        let is_title = heading.len() < first.trim().len()
            || (rest.starts_with(['\n', '\r'])
                && !heading.ends_with(['.', ':', '!'])
                && heading.chars().count() <= TITLE_CHARACTERS_MAX);
        let is_title = is_title && !heading.is_empty() && !rest.trim().is_empty();
        let body = if is_title { rest } else { text };
        Self {
            id,
            title: is_title.then(|| heading.to_owned()),
            sentences: sentences(body)
                .into_iter()
                .filter(|sentence| !is_label(sentence))
                .collect(),
            topic: None,
        }
    }
}

/// Lines such as `arXiv: 2602.03442` say nothing in a sentence.
fn is_label(sentence: &str) -> bool {
    let label = sentence.split_once(": ").is_some_and(|(label, _)| !label.contains(' '));
    label && sentence.split_whitespace().count() <= 3 && !sentence.contains("://")
}

/// A chunk that a search listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// What stands before the names of its corpus's tools.
    pub prefix: String,
    /// The chunk.
    pub id: String,
    /// The sentences shown.
    pub snippet: String,
}

/// The hits in the text of a search, best first.
pub fn hits(prefix: &str, text: &str) -> Vec<Hit> {
    let mut found = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let Some(head) = line.strip_prefix("Chunk ") else {
            continue;
        };
        let Some(snippet) = lines.next_if(|next| next.starts_with("... ") || next.starts_with("(the match ")) else {
            continue;
        };
        found.push(Hit {
            prefix: prefix.to_owned(),
            id: id_of(head).to_owned(),
            snippet: snippet.to_owned(),
        });
    }
    found
}

/// The id in the head of a chunk, without what is told of it.
fn id_of(head: &str) -> &str {
    let head = head.rsplit_once(" (similarity ").map_or(head, |(id, _)| id).trim();
    head.strip_suffix(" (already read)").unwrap_or(head)
}

/// The whole chunks in the text of a read or a search, with their texts.
pub fn read_chunks(text: &str) -> Vec<(String, String)> {
    let is_rule = |line: &str, sign: char| line.len() == RULE && line.chars().all(|c| c == sign);
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at + 2 < lines.len() {
        let head = lines[at + 1].strip_prefix("Chunk ");
        match head {
            Some(id) if is_rule(lines[at], '=') && is_rule(lines[at + 2], '-') => {
                let from = at + 3;
                let to = (from..lines.len())
                    .find(|n| is_rule(lines[*n], '='))
                    .unwrap_or(lines.len());
                found.push((id_of(id).to_owned(), lines[from..to].join("\n")));
                at = to + 1;
            }
            _ => at += 1,
        }
    }
    found
}

/// All hits of all searches so far, merged: by reciprocal rank over the searches, and by how much of the
/// question their snippets hold together. Best first, each chunk once, snippets joined.
pub fn ranked_hits(transcript: &Transcript<'_>, question: &str) -> Vec<Hit> {
    let mut merged: Vec<(Hit, f64)> = Vec::new();
    for kind in ToolKind::SEARCHES {
        for answered in transcript.answered(kind) {
            let prefix = ToolKind::of(&answered.call.name).map_or("", |(_, prefix)| prefix);
            for (rank, hit) in hits(prefix, answered.text).into_iter().enumerate() {
                let share = 1.0 / (FUSION_DAMPING + rank as f64 + 1.0);
                match merged
                    .iter_mut()
                    .find(|(known, _)| known.prefix == hit.prefix && known.id == hit.id)
                {
                    Some((known, score)) => {
                        known.snippet.push('\n');
                        known.snippet.push_str(&hit.snippet);
                        *score += share;
                    }
                    None => merged.push((hit, share)),
                }
            }
        }
    }
    // An id in the question is the best hint that there is.
    let text = |hit: &Hit| format!("{}\n{}", hit.id, hit.snippet);
    let texts: Vec<String> = merged.iter().map(|(hit, _)| text(hit)).collect();
    let asked = Question::new(question, texts.iter().map(String::as_str));
    let coverages: Vec<f64> = texts.iter().map(|text| asked.coverage(text)).collect();
    let mut order: Vec<usize> = (0..merged.len()).collect();
    order.sort_by(|a, b| coverages[*b].total_cmp(&coverages[*a]));
    for (rank, at) in order.into_iter().enumerate() {
        merged[at].1 += 1.0 / (FUSION_DAMPING + rank as f64 + 1.0);
    }
    let named: Vec<&str> = words(question).iter().map(|word| word.text).collect();
    merged.sort_by(|(a, a_score), (b, b_score)| {
        let is_named = |hit: &Hit| named.contains(&hit.id.as_str());
        is_named(b).cmp(&is_named(a)).then(b_score.total_cmp(a_score))
    });
    merged.into_iter().map(|(hit, _)| hit).collect()
}

/// Everything that can be answered from: whole chunks, read or found, or else the snippets of the hits.
pub fn passages(transcript: &Transcript<'_>, question: &str) -> Vec<Passage> {
    let kinds = [ToolKind::Read].into_iter().chain(ToolKind::SEARCHES);
    let texts = kinds
        .flat_map(|kind| transcript.answered(kind))
        .flat_map(|answered| read_chunks(answered.text));
    let read: Vec<Passage> = texts.map(|(id, text)| Passage::from_text(Some(id), &text)).collect();
    if !read.is_empty() {
        return read;
    }
    let hits = ranked_hits(transcript, question).into_iter();
    hits.map(|hit| Passage {
        id: Some(hit.id),
        title: None,
        sentences: snippet_sentences(&hit.snippet),
        topic: None,
    })
    .collect()
}

fn snippet_sentences(snippet: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for piece in snippet.lines().flat_map(|line| line.split("... ")) {
        let sentence = piece.trim().trim_end_matches("...").trim_end();
        let sentence = sentence.trim_start_matches('#').trim_start();
        if sentence.contains(' ') && !sentence.starts_with("(the match ") && !is_label(sentence) {
            let sentence = format!("{sentence}.");
            if !found.contains(&sentence) {
                found.push(sentence);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hits_of_both_searches() {
        let text = "Chunk a b#2 (similarity 0.812)\n... One ... Two ...\n\nChunk c\n(the match lies across the end of a sentence; read the chunk to see it)";
        let found: Vec<(String, String)> = hits("p_", text).into_iter().map(|hit| (hit.prefix, hit.id)).collect();
        assert_eq!(found, [("p_".into(), "a b#2".into()), ("p_".into(), "c".into())]);
        assert!(hits("", "No chunk contains any of the keywords [\"x\"].").is_empty());
        let marked = hits(
            "",
            "Chunk c#1 (already read) (similarity 0.5)\n... One ...\n(before it: c#0)",
        );
        assert_eq!(marked[0].id, "c#1");
    }

    #[test]
    fn chunks_between_rules() {
        let (double, single) = ("=".repeat(80), "-".repeat(80));
        let text = format!(
            "{double}\nChunk 1\n{single}\n# T\n\n====\nText.\n{double}\n\n{double}\nChunk 2 was already read; its text is above.\n{double}\n\nThere is no chunk 9. Use ids as the searches list them.\n\n{double}\nChunk 3\n{single}\ncut of"
        );
        assert_eq!(
            read_chunks(&text),
            [("1".into(), "# T\n\n====\nText.".into()), ("3".into(), "cut of".into())]
        );
    }

    #[test]
    fn titles_and_labels_are_no_sentences() {
        let passage = Passage::from_text(None, "# A title\n\narXiv: 1.2\n\nOne. Two.");
        assert_eq!(passage.title.as_deref(), Some("A title"));
        assert_eq!(passage.sentences, ["One.", "Two."]);
        let passage = Passage::from_text(None, "One. Two.");
        assert_eq!((passage.title, passage.sentences.len()), (None, 2));
    }
}
