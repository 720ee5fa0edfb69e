//! Tokens by what they cost, and the dearest way to spend a limited number of them.

use crate::ir::Model;
use serde::Serialize;

/// Prices are for so many tokens.
const PRICED_TOKENS: f64 = 1_000_000.0;

/// What tokens cost at most.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Cost {
    /// US dollars for the tokens of models whose price is known.
    pub dollars: f64,
    /// Models without a `price`, as `provider/name`: what they cost comes on top.
    pub unpriced: Vec<String>,
}

/// A bound on tokens, and on the tokens of each kind: no kind exceeds its own, nor all of them `tokens`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Spend {
    tokens: u64,
    kinds: Vec<Kind>,
}

/// Tokens of one price.
#[derive(Debug, Clone, PartialEq)]
struct Kind {
    model: String,
    /// US dollars for a million; none where nobody said.
    rate: Option<f64>,
    tokens: u64,
}

impl Kind {
    fn is_like(&self, other: &Kind) -> bool {
        self.model == other.model && self.rate == other.rate
    }
}

impl Spend {
    /// `calls` requests to `model`, each with a prompt of `context` tokens and the longest answer.
    pub(super) fn of(model: &Model, calls: u64, context: u64) -> Self {
        let rate = |of: fn(&crate::ir::Price) -> f64| model.known_price().as_ref().map(of);
        let kind = |rate, each: u64| Self {
            tokens: calls.saturating_mul(each),
            kinds: vec![Kind {
                model: format!("{}/{}", model.provider, model.name),
                rate,
                tokens: calls.saturating_mul(each),
            }],
        };
        let answer = model.sampling.max_tokens.unwrap_or(context);
        kind(rate(|price| price.input), context).plus(&kind(rate(|price| price.output), answer))
    }

    /// All tokens.
    pub(super) fn tokens(&self) -> u64 {
        self.tokens
    }

    /// Both, one after the other.
    pub(super) fn plus(self, other: &Self) -> Self {
        let tokens = self.tokens.saturating_add(other.tokens);
        self.merge(other, tokens, u64::saturating_add)
    }

    /// At least as much as either.
    pub(super) fn or(self, other: &Self) -> Self {
        let tokens = self.tokens.max(other.tokens);
        self.merge(other, tokens, u64::max)
    }

    /// The same, so many times.
    pub(super) fn times(mut self, n: u64) -> Self {
        self.tokens = self.tokens.saturating_mul(n);
        for kind in &mut self.kinds {
            kind.tokens = kind.tokens.saturating_mul(n);
        }
        self
    }

    /// The dearest choice of at most `limit` tokens. Kinds without a price take nothing from the
    /// others, so that the dollars of the rest stay a bound.
    pub(super) fn capped(mut self, limit: u64) -> Self {
        self.tokens = self.tokens.min(limit);
        self.kinds
            .sort_by(|one, other| other.rate.unwrap_or(0.0).total_cmp(&one.rate.unwrap_or(0.0)));
        let mut left = limit;
        for kind in &mut self.kinds {
            let most = if kind.rate.is_some() { left } else { limit };
            kind.tokens = kind.tokens.min(most);
            if kind.rate.is_some() {
                left -= kind.tokens;
            }
        }
        self.kinds.retain(|kind| kind.tokens > 0);
        self
    }

    /// What it costs.
    pub(super) fn cost(&self) -> Cost {
        let mut cost = Cost::default();
        for kind in &self.kinds {
            match kind.rate {
                Some(rate) => cost.dollars += rate * (kind.tokens as f64) / PRICED_TOKENS,
                None if !cost.unpriced.contains(&kind.model) => cost.unpriced.push(kind.model.clone()),
                None => {}
            }
        }
        cost.unpriced.sort();
        cost
    }

    fn merge(mut self, other: &Self, tokens: u64, combine: fn(u64, u64) -> u64) -> Self {
        for kind in &other.kinds {
            match self.kinds.iter_mut().find(|known| known.is_like(kind)) {
                Some(known) => known.tokens = combine(known.tokens, kind.tokens),
                None => self.kinds.push(kind.clone()),
            }
        }
        self.tokens = tokens;
        self
    }
}
