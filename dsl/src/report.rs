//! Collects the diagnostics of one compilation, and the texts that they point into.

use crate::nearest;
use troupe_core::diagnostic::{Diagnostic, Severity, SourceFile, SourceId, Sources, Span};

/// More would not be read; a hostile file must not fill the memory with them.
const MAX_DIAGNOSTICS: usize = 200;
/// Bytes of one message, label or hint.
const MAX_TEXT: usize = 1_000;
/// Bytes of all included files together, each counted as often as it is included.
const MAX_INCLUDED: usize = 64 << 20;

pub(crate) struct Report {
    pub(crate) sources: Sources,
    diagnostics: Vec<Diagnostic>,
    included: usize,
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
            included: 0,
        }
    }

    pub(crate) fn add(&mut self, mut diagnostic: Diagnostic) {
        if self.is_full() {
            return;
        }
        let texts = diagnostic
            .labels
            .iter_mut()
            .map(|label| &mut label.text)
            .chain(&mut diagnostic.hints);
        for text in texts.chain([&mut diagnostic.message]) {
            shorten(text);
        }
        self.diagnostics.push(diagnostic);
    }

    fn is_full(&self) -> bool {
        self.diagnostics.len() >= MAX_DIAGNOSTICS
    }

    /// The hints of an unknown name: the nearest one, and what there is. None once nothing more is
    /// told: looking for the nearest of many costs time.
    pub(crate) fn hints(&self, name: &str, what: &str, known: &[&str]) -> Vec<String> {
        if self.is_full() {
            return Vec::new();
        }
        nearest::hints(name, what, known)
    }

    /// Whether one more file of this size may be included.
    pub(crate) fn include(&mut self, bytes: usize) -> bool {
        self.included = self.included.saturating_add(bytes);
        self.included <= MAX_INCLUDED
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

fn shorten(text: &mut String) {
    if text.len() > MAX_TEXT {
        let end = (0..=MAX_TEXT).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
}
