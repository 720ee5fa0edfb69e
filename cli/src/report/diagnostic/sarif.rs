//! Diagnostics as SARIF 2.1.0 (OASIS): one run for all files, one rule for every code that occurs.

use super::{Checked, Place, lines};
use crate::report::title;
use serde_json::json;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use troupe_core::Value;
use troupe_core::diagnostic::{Diagnostic, Severity};

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// What stands for the folder that relative addresses start from.
const ROOT: &str = "%SRCROOT%";

/// The log of one run.
pub fn render(files: &[Checked]) -> String {
    let all = files.iter().flat_map(|file| &file.compiled.diagnostics);
    let codes: BTreeSet<&str> = all.map(|diagnostic| diagnostic.code).collect();
    let codes: Vec<&str> = codes.into_iter().collect();
    let results = files.iter().flat_map(|file| {
        let diagnostics = file.compiled.diagnostics.iter();
        diagnostics.map(|diagnostic| result(file, diagnostic, &codes))
    });
    let artifacts = files
        .iter()
        .map(|file| json!({ "location": artifact(file.shown()), "roles": ["analysisTarget"] }));
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "troupe",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": codes.iter().map(|code| rule(code)).collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "artifacts": artifacts.collect::<Vec<_>>(),
            "results": results.collect::<Vec<_>>(),
        }],
    });
    format!("{log:#}")
}

fn rule(code: &str) -> Value {
    let page = troupe_dsl::explain(code).unwrap_or_default();
    let title = title(code);
    json!({
        "id": code,
        "shortDescription": { "text": if title.is_empty() { code } else { title } },
        "help": { "text": format!("`troupe explain {code}` explains it"), "markdown": page },
    })
}

fn result(file: &Checked, diagnostic: &Diagnostic, codes: &[&str]) -> Value {
    let level = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let mut labels = diagnostic.labels.iter();
    let primary = match labels.next() {
        Some(label) => location(&file.place(label)),
        None => json!({ "physicalLocation": { "artifactLocation": artifact(file.shown()) } }),
    };
    let related = labels.map(|label| {
        let mut location = location(&file.place(label));
        if !label.text.is_empty() {
            location["message"] = json!({ "text": label.text });
        }
        location
    });
    json!({
        "ruleId": diagnostic.code,
        "ruleIndex": codes.binary_search(&diagnostic.code).unwrap_or_default(),
        "level": level,
        "message": { "text": lines(diagnostic).join("\n") },
        "locations": [primary],
        "relatedLocations": related.collect::<Vec<_>>(),
    })
}

fn location(place: &Place<'_>) -> Value {
    json!({
        "physicalLocation": {
            "artifactLocation": artifact(place.path),
            "region": {
                "startLine": place.line, "startColumn": place.column,
                "endLine": place.end_line, "endColumn": place.end_column,
            },
        },
    })
}

fn artifact(path: &str) -> Value {
    if path.starts_with('/') {
        json!({ "uri": format!("file://{}", encoded(path)) })
    } else {
        json!({ "uri": encoded(path), "uriBaseId": ROOT })
    }
}

/// A path as the path of a URI (RFC 3986): everything but unreserved characters is percent-encoded.
fn encoded(path: &str) -> String {
    let mut uri = String::new();
    for byte in path.bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' => uri.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => uri.push(char::from(byte)),
            _ => {
                let _ = write!(uri, "%{byte:02X}");
            }
        }
    }
    uri
}
