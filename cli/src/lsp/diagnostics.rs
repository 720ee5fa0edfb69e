//! What is wrong, told to the editor at the file that it belongs to.

use super::documents::Documents;
use super::position::{Encoding, Lines};
use super::uri;
use lsp_types::{
    Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, Location, NumberOrString, PublishDiagnosticsParams,
    Uri,
};
use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use troupe_core::diagnostic::{Severity, Span};
use troupe_dsl::editor::Analysis;

/// What was told last: by the file that was analysed, then by the file that it is told at.
#[derive(Default)]
pub struct Told {
    by: BTreeMap<String, BTreeMap<String, Vec<Diagnostic>>>,
}

impl Told {
    /// What to tell now that a file was analysed, or closed: for every file where that changes anything.
    pub fn update(&mut self, uri: &str, documents: &Documents, encoding: Encoding) -> Vec<PublishDiagnosticsParams> {
        let document = documents.get(uri);
        let found = document.and_then(|document| document.analysis.as_ref());
        let new = found.map_or_else(BTreeMap::new, |analysis| by_file(uri, analysis, encoding));
        let old = self.by.remove(uri).unwrap_or_default();
        let mut targets: BTreeSet<String> = old.into_keys().chain(new.keys().cloned()).collect();
        targets.insert(uri.to_owned());
        if document.is_some() {
            self.by.insert(uri.to_owned(), new);
        }
        targets
            .into_iter()
            .filter_map(|target| self.at(&target, documents))
            .collect()
    }

    /// Everything that is to be told at one file, by whichever analysis it was found.
    fn at(&self, target: &str, documents: &Documents) -> Option<PublishDiagnosticsParams> {
        let mut diagnostics: Vec<Diagnostic> = Vec::new();
        for found in self.by.values().filter_map(|by| by.get(target)).flatten() {
            if !diagnostics.contains(found) {
                diagnostics.push(found.clone());
            }
        }
        Some(PublishDiagnosticsParams {
            uri: Uri::from_str(target).ok()?,
            diagnostics,
            version: documents.get(target).map(|document| document.version),
        })
    }
}

fn by_file(uri: &str, analysis: &Analysis, encoding: Encoding) -> BTreeMap<String, Vec<Diagnostic>> {
    let files = &analysis.sources().files;
    let lines: Vec<Lines<'_>> = files.iter().map(|file| Lines::of(&file.text, encoding)).collect();
    let mut by_file: BTreeMap<String, Vec<Diagnostic>> = BTreeMap::new();
    for problem in analysis.diagnostics() {
        let mut places = problem.labels.iter().filter_map(|label| {
            let place = location(uri, analysis, &lines, label.span)?;
            Some((place, label.text.clone()))
        });
        let Some((place, label)) = places.next() else { continue };
        let related = places.map(|(location, message)| DiagnosticRelatedInformation { location, message });
        let related: Vec<DiagnosticRelatedInformation> = related.collect();
        let mut message = problem.message.clone();
        for line in std::iter::once(&label)
            .chain(&problem.hints)
            .filter(|line| !line.is_empty())
        {
            message.push('\n');
            message.push_str(line);
        }
        let diagnostic = Diagnostic {
            range: place.range,
            severity: Some(match problem.severity {
                Severity::Error => DiagnosticSeverity::ERROR,
                Severity::Warning => DiagnosticSeverity::WARNING,
            }),
            code: Some(NumberOrString::String(problem.code.to_owned())),
            source: Some("troupe".to_owned()),
            message,
            related_information: (!related.is_empty()).then_some(related),
            ..Diagnostic::default()
        };
        by_file
            .entry(place.uri.as_str().to_owned())
            .or_default()
            .push(diagnostic);
    }
    by_file
}

fn location(uri: &str, analysis: &Analysis, lines: &[Lines<'_>], span: Span) -> Option<Location> {
    let address = address(uri, analysis, span)?;
    let lines = lines.get(span.source.0 as usize)?;
    Some(Location::new(
        address,
        lines.range(span.start as usize, span.end as usize),
    ))
}

/// The address of the file that a span lies in; none for the standard library's.
pub fn address(uri: &str, analysis: &Analysis, span: Span) -> Option<Uri> {
    if span.source.0 == 0 {
        return Uri::from_str(uri).ok();
    }
    let file = analysis.sources().get(span.source)?;
    let is_path = file.name.starts_with('/');
    is_path.then(|| Uri::from_str(&uri::of(&file.name)).ok()).flatten()
}
