//! The keyword index: the words of each chunk and how often it has them, in tantivy, and beside it the
//! [`Vocabulary`], which tells the words that hold given letters.
//!
//! A keyword that is letters only lies within one word wherever it occurs, so how often a chunk has it follows
//! from the words alone and no text is read. One that words do not contain, such as a phrase, is made of the end of
//! a word, whole words and the beginning of one: only texts that have them all are looked at.
//! Document numbers are chunk numbers: there is one segment, written in order.

use super::chunk_set::ChunkSet;
use super::vocabulary::{self, LONGEST, Piece, Vocabulary};
use crate::corpus::words::Words;
use memchr::memmem::Finder;
use std::io;
use std::path::Path;
use std::sync::Arc;
use tantivy::directory::MmapDirectory;
use tantivy::postings::TermInfo;
use tantivy::schema::{Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::tokenizer::{TextAnalyzer, Token, TokenStream, Tokenizer};
use tantivy::{Index, InvertedIndexReader, SegmentReader, TantivyDocument, TantivyError};

const WORDS: &str = "words";
/// Stands for all words longer than [`LONGEST`]: no letter, and behind them all in order.
const UNLISTED: &str = "\u{10ffff}";
/// Room for the writer's tables before they grow, in bytes.
const WRITER_BYTES: usize = 64 << 20;
/// What it costs to look at a chunk's text, and to begin with a word's chunks, where one chunk of a word costs 1.
/// Measured on passages of 700 bytes: 300, 150 and 1 nanoseconds.
const TEXT_COST: usize = 256;
const WORD_COST: usize = 128;

/// The index, opened.
pub struct Keywords {
    index: Arc<InvertedIndexReader>,
    vocabulary: Vocabulary,
    /// The chunks with words that are too long for the vocabulary.
    unlisted: ChunkSet,
    chunks: usize,
}

/// The words that a piece of a keyword may be part of.
struct List {
    words: Vec<TermInfo>,
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
    let mut draft = vocabulary::Draft::default();
    while words.advance() {
        if words.key() != UNLISTED.as_bytes() {
            draft.push(words.key());
        }
    }
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
        let unlisted = index.terms().get(UNLISTED)?;
        let words = index.terms().num_terms() - usize::from(unlisted.is_some());
        let mut keywords = Self {
            vocabulary: Vocabulary::open(folder, words)?,
            unlisted: ChunkSet::none(chunks),
            index,
            chunks,
        };
        if let Some(unlisted) = unlisted {
            keywords.unlisted = keywords.holding_any(&[unlisted])?;
        }
        Ok(keywords)
    }

    /// Tells chunks that hold a folded keyword and how often, in no order, a chunk at times in several parts.
    /// The chunks that are given back were not told of: only their texts say whether they hold it.
    pub fn find(&self, keyword: &str, mut tell: impl FnMut(u32, u64)) -> io::Result<ChunkSet> {
        let pieces: Vec<Piece<'_>> = pieces(keyword).collect();
        let [within @ Piece { begins: false, ends: false, .. }] = pieces.as_slice() else {
            return self.candidates(&pieces);
        };
        let finder = Finder::new(keyword);
        for word in self.vocabulary.words(&self.vocabulary.find(within)) {
            let word = self.vocabulary.word(word);
            let times = finder.find_iter(word).count() as u64;
            self.each(&self.info(word)?, IndexRecordOption::WithFreqs, |chunk, count| {
                if !self.unlisted.has(chunk) {
                    tell(chunk, times * u64::from(count));
                }
            })?;
        }
        Ok(self.unlisted.clone())
    }

    /// The chunks with words for all pieces, or more where that is cheaper.
    fn candidates(&self, pieces: &[Piece<'_>]) -> io::Result<ChunkSet> {
        let mut matches: Vec<_> = pieces.iter().map(|piece| self.vocabulary.find(piece)).collect();
        matches.sort_by_key(vocabulary::Matches::len);
        let mut lists: Vec<List> = Vec::new();
        let mut least = self.chunks * TEXT_COST;
        for matches in matches {
            // the other pieces have no fewer words, and each costs something
            if matches.len() * WORD_COST > least {
                break;
            }
            let words = self.vocabulary.words(&matches).into_iter();
            let words = words.map(|word| self.info(self.vocabulary.word(word)));
            let words = words.collect::<io::Result<Vec<TermInfo>>>()?;
            let cost = words.iter().map(|word| WORD_COST + word.doc_freq as usize).sum();
            least = least.min(cost * TEXT_COST);
            lists.push(List { words, cost });
        }
        lists.sort_by_key(|list| list.cost);
        let mut found = ChunkSet::all(self.chunks);
        for list in lists {
            if list.cost > found.len() * TEXT_COST {
                break;
            }
            found.keep(&self.holding_any(&list.words)?);
        }
        found.add(&self.unlisted);
        Ok(found)
    }

    /// Tells every chunk that holds a folded word, ascending, and how often.
    pub fn holding(&self, word: &str, tell: impl FnMut(u32, u32)) -> io::Result<()> {
        match self.index.terms().get(word)? {
            Some(info) => self.each(&info, IndexRecordOption::WithFreqs, tell),
            None => Ok(()),
        }
    }

    fn holding_any(&self, words: &[TermInfo]) -> io::Result<ChunkSet> {
        let mut chunks = ChunkSet::none(self.chunks);
        for word in words {
            self.each(word, IndexRecordOption::Basic, |chunk, _| chunks.insert(chunk))?;
        }
        Ok(chunks)
    }

    fn info(&self, word: &[u8]) -> io::Result<TermInfo> {
        let info = self.index.terms().get(word)?;
        info.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "a word of the vocabulary has no list"))
    }

    fn each(&self, word: &TermInfo, option: IndexRecordOption, mut tell: impl FnMut(u32, u32)) -> io::Result<()> {
        let mut block = self.index.read_block_postings_from_terminfo(word, option)?;
        while block.block_len() > 0 {
            for (at, chunk) in block.docs().iter().enumerate() {
                tell(*chunk, block.freq(at));
            }
            block.advance();
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

#[derive(Clone)]
struct ByWord;

struct Stream<'a> {
    words: Words<'a>,
    token: Token,
}

impl Tokenizer for ByWord {
    type TokenStream<'a> = Stream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Stream<'a> {
        // places are not indexed; the default one is a mark that overflows when counted on
        let token = Token {
            position: 0,
            ..Token::default()
        };
        let words = Words::of(text);
        Stream { words, token }
    }
}

impl TokenStream for Stream<'_> {
    fn advance(&mut self) -> bool {
        let Some(word) = self.words.next() else {
            return false;
        };
        let is_listed = word.text.len() <= LONGEST;
        self.token.text.clear();
        self.token.text.push_str(if is_listed { word.text } else { UNLISTED });
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
