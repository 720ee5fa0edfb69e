//! Diagnostics as GitHub's workflow commands: what a job prints becomes a note at the line.

use super::{Checked, lines};
use crate::report::title;
use troupe_core::diagnostic::{Diagnostic, Severity};

/// One command a diagnostic; nothing for clean files.
pub fn render(files: &[Checked]) -> String {
    let commands = files
        .iter()
        .flat_map(|file| file.compiled.diagnostics.iter().map(|one| command(file, one)));
    commands.collect::<Vec<_>>().join("\n")
}

fn command(file: &Checked, diagnostic: &Diagnostic) -> String {
    let word = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let mut properties = Vec::new();
    match diagnostic.labels.first().map(|label| file.place(label)) {
        Some(place) => {
            properties.push(("file", place.path.to_owned()));
            properties.push(("line", place.line.to_string()));
            // Columns are accepted within one line only, and the last one belongs to the place.
            if place.end_line == place.line {
                properties.push(("col", place.column.to_string()));
                properties.push(("endLine", place.end_line.to_string()));
                properties.push(("endColumn", (place.end_column - 1).max(place.column).to_string()));
            } else {
                properties.push(("endLine", place.end_line.to_string()));
            }
        }
        None => properties.push(("file", file.shown().to_owned())),
    }
    properties.push(("title", format!("{}: {}", diagnostic.code, title(diagnostic.code))));
    let properties: Vec<String> = properties
        .iter()
        .map(|(name, value)| format!("{name}={}", property(value)))
        .collect();
    format!(
        "::{word} {}::{}",
        properties.join(","),
        message(&text(file, diagnostic))
    )
}

/// An annotation shows one place: the others are written out.
fn text(file: &Checked, diagnostic: &Diagnostic) -> String {
    let mut lines = lines(diagnostic);
    for label in diagnostic.labels.iter().skip(1) {
        let place = file.place(label);
        lines.push(format!(
            "{}:{}:{}: {}",
            place.path, place.line, place.column, label.text
        ));
    }
    lines.join("\n")
}

/// What may not stand in a message.
fn message(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// What may not stand in a property.
fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}
