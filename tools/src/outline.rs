//! `outline`: what documents there are, and what chunks one of them has; not in the A-RAG paper.

use crate::arguments::Arguments;
use crate::corpus::Corpus;
use crate::documents::ranges;
use crate::face::{Face, Names};
use crate::read_chunk;
use crate::registry::{Row, Scene, rows_type};
use crate::sentence::sentences;
use serde_json::json;
use std::ops::Range;
use troupe_core::message::{Retrieved, ToolOutput};
use troupe_core::port::Error;
use troupe_core::port::tool::{Invocation, Readers, ToolSpec};
use troupe_core::types::Type;
use troupe_core::{Object, Value};

pub(crate) const NAME: &str = "outline";
pub(crate) const ROW: Row = Row {
    name: NAME,
    spec,
    answer,
    reranks: false,
    readers: Readers::Caller,
};
/// Lines of a page.
const PAGE: usize = 50;
/// Characters of a title.
const TITLE: usize = 100;
const EXAMPLE: &str = r#"{"document": "report", "page": 1}"#;

/// One line of an outline.
struct Line {
    id: String,
    title: String,
    chunks: usize,
    tokens: usize,
}

fn spec(_: &Face, names: &Names) -> ToolSpec {
    let read = names.of(read_chunk::NAME);
    let read = read.map_or_else(String::new, |read| format!(", which {read} takes"));
    let description = format!(
        "List what the corpus holds: without `document` all documents, with it the chunks of that one, in order. \
         Each line has an id{read}, a title or the first sentence, and how many tokens there are to read. \
         Best to see what there is, and to find the part of a long document that you need."
    );
    ToolSpec {
        name: names.own(NAME),
        description,
        parameters: json!({
            "type": "object",
            "properties": {
                "document": {
                    "type": "string",
                    "description": "The id of a document, or of any of its chunks. All documents when left out.",
                },
                "page": {
                    "type": "integer", "minimum": 1, "default": 1,
                    "description": format!("Which page of {PAGE} lines; the first when left out."),
                },
            },
            "required": [],
        }),
        result: result_type(),
    }
}

fn result_type() -> Type {
    let entry = [
        ("id", Type::String),
        ("title", Type::String),
        ("chunks", Type::Integer),
        ("tokens", Type::Integer),
    ];
    let mut kind = rows_type("entries", &entry);
    if let Type::Object(fields) = &mut kind {
        fields.insert("pages".to_owned(), Type::Integer);
    }
    kind
}

fn answer(scene: &Scene, invocation: &Invocation) -> Result<ToolOutput, Error> {
    let arguments = Arguments::new(&invocation.arguments, &scene.name, EXAMPLE);
    let document = arguments.optional_text("document")?;
    let page = arguments.page()?;
    let corpus = &scene.corpus;
    let (head, parts) = match &document {
        None => ("The corpus".to_owned(), ranges(corpus).collect()),
        Some(id) => match corpus.position(id) {
            None => {
                return Ok(nothing(format!(
                    "There is no document {id}. Without `document` all are listed."
                )));
            }
            Some(chunk) => {
                let chunks = corpus.document(chunk);
                let head = format!("Document {}", corpus.id(chunks.start));
                (head, chunks.map(|chunk| chunk..chunk + 1).collect())
            }
        },
    };
    Ok(listed(corpus, &head, document.is_none(), parts, page))
}

/// A page of the `parts`: documents, or single chunks of one.
fn listed(corpus: &Corpus, head: &str, is_all: bool, parts: Vec<Range<u32>>, page: usize) -> ToolOutput {
    let pages = parts.len().div_ceil(PAGE);
    let what = if is_all { "documents" } else { "chunks" };
    let head = format!("{head}: {} {what}, page {page} of {pages}.", parts.len());
    let lines: Vec<Line> = parts
        .into_iter()
        .skip(PAGE * (page - 1))
        .take(PAGE)
        .map(|part| line(corpus, is_all, part))
        .collect();
    let titles: Vec<&str> = lines.iter().map(|line| line.title.as_str()).collect();
    let tokens = corpus.encoders.tokens.count(&titles.join("\n")) as u64;
    let told = lines.iter().map(|line| told(line, is_all));
    let entry =
        |line: &Line| json!({ "id": line.id, "title": line.title, "chunks": line.chunks, "tokens": line.tokens });
    ToolOutput {
        text: std::iter::once(head).chain(told).collect::<Vec<_>>().join("\n"),
        result: json!({ "entries": lines.iter().map(entry).collect::<Vec<_>>(), "pages": pages }),
        retrieved: Retrieved {
            shown: lines.iter().map(|line| line.id.clone()).collect(),
            read: Vec::new(),
            tokens,
        },
        ..ToolOutput::default()
    }
}

fn nothing(text: String) -> ToolOutput {
    ToolOutput {
        text,
        result: json!({ "entries": [], "pages": 0 }),
        ..ToolOutput::default()
    }
}

fn line(corpus: &Corpus, is_document: bool, part: Range<u32>) -> Line {
    let first = part.start;
    let named = is_document.then(|| document_title(corpus.metadata(first))).flatten();
    Line {
        id: corpus.id(first).to_owned(),
        title: shortened(&named.unwrap_or_else(|| title(corpus.text(first)).to_owned())),
        chunks: part.len(),
        tokens: part.map(|chunk| corpus.encoders.tokens.count(corpus.text(chunk))).sum(),
    }
}

fn told(line: &Line, is_document: bool) -> String {
    let Line {
        id,
        title,
        chunks,
        tokens,
    } = line;
    match (is_document, chunks) {
        (true, 2..) => format!("{id}: {title} ({chunks} chunks, {tokens} tokens)"),
        _ => format!("{id}: {title} ({tokens} tokens)"),
    }
}

/// The `title` that is known of a document.
fn document_title(metadata: &str) -> Option<String> {
    let metadata: Object = serde_json::from_str(metadata).ok()?;
    let title = metadata.get("title").and_then(Value::as_str)?.trim();
    (!title.is_empty()).then(|| title.to_owned())
}

/// A heading in Markdown that a text begins with, or else its first sentence.
fn title(text: &str) -> &str {
    let first = text
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .unwrap_or_default();
    let heading = first.trim_start_matches('#');
    let depth = first.len() - heading.len();
    if (1..=6).contains(&depth) && heading.starts_with(' ') {
        return heading.trim();
    }
    sentences(text).next().map_or(first, |(_, sentence)| sentence)
}

/// The text on one line, cut where it is too long for a title.
fn shortened(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(TITLE) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None => line,
    }
}

#[cfg(test)]
mod tests;
