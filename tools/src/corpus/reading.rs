//! One file → its entries, and an entry → its documents, each already cut into chunks. Whatever cannot be
//! read is a warning that names the file and the line, and the rest is kept.
//!
//! What an entry becomes depends on its bytes, its file's kind and the cut alone, so that an entry that did
//! not change need not be read again.

mod front;
mod lines;
mod list;
mod page;
mod print;
mod rows;

pub use print::THREAD as PRINT_THREAD;

use super::chunking::{self, Style};
use super::files::{CorpusFile, Kind};
use serde_json::{Map, Value};

/// Larger files are left out with a warning.
const FILE_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;
/// Metadata of more bytes than this is left out with a warning.
const METADATA_BYTES_MAX: usize = 64 * 1024;

/// A part of a file that has a content hash of its own: a whole file, a line of a `.jsonl`, a row of a `.csv`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// What comes before all entries of the file and decides how they are read: the header of a table.
    pub head: &'a [u8],
    /// Its own bytes.
    pub body: &'a [u8],
    /// The line where it starts, from 1; 0 for a whole file.
    pub line: u32,
}

/// A text with an id: a whole file, a line of a `.jsonl`, a row of a `.csv`, an entry of a `chunks.json`.
#[derive(Debug, Default, PartialEq)]
pub struct Document {
    /// The id that it brings along, before duplicates are told apart; none when it is called after its file.
    pub id: Option<String>,
    /// Its chunks in order; never empty.
    pub chunks: Vec<String>,
    /// What is known of it: texts, numbers, truth values, and lists of them.
    pub metadata: Map<String, Value>,
}

/// How texts become chunks.
pub struct Cut<'a> {
    /// Size of a chunk in tokens.
    pub tokens: usize,
    /// Counts tokens.
    pub count: &'a dyn Fn(&str) -> usize,
}

impl Cut<'_> {
    fn chunks(&self, text: &str, style: Style) -> Vec<String> {
        chunking::chunks(text, self.tokens, style, self.count)
    }
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
    if file.kind != Kind::Print && memchr::memchr(0, bytes).is_some() {
        warnings.push(format!("{}: a binary file (it has NUL bytes), left out", file.shown));
        return Vec::new();
    }
    match file.kind {
        Kind::Lines => lines::entries(bytes),
        Kind::Rows => rows::entries(file, bytes, warnings),
        _ => vec![Entry {
            head: b"",
            body: bytes,
            line: 0,
        }],
    }
}

/// The documents of an entry.
pub fn documents(file: &CorpusFile, entry: &Entry<'_>, cut: &Cut<'_>, warnings: &mut Vec<String>) -> Vec<Document> {
    let read = match file.kind {
        Kind::Chunks => return list::documents(file, entry.body, warnings),
        Kind::Lines => lines::document(entry.body, cut),
        Kind::Rows => rows::document(entry, cut),
        Kind::Page => page::document(entry.body, cut),
        Kind::Print => print::document(entry.body, cut),
        Kind::Markdown => text(entry.body).map(|text| markdown(text, cut)),
        Kind::Text => text(entry.body).map(|text| plain(text, Style::Prose, cut)),
        Kind::Code => text(entry.body).map(|text| plain(text, Style::Code, cut)),
    };
    match read {
        Ok(document) if document.chunks.is_empty() => warnings.push(format!("{}: empty", file.shown)),
        Ok(document) => return vec![bounded(file, entry, document, warnings)],
        Err(Trouble { line, reason }) if entry.line == 0 => {
            let place = line.map_or(String::new(), |line| format!(":{line}"));
            warnings.push(format!("{}{place}: {reason}, the file is left out", file.shown));
        }
        Err(Trouble { reason, .. }) => {
            let what = if file.kind == Kind::Rows { "row" } else { "line" };
            warnings.push(format!(
                "{}:{}: {reason}, the {what} is left out",
                file.shown, entry.line
            ));
        }
    }
    Vec::new()
}

/// Why an entry cannot be read.
struct Trouble {
    /// The line in a whole file, where one is to blame.
    line: Option<usize>,
    reason: String,
}

impl From<String> for Trouble {
    fn from(reason: String) -> Self {
        Self { line: None, reason }
    }
}

impl From<&str> for Trouble {
    fn from(reason: &str) -> Self {
        reason.to_owned().into()
    }
}

fn text(bytes: &[u8]) -> Result<&str, Trouble> {
    std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        Trouble {
            line: Some(memchr::memchr_iter(b'\n', before).count() + 1),
            reason: "not UTF-8 text".into(),
        }
    })
}

fn plain(text: &str, style: Style, cut: &Cut<'_>) -> Document {
    Document {
        chunks: cut.chunks(text, style),
        ..Document::default()
    }
}

fn markdown(text: &str, cut: &Cut<'_>) -> Document {
    let (metadata, text) = front::split(text);
    Document {
        id: None,
        chunks: cut.chunks(text, Style::Markdown),
        metadata,
    }
}

/// The document without metadata that is too large to keep with it.
fn bounded(file: &CorpusFile, entry: &Entry<'_>, mut document: Document, warnings: &mut Vec<String>) -> Document {
    let bytes = serde_json::to_string(&document.metadata).map_or(0, |text| text.len());
    if bytes > METADATA_BYTES_MAX {
        let place = if entry.line == 0 {
            String::new()
        } else {
            format!(":{}", entry.line)
        };
        let most = METADATA_BYTES_MAX >> 10;
        warnings.push(format!(
            "{}{place}: more than {most} KiB of metadata, kept without it",
            file.shown
        ));
        document.metadata.clear();
    }
    document
}

/// What may be metadata: no objects, and nothing in lists of lists.
fn is_flat(value: &Value) -> bool {
    let scalar = |value: &Value| value.is_string() || value.is_number() || value.is_boolean();
    scalar(value) || value.as_array().is_some_and(|items| items.iter().all(scalar))
}

/// A text under its title, unless its first line is it: a title above a text that only begins with the same words
/// tells what the passage is about (`docs/bench/retrieval.md`).
fn titled(title: &str, text: &str) -> String {
    let first = text.trim_start().lines().next().unwrap_or_default();
    if title.is_empty() || first.trim_end() == title {
        text.to_owned()
    } else {
        format!("{title}\n{text}")
    }
}

#[cfg(test)]
mod tests;
