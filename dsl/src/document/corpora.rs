//! `corpora`: files to search.

use super::fields::Fields;
use super::{Spanned, names, values};
use crate::code;
use crate::language::CORPUS;
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
    let fields = Fields::read(report, &CORPUS, fields, entry.key_span);
    if let Some(files) = fields.require(report, "files") {
        corpus.files = values::names(report, files);
        if matches!(&files.value.kind, Kind::List(items) if items.is_empty()) {
            report.error(code::WRONG_KIND, files.value.span, "`files` is empty");
        }
    }
    if let Some(tokens) = fields.count(report, "chunk_tokens") {
        corpus.chunk_tokens = tokens;
    }
    corpus
}
