//! Diagnostics as data: one entry a file.

use super::Checked;
use crate::report::title;
use serde_json::json;
use troupe_core::Value;
use troupe_core::diagnostic::{Diagnostic, Label};

/// All files as a JSON list.
pub fn render(files: &[Checked]) -> String {
    let files: Value = files.iter().map(file).collect();
    format!("{files:#}")
}

fn file(file: &Checked) -> Value {
    let diagnostics = file.compiled.diagnostics.iter();
    json!({
        "file": file.path,
        "ok": !file.compiled.has_errors(),
        "diagnostics": diagnostics.map(|one| diagnostic(file, one)).collect::<Vec<_>>(),
    })
}

fn diagnostic(file: &Checked, diagnostic: &Diagnostic) -> Value {
    json!({
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "title": title(diagnostic.code),
        "message": diagnostic.message,
        "labels": diagnostic.labels.iter().map(|one| label(file, one)).collect::<Vec<_>>(),
        "hints": diagnostic.hints,
        "explain": format!("troupe explain {}", diagnostic.code),
    })
}

fn label(file: &Checked, label: &Label) -> Value {
    let place = file.place(label);
    json!({
        "file": place.path, "line": place.line, "column": place.column,
        "end_line": place.end_line, "end_column": place.end_column, "text": label.text,
    })
}
