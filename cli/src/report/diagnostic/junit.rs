//! Diagnostics as JUnit's XML: a suite for each file, a failed case for each error, one passed case
//! for a file without errors. Warnings fail nothing: they are the suite's output.

use super::human::draw;
use super::{Checked, of_severity};
use std::fmt::Write as _;
use troupe_core::diagnostic::{Diagnostic, Severity};

/// The document.
pub fn render(files: &[Checked]) -> String {
    let count = |file: &Checked| of_severity(&file.compiled.diagnostics, Severity::Error);
    let failures: usize = files.iter().map(count).sum();
    let tests: usize = files.iter().map(|file| count(file).max(1)).sum();
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        xml,
        "<testsuites name=\"troupe check\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\">"
    );
    files.iter().for_each(|file| suite(&mut xml, file, count(file)));
    xml.push_str("</testsuites>");
    xml
}

fn suite(xml: &mut String, file: &Checked, failures: usize) {
    let name = escaped(file.shown());
    let _ = writeln!(
        xml,
        "  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{failures}\" errors=\"0\" skipped=\"0\">",
        failures.max(1)
    );
    if failures == 0 {
        let _ = writeln!(xml, "    <testcase classname=\"{name}\" name=\"check\"/>");
    }
    let of = |severity| {
        let all = file.compiled.diagnostics.iter();
        all.filter(move |diagnostic| diagnostic.severity == severity)
    };
    for error in of(Severity::Error) {
        failure(xml, file, error);
    }
    let warnings: Vec<String> = of(Severity::Warning)
        .map(|warning| draw(warning, &file.compiled.sources, false))
        .collect();
    if !warnings.is_empty() {
        let _ = writeln!(xml, "    <system-out>{}</system-out>", escaped(&warnings.join("\n\n")));
    }
    xml.push_str("  </testsuite>\n");
}

fn failure(xml: &mut String, file: &Checked, error: &Diagnostic) {
    let place = error.labels.first().map(|label| file.place(label));
    let at = place.map_or(String::new(), |place| {
        format!(" at {}:{}:{}", place.path, place.line, place.column)
    });
    let _ = writeln!(
        xml,
        "    <testcase classname=\"{}\" name=\"{}\">\n      <failure type=\"{}\" message=\"{}\">{}</failure>\n    </testcase>",
        escaped(file.shown()),
        escaped(&format!("{}{at}", error.code)),
        escaped(error.code),
        escaped(&error.message),
        escaped(&draw(error, &file.compiled.sources, false)),
    );
}

/// Text for XML 1.0, in elements and in attributes. Characters that XML cannot hold in any form
/// become U+FFFD.
pub fn escaped(text: &str) -> String {
    let mut xml = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '"' => xml.push_str("&quot;"),
            '\r' => xml.push_str("&#13;"),
            '\n' | '\t' => xml.push(character),
            '\0'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}' => xml.push('\u{FFFD}'),
            other => xml.push(other),
        }
    }
    xml
}
