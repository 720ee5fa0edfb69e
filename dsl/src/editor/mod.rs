//! What an editor asks about a file: what is wrong, what may come next, what a name means, where it is
//! declared and used. Pure: a text and the files beside it go in, answers come out.
//!
//! A tree answers where there is one; for what is being written, and so is broken most of the time, the
//! lines and brackets around the cursor tell where it stands (`cursor`), the language what may stand
//! there (`grammar`), and the names of the last tree what it is called (`complete`).

mod complete;
mod cursor;
mod expression;
mod fix;
mod flow;
mod grammar;
mod hover;
mod lines;
mod outline;
mod rename;
mod symbols;

pub use complete::{Completion, Suggests};
pub use fix::fix;
pub use hover::Hover;
pub use outline::{Item, Outline};
pub use rename::Edit;

use crate::check::Checked;
use crate::code;
use crate::document::Document;
use crate::files::{Files, joined};
use crate::yaml::{Kind, Node};
use cursor::{Part, Role, locate};
use std::sync::Arc;
use symbols::{Occurrence, Symbol};
use troupe_core::diagnostic::{Diagnostic, Severity, SourceId, Sources, Span};

/// What a file that others import is not to be told: its steps are theirs.
const IN_OTHERS: [&str; 4] = [
    code::NO_STEPS,
    code::UNUSED_AGENT,
    code::UNUSED_MODEL,
    code::UNUSED_CORPUS,
];
/// Lines that may be blanked out to get past mistakes of syntax.
const MAX_BLANKED: usize = 4;

/// A file that an editor has open, as far as it could be understood.
#[derive(Debug)]
pub struct Analysis {
    name: String,
    text: String,
    diagnostics: Vec<Diagnostic>,
    sources: Sources,
    /// Absent until the file could once be read.
    seen: Option<Arc<Seen>>,
    /// Whether `seen` is of this text, so that its places are right.
    is_current: bool,
}

/// The tree of a file, and what it means.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) root: Node,
    pub(crate) document: Document,
    pub(crate) checked: Checked,
}

impl Analysis {
    /// Analyses a file. `name` is its name in diagnostics; its paths go to `files`.
    pub fn of(name: &str, text: &str, files: &dyn Files) -> Self {
        let mut analysis = Self {
            name: name.to_owned(),
            text: String::new(),
            diagnostics: Vec::new(),
            sources: Sources::default(),
            seen: None,
            is_current: false,
        };
        analysis.update(text, files);
        analysis
    }

    /// Analyses another text of the same file. What was known of the last one that could be read stays
    /// known while this one cannot.
    pub fn update(&mut self, text: &str, files: &dyn Files) {
        text.clone_into(&mut self.text);
        let (diagnostics, sources, mut seen) = crate::analyse(&self.name, text, files);
        let mut told = diagnostics.clone();
        let mut blanked = text.to_owned();
        for _ in 0..MAX_BLANKED {
            let place = told.first().map(|first| first.labels[0].span);
            let (None, Some(place)) = (&seen, place) else { break };
            if place.source != SourceId(0) || !blank(&mut blanked, place.start as usize) {
                break;
            }
            (told, _, seen) = crate::analyse(&self.name, &blanked, files);
        }
        self.is_current = seen.is_some();
        if let Some(seen) = seen {
            self.seen = Some(Arc::new(seen));
        }
        self.diagnostics = diagnostics;
        if self.is_shared() {
            self.diagnostics
                .retain(|diagnostic| !IN_OTHERS.contains(&diagnostic.code));
        }
        self.sources = sources;
    }

    /// Whether the file is one that others import: nothing in it speaks of steps.
    fn is_shared(&self) -> bool {
        match self.current().map(|seen| &seen.root.kind) {
            Some(Kind::Map(entries)) => grammar::is_shared(entries.iter().map(|entry| entry.key.as_str())),
            _ => false,
        }
    }

    /// The text that was analysed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Everything that is wrong, in the order of the text.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// The texts that places point into: this file first, then those that it names.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// What may be written at a byte of the text, the likeliest first.
    pub fn complete(&self, offset: usize) -> Vec<Completion> {
        complete::at(self, self.floor(offset))
    }

    /// What stands at a byte of the text.
    pub fn hover(&self, offset: usize) -> Option<Hover> {
        hover::at(self, self.floor(offset))
    }

    /// Where the name at a byte of the text is declared: in this file or in one of its sources. The
    /// beginning of a file when it is a file that is named.
    pub fn definition(&self, offset: usize, files: &dyn Files) -> Option<Span> {
        let offset = self.floor(offset);
        match self.occurrence(offset) {
            Some(found) => self
                .occurrences(found.symbol)
                .into_iter()
                .find(|occurrence| occurrence.declares)
                .map(|occurrence| occurrence.span),
            None => self.named_file(offset, files),
        }
    }

    /// Every place of the name at a byte of the text, its declaration included.
    pub fn references(&self, offset: usize) -> Vec<Span> {
        let Some(found) = self.occurrence(self.floor(offset)) else {
            return Vec::new();
        };
        self.occurrences(found.symbol)
            .into_iter()
            .map(|occurrence| occurrence.span)
            .collect()
    }

    /// The bytes of the name at a byte of the text, where it can be renamed.
    pub fn renamed(&self, offset: usize) -> Result<Span, String> {
        rename::target(self, self.floor(offset)).map(|found| found.span)
    }

    /// The edits that give the name at a byte of the text another one, in every place. The error is a
    /// sentence: what stands there cannot be renamed, or not to that.
    pub fn rename(&self, offset: usize, new: &str, files: &dyn Files) -> Result<Vec<Edit>, String> {
        rename::edits(self, self.floor(offset), new, files)
    }

    /// The file's sections, and what they declare.
    pub fn symbols(&self) -> Vec<Outline> {
        self.current().map_or_else(Vec::new, outline::of)
    }

    fn errors(&self) -> usize {
        let errors = self.diagnostics.iter();
        errors
            .filter(|diagnostic| diagnostic.severity == Severity::Error)
            .count()
    }

    /// What is known of this very text.
    fn current(&self) -> Option<&Seen> {
        self.seen.as_deref().filter(|_| self.is_current)
    }

    fn occurrence(&self, offset: usize) -> Option<Occurrence> {
        let seen = self.current()?;
        symbols::occurrences(seen, &self.sources)
            .into_iter()
            .find(|occurrence| symbols::holds(occurrence.span, offset))
    }

    fn occurrences(&self, symbol: Symbol) -> Vec<Occurrence> {
        let Some(seen) = self.current() else { return Vec::new() };
        let all = symbols::occurrences(seen, &self.sources);
        all.into_iter()
            .filter(|occurrence| occurrence.symbol == symbol)
            .collect()
    }

    /// The file whose path stands at `offset`.
    fn named_file(&self, offset: usize, files: &dyn Files) -> Option<Span> {
        let cursor = locate(&self.text, offset);
        let Role::Value { start, .. } = cursor.role else {
            return None;
        };
        let is_path = match cursor.keys().as_slice() {
            ["imports"] => true,
            ["steps", _, "workflow"] | ["agents", _, "system"] => cursor.path.last() != Some(&Part::Item),
            _ => false,
        };
        let line = self.text.get(start..)?.lines().next()?;
        let path = line.split(['"', '\'', ',', ']', '}', '#']).next()?.trim();
        let name = files.name(&joined("", path));
        let known = self.sources.files.iter().position(|file| file.name == name)?;
        (is_path && known > 0).then(|| Span::new(SourceId(u32::try_from(known).unwrap_or(u32::MAX)), 0, 0))
    }

    /// The offset, or the character's beginning that it stands in.
    fn floor(&self, offset: usize) -> usize {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        offset
    }
}

/// Puts spaces in the place of the line that holds a byte; false when it is blank already.
fn blank(text: &mut String, offset: usize) -> bool {
    let offset = offset.min(text.len());
    let start = text.as_bytes()[..offset]
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    let end = lines::line_end(text, start);
    if text[start..end].trim().is_empty() {
        return false;
    }
    text.replace_range(start..end, &" ".repeat(end - start));
    true
}

#[cfg(test)]
mod tests;
