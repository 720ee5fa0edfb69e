//! What is wrong with files, in every form that somebody reads: a renderer a file, all in one table.

mod github;
mod human;
mod json;
mod junit;
mod place;
mod sarif;

pub use human::diagnostics;
pub use junit::escaped;
pub use place::Place;

use clap::ValueEnum;
use std::path::{Path, PathBuf};
use troupe_core::diagnostic::{Diagnostic, Label, Severity};
use troupe_dsl::Compiled;

/// The forms of `troupe check --format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Lines with carets, for people
    Human,
    /// One JSON value
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Workflow commands that annotate a pull request on GitHub
    Github,
    /// JUnit's XML, for the test reports of build servers
    Junit,
}

impl Format {
    /// All files in this form, without a line break at the end.
    pub fn render(self, files: &[Checked]) -> String {
        let renderer: fn(&[Checked]) -> String = match self {
            Self::Human => human::render,
            Self::Json => json::render,
            Self::Sarif => sarif::render,
            Self::Github => github::render,
            Self::Junit => junit::render,
        };
        renderer(files)
    }
}

/// A file that was compiled, and where its texts lie.
pub struct Checked {
    /// The file as it was given.
    pub name: String,
    /// The file, absolute.
    pub path: PathBuf,
    /// What was found.
    pub compiled: Compiled,
    /// Where each source lies: relative to the folder that people look from, absolute outside of it.
    paths: Vec<String>,
}

impl Checked {
    /// The file `name`, which lies at `path`, looked at from the folder `here`.
    pub fn new(name: String, path: PathBuf, mut compiled: Compiled, here: &Path) -> Self {
        let mut paths = vec![place::shown(&path, here)];
        // The compiler knows the files that a workflow names by what it calls them.
        for file in compiled.sources.files.iter_mut().skip(1) {
            file.name = place::beside(&path, &file.name, here);
            paths.push(file.name.clone());
        }
        Self {
            paths,
            name,
            path,
            compiled,
        }
    }

    /// Where a label points to.
    pub fn place(&self, label: &Label) -> Place<'_> {
        let at = label.span.source.0 as usize;
        let path = self.paths.get(at).or(self.paths.first()).map_or("", String::as_str);
        Place::of(path, self.compiled.sources.get(label.span.source), label)
    }

    /// Where the file itself lies.
    pub fn shown(&self) -> &str {
        self.paths.first().map_or(&self.name, String::as_str)
    }
}

/// `2 errors, 1 warning`.
pub fn count(diagnostics: &[Diagnostic]) -> String {
    let of = |severity, word: &str| {
        let n = of_severity(diagnostics, severity);
        (n > 0).then(|| format!("{n} {word}{}", if n == 1 { "" } else { "s" }))
    };
    let counts: Vec<String> = [of(Severity::Error, "error"), of(Severity::Warning, "warning")]
        .into_iter()
        .flatten()
        .collect();
    if counts.is_empty() {
        "no errors".into()
    } else {
        counts.join(", ")
    }
}

/// How many there are of one severity.
pub fn of_severity(diagnostics: &[Diagnostic], severity: Severity) -> usize {
    diagnostics.iter().filter(|d| d.severity == severity).count()
}

/// The diagnostic in plain lines, for forms that show the place themselves: what is wrong, what stands
/// there, what to do.
fn lines(diagnostic: &Diagnostic) -> Vec<String> {
    let mut lines = vec![diagnostic.message.clone()];
    lines.extend(
        diagnostic
            .labels
            .first()
            .filter(|label| !label.text.is_empty())
            .map(|label| label.text.clone()),
    );
    lines.extend(diagnostic.hints.iter().map(|hint| format!("help: {hint}")));
    lines
}

#[cfg(test)]
mod tests;
