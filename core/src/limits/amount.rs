//! What work uses up: quantities that add up, in whole numbers.

use super::LimitHit;
use crate::ir::Model;
use crate::message::Reply;
use serde::{Deserialize, Serialize};

/// The tokens that one answer is taken to have at most where its model has no `max_tokens`: what most
/// providers cut an answer at unless they are told otherwise.
pub const ANSWER_TOKENS: u64 = 4_096;

/// So much of everything that adds up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amount {
    /// Model calls.
    pub turns: u64,
    /// Tokens of prompts and answers.
    pub tokens: u64,
    /// Millionths of a US dollar.
    pub cost_micros: u64,
    /// Milliseconds of model and tool calls, without waiting for places and rate limits.
    pub working_ms: u64,
    /// Milliseconds of accelerators.
    pub gpu_ms: u64,
}

impl Amount {
    /// The most of everything.
    pub const UNLIMITED: Amount = Amount {
        turns: u64::MAX,
        tokens: u64::MAX,
        cost_micros: u64::MAX,
        working_ms: u64::MAX,
        gpu_ms: u64::MAX,
    };

    /// What an answer of `model` used.
    pub fn of_reply(model: &Model, reply: &Reply) -> Self {
        let usage = &reply.usage;
        let price = |price: &crate::ir::Price| price.micros(usage.prompt_tokens, usage.completion_tokens);
        Self {
            turns: 1,
            tokens: usage.total(),
            cost_micros: model.price.as_ref().map_or(0, price),
            working_ms: reply.wall_ms.saturating_sub(reply.queue_ms),
            gpu_ms: usage.gpu_ms,
        }
    }

    /// What a call of `model` may use whose prompt is estimated at `prompt_tokens`. No call ends
    /// within nothing, so that at least a millisecond of each time must be left.
    pub fn of_call(model: &Model, prompt_tokens: u64) -> Self {
        let answer = model.sampling.max_tokens.unwrap_or(ANSWER_TOKENS);
        Self {
            turns: 1,
            tokens: prompt_tokens.saturating_add(answer),
            cost_micros: model
                .price
                .as_ref()
                .map_or(0, |price| price.micros(prompt_tokens, answer)),
            working_ms: 1,
            gpu_ms: 1,
        }
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        self.with(other, u64::saturating_add)
    }

    /// What is left of it without `other`; never less than nothing.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        self.with(other, u64::saturating_sub)
    }

    /// Of each quantity the smaller one.
    #[must_use]
    pub fn least(self, other: Self) -> Self {
        self.with(other, u64::min)
    }

    /// One of `parts` equal parts.
    #[must_use]
    pub fn part(self, parts: u64) -> Self {
        self.with(Self::default(), |whole, _| whole / parts.max(1))
    }

    /// The limits of quantities of which it has less than `needed`.
    pub fn short_of(&self, needed: &Self) -> impl Iterator<Item = LimitHit> + use<> {
        let missing = [
            (self.turns < needed.turns, LimitHit::Turns),
            (self.tokens < needed.tokens, LimitHit::Tokens),
            (self.cost_micros < needed.cost_micros, LimitHit::Cost),
            (self.working_ms < needed.working_ms, LimitHit::WorkingSeconds),
            (self.gpu_ms < needed.gpu_ms, LimitHit::GpuSeconds),
        ];
        missing.into_iter().filter_map(|(short, limit)| short.then_some(limit))
    }

    /// Whether it has `needed` of everything.
    pub fn covers(&self, needed: &Self) -> bool {
        self.short_of(needed).next().is_none()
    }

    /// How much of what `limit` counts.
    pub fn of(&self, limit: LimitHit) -> u64 {
        match limit {
            LimitHit::Turns => self.turns,
            LimitHit::Tokens => self.tokens,
            LimitHit::Cost => self.cost_micros,
            LimitHit::WorkingSeconds => self.working_ms,
            LimitHit::GpuSeconds => self.gpu_ms,
            LimitHit::Context
            | LimitHit::Seconds
            | LimitHit::OutputBytes
            | LimitHit::Agents
            | LimitHit::FanOut
            | LimitHit::Depth => 0,
        }
    }

    /// Raises one quantity to at least `most`.
    #[must_use]
    pub fn raised(mut self, limit: LimitHit, most: u64) -> Self {
        let quantity = match limit {
            LimitHit::Turns => &mut self.turns,
            LimitHit::Tokens => &mut self.tokens,
            LimitHit::Cost => &mut self.cost_micros,
            LimitHit::WorkingSeconds => &mut self.working_ms,
            LimitHit::GpuSeconds => &mut self.gpu_ms,
            LimitHit::Context
            | LimitHit::Seconds
            | LimitHit::OutputBytes
            | LimitHit::Agents
            | LimitHit::FanOut
            | LimitHit::Depth => return self,
        };
        *quantity = most.max(*quantity);
        self
    }

    fn with(self, other: Self, each: impl Fn(u64, u64) -> u64) -> Self {
        Self {
            turns: each(self.turns, other.turns),
            tokens: each(self.tokens, other.tokens),
            cost_micros: each(self.cost_micros, other.cost_micros),
            working_ms: each(self.working_ms, other.working_ms),
            gpu_ms: each(self.gpu_ms, other.gpu_ms),
        }
    }
}

impl std::ops::AddAssign for Amount {
    fn add_assign(&mut self, other: Self) {
        *self = self.plus(other);
    }
}

impl std::ops::SubAssign for Amount {
    fn sub_assign(&mut self, other: Self) {
        *self = self.minus(other);
    }
}
