//! Owns BERT's uncased tokenisation: cleaning, lower case, accents off, punctuation and CJK
//! characters apart, then the greedy longest match of word pieces (Devlin et al. 2018,
//! Wu et al. 2016).

use std::borrow::Cow;

use unicode_normalization::char::decompose_canonical;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

use super::vocabulary::Vocabulary;

/// Longer words, in characters after cleaning, become one unknown token, as in BERT.
const MAX_WORD_CHARACTERS: usize = 100;

/// A BERT uncased tokenizer over one vocabulary.
///
/// Special tokens are recognised by id only: the text `[SEP]` is three tokens, so that text
/// from outside cannot end a sequence.
#[derive(Debug, Clone)]
pub struct WordPiece {
    vocabulary: Vocabulary,
    unknown: u32,
    max_tokens: usize,
}

/// What one ASCII byte does to the word being read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Word,
    Space,
    Punctuation,
    Dropped,
}

/// The word under construction and where its pieces go.
struct Reader<'a> {
    tokenizer: &'a WordPiece,
    word: String,
    characters: usize,
    out: &'a mut Vec<u32>,
    limit: usize,
}

impl WordPiece {
    /// A tokenizer over a BERT `vocab.txt` (one token a line, the line number is the id) that
    /// yields at most `max_tokens` ids a text. `None` if the vocabulary has no `[UNK]`.
    pub fn new(vocabulary: impl Into<Cow<'static, str>>, max_tokens: usize) -> Option<Self> {
        let vocabulary = Vocabulary::new(vocabulary.into());
        let unknown = vocabulary.find(b"[UNK]", false)?;
        Some(Self {
            vocabulary,
            unknown,
            max_tokens,
        })
    }

    /// Number of tokens in the vocabulary.
    pub fn vocabulary_size(&self) -> usize {
        self.vocabulary.len()
    }

    /// The id of a whole token such as `[CLS]`, `the` or `##ing`.
    pub fn token_id(&self, token: &str) -> Option<u32> {
        match token.strip_prefix("##") {
            Some(rest) if !rest.is_empty() => self.vocabulary.find(rest.as_bytes(), true),
            _ => self.vocabulary.find(token.as_bytes(), false),
        }
    }

    /// The id that stands for a word without pieces.
    pub fn unknown_id(&self) -> u32 {
        self.unknown
    }

    /// The ids of `text` without `[CLS]` and `[SEP]`, cut at the tokenizer's limit.
    pub fn encode(&self, text: &str) -> Vec<u32> {
        let mut out = Vec::new();
        self.encode_into(text, &mut out);
        out
    }

    /// As [`encode`](Self::encode), replacing the contents of `out`.
    pub fn encode_into(&self, text: &str, out: &mut Vec<u32>) {
        self.read(text, self.max_tokens, out);
    }

    /// Number of ids of the whole text, not cut at the limit.
    pub fn count(&self, text: &str) -> usize {
        let mut out = Vec::new();
        self.read(text, usize::MAX, &mut out);
        out.len()
    }

    fn read(&self, text: &str, limit: usize, out: &mut Vec<u32>) {
        out.clear();
        let mut reader = Reader {
            tokenizer: self,
            word: String::with_capacity(32),
            characters: 0,
            out,
            limit,
        };
        for character in text.chars() {
            if reader.out.len() >= limit {
                break;
            }
            reader.take(character);
        }
        reader.flush();
        reader.out.truncate(limit);
    }

    /// Appends the pieces of one cleaned word, or the unknown token if any part has no piece.
    fn pieces(&self, word: &str, out: &mut Vec<u32>) {
        let before = out.len();
        let bytes = word.as_bytes();
        let mut begin = 0;
        while begin < bytes.len() {
            let mut end = bytes.len().min(begin + self.vocabulary.longest());
            let found = loop {
                if let Some(id) = self.vocabulary.find(&bytes[begin..end], begin > 0) {
                    break Some(id);
                }
                // A cut inside a character matches nothing, so bytes can be dropped one by one.
                end -= 1;
                if end == begin {
                    break None;
                }
            };
            let Some(id) = found else {
                out.truncate(before);
                out.push(self.unknown);
                return;
            };
            out.push(id);
            begin = end;
        }
    }
}

impl Reader<'_> {
    fn take(&mut self, character: char) {
        if character.is_ascii() {
            match ascii_class(character as u8) {
                Class::Word => {
                    self.word.push(character.to_ascii_lowercase());
                    self.characters += 1;
                }
                Class::Space => self.flush(),
                Class::Punctuation => self.alone(character),
                Class::Dropped => {}
            }
            return;
        }
        if is_dropped(character) {
            return;
        }
        if character.is_whitespace() {
            self.flush();
            return;
        }
        let ideograph = is_ideograph(character);
        if ideograph {
            self.flush();
        }
        decompose_canonical(character, |part| {
            if part.general_category() == GeneralCategory::NonspacingMark {
                return;
            }
            for lower in part.to_lowercase() {
                if is_punctuation(lower) {
                    self.alone(lower);
                } else {
                    self.word.push(lower);
                    self.characters += 1;
                }
            }
        });
        if ideograph {
            self.flush();
        }
    }

    /// A character that is a word by itself.
    fn alone(&mut self, character: char) {
        self.flush();
        self.word.push(character);
        self.characters = 1;
        self.flush();
    }

    fn flush(&mut self) {
        if self.word.is_empty() || self.out.len() >= self.limit {
            return;
        }
        if self.characters > MAX_WORD_CHARACTERS {
            self.out.push(self.tokenizer.unknown);
        } else {
            self.tokenizer.pieces(&self.word, self.out);
        }
        self.word.clear();
        self.characters = 0;
    }
}

fn ascii_class(byte: u8) -> Class {
    match byte {
        b'\t' | b'\n' | b'\r' | b' ' => Class::Space,
        0..=0x1F | 0x7F => Class::Dropped,
        _ if byte.is_ascii_punctuation() => Class::Punctuation,
        _ => Class::Word,
    }
}

/// Control, format and private-use characters and the replacement character.
fn is_dropped(character: char) -> bool {
    use GeneralCategory::{Control, Format, PrivateUse};
    character == '\u{FFFD}' || matches!(character.general_category(), Control | Format | PrivateUse)
}

fn is_punctuation(character: char) -> bool {
    character.is_ascii_punctuation() || character.general_category_group() == GeneralCategoryGroup::Punctuation
}

/// The blocks that BERT splits character by character. `2B920` for `2B820` is as in the
/// reference implementation: equality with it matters more than the 256 characters.
fn is_ideograph(character: char) -> bool {
    matches!(character as u32,
        0x4E00..=0x9FFF | 0x3400..=0x4DBF | 0x20000..=0x2A6DF | 0x2A700..=0x2B73F
        | 0x2B740..=0x2B81F | 0x2B920..=0x2CEAF | 0xF900..=0xFAFF | 0x2F800..=0x2FA1F)
}
