//! `.jsonl`: a line is an object with `id`, `title` and `text`; what else it has is metadata.

use super::super::chunking::Style;
use super::{Cut, Document, Entry, Trouble, is_flat, titled};
use serde_json::{Map, Value};

/// A line stays one chunk up to so many times the size of a chunk.
const LINE_CHUNKS_WHOLE: usize = 4;
/// And up to so many bytes, so that a huge line is not counted as a whole.
const LINE_BYTES_WHOLE: usize = 1 << 20;
/// Longer lines are left out: whoever writes one did not mean a passage.
const LINE_BYTES_MAX: usize = 64 << 20;

/// The lines that are not blank.
pub(super) fn entries(bytes: &[u8]) -> Vec<Entry<'_>> {
    let mut entries = Vec::new();
    let (mut start, mut line) = (0, 0u32);
    for end in memchr::memchr_iter(b'\n', bytes).chain([bytes.len()]) {
        let body = &bytes[start..end];
        line += 1;
        start = end + 1;
        if !body.trim_ascii().is_empty() {
            entries.push(Entry { head: b"", body, line });
        }
    }
    entries
}

pub(super) fn document(line: &[u8], cut: &Cut<'_>) -> Result<Document, Trouble> {
    if line.len() > LINE_BYTES_MAX {
        return Err(format!("longer than {} MiB", LINE_BYTES_MAX >> 20).into());
    }
    let mut fields = match serde_json::from_slice(line) {
        Ok(Value::Object(fields)) => fields,
        Ok(_) => return Err("not a JSON object".into()),
        Err(_) if std::str::from_utf8(line).is_err() => return Err("not UTF-8 text".into()),
        Err(error) => return Err(format!("not JSON ({})", without_place(&error)).into()),
    };
    let id = ["id", "_id"].iter().find_map(|key| id_text(fields.get(*key)?));
    let id = id.ok_or("no `id` that is text or a number")?;
    let text = ["text", "contents"].iter().find_map(|key| fields.get(*key)?.as_str());
    let text = text.ok_or("no `text` that is a string")?;
    let title = fields
        .get("title")
        .and_then(Value::as_str)
        .map(str::trim)
        .unwrap_or_default();
    let chunks = passage(&titled(title, text), cut)?;
    for key in ["id", "_id", "text", "contents"] {
        fields.remove(key);
    }
    Ok(Document {
        id: Some(id),
        chunks,
        metadata: kept(fields),
    })
}

/// The chunks of a passage that somebody has cut and named already. Citations and gold labels use its name:
/// it stays whole unless nobody would want to read it in one piece.
pub(super) fn passage(text: &str, cut: &Cut<'_>) -> Result<Vec<String>, Trouble> {
    let whole = text.len() <= LINE_BYTES_WHOLE && (cut.count)(text) <= LINE_CHUNKS_WHOLE * cut.tokens;
    match text.trim() {
        "" => Err("`text` is empty".into()),
        text if whole => Ok(vec![text.to_owned()]),
        text => Ok(cut.chunks(text, Style::Prose)),
    }
}

fn kept(mut fields: Map<String, Value>) -> Map<String, Value> {
    fields.retain(|_, value| is_flat(value));
    fields
}

/// The reason of a JSON error without serde's place, which counts within the line.
pub(super) fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let reason = text.split(" at line ").next().unwrap_or_default();
    format!("{reason} at column {}", error.column())
}

/// An id as text: numbers are written out.
pub(super) fn id_text(value: &Value) -> Option<String> {
    match value {
        Value::String(id) if !id.trim().is_empty() => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}
