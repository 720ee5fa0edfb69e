//! Diagnostics for people: the line, a caret under it, and the way out.

use super::{Checked, count};
use crate::settings::Settings;
use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use troupe_core::diagnostic::{Diagnostic, Label, Severity, SourceFile, Sources};
use troupe_dsl::Compiled;

/// Bytes of a line that are drawn around a label: a line may have megabytes.
const LINE_SHOWN: usize = 400;

/// Draws all diagnostics on stderr.
pub fn diagnostics(compiled: &Compiled, settings: &Settings) {
    for diagnostic in &compiled.diagnostics {
        if diagnostic.severity == Severity::Error || !settings.quiet {
            anstream::eprintln!("{}\n", draw(diagnostic, &compiled.sources, settings.colour));
        }
    }
}

/// Everything about every file, without colours.
pub fn render(files: &[Checked]) -> String {
    let mut text = String::new();
    for file in files {
        for diagnostic in &file.compiled.diagnostics {
            text.push_str(&draw(diagnostic, &file.compiled.sources, false));
            text.push_str("\n\n");
        }
        text.push_str(&format!("{}: {}\n", file.name, count(&file.compiled.diagnostics)));
    }
    text.trim_end().to_owned()
}

/// One diagnostic as text.
pub fn draw(diagnostic: &Diagnostic, sources: &Sources, colour: bool) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(diagnostic.message.as_str()).id(diagnostic.code));
    for (n, label) in diagnostic.labels.iter().enumerate() {
        if let Some(file) = sources.get(label.span.source) {
            group = group.element(snippet(file, label, n == 0));
        }
    }
    for hint in &diagnostic.hints {
        group = group.element(Level::HELP.message(hint.as_str()));
    }
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    renderer.decor_style(DecorStyle::Ascii).render(&[group])
}

fn snippet<'a>(
    file: &'a SourceFile,
    label: &'a Label,
    is_primary: bool,
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let (window, start, line) = window(file, label.span.start as usize, label.span.end as usize);
    let kind = if is_primary {
        AnnotationKind::Primary
    } else {
        AnnotationKind::Context
    };
    let from = (label.span.start as usize).clamp(start, start + window.len()) - start;
    let to = (label.span.end as usize).clamp(start + from, start + window.len()) - start;
    let mut annotation = kind.span(from..to);
    if !label.text.is_empty() {
        annotation = annotation.label(label.text.as_str());
    }
    Snippet::source(window)
        .line_start(line)
        .path(file.name.as_str())
        .annotation(annotation)
}

/// The lines of a label, cut to what can be read: text, its offset in the file, its line number.
fn window(file: &SourceFile, from: usize, to: usize) -> (&str, usize, usize) {
    let text = &file.text;
    let boundary = |mut at: usize| {
        at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let (from, to) = (boundary(from), boundary(to));
    let line_start = text[..from].rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[to..].find('\n').map_or(text.len(), |at| to + at);
    let (line, _) = file.line_column(u32::try_from(line_start).unwrap_or(u32::MAX));
    let start = if from - line_start > LINE_SHOWN {
        boundary(from - LINE_SHOWN / 2)
    } else {
        line_start
    };
    let end = boundary(line_end.min(from + LINE_SHOWN).max(start));
    (&text[start..end], start, line)
}
