//! `.pdf`: the text layer. Pages without one, as scanners make them, have nothing that could be searched.

use super::super::chunking::Style;
use super::{Cut, Document, Trouble};
use serde_json::Map;

/// The library goes as deep as a file's objects do.
const STACK_BYTES: usize = 64 << 20;
/// Threads of this name may panic: the library does over files that are broken, and that is caught.
pub const THREAD: &str = "corpus-print";

pub(super) fn document(bytes: &[u8], cut: &Cut<'_>) -> Result<Document, Trouble> {
    if !bytes.starts_with(b"%PDF-") {
        return Err("not a PDF, whatever its name says".into());
    }
    let text = std::thread::scope(|scope| {
        let extract = || pdf_extract::extract_text_from_mem(bytes).map_err(|error| error.to_string());
        let thread = std::thread::Builder::new().name(THREAD.into()).stack_size(STACK_BYTES);
        let extracted = thread.spawn_scoped(scope, extract).map_err(|error| error.to_string())?;
        extracted
            .join()
            .unwrap_or_else(|_| Err("its objects make no sense".into()))
    });
    let text = text.map_err(|reason| format!("a broken or locked PDF ({reason})"))?;
    if text.trim().is_empty() {
        return Err("a PDF without a text layer, scanned perhaps".into());
    }
    Ok(Document {
        id: None,
        chunks: cut.chunks(&joined(&text), Style::Prose),
        metadata: Map::new(),
    })
}

/// The text with its paragraphs, without the line breaks that only the page's width made.
fn joined(text: &str) -> String {
    let mut joined = String::with_capacity(text.len());
    for line in text.lines().map(str::trim) {
        match (line.is_empty(), joined.ends_with('\n'), joined.is_empty()) {
            (true, false, false) => joined.push_str("\n\n"),
            (true, ..) => {}
            (false, true, _) | (false, _, true) => joined.push_str(line),
            (false, false, false) => {
                joined.push(' ');
                joined.push_str(line);
            }
        }
    }
    joined
}
