//! Corpora have files, and bring tools.

use crate::code;
use crate::document::{Corpus, Document};
use crate::files::{FileError, Files};
use crate::report::Report;
use crate::tool_types::{CHECKING_TOOLS, FURTHER_TOOLS, PAPER_TOOLS, Signature};
use troupe_core::diagnostic::Diagnostic;
use troupe_core::ir::{EffectClass, Results, Tool, ToolSource};

/// Each pattern is looked for on disk.
const MAX_PATTERNS: usize = 1_000;

/// The tools of all corpora; that each has files is checked on the way.
pub(super) fn check(report: &mut Report, document: &Document, files: &dyn Files) -> Vec<Tool> {
    let mut tools = Vec::new();
    let mut patterns = 0;
    for corpus in &document.shared.corpora {
        for pattern in &corpus.files {
            patterns += 1;
            if patterns > MAX_PATTERNS {
                let message = format!("all corpora together may have {MAX_PATTERNS} patterns");
                report.error(code::TOO_LARGE, pattern.span, message);
                break;
            }
            let problem = match files.any_match(&pattern.value) {
                Ok(true) => continue,
                Ok(false) => Diagnostic::error(code::NO_FILES, pattern.span, format!("no file matches `{}`", pattern.value))
                    .hint("patterns are relative to the folder of their file; `**` stands for any folders, `*` for a part of one name"),
                Err(FileError::Pattern(reason)) => {
                    Diagnostic::error(code::NO_FILES, pattern.span, format!("`{}` is no pattern: {reason}", pattern.value))
                }
                Err(error) => {
                    Diagnostic::error(code::NO_FILES, pattern.span, format!("files cannot be looked for: {error}"))
                }
            };
            report.add(problem);
        }
    }
    // Journals name tools by their places: those that were added later come behind.
    for names in [&PAPER_TOOLS[..], &FURTHER_TOOLS[..], &CHECKING_TOOLS[..]] {
        for corpus in &document.shared.corpora {
            tools.extend(names.iter().map(|tool| of_corpus(&corpus.name.value, tool)));
        }
    }
    tools
}

fn of_corpus(corpus: &str, tool: &str) -> Tool {
    Tool {
        path: format!("{corpus}.{tool}"),
        source: ToolSource::Corpus {
            corpus: corpus.to_owned(),
            tool: tool.to_owned(),
        },
        class: EffectClass::Pure,
    }
}

/// What a tool takes and gives, by how its corpus is shown.
pub(super) fn signature(document: &Document, tool: &Tool) -> Signature {
    let corpus = declared(document, tool.source.group());
    let results = corpus.map_or(Results::Snippets, |corpus| corpus.offer.results);
    let metadata = corpus.map_or(&[][..], |corpus| corpus.metadata.as_slice());
    Signature::of_retrieval(tool.source.tool(), results, metadata)
}

/// The tools that come with a corpus as a whole, as it lists them; none for what is no corpus.
pub(super) fn granted<'d>(document: &'d Document, group: &str) -> Option<&'d [String]> {
    declared(document, group).map(|corpus| corpus.offer.tools.as_slice())
}

fn declared<'d>(document: &'d Document, name: &str) -> Option<&'d Corpus> {
    let mut corpora = document.shared.corpora.iter();
    corpora.find(|corpus| corpus.name.value == name)
}
