//! The different words of a segment, and which of them hold given letters: a suffix array (Manber and Myers
//! 1993) over all words, so that a look costs two binary searches, however many words there are.

use super::table::{self, Table, Text};
use bytemuck::{Pod, Zeroable};
use std::io;
use std::ops::Range;
use std::path::Path;

/// The longest word that is kept, in bytes.
pub const LONGEST: usize = (1 << OFFSET_BITS) - 1;
const OFFSET_BITS: u32 = 7;
const MOST_WORDS: usize = 1 << (u32::BITS - OFFSET_BITS);

const LETTERS: &str = "word-letters";
const STARTS: &str = "word-starts";
const SUFFIXES: &str = "word-suffixes";
/// Stands behind every word; sorts before everything that is part of one.
const END: u8 = b'\n';

/// An end of a word: the word's number, and the byte in it where the end begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Pod, Zeroable)]
#[repr(transparent)]
struct Suffix(u32);

impl Suffix {
    fn new(word: usize, offset: usize) -> Self {
        Self((word as u32) << OFFSET_BITS | offset as u32)
    }

    fn word(self) -> u32 {
        self.0 >> OFFSET_BITS
    }

    fn offset(self) -> usize {
        self.0 as usize & LONGEST
    }
}

/// A part of a word that is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece<'a> {
    /// Its letters.
    pub letters: &'a str,
    /// Whether the word begins with it.
    pub begins: bool,
    /// Whether the word ends with it.
    pub ends: bool,
}

/// Where a piece was found.
pub enum Matches {
    /// In words that begin with it: their numbers.
    Words(Range<usize>),
    /// Anywhere in words: rows of the suffix array.
    Suffixes(Range<usize>),
}

impl Matches {
    /// Words that match at most; no fewer than their number by more than the times that the piece repeats in one.
    pub fn len(&self) -> usize {
        match self {
            Self::Words(range) | Self::Suffixes(range) => range.len(),
        }
    }
}

/// The words, mapped; numbered in the order of their bytes.
pub struct Vocabulary {
    letters: Text,
    starts: Table<u32>,
    suffixes: Table<Suffix>,
}

/// Words on their way into a vocabulary.
#[derive(Default)]
pub struct Draft {
    letters: Vec<u8>,
    starts: Vec<u32>,
}

impl Draft {
    /// Appends a word, which sorts behind those before and has at most [`LONGEST`] bytes.
    pub fn push(&mut self, word: &[u8]) {
        self.starts.push(self.letters.len() as u32);
        self.letters.extend_from_slice(word);
        self.letters.push(END);
    }

    /// Writes the vocabulary into `folder`.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        if self.starts.len() > MOST_WORDS || u32::try_from(self.letters.len()).is_err() {
            let message = format!("more than {MOST_WORDS} different words: split the corpus into several");
            return Err(io::Error::new(io::ErrorKind::Unsupported, message));
        }
        table::write(folder, LETTERS, &self.letters)?;
        table::write(folder, STARTS, &self.starts)?;
        table::write(folder, SUFFIXES, &self.suffixes())
    }

    /// All ends of words at which a character begins, in the order of their bytes.
    fn suffixes(&self) -> Vec<Suffix> {
        let mut rows = Vec::with_capacity(self.letters.len());
        for (word, start) in self.starts.iter().enumerate() {
            let letters = self.letters[*start as usize..].split(|byte| *byte == END).next();
            for (offset, byte) in letters.unwrap_or_default().iter().enumerate() {
                let goes_on = byte & 0b1100_0000 == 0b1000_0000;
                if !goes_on {
                    let suffix = Suffix::new(word, offset);
                    rows.push((self.head(suffix), suffix));
                }
            }
        }
        // nearly all comparisons end at the heads, which are at hand
        rows.sort_unstable_by(|a, b| {
            let tails = || self.tail(a.1).cmp(self.tail(b.1));
            a.0.cmp(&b.0).then_with(tails).then(a.1.cmp(&b.1))
        });
        rows.into_iter().map(|(_, suffix)| suffix).collect()
    }

    fn suffix(&self, suffix: Suffix) -> &[u8] {
        let start = self.starts[suffix.word() as usize] as usize + suffix.offset();
        self.letters[start..]
            .split_inclusive(|byte| *byte == END)
            .next()
            .unwrap_or_default()
    }

    /// The first eight bytes of a suffix and its mark as a number of the same order.
    fn head(&self, suffix: Suffix) -> u64 {
        let mut head = [0; 8];
        for (to, from) in head.iter_mut().zip(self.suffix(suffix)) {
            *to = *from;
        }
        u64::from_be_bytes(head)
    }

    fn tail(&self, suffix: Suffix) -> &[u8] {
        self.suffix(suffix).get(8..).unwrap_or_default()
    }
}

impl Vocabulary {
    /// Maps the vocabulary in `folder`, which must hold `words` words.
    pub fn open(folder: &Path, words: usize) -> io::Result<Self> {
        let vocabulary = Self {
            letters: Text::open(folder, LETTERS)?,
            starts: Table::open(folder, STARTS)?,
            suffixes: Table::open(folder, SUFFIXES)?,
        };
        let found = vocabulary.starts.len();
        if found == words {
            Ok(vocabulary)
        } else {
            let message = format!("{found} words instead of {words}");
            Err(io::Error::new(io::ErrorKind::InvalidData, message))
        }
    }

    /// A word by its number.
    pub fn word(&self, word: u32) -> &[u8] {
        let word = word as usize;
        let start = self.starts.get(word).map_or(0, |start| *start as usize);
        let end = self
            .starts
            .get(word + 1)
            .map_or(self.letters.len(), |next| *next as usize);
        self.letters.bytes(start..end.saturating_sub(1))
    }

    /// Looks for a piece.
    pub fn find(&self, piece: &Piece<'_>) -> Matches {
        let mut wanted = piece.letters.as_bytes().to_vec();
        if piece.ends {
            wanted.push(END);
        }
        // as much from there as is wanted: nothing wanted goes on behind the end of a word
        let from = |start: usize| {
            let end = (start + wanted.len()).min(self.letters.len());
            self.letters.bytes(start..end)
        };
        if piece.begins {
            let rows: &[u32] = &self.starts;
            let low = rows.partition_point(|start| from(*start as usize) < wanted.as_slice());
            let length = rows[low..].partition_point(|start| from(*start as usize) <= wanted.as_slice());
            Matches::Words(low..low + length)
        } else {
            let start = |suffix: &Suffix| {
                let start = self
                    .starts
                    .get(suffix.word() as usize)
                    .map_or(0, |start| *start as usize);
                start + suffix.offset()
            };
            let rows: &[Suffix] = &self.suffixes;
            let low = rows.partition_point(|suffix| from(start(suffix)) < wanted.as_slice());
            let length = rows[low..].partition_point(|suffix| from(start(suffix)) <= wanted.as_slice());
            Matches::Suffixes(low..low + length)
        }
    }

    /// The words that match, ascending, each once.
    pub fn words(&self, matches: &Matches) -> Vec<u32> {
        match matches {
            Matches::Words(range) => (range.start as u32..range.end as u32).collect(),
            Matches::Suffixes(range) => {
                let rows = self.suffixes.get(range.clone()).unwrap_or_default();
                let mut words: Vec<u32> = rows.iter().map(|suffix| suffix.word()).collect();
                words.sort_unstable();
                words.dedup();
                words.retain(|word| (*word as usize) < self.starts.len());
                words
            }
        }
    }
}

#[cfg(test)]
mod tests;
