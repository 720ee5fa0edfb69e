//! `corpora`: files to search.

use super::keys::{self, Keys};
use super::{Spanned, names, values};
use crate::code;
use crate::report::Report;
use crate::yaml::{Entry, Kind};

#[derive(Debug)]
pub(crate) struct Corpus {
    pub(crate) name: Spanned<String>,
    pub(crate) files: Vec<Spanned<String>>,
    pub(crate) chunk_tokens: u32,
}

/// A-RAG's chunks are about 1,000 tokens.
const CHUNK_TOKENS: u32 = 1_000;

const KEYS: Keys = Keys {
    what: "a corpus",
    known: &["files", "chunk_tokens"],
    later: &["embedder", "format", "exclude"],
};

pub(super) fn read(report: &mut Report, section: &Entry) -> Vec<Corpus> {
    let entries = values::mapping(report, section, "names with file patterns").unwrap_or(&[]);
    entries.iter().map(|entry| corpus(report, entry)).collect()
}

fn corpus(report: &mut Report, entry: &Entry) -> Corpus {
    names::label(report, &entry.key, entry.key_span, "a corpus");
    let mut corpus = Corpus {
        name: Spanned {
            value: entry.key.clone(),
            span: entry.key_span,
        },
        files: Vec::new(),
        chunk_tokens: CHUNK_TOKENS,
    };
    let Kind::Map(fields) = &entry.value.kind else {
        corpus.files = values::names(report, entry);
        return corpus;
    };
    KEYS.check(report, fields);
    if let Some(files) = keys::require(report, fields, "files", entry.key_span, "a corpus") {
        corpus.files = values::names(report, files);
        if matches!(&files.value.kind, Kind::List(items) if items.is_empty()) {
            report.error(code::WRONG_KIND, files.value.span, "`files` is empty");
        }
    }
    if let Some(tokens) = keys::get(fields, "chunk_tokens").and_then(|e| values::count(report, e, 16..=100_000)) {
        corpus.chunk_tokens = tokens;
    }
    corpus
}
