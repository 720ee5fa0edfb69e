//! A segment: documents of a corpus with all that searching them needs, written once and never changed.

use super::draft::Draft;
use super::keywords::{self, Keywords};
use super::table::{self, Table, Text};
use super::vectors::Vectors;
use bytemuck::{Pod, Zeroable};
use std::io;
use std::ops::Range;
use std::path::Path;

/// A document's row; ends, so that it begins where the one before ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct DocumentRow {
    /// One past its last chunk.
    pub chunks: u32,
    /// 1 when it brings an id of its own, 0 when it is called after its file.
    pub named: u32,
    /// End of its own id.
    pub name: u64,
    /// End of what is known of it.
    pub metadata: u64,
}

/// A chunk's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct ChunkRow {
    /// End of its text.
    pub text: u64,
    /// End of its folded text.
    pub fold: u64,
    /// One past its last sentence.
    pub sentences: u32,
    /// Words in it, stop words left out.
    pub words: u32,
}

/// The row of a sentence that has a vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct SentenceRow {
    /// Its chunk's number in the segment.
    pub chunk: u32,
    /// First byte in the chunk's text.
    pub start: u32,
    /// Length in bytes.
    pub bytes: u32,
}

const DOCUMENTS: &str = "documents";
const CHUNKS: &str = "chunks";
const SENTENCES: &str = "sentences";
const TEXTS: &str = "texts";
const FOLDS: &str = "folds";
const NAMES: &str = "names";
const METADATA: &str = "metadata";
const KEYWORDS: &str = "keywords";

/// A segment, mapped.
pub struct Segment {
    documents: Table<DocumentRow>,
    chunks: Table<ChunkRow>,
    sentences: Table<SentenceRow>,
    texts: Text,
    folds: Text,
    names: Text,
    metadata: Text,
    /// Which chunks hold which letters and words.
    pub keywords: Keywords,
    /// The vectors of its sentences.
    pub vectors: Vectors,
}

/// Writes everything but the vectors into `folder`, which exists and is empty.
pub fn write(folder: &Path, draft: &Draft) -> io::Result<()> {
    table::write(folder, DOCUMENTS, &draft.documents)?;
    table::write(folder, CHUNKS, &draft.chunks)?;
    table::write(folder, SENTENCES, &draft.sentences)?;
    table::write(folder, TEXTS, draft.texts.as_bytes())?;
    table::write(folder, FOLDS, draft.folds.as_bytes())?;
    table::write(folder, NAMES, draft.names.as_bytes())?;
    table::write(folder, METADATA, draft.metadata.as_bytes())?;
    let keywords = folder.join(KEYWORDS);
    std::fs::create_dir(&keywords)?;
    keywords::write(&keywords, draft.folded()).map_err(io::Error::other)
}

impl Segment {
    /// Maps the segment in `folder`; the error is for people.
    pub fn open(folder: &Path, dimension: usize) -> Result<Self, String> {
        let told = |error: io::Error| format!("cannot be read ({error})");
        let chunks: Table<ChunkRow> = Table::open(folder, CHUNKS).map_err(told)?;
        let keywords = Keywords::open(&folder.join(KEYWORDS), chunks.len());
        let segment = Self {
            documents: Table::open(folder, DOCUMENTS).map_err(told)?,
            sentences: Table::open(folder, SENTENCES).map_err(told)?,
            texts: Text::open(folder, TEXTS).map_err(told)?,
            folds: Text::open(folder, FOLDS).map_err(told)?,
            names: Text::open(folder, NAMES).map_err(told)?,
            metadata: Text::open(folder, METADATA).map_err(told)?,
            keywords: keywords.map_err(|error| format!("cannot be read ({error})"))?,
            vectors: Vectors::open(folder, dimension).map_err(told)?,
            chunks,
        };
        if segment.belongs_together() {
            Ok(segment)
        } else {
            Err("is damaged: its parts do not belong together".into())
        }
    }

    fn belongs_together(&self) -> bool {
        let last = self.chunks.last();
        let ends = |pick: fn(&ChunkRow) -> u64| last.map_or(0, pick) as usize;
        let documents = self.documents.last();
        documents.map_or(0, |row| row.chunks as usize) == self.chunks.len()
            && documents.map_or(0, |row| row.name as usize) == self.names.len()
            && documents.map_or(0, |row| row.metadata as usize) == self.metadata.len()
            && ends(|row| row.text) == self.texts.len()
            && ends(|row| row.fold) == self.folds.len()
            && ends(|row| u64::from(row.sentences)) == self.sentences.len()
            && self.vectors.len() == self.sentences.len()
    }

    /// Number of chunks.
    pub fn chunks(&self) -> usize {
        self.chunks.len()
    }

    /// Number of sentences with a vector.
    pub fn sentences(&self) -> usize {
        self.sentences.len()
    }

    /// The chunks of a document.
    pub fn document(&self, document: u32) -> Range<u32> {
        let end = |row: &DocumentRow| row.chunks;
        span(&self.documents, document, end)
    }

    /// The id that a document brings along.
    pub fn name(&self, document: u32) -> Option<&str> {
        let named = self.documents.get(document as usize).is_some_and(|row| row.named == 1);
        named.then(|| self.names.get(wide(span(&self.documents, document, |row| row.name))))
    }

    /// What is known of a document, a JSON object.
    pub fn metadata(&self, document: u32) -> &str {
        let range = span(&self.documents, document, |row| row.metadata);
        self.metadata.get(wide(range))
    }

    /// The text of a chunk.
    pub fn text(&self, chunk: u32) -> &str {
        self.texts.get(wide(span(&self.chunks, chunk, |row| row.text)))
    }

    /// The folded text of a chunk.
    pub fn folded(&self, chunk: u32) -> &[u8] {
        self.folds.bytes(wide(span(&self.chunks, chunk, |row| row.fold)))
    }

    /// How many words a chunk has.
    pub fn words(&self, chunk: u32) -> u32 {
        self.chunks.get(chunk as usize).map_or(0, |row| row.words)
    }

    /// The sentences of a chunk, by their rows.
    pub fn rows(&self, chunk: u32) -> Range<u32> {
        span(&self.chunks, chunk, |row| row.sentences)
    }

    /// A sentence.
    pub fn row(&self, row: u32) -> SentenceRow {
        let none = SentenceRow {
            chunk: u32::MAX,
            start: 0,
            bytes: 0,
        };
        self.sentences.get(row as usize).copied().unwrap_or(none)
    }

    /// A sentence's text.
    pub fn sentence(&self, row: SentenceRow) -> &str {
        let start = row.start as usize;
        self.text(row.chunk)
            .get(start..start + row.bytes as usize)
            .unwrap_or_default()
    }
}

/// From the end of the row before to the end of this one; empty when there is no such row.
fn span<T, N: Copy + Default>(rows: &[T], at: u32, end: impl Fn(&T) -> N) -> Range<N> {
    let at = at as usize;
    match (rows.get(at), at.checked_sub(1).and_then(|before| rows.get(before))) {
        (Some(row), Some(before)) => end(before)..end(row),
        (Some(row), None) => N::default()..end(row),
        (None, _) => N::default()..N::default(),
    }
}

fn wide(range: Range<u64>) -> Range<usize> {
    range.start as usize..range.end as usize
}
