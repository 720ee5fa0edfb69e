//! `.csv` and `.tsv`: a row is a document. With a column `text` it is a passage like a line of a `.jsonl`;
//! without one its text is `column: value`, a line each, and its id is the first column's.

use super::super::files::CorpusFile;
use super::lines::passage;
use super::{Cut, Document, Entry, Trouble, front, titled};
use csv::{ByteRecord, ReaderBuilder, StringRecord};
use serde_json::Map;

/// What separates fields: the first of these that the header has.
const SEPARATORS: [u8; 3] = [b'\t', b',', b';'];
/// Longer rows are left out: whoever writes one did not mean a passage.
const ROW_BYTES_MAX: usize = 64 << 20;

/// The rows, each with the header before it.
pub(super) fn entries<'a>(file: &CorpusFile, bytes: &'a [u8], warnings: &mut Vec<String>) -> Vec<Entry<'a>> {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator(bytes))
        .from_reader(bytes);
    let mut record = ByteRecord::new();
    let mut entries = Vec::new();
    let mut head: Option<&[u8]> = None;
    loop {
        let (start, line) = (reader.position().byte() as usize, reader.position().line() as u32);
        match reader.read_byte_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                warnings.push(format!(
                    "{}:{line}: not a table ({error}), the rest is left out",
                    file.shown
                ));
                break;
            }
        }
        let body = &bytes[start..reader.position().byte() as usize];
        let at_end = reader.position().byte() as usize >= bytes.len();
        // a quote that nothing closes takes all that follows into its field
        let quotes = memchr::memchr_iter(b'"', body).count();
        if quotes % 2 == 1 && memchr::memchr(b'\n', body.trim_ascii()).is_some() && at_end {
            warnings.push(format!(
                "{}:{line}: a quote that is opened here is never closed, the rest is left out",
                file.shown
            ));
            break;
        }
        match head {
            None => head = Some(body),
            Some(head) => entries.push(Entry { head, body, line }),
        }
    }
    if entries.is_empty() {
        warnings.push(format!("{}: a table needs a header and rows, left out", file.shown));
    }
    entries
}

fn separator(bytes: &[u8]) -> u8 {
    let header = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let found = SEPARATORS.into_iter().find(|separator| header.contains(separator));
    found.unwrap_or(b',')
}

fn record(bytes: &[u8], separator: u8) -> Result<StringRecord, Trouble> {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .from_reader(bytes);
    let mut record = StringRecord::new();
    match reader.read_record(&mut record) {
        Ok(_) => Ok(record),
        Err(_) => Err("not UTF-8 text".into()),
    }
}

pub(super) fn document(entry: &Entry<'_>, cut: &Cut<'_>) -> Result<Document, Trouble> {
    if entry.body.len() > ROW_BYTES_MAX {
        return Err(format!("longer than {} MiB", ROW_BYTES_MAX >> 20).into());
    }
    let separator = separator(entry.head);
    let (columns, row) = (record(entry.head, separator)?, record(entry.body, separator)?);
    if columns.len() != row.len() {
        return Err(format!("{} fields where the header has {}", row.len(), columns.len()).into());
    }
    let cells: Vec<(&str, &str)> = columns.iter().map(str::trim).zip(row.iter().map(str::trim)).collect();
    let cell = |names: &[&str]| {
        let mut found = cells
            .iter()
            .filter(|(column, _)| names.contains(&column.to_ascii_lowercase().as_str()));
        found.next().map(|(_, value)| *value)
    };
    let id = cell(&["id", "_id"]).or(cells.first().map(|(_, value)| *value));
    let id = id.filter(|id| !id.is_empty()).ok_or("no id")?;
    let text = match cell(&["text", "contents"]) {
        Some(text) => titled(cell(&["title"]).unwrap_or_default(), text),
        None => {
            let filled = cells.iter().filter(|(_, value)| !value.is_empty());
            let lines: Vec<String> = filled.map(|(column, value)| format!("{column}: {value}")).collect();
            lines.join("\n")
        }
    };
    let mut metadata = Map::new();
    for (column, value) in &cells {
        let taken = ["id", "_id", "text", "contents"].contains(&column.to_ascii_lowercase().as_str());
        if !taken && !value.is_empty() {
            metadata.insert((*column).to_owned(), front::scalar(value));
        }
    }
    Ok(Document {
        id: Some(id.to_owned()),
        chunks: passage(&text, cut)?,
        metadata,
    })
}
