//! Corpora have files, and bring tools.

use crate::code;
use crate::document::Document;
use crate::files::{FileError, Files};
use crate::report::Report;
use crate::tool_types::RETRIEVAL_TOOLS;
use troupe_core::diagnostic::Diagnostic;
use troupe_core::ir::{EffectClass, Tool, ToolSource};

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
        for tool in RETRIEVAL_TOOLS {
            tools.push(Tool {
                path: format!("{}.{tool}", corpus.name.value),
                source: ToolSource::Corpus {
                    corpus: corpus.name.value.clone(),
                    tool: tool.to_owned(),
                },
                class: EffectClass::Pure,
            });
        }
    }
    tools
}
