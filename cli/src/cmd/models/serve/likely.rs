//! How likely tokens were, in the dialect's words.

use serde_json::{Value, json};
use troupe_core::port::model::Words;
use troupe_core::recording::Written;

/// What the dialect has for minus infinity, which JSON cannot say.
const IMPOSSIBLE: f32 = -9999.0;

/// How tokens are told.
#[derive(Clone)]
pub struct Likely {
    /// How they are spelled.
    pub words: Words,
    /// The most alternatives of each.
    pub most: usize,
}

impl Likely {
    /// Tokens in their order, as the `logprobs` of a choice.
    pub fn told(&self, tokens: impl IntoIterator<Item = Written>) -> Value {
        let content: Vec<Value> = tokens.into_iter().map(|token| self.token(&token)).collect();
        json!({ "content": content, "refusal": null })
    }

    fn token(&self, written: &Written) -> Value {
        // What a grammar dictates was certain.
        let chosen = written.seen.as_ref().map_or(0.0, |seen| seen.log_probability);
        let others = written.seen.iter().flat_map(|seen| &seen.likeliest).take(self.most);
        let others: Vec<Value> = others.map(|(token, chance)| self.word(*token, *chance)).collect();
        let mut told = self.word(written.token, chosen);
        told["top_logprobs"] = others.into();
        told
    }

    fn word(&self, token: u32, chance: f32) -> Value {
        let bytes = (self.words)(token);
        json!({ "token": String::from_utf8_lossy(&bytes), "logprob": chance.max(IMPOSSIBLE), "bytes": bytes })
    }
}
