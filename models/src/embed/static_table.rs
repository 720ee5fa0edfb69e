//! Owns the table of token vectors: its file format, and the vector of a text as the
//! normalised mean of its tokens' rows.

use std::borrow::Cow;
use std::sync::OnceLock;

use troupe_core::port::Error;
use troupe_core::port::embedder::{Embedder, Pooling, Recipe, Role};
use troupe_core::port::tokens::TokenCounter;

use super::wordpiece::WordPiece;

static EMBEDDED_TABLE: &[u8] = include_bytes!("../../assets/static-minilm-256.bin");
static EMBEDDED_VOCABULARY: &str = include_str!("../../assets/vocab.txt");

/// Tokens read of one text; the teacher of the table reads as many.
const MAX_TOKENS: usize = 256;

/// The start of a table file. All numbers are little-endian.
///
/// | offset | bytes | content |
/// |---|---|---|
/// | 0 | 8 | [`TableHeader::MAGIC`] |
/// | 8 | 4 | version, `u32` = [`TableHeader::VERSION`] |
/// | 12 | 4 | dimension `d`, `u32` |
/// | 16 | 4 | vocabulary size `n`, `u32` |
/// | 20 | 4 | zero |
/// | 24 | 8 | fingerprint, `u64`: a hash of scales and rows that names the table |
/// | 32 | 4 `n` | scale of each row, `f32` |
/// | 32 + 4 `n` | `n` `d` | rows, `i8`; value = scale × byte |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableHeader {
    /// Numbers in a row.
    pub dimension: usize,
    /// Rows, one a token.
    pub vocabulary_size: usize,
    /// Tells tables apart; whoever writes one chooses the hash.
    pub fingerprint: u64,
}

/// Why bytes are not a table.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum TableError {
    /// The bytes do not start with the magic number and a known version.
    #[error("not a static table of version {}", TableHeader::VERSION)]
    Format,
    /// The bytes are not as long as the header says.
    #[error("static table of {found} bytes where its header asks for {expected}")]
    Length {
        /// Bytes that the header asks for.
        expected: usize,
        /// Bytes given.
        found: usize,
    },
    /// The vocabulary has no `[UNK]` or not one token a row.
    #[error("vocabulary of {found} tokens for a table of {expected} rows")]
    Vocabulary {
        /// Rows in the table.
        expected: usize,
        /// Tokens in the vocabulary.
        found: usize,
    },
}

impl TableHeader {
    /// The first eight bytes of a table.
    pub const MAGIC: [u8; 8] = *b"TRPTABLE";
    /// The format described above.
    pub const VERSION: u32 = 1;
    /// Length in bytes of a header.
    pub const BYTES: usize = 32;

    /// The header's bytes.
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..8].copy_from_slice(&Self::MAGIC);
        bytes[8..12].copy_from_slice(&Self::VERSION.to_le_bytes());
        bytes[12..16].copy_from_slice(&(self.dimension as u32).to_le_bytes());
        bytes[16..20].copy_from_slice(&(self.vocabulary_size as u32).to_le_bytes());
        bytes[24..32].copy_from_slice(&self.fingerprint.to_le_bytes());
        bytes
    }

    fn read(bytes: &[u8]) -> Result<Self, TableError> {
        let number = |at: usize| {
            let four = bytes.get(at..at + 4)?;
            Some(u32::from_le_bytes(four.try_into().expect("a slice of four bytes")))
        };
        let fields = (number(8), number(12), number(16), number(24), number(28));
        let (Some(Self::VERSION), Some(dimension), Some(rows), Some(low), Some(high)) = fields else {
            return Err(TableError::Format);
        };
        if bytes[..8] != Self::MAGIC || dimension == 0 {
            return Err(TableError::Format);
        }
        let header = Self {
            dimension: dimension as usize,
            vocabulary_size: rows as usize,
            fingerprint: u64::from(high) << 32 | u64::from(low),
        };
        let expected = Self::BYTES + header.vocabulary_size * (4 + header.dimension);
        if bytes.len() != expected {
            return Err(TableError::Length {
                expected,
                found: bytes.len(),
            });
        }
        Ok(header)
    }
}

/// One vector a token; the vector of a text is the mean of its tokens' rows, of length 1.
///
/// Order and context of the words do not count. A text without known tokens (empty, blank,
/// or of unknown words only) has the zero vector, whose similarity to everything is 0.
#[derive(Debug, Clone)]
pub struct StaticTable {
    recipe: Recipe,
    tokenizer: WordPiece,
    dimension: usize,
    scales: Vec<f32>,
    /// Row-major `i8`, as the bytes that they are in the file.
    rows: Cow<'static, [u8]>,
}

impl StaticTable {
    /// The table compiled into the binary (256 dimensions), read once a process.
    pub fn embedded() -> &'static Self {
        static TABLE: OnceLock<StaticTable> = OnceLock::new();
        TABLE.get_or_init(|| {
            Self::from_bytes(EMBEDDED_TABLE, EMBEDDED_VOCABULARY)
                .expect("the embedded table and vocabulary are checked by a test")
        })
    }

    /// A table from the bytes of a file and the vocabulary (`vocab.txt`) of its tokenizer.
    pub fn from_bytes(
        bytes: impl Into<Cow<'static, [u8]>>,
        vocabulary: impl Into<Cow<'static, str>>,
    ) -> Result<Self, TableError> {
        let bytes = bytes.into();
        let TableHeader {
            dimension,
            vocabulary_size,
            fingerprint,
        } = TableHeader::read(&bytes)?;
        let vocabulary = vocabulary.into();
        let found = vocabulary.lines().count();
        let mismatch = TableError::Vocabulary {
            expected: vocabulary_size,
            found,
        };
        if found != vocabulary_size {
            return Err(mismatch);
        }
        let tokenizer = WordPiece::new(vocabulary, MAX_TOKENS).ok_or(mismatch)?;
        let rows_at = TableHeader::BYTES + vocabulary_size * 4;
        let scales = bytes[TableHeader::BYTES..rows_at]
            .chunks_exact(4)
            .map(|four| f32::from_le_bytes(four.try_into().expect("chunks of four bytes")))
            .collect();
        let rows = match bytes {
            Cow::Borrowed(all) => Cow::Borrowed(&all[rows_at..]),
            Cow::Owned(mut all) => Cow::Owned(all.split_off(rows_at)),
        };
        let recipe = Recipe {
            // another table has another name
            name: format!("static-{dimension}-{fingerprint:016x}"),
            dimension,
            pooling: Pooling::Mean,
            query_prefix: String::new(),
            passage_prefix: String::new(),
        };
        Ok(Self {
            recipe,
            tokenizer,
            dimension,
            scales,
            rows,
        })
    }

    /// The tokenizer that the rows belong to.
    pub fn tokenizer(&self) -> &WordPiece {
        &self.tokenizer
    }

    /// The vector of `text`: `dimension` numbers of length 1 in the Euclidean norm, or zeros
    /// for a text without known tokens. Reads the first 256 tokens.
    pub fn vector(&self, text: &str) -> Vec<f32> {
        let mut vector = vec![0.0; self.dimension];
        for id in self.tokenizer.encode(text) {
            self.add_row(id as usize, &mut vector);
        }
        let square: f32 = vector.iter().map(|value| value * value).sum();
        if square > 0.0 {
            let factor = square.sqrt().recip();
            vector.iter_mut().for_each(|value| *value *= factor);
        }
        vector
    }

    /// Adds the row of token `id`. Special and unknown tokens have rows of zeros.
    fn add_row(&self, id: usize, vector: &mut [f32]) {
        let scale = self.scales[id];
        let row = &self.rows[id * self.dimension..][..self.dimension];
        for (value, &byte) in vector.iter_mut().zip(row) {
            *value += scale * f32::from(byte as i8);
        }
    }
}

impl Embedder for StaticTable {
    fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// The same for both roles.
    fn embed(&self, _: Role, texts: &[&str]) -> Result<Vec<Vec<f32>>, Error> {
        Ok(texts.iter().map(|text| self.vector(text)).collect())
    }
}

/// Word pieces of the whole text, past the 256 that a vector reads too.
impl TokenCounter for StaticTable {
    fn count(&self, text: &str) -> usize {
        self.tokenizer.count(text)
    }
}
