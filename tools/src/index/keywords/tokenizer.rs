//! The words of a text, handed to tantivy.

use crate::corpus::words::Words;
use crate::index::vocabulary::LONGEST;
use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

/// Stands for all words longer than [`LONGEST`]: no letter, and behind them all in order.
pub(super) const UNLISTED: &str = "\u{10ffff}";

/// Cuts folded texts into [`Words`].
#[derive(Clone)]
pub(super) struct ByWord;

pub(super) struct Stream<'a> {
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
