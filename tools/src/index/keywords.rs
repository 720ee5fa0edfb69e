//! The keyword index: the words of each chunk and how often it has them, in tantivy, and beside it the
//! [`Vocabulary`], which tells the words that hold given letters.
//!
//! A keyword that is letters only lies within one word wherever it occurs, so how often a chunk has it follows
//! from the words alone and no text is read. One that words do not contain, such as a phrase, is made of the end of
//! a word, whole words and the beginning of one: only texts that have them all are looked at.
//! Document numbers are chunk numbers: there is one segment, written in order.

use super::chunk_set::ChunkSet;
use super::table::{self, Table};
use super::vocabulary::{self, Piece, Vocabulary};
use crate::corpus::words::Words;
use bytemuck::{Pod, Zeroable};
use memchr::memmem::Finder;
use std::io;
use std::path::Path;
use std::sync::Arc;
use tantivy::directory::MmapDirectory;
use tantivy::postings::TermInfo;
use tantivy::schema::{Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::tokenizer::TextAnalyzer;
use tantivy::{Index, InvertedIndexReader, SegmentReader, TantivyDocument, TantivyError};
use tokenizer::{ByWord, UNLISTED};

const WORDS: &str = "words";
const LISTS: &str = "word-lists";
/// Room for the writer's tables before they grow, in bytes.
const WRITER_BYTES: usize = 64 << 20;
// Costs in nanoseconds, as measured on passages of 700 bytes: to put a chunk of a list into a set is 1.
/// To look at a chunk's text by itself; half of it where all texts are looked at in a row.
const TEXT_COST: usize = 256;
/// To begin with a word's list.
const WORD_COST: usize = 64;
/// To tell of a chunk.
const TELL_COST: usize = 8;

/// The index, opened.
pub struct Keywords {
    index: Arc<InvertedIndexReader>,
    vocabulary: Vocabulary,
    /// One row a word.
    lists: Table<ListRow>,
    /// The chunks with words that are too long for the vocabulary.
    unlisted: ChunkSet,
    chunks: usize,
}

/// Where tantivy keeps the chunks of a word; its own dictionary would be asked letter by letter.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct ListRow {
    start: u64,
    bytes: u32,
    /// Number of chunks.
    holding: u32,
}

impl ListRow {
    fn new(info: &TermInfo) -> Self {
        Self {
            start: info.postings_range.start as u64,
            bytes: info.postings_range.len() as u32,
            holding: info.doc_freq,
        }
    }

    fn info(self) -> TermInfo {
        let start = self.start as usize;
        TermInfo {
            doc_freq: self.holding,
            postings_range: start..start + self.bytes as usize,
            positions_range: 0..0,
        }
    }
}

/// The words that a piece of a keyword may be part of.
struct Lists {
    words: Vec<u32>,
    rows: Vec<ListRow>,
    cost: usize,
}

/// Writes an index of folded texts into `folder`, which exists and is empty.
pub fn write<'a>(folder: &Path, folded: impl Iterator<Item = &'a str>) -> Result<(), TantivyError> {
    let mut schema = Schema::builder();
    let indexing = TextFieldIndexing::default()
        .set_tokenizer(WORDS)
        .set_index_option(IndexRecordOption::WithFreqs)
        .set_fieldnorms(false);
    let field = schema.add_text_field(WORDS, TextOptions::default().set_indexing_options(indexing));
    let tokenizers = tantivy::tokenizer::TokenizerManager::new();
    tokenizers.register(WORDS, TextAnalyzer::builder(ByWord).build());
    let builder = Index::builder().schema(schema.build()).tokenizers(tokenizers);
    let mut writer = builder.single_segment_index_writer(MmapDirectory::open(folder)?, WRITER_BYTES)?;
    for text in folded {
        let mut document = TantivyDocument::default();
        document.add_text(field, text);
        writer.add_document(document)?;
    }
    let index = writer.finalize()?;
    let (_, reader) = only_segment(&index)?;
    let mut words = reader.terms().stream()?;
    let (mut draft, mut lists) = (vocabulary::Draft::default(), Vec::new());
    while words.advance() {
        if words.key() != UNLISTED.as_bytes() {
            draft.push(words.key());
            lists.push(ListRow::new(words.value()));
        }
    }
    table::write(folder, LISTS, &lists)?;
    Ok(draft.write(folder)?)
}

/// Number of texts, and the lists of words.
fn only_segment(index: &Index) -> Result<(usize, Arc<InvertedIndexReader>), TantivyError> {
    let field: Field = index.schema().get_field(WORDS)?;
    let segments = index.searchable_segments()?;
    let [segment] = segments.as_slice() else {
        let message = format!("{} segments instead of one", segments.len());
        return Err(TantivyError::InternalError(message));
    };
    let reader = SegmentReader::open(segment)?;
    Ok((reader.max_doc() as usize, reader.inverted_index(field)?))
}

impl Keywords {
    /// Opens the index in `folder`, which must hold `chunks` texts.
    pub fn open(folder: &Path, chunks: usize) -> Result<Self, TantivyError> {
        let (found, index) = only_segment(&Index::open_in_dir(folder)?)?;
        if found != chunks {
            let message = format!("{found} texts instead of {chunks}");
            return Err(TantivyError::InternalError(message));
        }
        let lists: Table<ListRow> = Table::open(folder, LISTS)?;
        let mut keywords = Self {
            vocabulary: Vocabulary::open(folder, lists.len())?,
            lists,
            unlisted: ChunkSet::none(0),
            index,
            chunks,
        };
        if let Some(unlisted) = keywords.index.terms().get(UNLISTED)? {
            keywords.unlisted = keywords.holding_any(&[ListRow::new(&unlisted)])?;
        }
        Ok(keywords)
    }

    /// Tells chunks that hold a folded keyword and how often, in no order, a chunk at times in several parts.
    /// The chunks that are given back were not told of: only their texts say whether they hold it.
    pub fn find(&self, keyword: &str, mut tell: impl FnMut(u32, u64)) -> io::Result<ChunkSet> {
        let pieces: Vec<Piece<'_>> = pieces(keyword).collect();
        let [
            within @ Piece {
                begins: false,
                ends: false,
                ..
            },
        ] = pieces.as_slice()
        else {
            return self.candidates(&pieces);
        };
        let lists = self.lists(&self.vocabulary.find(within));
        let telling = lists
            .rows
            .iter()
            .map(|row| WORD_COST + TELL_COST * row.holding as usize);
        if telling.sum::<usize>() > self.chunks * TEXT_COST / 2 {
            return Ok(ChunkSet::all(self.chunks));
        }
        let finder = Finder::new(keyword);
        let times = |word: &u32| finder.find_iter(self.vocabulary.word(*word)).count() as u64;
        let times: Vec<u64> = lists.words.iter().map(times).collect();
        self.each(&lists.rows, IndexRecordOption::WithFreqs, |at, chunk, count| {
            if !self.unlisted.has(chunk) {
                tell(chunk, times[at] * u64::from(count));
            }
        })?;
        Ok(self.unlisted.clone())
    }

    /// The chunks with words for all pieces, or more where that is cheaper.
    fn candidates(&self, pieces: &[Piece<'_>]) -> io::Result<ChunkSet> {
        let mut matches: Vec<_> = pieces.iter().map(|piece| self.vocabulary.find(piece)).collect();
        matches.sort_by_key(vocabulary::Matches::len);
        let mut all: Vec<Lists> = Vec::new();
        let mut worth = self.chunks * TEXT_COST;
        for matches in matches {
            // the pieces that are left have no fewer words
            if matches.len() * WORD_COST > worth {
                break;
            }
            let lists = self.lists(&matches);
            // no more chunks than that will be left to look at
            worth = worth.min(lists.cost * TEXT_COST);
            all.push(lists);
        }
        all.sort_by_key(|lists| lists.cost);
        let mut found = ChunkSet::all(self.chunks);
        for lists in all {
            if lists.cost > found.len() * TEXT_COST {
                break;
            }
            found.keep(&self.holding_any(&lists.rows)?);
        }
        found.add(&self.unlisted);
        Ok(found)
    }

    /// Tells every chunk that holds a folded word, ascending, and how often.
    pub fn holding(&self, word: &str, mut tell: impl FnMut(u32, u32)) -> io::Result<()> {
        let info = self.index.terms().get(word)?;
        let rows: Vec<ListRow> = info.iter().map(ListRow::new).collect();
        self.each(&rows, IndexRecordOption::WithFreqs, |_, chunk, count| {
            tell(chunk, count)
        })
    }

    fn holding_any(&self, words: &[ListRow]) -> io::Result<ChunkSet> {
        let mut chunks = ChunkSet::none(self.chunks);
        self.each(words, IndexRecordOption::Basic, |_, chunk, _| chunks.insert(chunk))?;
        Ok(chunks)
    }

    fn lists(&self, matches: &vocabulary::Matches) -> Lists {
        let words = self.vocabulary.words(matches);
        let rows: Vec<ListRow> = words.iter().map(|word| self.lists[*word as usize]).collect();
        let cost = rows.iter().map(|row| WORD_COST + row.holding as usize).sum();
        Lists { words, rows, cost }
    }

    /// Tells every chunk of every word: the word's place, the chunk and how often it has it.
    fn each(
        &self,
        words: &[ListRow],
        option: IndexRecordOption,
        mut tell: impl FnMut(usize, u32, u32),
    ) -> io::Result<()> {
        let Some(first) = words.first() else {
            return Ok(());
        };
        let mut block = self.index.read_block_postings_from_terminfo(&first.info(), option)?;
        for (at, word) in words.iter().enumerate() {
            if at > 0 {
                // most lists are shorter than it takes to make room for one
                self.index
                    .reset_block_postings_from_terminfo(&word.info(), &mut block)?;
            }
            while block.block_len() > 0 {
                for (row, chunk) in block.docs().iter().enumerate() {
                    tell(at, *chunk, block.freq(row));
                }
                block.advance();
            }
        }
        Ok(())
    }
}

/// What the words of a text must have for it to contain a folded keyword.
fn pieces(keyword: &str) -> impl Iterator<Item = Piece<'_>> {
    Words::of(keyword).map(|word| {
        let end = word.start + word.text.len();
        let is_pair = word.unspaced && word.text.chars().nth(1).is_some();
        Piece {
            letters: word.text,
            begins: word.start > 0 || word.unspaced,
            ends: end < keyword.len() || is_pair,
        }
    })
}

#[cfg(test)]
mod tests;
mod tokenizer;
