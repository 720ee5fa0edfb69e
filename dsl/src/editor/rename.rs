//! Another name for something, in every place.

use super::symbols::{Occurrence, Symbol, declarations};
use super::{Analysis, Seen};
use crate::document::{ROOTS, identifier, label};
use crate::files::{FileError, Files};
use crate::report::Report;
use std::collections::HashMap;
use troupe_core::diagnostic::{SourceId, Span};

/// A stretch of text and what is to stand in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The bytes that go.
    pub span: Span,
    /// The text that comes.
    pub text: String,
}

/// The place of the name at `offset`, when it can be renamed.
pub(super) fn target(analysis: &Analysis, offset: usize) -> Result<Occurrence, String> {
    let Some(seen) = analysis.current() else {
        return Err("the file cannot be read as it is: mend its syntax first".into());
    };
    let Some(found) = analysis.occurrence(offset) else {
        return Err("what stands here is no name that this file declares".into());
    };
    let declared = declarations(seen)
        .into_iter()
        .find(|(symbol, _)| *symbol == found.symbol);
    let source = declared.map_or(SourceId(0), |(_, name)| name.span.source);
    match analysis.sources.get(source).filter(|_| source != SourceId(0)) {
        Some(file) => Err(format!("this name is declared in {}: rename it there", file.name)),
        None => Ok(found),
    }
}

pub(super) fn edits(analysis: &Analysis, offset: usize, new: &str, files: &dyn Files) -> Result<Vec<Edit>, String> {
    let found = target(analysis, offset)?;
    let seen = analysis.current().ok_or("the file cannot be read as it is")?;
    is_a_name(found.symbol, new)?;
    is_free(analysis, seen, found.symbol, new)?;
    let mut edits: Vec<Edit> = analysis
        .occurrences(found.symbol)
        .into_iter()
        .map(|occurrence| Edit {
            span: occurrence.span,
            text: new.to_owned(),
        })
        .collect();
    edits.sort_by_key(|edit| edit.span);
    stays_right(analysis, &edits, files)?;
    Ok(edits)
}

/// Whether a name of this kind may be written so.
fn is_a_name(symbol: Symbol, new: &str) -> Result<(), String> {
    let mut report = Report::new("");
    let here = Span::new(SourceId(0), 0, 0);
    let fits = match symbol {
        Symbol::Step(_) => identifier(&mut report, new, here, "a step"),
        Symbol::Input(_) => identifier(&mut report, new, here, "an input"),
        Symbol::Item(_) if ROOTS.contains(&new) => {
            return Err(format!("an item named `{new}` would hide the variable of that name"));
        }
        Symbol::Item(_) => identifier(&mut report, new, here, "an item"),
        Symbol::Agent(_) => label(&mut report, new, here, "an agent"),
        Symbol::Model(_) => label(&mut report, new, here, "a model"),
        Symbol::Corpus(_) => label(&mut report, new, here, "a corpus"),
        Symbol::Sandbox(_) => label(&mut report, new, here, "a sandbox"),
        Symbol::Server(_) => label(&mut report, new, here, "a server"),
    };
    if fits {
        return Ok(());
    }
    let (problems, _) = report.finish();
    Err(problems
        .into_iter()
        .next()
        .map_or_else(String::new, |problem| problem.message))
}

/// Whether nothing else has the name yet.
fn is_free(analysis: &Analysis, seen: &Seen, symbol: Symbol, new: &str) -> Result<(), String> {
    let kind = std::mem::discriminant(&symbol);
    if let Symbol::Item(step) = symbol {
        let step = &seen.document.steps[step];
        let next = seen.document.steps.iter().map(|step| step.span().start);
        let end = next
            .filter(|start| *start > step.span().start)
            .min()
            .unwrap_or(u32::MAX);
        let mut uses = seen.checked.meanings.iter().flat_map(|meanings| &meanings.uses);
        let is_there = uses.any(|found| {
            let place = found.span;
            let is_field = analysis.text[..place.start as usize].ends_with('.');
            !is_field
                && place.source == step.span().source
                && (step.span().start..end).contains(&place.start)
                && analysis.text.get(place.start as usize..place.end as usize) == Some(new)
        });
        return if is_there {
            Err(format!("`{new}` stands for something else in this step"))
        } else {
            Ok(())
        };
    }
    let taken = declarations(seen)
        .into_iter()
        .any(|(other, name)| std::mem::discriminant(&other) == kind && name.value == new);
    if taken {
        Err(format!("the name `{new}` is taken"))
    } else {
        Ok(())
    }
}

/// Tries the edits: what cannot be renamed without a new mistake is not renamed at all.
fn stays_right(analysis: &Analysis, edits: &[Edit], files: &dyn Files) -> Result<(), String> {
    let edited = Edited {
        files,
        texts: apply(analysis, edits),
    };
    let text = edited.texts.get(&analysis.name).unwrap_or(&analysis.text);
    let after = Analysis::of(&analysis.name, text, &edited);
    if after.errors() <= analysis.errors() {
        return Ok(());
    }
    let known = |message: &str| {
        analysis
            .diagnostics
            .iter()
            .any(|diagnostic| diagnostic.message == message)
    };
    let new = after.diagnostics.iter().find(|diagnostic| !known(&diagnostic.message));
    let reason = new.map_or("", |diagnostic| diagnostic.message.as_str());
    Err(format!("with that name the file would not be right any more: {reason}"))
}

/// The texts of all files that edits change, by their names, with the changes made.
fn apply(analysis: &Analysis, edits: &[Edit]) -> HashMap<String, String> {
    let mut texts: HashMap<String, String> = HashMap::new();
    // From the end, so that places before stay where they are.
    for edit in edits.iter().rev() {
        let Some(file) = analysis.sources.get(edit.span.source) else {
            continue;
        };
        let text = texts.entry(file.name.clone()).or_insert_with(|| file.text.clone());
        text.replace_range(edit.span.start as usize..edit.span.end as usize, &edit.text);
    }
    texts
}

/// Files of which some are changed.
struct Edited<'a> {
    files: &'a dyn Files,
    texts: HashMap<String, String>,
}

impl Files for Edited<'_> {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        match self.texts.get(&self.files.name(path)) {
            Some(text) => Ok(text.clone().into_bytes()),
            None => self.files.read(path),
        }
    }

    fn any_match(&self, pattern: &str) -> Result<bool, FileError> {
        self.files.any_match(pattern)
    }

    fn name(&self, path: &str) -> String {
        self.files.name(path)
    }
}
