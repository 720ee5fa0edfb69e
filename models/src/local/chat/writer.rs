//! Tokens written as text while they arrive.

use super::Vocabulary;

/// Turns one answer's tokens into text, piece by piece. A character that is still arriving is held back.
pub struct Writer {
    /// Special tokens that are written all the same: the marks that a reader of the text looks for.
    shown: Vec<u32>,
    held: Vec<u8>,
    /// Whether the first space is the vocabulary's and not the text's.
    drops_space: bool,
}

impl Writer {
    /// A writer that leaves out special tokens, except those `shown`.
    pub fn new(vocabulary: &Vocabulary, shown: &[u32]) -> Self {
        Self {
            shown: shown.to_vec(),
            held: Vec::new(),
            drops_space: vocabulary.begins_with_space(),
        }
    }

    /// Takes the next token and returns the text that is whole with it; nothing where there is none.
    pub fn push(&mut self, vocabulary: &Vocabulary, token: u32) -> Option<String> {
        let word = vocabulary.word(token);
        if word.special && !self.shown.contains(&token) {
            return None;
        }
        let mut bytes = word.bytes.as_slice();
        if std::mem::take(&mut self.drops_space) {
            bytes = bytes.strip_prefix(b" ").unwrap_or(bytes);
        }
        self.held.extend_from_slice(bytes);
        let whole = self.held.len() - unfinished(&self.held);
        let text: Vec<u8> = self.held.drain(..whole).collect();
        shown(&text)
    }

    /// The answer has ended: bytes that never became a character are written as U+FFFD.
    pub fn finish(&mut self) -> Option<String> {
        shown(&std::mem::take(&mut self.held))
    }
}

fn shown(bytes: &[u8]) -> Option<String> {
    (!bytes.is_empty()).then(|| String::from_utf8_lossy(bytes).into_owned())
}

/// Bytes at the end that may still become a character. Broken bytes in the middle never will, and are not waited for.
fn unfinished(bytes: &[u8]) -> usize {
    let mut rest = bytes;
    loop {
        match std::str::from_utf8(rest) {
            Ok(_) => return 0,
            Err(error) => match error.error_len() {
                Some(broken) => rest = &rest[error.valid_up_to() + broken..],
                None => return rest.len() - error.valid_up_to(),
            },
        }
    }
}

#[cfg(test)]
mod tests;
