//! The keyword index, in tantivy: which chunks contain a run of three folded characters, and which words
//! how often.
//!
//! Trigrams only prune. A chunk that contains a keyword contains all the keyword's trigrams, whatever
//! words and punctuation they lie across; which chunks really contain it, and how often, is counted
//! on the folded text. Words are counted here, and ranked by [`crate::corpus::words`]. Document numbers
//! are chunk numbers: there is one segment, written in order.

use crate::corpus::words::words;
use std::path::Path;
use std::sync::Arc;
use tantivy::directory::MmapDirectory;
use tantivy::postings::{Postings as _, SegmentPostings};
use tantivy::schema::{Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::tokenizer::{TextAnalyzer, Token, TokenStream, Tokenizer};
use tantivy::{DocSet, Index, InvertedIndexReader, SegmentReader, TERMINATED, TantivyDocument, TantivyError, Term};

const BY_TRIGRAM: &str = "trigrams";
const BY_WORD: &str = "words";
const GRAMS: &str = "grams";
const WORDS: &str = "words";
/// Room for the writer's tables before they grow, in bytes.
const WRITER_BYTES: usize = 64 << 20;
/// A further posting list is intersected only while more candidates than this are left: below it,
/// looking at the texts is cheaper than decoding postings.
const ENOUGH_CANDIDATES: usize = 24;
/// Lists longer than this many times the candidates are not worth decoding.
const LONGER_BY: u32 = 16;

/// The index, opened.
pub struct Keywords {
    grams: Arc<InvertedIndexReader>,
    gram: Field,
    words: Arc<InvertedIndexReader>,
    word: Field,
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
    let mut field = |name, tokenizer, option| {
        let indexing = TextFieldIndexing::default()
            .set_tokenizer(tokenizer)
            .set_index_option(option)
            .set_fieldnorms(false);
        schema.add_text_field(name, TextOptions::default().set_indexing_options(indexing))
    };
    let gram = field(GRAMS, BY_TRIGRAM, IndexRecordOption::Basic);
    let word = field(WORDS, BY_WORD, IndexRecordOption::WithFreqs);
    let builder = Index::builder().schema(schema.build()).tokenizers(tokenizers());
    let mut writer = builder.single_segment_index_writer(MmapDirectory::open(folder)?, WRITER_BYTES)?;
    for text in folded {
        let mut document = TantivyDocument::default();
        document.add_text(gram, text);
        document.add_text(word, text);
        writer.add_document(document)?;
    }
    writer.finalize()?;
    Ok(())
}

fn tokenizers() -> tantivy::tokenizer::TokenizerManager {
    let manager = tantivy::tokenizer::TokenizerManager::new();
    manager.register(BY_TRIGRAM, TextAnalyzer::builder(Cut(grams_of)).build());
    manager.register(BY_WORD, TextAnalyzer::builder(Cut(words_of)).build());
    manager
}

impl Keywords {
    /// Opens the index in `folder`, which must hold `chunks` texts.
    pub fn open(folder: &Path, chunks: usize) -> Result<Self, TantivyError> {
        let index = Index::open_in_dir(folder)?;
        let (gram, word) = (index.schema().get_field(GRAMS)?, index.schema().get_field(WORDS)?);
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
            grams: reader.inverted_index(gram)?,
            gram,
            words: reader.inverted_index(word)?,
            word,
            chunks: reader.max_doc(),
        })
    }

    /// The chunks that contain every trigram of a folded keyword, or more where that is cheaper.
    pub fn candidates(&self, folded: &str) -> std::io::Result<Candidates> {
        let mut terms = Vec::new();
        for gram in grams(folded) {
            match self.grams.get_term_info(&Term::from_field_text(self.gram, gram))? {
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
            .grams
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
            let list = self.grams.read_postings_from_terminfo(info, IndexRecordOption::Basic)?;
            keep_common(&mut chunks, list);
        }
        Ok(Candidates::Chunks(chunks))
    }

    /// Tells every chunk that holds a folded word, ascending, and how often.
    pub fn holding(&self, word: &str, mut tell: impl FnMut(u32, u32)) -> std::io::Result<()> {
        let Some(info) = self.words.get_term_info(&Term::from_field_text(self.word, word))? else {
            return Ok(());
        };
        let option = IndexRecordOption::WithFreqs;
        let mut list = self.words.read_postings_from_terminfo(&info, option)?;
        while list.doc() != TERMINATED {
            tell(list.doc(), list.term_freq());
            list.advance();
        }
        Ok(())
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

/// The next term of a text: where it starts, where it ends, and where to look on.
type Next = fn(&str) -> Option<(usize, usize, usize)>;

fn grams_of(text: &str) -> Option<(usize, usize, usize)> {
    let gram = grams(text).next()?;
    Some((0, gram.len(), gram.chars().next().map_or(1, char::len_utf8)))
}

fn words_of(text: &str) -> Option<(usize, usize, usize)> {
    let word = words(text).next()?;
    let start = word.as_ptr() as usize - text.as_ptr() as usize;
    Some((start, start + word.len(), start + word.len()))
}

#[derive(Clone)]
struct Cut(Next);

struct Stream<'a> {
    rest: &'a str,
    next: Next,
    token: Token,
}

impl Tokenizer for Cut {
    type TokenStream<'a> = Stream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Stream<'a> {
        // places are not indexed; the default one is a mark that overflows when counted on
        let token = Token {
            position: 0,
            ..Token::default()
        };
        Stream {
            rest: text,
            next: self.0,
            token,
        }
    }
}

impl TokenStream for Stream<'_> {
    fn advance(&mut self) -> bool {
        let Some((start, end, on)) = (self.next)(self.rest) else {
            return false;
        };
        self.token.text.clear();
        self.token.text.push_str(&self.rest[start..end]);
        self.rest = &self.rest[on..];
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
