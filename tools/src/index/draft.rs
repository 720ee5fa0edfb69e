//! Documents on their way into a segment.

use super::segment::{ChunkRow, DocumentRow, SentenceRow};
use crate::corpus::words::words;
use crate::fold::fold_into;
use crate::sentence::{is_embedded, sentences};
use std::ops::Range;

/// Where the vector of a sentence comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// It is to be made.
    Embedder,
    /// A sentence of an older segment is the same.
    Segment {
        /// Number of the segment among those of the index that is replaced.
        segment: u32,
        /// The sentence's row there.
        row: u32,
    },
}

/// The tables of a segment as they grow; rows hold where things end.
#[derive(Debug, Default)]
pub struct Draft {
    /// All texts in a row.
    pub texts: String,
    /// All texts, folded.
    pub folds: String,
    /// The ids that documents bring along.
    pub names: String,
    /// What is known of documents, JSON objects.
    pub metadata: String,
    /// One row a document.
    pub documents: Vec<DocumentRow>,
    /// One row a chunk.
    pub chunks: Vec<ChunkRow>,
    /// One row a sentence that has a vector.
    pub sentences: Vec<SentenceRow>,
    /// Where their vectors come from, one a sentence.
    pub origins: Vec<Origin>,
}

impl Draft {
    /// Appends a document and gives its number. `origin` is asked about every sentence in order.
    pub fn push<'a>(
        &mut self,
        name: Option<&str>,
        metadata: &str,
        chunks: impl Iterator<Item = &'a str>,
        mut origin: impl FnMut(&str) -> Origin,
    ) -> u32 {
        for text in chunks {
            let chunk = self.chunks.len() as u32;
            self.texts.push_str(text);
            let fold = self.folds.len();
            fold_into(text, &mut self.folds);
            for (start, sentence) in sentences(text).filter(|(_, sentence)| is_embedded(sentence)) {
                self.origins.push(origin(sentence));
                self.sentences.push(SentenceRow {
                    chunk,
                    start: start as u32,
                    bytes: sentence.len() as u32,
                });
            }
            self.chunks.push(ChunkRow {
                text: self.texts.len() as u64,
                fold: self.folds.len() as u64,
                sentences: self.sentences.len() as u32,
                words: words(&self.folds[fold..]).count() as u32,
            });
        }
        self.names.push_str(name.unwrap_or_default());
        self.metadata.push_str(metadata);
        self.documents.push(DocumentRow {
            chunks: self.chunks.len() as u32,
            named: u32::from(name.is_some()),
            name: self.names.len() as u64,
            metadata: self.metadata.len() as u64,
        });
        self.documents.len() as u32 - 1
    }

    /// The folded text of every chunk.
    pub fn folded(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(0).chain(self.chunks.iter().map(|row| row.fold as usize));
        let ends = self.chunks.iter().map(|row| row.fold as usize);
        starts.zip(ends).map(|(start, end)| &self.folds[start..end])
    }

    /// A sentence's text.
    pub fn sentence(&self, at: usize) -> &str {
        let row = self.sentences[at];
        let chunk = match row.chunk as usize {
            0 => 0,
            chunk => self.chunks[chunk - 1].text as usize,
        };
        let start = chunk + row.start as usize;
        &self.texts[start..start + row.bytes as usize]
    }

    /// The id that a document brings along.
    pub fn name(&self, document: u32) -> Option<&str> {
        let at = document as usize;
        let start = at.checked_sub(1).map_or(0, |before| self.documents[before].name);
        let row = self.documents[at];
        (row.named == 1).then(|| &self.names[start as usize..row.name as usize])
    }

    /// The chunks of a document.
    pub fn document(&self, document: u32) -> Range<u32> {
        let at = document as usize;
        let start = at.checked_sub(1).map_or(0, |before| self.documents[before].chunks);
        start..self.documents[at].chunks
    }
}
