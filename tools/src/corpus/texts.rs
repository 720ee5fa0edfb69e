//! The chunks of a corpus in memory: one string for all texts, one for their folds, ids and places.

use crate::fold::fold_into;
use crate::index::bytes::{Reader, put_text, put_u32, put_u64};
use crate::sentence::{is_embedded, sentences};
use std::collections::HashMap;
use std::ops::Range;

/// All chunks in corpus order; a chunk is known by its position.
#[derive(Debug, Default)]
pub struct Texts {
    data: String,
    folded: String,
    rows: Vec<Row>,
    by_id: HashMap<String, u32>,
}

#[derive(Debug)]
struct Row {
    id: String,
    file: u32,
    /// One past the last byte in `data`, and in `folded`.
    end: usize,
    folded_end: usize,
}

impl Texts {
    /// Appends a chunk; `false` and nothing done when the id is taken.
    pub fn push(&mut self, id: String, file: u32, text: &str) -> bool {
        let position = self.rows.len() as u32;
        match self.by_id.entry(id) {
            std::collections::hash_map::Entry::Occupied(_) => return false,
            std::collections::hash_map::Entry::Vacant(free) => {
                self.data.push_str(text);
                fold_into(text, &mut self.folded);
                let (end, folded_end) = (self.data.len(), self.folded.len());
                self.rows.push(Row {
                    id: free.key().clone(),
                    file,
                    end,
                    folded_end,
                });
                free.insert(position);
            }
        }
        true
    }

    /// Number of chunks.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Position of the chunk of this id.
    pub fn position(&self, id: &str) -> Option<u32> {
        self.by_id.get(id).copied()
    }

    /// The id of a chunk.
    pub fn id(&self, chunk: u32) -> &str {
        &self.rows[chunk as usize].id
    }

    /// Index of the chunk's file.
    pub fn file(&self, chunk: u32) -> u32 {
        self.rows[chunk as usize].file
    }

    /// The text of a chunk.
    pub fn text(&self, chunk: u32) -> &str {
        &self.data[self.span(chunk, |row| row.end)]
    }

    /// The folded text of a chunk.
    pub fn folded(&self, chunk: u32) -> &str {
        &self.folded[self.span(chunk, |row| row.folded_end)]
    }

    fn span(&self, chunk: u32, end: impl Fn(&Row) -> usize) -> Range<usize> {
        let at = chunk as usize;
        let start = if at == 0 { 0 } else { end(&self.rows[at - 1]) };
        start..end(&self.rows[at])
    }
}

/// A sentence that has a vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sentence {
    /// Position of its chunk.
    pub chunk: u32,
    /// First byte in the chunk's text.
    pub start: u32,
    /// Length in bytes.
    pub bytes: u32,
}

impl Texts {
    /// The text of a sentence.
    pub fn sentence(&self, sentence: Sentence) -> &str {
        let start = sentence.start as usize;
        &self.text(sentence.chunk)[start..start + sentence.bytes as usize]
    }

    /// Every sentence that gets a vector, in corpus order.
    pub fn sentences(&self) -> Vec<Sentence> {
        let chunks = 0..self.len() as u32;
        let found = chunks.flat_map(|chunk| {
            let all = sentences(self.text(chunk)).filter(|(_, sentence)| is_embedded(sentence));
            all.map(move |(start, sentence)| Sentence {
                chunk,
                start: start as u32,
                bytes: sentence.len() as u32,
            })
        });
        found.collect()
    }

    /// The chunks as bytes: a table of ids, files and lengths, then the texts.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.data.len() + self.rows.len() * 32);
        put_u64(&mut out, self.rows.len() as u64);
        for (chunk, row) in self.rows.iter().enumerate() {
            put_text(&mut out, &row.id);
            put_u32(&mut out, row.file);
            put_u32(&mut out, self.text(chunk as u32).len() as u32);
        }
        out.extend_from_slice(self.data.as_bytes());
        out
    }

    /// Reads [`Texts::to_bytes`] back; none when the bytes are anything else.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        let count = usize::try_from(reader.u64()?).ok()?;
        let mut table = Vec::new();
        for _ in 0..count {
            table.push((reader.text()?, reader.u32()?, reader.u32()? as usize));
        }
        let mut rest = std::str::from_utf8(reader.0).ok()?;
        let mut texts = Self::default();
        texts.data.reserve(rest.len());
        texts.folded.reserve(rest.len());
        for (id, file, length) in table {
            let (text, after) = rest.split_at_checked(length)?;
            rest = after;
            if !texts.push(id.to_owned(), file, text) {
                return None;
            }
        }
        rest.is_empty().then_some(texts)
    }
}

/// Sentences as bytes.
pub fn sentences_to_bytes(sentences: &[Sentence]) -> Vec<u8> {
    let mut out = Vec::with_capacity(sentences.len() * 12);
    for sentence in sentences {
        put_u32(&mut out, sentence.chunk);
        put_u32(&mut out, sentence.start);
        put_u32(&mut out, sentence.bytes);
    }
    out
}

/// Reads [`sentences_to_bytes`] back; none when one of them lies outside its chunk.
pub fn sentences_from_bytes(bytes: &[u8], texts: &Texts) -> Option<Vec<Sentence>> {
    let mut reader = Reader(bytes);
    let mut sentences = Vec::with_capacity(bytes.len() / 12);
    while !reader.is_empty() {
        let sentence = Sentence {
            chunk: reader.u32()?,
            start: reader.u32()?,
            bytes: reader.u32()?,
        };
        if sentence.chunk as usize >= texts.len() {
            return None;
        }
        let start = sentence.start as usize;
        texts
            .text(sentence.chunk)
            .get(start..start.checked_add(sentence.bytes as usize)?)?;
        sentences.push(sentence);
    }
    Some(sentences)
}
