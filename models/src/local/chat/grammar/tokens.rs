//! A vocabulary as the library of grammars sees it.

use super::super::Vocabulary;
use super::super::dialect::Dialect;
use std::sync::Arc;
use tokenizers::Tokenizer;
use toktrie::{TokEnv, TokRxInfo, TokTrie, TokenId, TokenizerEnv};

struct Tokens {
    trie: TokTrie,
    tokenizer: Arc<Tokenizer>,
    /// Whether a text's tokens spell that text, and nothing besides: only then can they be forced.
    exact: bool,
}

/// The words of a vocabulary, in which special ones are no part of any text, except the marks that a dialect's
/// grammars spell out.
pub fn environment(vocabulary: &Vocabulary, dialect: Dialect, eos: &[u32]) -> Result<TokEnv, String> {
    let end = *eos.first().ok_or("no token is known that ends an answer")?;
    if let Some(beyond) = eos.iter().find(|token| **token as usize >= vocabulary.size()) {
        return Err(format!(
            "{beyond} ends answers, but the vocabulary has {} tokens only",
            vocabulary.size()
        ));
    }
    let marks: Vec<u32> = dialect.marks().filter_map(|mark| vocabulary.token(mark)).collect();
    let words = vocabulary.words().iter().zip(0..).map(|(word, token)| {
        if (word.special && !marks.contains(&token)) || eos.contains(&token) {
            [&[TokTrie::SPECIAL_TOKEN_MARKER], word.bytes.as_slice()].concat()
        } else {
            word.bytes.clone()
        }
    });
    let words: Vec<Vec<u8>> = words.collect();
    let size = u32::try_from(words.len()).map_err(|error| error.to_string())?;
    let trie = TokTrie::from(&TokRxInfo::new(size, end), &words).with_eos_tokens(eos);
    let tokens = Tokens {
        trie,
        tokenizer: vocabulary.tokenizer().clone(),
        exact: !vocabulary.begins_with_space(),
    };
    Ok(Arc::new(tokens))
}

impl Tokens {
    /// The tokens of a text, unless they spell another one: where the text holds what looks like a special token,
    /// or is not composed as the tokenizer composes it.
    fn spelled(&self, text: &str) -> Option<Vec<TokenId>> {
        let encoding = self.tokenizer.encode_fast(text, false).ok()?;
        let tokens = encoding.get_ids();
        let bytes = tokens.iter().flat_map(|token| self.trie.token(*token));
        bytes.eq(text.as_bytes()).then(|| tokens.to_vec())
    }
}

impl TokenizerEnv for Tokens {
    fn tok_trie(&self) -> &TokTrie {
        &self.trie
    }

    fn tokenize_bytes(&self, bytes: &[u8]) -> Vec<TokenId> {
        let spelled = |text: &str| {
            self.spelled(text)
                .unwrap_or_else(|| self.trie.greedy_tokenize(text.as_bytes()))
        };
        self.trie.tokenize_with_greedy_fallback(bytes, spelled)
    }

    fn tokenize_is_canonical(&self) -> bool {
        self.exact
    }
}
