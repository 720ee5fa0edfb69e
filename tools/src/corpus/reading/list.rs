//! `.json`: A-RAG's `chunks.json`, ready chunks as `"id:text"` or as objects, each taken for what it is.

use super::super::files::CorpusFile;
use super::Document;
use super::lines::{id_text, without_place};
use serde_json::{Map, Value};

pub(super) fn documents(file: &CorpusFile, bytes: &[u8], warnings: &mut Vec<String>) -> Vec<Document> {
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
        match chunk(entry) {
            Ok(document) => documents.push(document),
            Err(reason) => malformed.push(format!("{}, entry {}: {reason}, left out", file.shown, number + 1)),
        }
    }
    if documents.is_empty() {
        malformed = vec![format!("{}: not a list of chunks ({expected}), left out", file.shown)];
    }
    warnings.append(&mut malformed);
    documents
}

fn chunk(entry: Value) -> Result<Document, &'static str> {
    let (id, text, metadata) = match entry {
        Value::String(line) => match line.split_once(':') {
            Some((id, text)) => (id.to_owned(), text.to_owned(), Map::new()),
            None => return Err("no colon between id and text"),
        },
        Value::Object(mut fields) => {
            let id = fields
                .remove("id")
                .as_ref()
                .and_then(id_text)
                .ok_or("no `id` that is text or a number")?;
            match fields.remove("text") {
                Some(Value::String(text)) => {
                    fields.retain(|_, value| super::is_flat(value));
                    (id, text, fields)
                }
                _ => return Err("no `text` that is a string"),
            }
        }
        _ => return Err("neither text nor an object"),
    };
    match (id.trim().is_empty(), text.trim().is_empty()) {
        (true, _) => Err("an empty id"),
        (_, true) => Err("an empty text"),
        _ => Ok(Document {
            id: Some(id),
            chunks: vec![text],
            metadata,
        }),
    }
}
