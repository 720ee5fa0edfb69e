//! One file → its documents, each already cut into chunks. Whatever cannot be read is a warning that
//! names the file and the line, and the rest is kept.

use super::chunking;
use super::files::{CorpusFile, Kind};
use serde_json::Value;

/// Larger files are left out with a warning.
const FILE_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;

/// A line of a `.jsonl` stays one chunk up to so many times the size of a chunk.
const LINE_CHUNKS_WHOLE: usize = 4;
/// And up to so many bytes, so that a huge line is not counted as a whole.
const LINE_BYTES_WHOLE: usize = 1 << 20;

/// A part of a file that has a content hash of its own: a whole file, or a line of a `.jsonl`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// What comes before all entries of the file and decides how they are read.
    pub head: &'a [u8],
    /// Its own bytes.
    pub body: &'a [u8],
    /// The line where it starts, from 1; 0 for a whole file.
    pub line: u32,
}

/// A text with an id: a whole file, a line of a `.jsonl`, an entry of a `chunks.json`.
#[derive(Debug, PartialEq)]
pub struct Document {
    /// The id that it brings along, before duplicates are told apart; none when it is called after its file.
    pub id: Option<String>,
    /// Its chunks in order; never empty.
    pub chunks: Vec<String>,
    /// What is known of it.
    pub metadata: serde_json::Map<String, Value>,
}

/// How texts become chunks.
pub struct Cut<'a> {
    /// Size of a chunk in tokens.
    pub tokens: usize,
    /// Counts tokens.
    pub count: &'a dyn Fn(&str) -> usize,
}

/// The bytes of a file, or the warning that it cannot be used.
pub fn load(file: &CorpusFile) -> Result<Vec<u8>, String> {
    let trouble = |what: String| format!("{}: {what}, left out", file.shown);
    let metadata = std::fs::metadata(&file.path).map_err(|e| trouble(format!("cannot be read ({e})")))?;
    if metadata.len() > FILE_BYTES_MAX {
        return Err(trouble(format!("larger than {} GiB", FILE_BYTES_MAX >> 30)));
    }
    std::fs::read(&file.path).map_err(|e| trouble(format!("cannot be read ({e})")))
}

/// The entries of a file's bytes.
pub fn entries<'a>(file: &CorpusFile, bytes: &'a [u8], warnings: &mut Vec<String>) -> Vec<Entry<'a>> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    if bytes.trim_ascii().is_empty() {
        warnings.push(format!("{}: empty", file.shown));
        return Vec::new();
    }
    // a binary file is named once, not line by line
    if memchr::memchr(0, bytes).is_some() {
        warnings.push(format!("{}: a binary file (it has NUL bytes), left out", file.shown));
        return Vec::new();
    }
    let entry = |body, line| Entry { head: b"", body, line };
    match file.kind {
        Kind::Lines => {
            let lines = bytes.split(|byte| *byte == b'\n').zip(1..);
            lines
                .filter(|(line, _)| !line.trim_ascii().is_empty())
                .map(|(line, number)| entry(line, number))
                .collect()
        }
        _ => vec![entry(bytes, 0)],
    }
}

/// The documents of an entry.
pub fn documents(file: &CorpusFile, entry: &Entry<'_>, cut: &Cut<'_>, warnings: &mut Vec<String>) -> Vec<Document> {
    match file.kind {
        Kind::Lines => line(file, entry, cut, warnings).into_iter().collect(),
        Kind::Chunks => chunk_list(file, entry.body, warnings),
        Kind::Markdown | Kind::Text => whole(file, entry.body, cut, warnings).into_iter().collect(),
    }
}

fn whole(file: &CorpusFile, bytes: &[u8], cut: &Cut<'_>, warnings: &mut Vec<String>) -> Option<Document> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let line = bytes[..error.valid_up_to()]
                .iter()
                .filter(|byte| **byte == b'\n')
                .count()
                + 1;
            warnings.push(format!("{}:{line}: not UTF-8 text, the file is left out", file.shown));
            return None;
        }
    };
    let chunks = chunking::chunks(text, cut.tokens, file.kind == Kind::Markdown, cut.count);
    if chunks.is_empty() {
        warnings.push(format!("{}: empty", file.shown));
        return None;
    }
    Some(Document {
        id: None,
        chunks,
        metadata: serde_json::Map::new(),
    })
}

fn line(file: &CorpusFile, entry: &Entry<'_>, cut: &Cut<'_>, warnings: &mut Vec<String>) -> Option<Document> {
    match line_document(entry.body, cut) {
        Ok((id, chunks)) => Some(Document {
            id: Some(id),
            chunks,
            metadata: serde_json::Map::new(),
        }),
        Err(reason) => {
            warnings.push(format!("{}:{}: {reason}, the line is left out", file.shown, entry.line));
            None
        }
    }
}

fn line_document(line: &[u8], cut: &Cut<'_>) -> Result<(String, Vec<String>), String> {
    let object: Value = match serde_json::from_slice(line) {
        Ok(value) => value,
        Err(_) if std::str::from_utf8(line).is_err() => return Err("not UTF-8 text".into()),
        Err(error) => return Err(format!("not JSON ({})", without_place(&error))),
    };
    if !object.is_object() {
        return Err("not a JSON object".into());
    }
    let id = ["id", "_id"].iter().find_map(|key| id_text(object.get(key)?));
    let id = id.ok_or("no `id` that is text or a number")?;
    let text = ["text", "contents"].iter().find_map(|key| object.get(key)?.as_str());
    let text = text.ok_or("no `text` that is a string")?;
    let title = object
        .get("title")
        .and_then(Value::as_str)
        .map(str::trim)
        .unwrap_or_default();
    let titled = if title.is_empty() || text.trim_start().starts_with(title) {
        text.to_owned()
    } else {
        format!("{title}\n{text}")
    };
    // A line is a passage that somebody has cut and named already, and citations and gold labels use its
    // name: it stays whole unless nobody would want to read it in one piece.
    let whole = titled.len() <= LINE_BYTES_WHOLE && (cut.count)(&titled) <= LINE_CHUNKS_WHOLE * cut.tokens;
    match titled.trim() {
        "" => Err("`text` is empty".into()),
        text if whole => Ok((id, vec![text.to_owned()])),
        text => Ok((id, chunking::chunks(text, cut.tokens, false, cut.count))),
    }
}

/// The reason of a JSON error without serde's place, which counts within the line.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let reason = text.split(" at line ").next().unwrap_or_default();
    format!("{reason} at column {}", error.column())
}

/// A-RAG's `chunks.json`: ready chunks, as `"id:text"` or as objects, each taken for what it is.
fn chunk_list(file: &CorpusFile, bytes: &[u8], warnings: &mut Vec<String>) -> Vec<Document> {
    let expected = "an array of \"id:text\" strings or of objects with `id` and `text`";
    let entries = match serde_json::from_slice::<Value>(bytes) {
        Ok(Value::Array(entries)) => entries,
        Ok(_) => {
            warnings.push(format!("{}: not a list of chunks ({expected}), left out", file.shown));
            return Vec::new();
        }
        Err(error) => {
            let line = error.line();
            warnings.push(format!(
                "{}:{line}: not JSON ({}), left out",
                file.shown,
                without_place(&error)
            ));
            return Vec::new();
        }
    };
    let mut documents = Vec::new();
    let mut malformed = Vec::new();
    for (number, entry) in entries.into_iter().enumerate() {
        match chunk_entry(entry) {
            Ok((id, text)) => documents.push(Document {
                id: Some(id),
                chunks: vec![text],
                metadata: serde_json::Map::new(),
            }),
            Err(reason) => malformed.push(format!("{}, entry {}: {reason}, left out", file.shown, number + 1)),
        }
    }
    if documents.is_empty() {
        malformed = vec![format!("{}: not a list of chunks ({expected}), left out", file.shown)];
    }
    warnings.append(&mut malformed);
    documents
}

fn chunk_entry(entry: Value) -> Result<(String, String), &'static str> {
    let (id, text) = match entry {
        Value::String(line) => match line.split_once(':') {
            Some((id, text)) => (id.to_owned(), text.to_owned()),
            None => return Err("no colon between id and text"),
        },
        Value::Object(mut fields) => {
            let id = fields
                .get("id")
                .and_then(id_text)
                .ok_or("no `id` that is text or a number")?;
            match fields.remove("text") {
                Some(Value::String(text)) => (id, text),
                _ => return Err("no `text` that is a string"),
            }
        }
        _ => return Err("neither text nor an object"),
    };
    match (id.trim().is_empty(), text.trim().is_empty()) {
        (true, _) => Err("an empty id"),
        (_, true) => Err("an empty text"),
        _ => Ok((id, text)),
    }
}

/// An id as text: numbers are written out.
fn id_text(value: &Value) -> Option<String> {
    match value {
        Value::String(id) if !id.trim().is_empty() => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}
