//! Collects the diagnostics of one compilation, and the texts that they point into.

use crate::files::Files;
use crate::{code, nearest};
use troupe_core::diagnostic::{Diagnostic, Severity, SourceFile, SourceId, Sources, Span};

/// More would not be read; a hostile file must not fill the memory with them.
const MAX_DIAGNOSTICS: usize = 200;
/// Files that one workflow may include.
const MAX_FILES: usize = 1_000;
/// Bytes of one message, label or hint.
const MAX_TEXT: usize = 1_000;
/// Bytes of all included files together, each counted as often as it is included.
const MAX_INCLUDED: usize = 64 << 20;

pub(crate) struct Report {
    pub(crate) sources: Sources,
    diagnostics: Vec<Diagnostic>,
    included: usize,
    /// What the files use and this version cannot run, in sentences.
    unavailable: Vec<String>,
    mended: Vec<Span>,
    /// The sections of which lines were left out, since they are not YAML.
    lost: Vec<String>,
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
            unavailable: Vec::new(),
            mended: Vec::new(),
            lost: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, mut diagnostic: Diagnostic) {
        if self.is_full() || self.is_echo(&diagnostic) {
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

    /// Notes that a line was read otherwise than it was written: what is wrong with it has been told.
    /// `lost` is the section of which something was left out.
    pub(crate) fn mended(&mut self, line: Span, lost: Option<String>) {
        self.mended.push(line);
        self.lost.extend(lost);
    }

    /// Whether lines were left out, since they are not YAML. What they said is not missing.
    pub(crate) fn damaged(&self) -> bool {
        !self.lost.is_empty()
    }

    /// Whether a problem may be nothing but the echo of a syntax error that was told.
    fn is_echo(&self, diagnostic: &Diagnostic) -> bool {
        let from = |sections: &[&str]| {
            self.lost
                .iter()
                .any(|lost| lost.is_empty() || sections.contains(&lost.as_str()))
        };
        match diagnostic.code {
            code::MISSING_KEY | code::MISSING_ARGUMENT | code::NO_STEPS | code::NO_VERB | code::NO_VERSION => {
                self.damaged()
            }
            code::UNKNOWN_NAME => self.damaged(),
            code::UNKNOWN_INPUT => from(&["inputs"]),
            code::UNKNOWN_STEP => from(&["steps"]),
            code::UNKNOWN_AGENT => from(&["agents", "imports"]),
            code::UNKNOWN_MODEL => from(&["models", "imports"]),
            code::UNKNOWN_TOOL => from(&["corpora", "mcp", "imports"]),
            code::UNKNOWN_KEY => {
                let at = diagnostic.labels.first().map(|label| label.span);
                let within =
                    |line: &Span, at: Span| line.source == at.source && (line.start..=line.end).contains(&at.start);
                at.is_some_and(|at| self.mended.iter().any(|line| within(line, at)))
            }
            _ => false,
        }
    }

    /// Takes over what another report found in the same files.
    pub(crate) fn absorb(&mut self, other: Self) {
        for diagnostic in other.diagnostics {
            self.add(diagnostic);
        }
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

    /// Reads a file that a workflow names, for diagnostics to point into; what is wrong with it is
    /// reported at `span`.
    pub(crate) fn include_text(&mut self, files: &dyn Files, path: &str, span: Span) -> Option<(SourceId, String)> {
        let reason = match files.read(path) {
            Ok(bytes) if !self.include(bytes.len()) => "all files together have more than 64 MiB".to_owned(),
            Ok(_) if self.sources.files.len() >= MAX_FILES => format!("more than {MAX_FILES} files are included"),
            Ok(bytes) => match String::from_utf8(bytes) {
                Ok(text) => {
                    let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
                    return Some((self.source(&files.name(path), &text), text));
                }
                Err(_) => "it is not UTF-8 text".to_owned(),
            },
            Err(error) => error.to_string(),
        };
        let message = format!("the file `{path}` cannot be used: {reason}");
        self.add(
            Diagnostic::error(code::FILE, span, message)
                .hint("paths are relative to the folder of the file that names them"),
        );
        None
    }

    /// Notes that a file uses something that can be checked and not run.
    pub(crate) fn later(&mut self, what: &str, span: Span) {
        let message = format!("`{what}` is checked here, and running it is not available yet");
        let place = self.sources.get(span.source).map_or_else(String::new, |file| {
            let (line, column) = file.line_column(span.start);
            format!("{}:{line}:{column}: ", file.name)
        });
        self.unavailable.push(format!("{place}`{what}` is not available yet"));
        let hint = "such a workflow is refused before it starts; nothing that a file says is ignored";
        self.add(Diagnostic::warning(code::NOT_YET, span, message).hint(hint));
    }

    /// What the files use and this version cannot run, from the `from`-th on.
    pub(crate) fn unavailable(&self, from: usize) -> &[String] {
        self.unavailable.get(from..).unwrap_or(&[])
    }

    pub(crate) fn error(&mut self, code: &'static str, span: Span, message: impl Into<String>) {
        self.add(Diagnostic::error(code, span, message));
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.errors() > 0
    }

    pub(crate) fn errors(&self) -> usize {
        self.diagnostics
            .iter()
            .filter(|d| d.severity == Severity::Error)
            .count()
    }

    /// The id of a file whose text diagnostics may point into from now on. A file that is read twice
    /// has one id, so that what is wrong with it is one mistake.
    pub(crate) fn source(&mut self, name: &str, text: &str) -> SourceId {
        let mut known = self.sources.files.iter().zip(0_u32..);
        if let Some((_, at)) = known.find(|(file, _)| file.name == name && file.text == text) {
            return SourceId(at);
        }
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
        let mut told: Vec<Diagnostic> = Vec::with_capacity(diagnostics.len());
        for diagnostic in diagnostics {
            // There are few of them, and those that are alike stand near each other.
            if !told.contains(&diagnostic) {
                told.push(diagnostic);
            }
        }
        let mut diagnostics = told;
        diagnostics.retain(|d| d.severity == Severity::Error || !silenced(&self.sources, d));
        (diagnostics, self.sources)
    }
}

/// Whether the author silenced a warning: `# allow: T0612` at the end of its line, or alone on the
/// line above.
fn silenced(sources: &Sources, diagnostic: &Diagnostic) -> bool {
    let Some(label) = diagnostic.labels.first() else {
        return false;
    };
    let Some(text) = sources.get(label.span.source).map(|file| file.text.as_str()) else {
        return false;
    };
    let at = (label.span.start as usize).min(text.len());
    let start = text.as_bytes()[..at]
        .iter()
        .rposition(|b| *b == b'\n')
        .map_or(0, |n| n + 1);
    let line = text[start..].lines().next().unwrap_or("");
    let above = text[..start]
        .trim_end_matches(['\n', '\r'])
        .lines()
        .next_back()
        .unwrap_or("");
    let allows = |line: &str| {
        line.rsplit_once("# allow:")
            .is_some_and(|(_, codes)| codes.split([',', ' ']).any(|code| code == diagnostic.code))
    };
    allows(line) || (above.trim_start().starts_with('#') && allows(above))
}

fn shorten(text: &mut String) {
    if text.len() > MAX_TEXT {
        let end = (0..=MAX_TEXT).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
}
