//! How tokenizers spell bytes: each of their tokens as the bytes that it stands for.

use super::Word;
use std::collections::HashMap;
use tokenizers::{DecoderWrapper, Tokenizer};

/// How the tokens of a vocabulary are spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spelling {
    /// A letter for each byte, as GPT-2 does it.
    Bytes,
    /// Text with `▁` for a space, and `<0x0A>` for a byte that is in no piece, as SentencePiece does it.
    Pieces,
}

impl Spelling {
    /// How a tokenizer spells, by what it does to turn tokens into text.
    pub fn of(tokenizer: &Tokenizer) -> Result<Self, String> {
        match tokenizer.get_decoder() {
            Some(DecoderWrapper::ByteLevel(_)) => Ok(Self::Bytes),
            Some(decoder) => {
                // The parts of a sequence can be seen from outside in its JSON only.
                let written = serde_json::to_string(decoder).unwrap_or_default();
                if written.contains("\"ByteLevel\"") {
                    Ok(Self::Bytes)
                } else if written.contains('▁') {
                    Ok(Self::Pieces)
                } else {
                    Err(format!(
                        "its `decoder` {written} is not followed here: byte-level BPE and SentencePiece are"
                    ))
                }
            }
            None => Err("it has no `decoder`, so that tokens cannot be turned into text".to_owned()),
        }
    }

    fn bytes(self, word: &str, letters: &HashMap<char, u8>) -> Vec<u8> {
        match self {
            Self::Bytes => {
                let spelled: Option<Vec<u8>> = word.chars().map(|letter| letters.get(&letter).copied()).collect();
                // Tokens that were added later are written as they are.
                spelled.unwrap_or_else(|| word.as_bytes().to_vec())
            }
            Self::Pieces => match byte_piece(word) {
                Some(byte) => vec![byte],
                None => word.replace('▁', " ").into_bytes(),
            },
        }
    }
}

/// The byte of `<0x0A>`.
fn byte_piece(word: &str) -> Option<u8> {
    let digits = word.strip_prefix("<0x")?.strip_suffix('>')?;
    (digits.len() == 2)
        .then(|| u8::from_str_radix(digits, 16).ok())
        .flatten()
}

/// Every word by its token.
pub fn all(tokenizer: &Tokenizer, spelling: Spelling) -> Vec<Word> {
    let letters = letters();
    let added = tokenizer.get_added_tokens_decoder();
    let vocabulary = tokenizer.get_vocab(true);
    let size = vocabulary.values().max().map_or(0, |highest| *highest as usize + 1);
    let mut words = vec![Word::default(); size];
    for (text, token) in vocabulary {
        words[token as usize] = match added.get(&token) {
            Some(added) => Word {
                bytes: text.into_bytes(),
                special: added.special,
            },
            None => Word {
                bytes: spelling.bytes(&text, &letters),
                special: false,
            },
        };
    }
    words
}

/// GPT-2's letter for each byte: printable ones stand for themselves, the others for letters from U+0100 on.
fn letters() -> HashMap<char, u8> {
    let printable = |byte: &u8| matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF);
    let own = (0..=u8::MAX).filter(printable).map(|byte| (char::from(byte), byte));
    let others = (0..=u8::MAX).filter(|byte| !printable(byte));
    own.chain(('\u{100}'..).zip(others)).collect()
}
