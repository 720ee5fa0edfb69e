//! The keyword index: which chunks contain a run of three folded characters, in tantivy.
//!
//! It only prunes. A chunk that contains a keyword contains all the keyword's trigrams, whatever
//! words and punctuation they lie across; which chunks really contain it, and how often, is counted
//! on the folded text. Document numbers are chunk positions: there is one segment, written in order.

use std::path::Path;
use tantivy::directory::MmapDirectory;
use tantivy::postings::SegmentPostings;
use tantivy::schema::{Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::tokenizer::{TextAnalyzer, Token, TokenStream, Tokenizer};
use tantivy::{DocSet, Index, InvertedIndexReader, SegmentReader, TERMINATED, TantivyDocument, TantivyError, Term};

const TOKENIZER: &str = "trigrams";
const FIELD: &str = "text";
/// Room for the writer's tables before they grow, in bytes.
const WRITER_BYTES: usize = 64 << 20;
/// A further posting list is intersected only while more candidates than this are left: below it,
/// looking at the texts is cheaper than decoding postings.
const ENOUGH_CANDIDATES: usize = 24;
/// Lists longer than this many times the candidates are not worth decoding.
const LONGER_BY: u32 = 16;

/// The index, opened.
pub struct Trigrams {
    postings: std::sync::Arc<InvertedIndexReader>,
    field: Field,
    chunks: u32,
}

/// Which chunks may contain a keyword.
#[derive(Debug, PartialEq, Eq)]
pub enum Candidates {
    /// The index cannot narrow it down: look at every chunk.
    All,
    /// Only these, ascending.
    Chunks(Vec<u32>),
}

/// Writes an index of folded texts into `folder`, which exists and is empty.
pub fn write<'a>(folder: &Path, folded: impl Iterator<Item = &'a str>) -> Result<(), TantivyError> {
    let mut schema = Schema::builder();
    let indexing = TextFieldIndexing::default()
        .set_tokenizer(TOKENIZER)
        .set_index_option(IndexRecordOption::Basic)
        .set_fieldnorms(false);
    let field = schema.add_text_field(FIELD, TextOptions::default().set_indexing_options(indexing));
    let builder = Index::builder().schema(schema.build()).tokenizers(tokenizers());
    let mut writer = builder.single_segment_index_writer(MmapDirectory::open(folder)?, WRITER_BYTES)?;
    for text in folded {
        let mut document = TantivyDocument::default();
        document.add_text(field, text);
        writer.add_document(document)?;
    }
    writer.finalize()?;
    Ok(())
}

fn tokenizers() -> tantivy::tokenizer::TokenizerManager {
    let manager = tantivy::tokenizer::TokenizerManager::new();
    manager.register(TOKENIZER, TextAnalyzer::builder(ByTrigram).build());
    manager
}

impl Trigrams {
    /// Opens the index in `folder`, which must hold `chunks` texts.
    pub fn open(folder: &Path, chunks: usize) -> Result<Self, TantivyError> {
        let index = Index::open_in_dir(folder)?;
        let field = index.schema().get_field(FIELD)?;
        let segments = index.searchable_segments()?;
        let [segment] = segments.as_slice() else {
            return Err(TantivyError::InternalError(format!(
                "{} segments instead of one",
                segments.len()
            )));
        };
        let reader = SegmentReader::open(segment)?;
        if reader.max_doc() as usize != chunks {
            let found = reader.max_doc();
            return Err(TantivyError::InternalError(format!(
                "{found} texts instead of {chunks}"
            )));
        }
        Ok(Self {
            postings: reader.inverted_index(field)?,
            field,
            chunks: reader.max_doc(),
        })
    }

    /// The chunks that contain every trigram of a folded keyword, or more where that is cheaper.
    pub fn candidates(&self, folded: &str) -> std::io::Result<Candidates> {
        let mut terms = Vec::new();
        for gram in grams(folded) {
            match self.postings.get_term_info(&Term::from_field_text(self.field, gram))? {
                Some(info) => terms.push(info),
                None => return Ok(Candidates::Chunks(Vec::new())),
            }
        }
        terms.sort_unstable_by_key(|info| (info.doc_freq, info.postings_range.start));
        terms.dedup();
        let Some(rarest) = terms.first() else {
            return Ok(Candidates::All);
        };
        // decoding a list of nearly all chunks only to visit nearly all chunks gains nothing
        if rarest.doc_freq > self.chunks / 2 {
            return Ok(Candidates::All);
        }
        let mut chunks = Vec::with_capacity(rarest.doc_freq as usize);
        let mut list = self
            .postings
            .read_postings_from_terminfo(rarest, IndexRecordOption::Basic)?;
        while list.doc() != TERMINATED {
            chunks.push(list.doc());
            list.advance();
        }
        for info in &terms[1..] {
            let longer = info.doc_freq / LONGER_BY > chunks.len() as u32;
            if chunks.len() <= ENOUGH_CANDIDATES || longer {
                break;
            }
            let list = self
                .postings
                .read_postings_from_terminfo(info, IndexRecordOption::Basic)?;
            keep_common(&mut chunks, list);
        }
        Ok(Candidates::Chunks(chunks))
    }
}

fn keep_common(chunks: &mut Vec<u32>, mut list: SegmentPostings) {
    chunks.retain(|chunk| {
        if list.doc() < *chunk {
            list.seek(*chunk);
        }
        list.doc() == *chunk
    });
}

/// Every run of three characters.
fn grams(text: &str) -> impl Iterator<Item = &str> {
    let starts = text.char_indices().map(|(at, _)| at);
    let ends = text.char_indices().map(|(at, c)| at + c.len_utf8()).skip(2);
    starts.zip(ends).map(|(start, end)| &text[start..end])
}

#[derive(Clone)]
struct ByTrigram;

struct Stream<'a> {
    text: &'a str,
    /// Byte offsets of the next gram's characters.
    at: usize,
    token: Token,
}

impl Tokenizer for ByTrigram {
    type TokenStream<'a> = Stream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Stream<'a> {
        // places are not indexed; the default one is a mark that overflows when counted on
        let token = Token {
            position: 0,
            ..Token::default()
        };
        Stream { text, at: 0, token }
    }
}

impl TokenStream for Stream<'_> {
    fn advance(&mut self) -> bool {
        let rest = &self.text[self.at..];
        let Some(gram) = grams(rest).next() else {
            return false;
        };
        self.token.text.clear();
        self.token.text.push_str(gram);
        self.at += gram.chars().next().map_or(0, char::len_utf8);
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}

#[cfg(test)]
mod tests;
