//! Collects the diagnostics of one compilation, and the texts that they point into.

use troupe_core::diagnostic::{Diagnostic, Severity, SourceFile, SourceId, Sources, Span};

/// More would not be read; a hostile file must not fill the memory with them.
const MAX_DIAGNOSTICS: usize = 200;

pub(crate) struct Report {
    pub(crate) sources: Sources,
    diagnostics: Vec<Diagnostic>,
}

impl Report {
    pub(crate) fn new(name: &str) -> Self {
        let file = SourceFile {
            name: name.to_owned(),
            text: String::new(),
        };
        Self {
            sources: Sources { files: vec![file] },
            diagnostics: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, diagnostic: Diagnostic) {
        if self.diagnostics.len() < MAX_DIAGNOSTICS {
            self.diagnostics.push(diagnostic);
        }
    }

    pub(crate) fn error(&mut self, code: &'static str, span: Span, message: impl Into<String>) {
        self.add(Diagnostic::error(code, span, message));
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|d| d.severity == Severity::Error)
    }

    /// The id of a file whose text diagnostics may point into from now on.
    pub(crate) fn source(&mut self, name: &str, text: &str) -> SourceId {
        let id = u32::try_from(self.sources.files.len()).unwrap_or(u32::MAX);
        self.sources.files.push(SourceFile {
            name: name.to_owned(),
            text: text.to_owned(),
        });
        SourceId(id)
    }

    /// The text under a span, cut to whole characters.
    pub(crate) fn text(&self, span: Span) -> &str {
        self.sources
            .get(span.source)
            .and_then(|file| file.text.get(span.start as usize..span.end as usize))
            .unwrap_or("")
    }

    /// All diagnostics in the order of the text, each said once.
    pub(crate) fn finish(self) -> (Vec<Diagnostic>, Sources) {
        let mut diagnostics = self.diagnostics;
        diagnostics.sort_by_key(|d| d.labels.first().map(|label| label.span));
        diagnostics.dedup();
        (diagnostics, self.sources)
    }
}
