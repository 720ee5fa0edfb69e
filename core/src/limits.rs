//! The numbers that bound an agent and a run; none of them is ever absent.

mod amount;
mod reached;

pub use amount::{ANSWER_TOKENS, Amount};
pub use reached::{LimitHit, Owner, Reached};

use crate::input::Used;
use serde::{Deserialize, Serialize};

/// What one agent may use. Every field has a number; [`Limits::AGENT`] and its siblings are the defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Model turns before the answer is forced (A-RAG `max_loops`; WideSeek-R1 turn caps).
    pub turns: u32,
    /// Tokens of all prompts and completions together, subagents included (A-RAG `max_token_budget`).
    pub tokens: u64,
    /// Tokens that one prompt may hold (WideSeek-R1 `seq_length`).
    pub context_tokens: u64,
    /// Seconds of wall time.
    pub seconds: u64,
    /// Seconds of its model and tool calls, subagents included: waiting for places and rate limits is left out.
    pub working_seconds: u64,
    /// Millionths of a US dollar for its model calls, subagents included.
    pub cost_micros: u64,
    /// Seconds of accelerators, subagents included, as far as models know them.
    pub gpu_seconds: u64,
    /// Bytes of the answer.
    pub output_bytes: u64,
}

impl Limits {
    /// An agent on its own: 15 turns and 128,000 tokens as in A-RAG's configuration.
    pub const AGENT: Limits = Limits {
        turns: 15,
        tokens: 128_000,
        context_tokens: 32_000,
        seconds: 3_600,
        working_seconds: 3_600,
        cost_micros: 10_000_000,
        gpu_seconds: 3_600,
        output_bytes: 1 << 20,
    };
    /// A lead with a team: 10 turns as in WideSeek-R1; the sums cover a full team of subagents.
    pub const LEAD: Limits = Limits {
        turns: 10,
        tokens: 2_000_000,
        working_seconds: 36_000,
        cost_micros: 100_000_000,
        gpu_seconds: 36_000,
        ..Self::AGENT
    };
    /// A member of a team: 20 turns as in WideSeek-R1.
    pub const MEMBER: Limits = Limits {
        turns: 20,
        ..Self::AGENT
    };

    /// What it and those that work for it may use together; turns count for each alone.
    pub fn amount(&self) -> Amount {
        Amount {
            turns: u64::MAX,
            tokens: self.tokens,
            cost_micros: self.cost_micros,
            working_ms: self.working_seconds.saturating_mul(1000),
            gpu_ms: self.gpu_seconds.saturating_mul(1000),
        }
    }
}

/// What a whole run may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunLimits {
    /// Model calls of all agents together.
    pub turns: u64,
    /// Tokens of all agents together.
    pub tokens: u64,
    /// Seconds of wall time, whether a process drives the run or not.
    pub seconds: u64,
    /// Seconds of all model and tool calls: waiting for places and rate limits is left out.
    pub working_seconds: u64,
    /// Millionths of a US dollar for all model calls.
    pub cost_micros: u64,
    /// Seconds of accelerators, as far as models know them.
    pub gpu_seconds: u64,
    /// Items of one fan-out.
    pub fan_out: u32,
    /// Agents started, subagents included.
    pub agents: u32,
    /// Levels of called workflows and teams below the run.
    pub depth: u32,
    /// MiB of the files that one command gives.
    pub artifact_mb: u32,
    /// What becomes of work at a limit.
    pub mode: Mode,
}

impl RunLimits {
    /// What a run may use unless its file says otherwise.
    pub const DEFAULT: RunLimits = RunLimits {
        turns: 1_000_000,
        tokens: 20_000_000,
        seconds: 365 * 86_400,
        working_seconds: 36_000_000,
        cost_micros: 1_000_000_000,
        gpu_seconds: 3_600_000,
        fan_out: 10_000,
        agents: 200_000,
        depth: 8,
        artifact_mb: 1_024,
        mode: Mode::Enforce,
    };

    /// The limits that add up.
    pub fn amount(&self) -> Amount {
        Amount {
            turns: self.turns,
            tokens: self.tokens,
            cost_micros: self.cost_micros,
            working_ms: self.working_seconds.saturating_mul(1000),
            gpu_ms: self.gpu_seconds.saturating_mul(1000),
        }
    }
}

impl Default for RunLimits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// What becomes of work at a limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// It ends.
    #[default]
    Enforce,
    /// It goes on, and the limit is told.
    Audit,
}

/// What a run leaves to a run that it starts, of its own limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowance {
    /// Tokens of all its agents together.
    pub tokens: u64,
    /// Agents that it may start.
    pub agents: u32,
    /// Model calls of all its agents together.
    #[serde(default = "unlimited")]
    pub turns: u64,
    /// Millionths of a US dollar for all its model calls.
    #[serde(default = "unlimited")]
    pub cost_micros: u64,
    /// Milliseconds of all its model and tool calls.
    #[serde(default = "unlimited")]
    pub working_ms: u64,
    /// Milliseconds of accelerators.
    #[serde(default = "unlimited")]
    pub gpu_ms: u64,
    /// Levels of called workflows and teams below it.
    #[serde(default = "any_depth")]
    pub depth: u32,
    /// The mode of the run that a person started, which holds for all below it.
    #[serde(default)]
    pub mode: Mode,
    /// The run that left it, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
}

fn unlimited() -> u64 {
    u64::MAX
}

fn any_depth() -> u32 {
    u32::MAX
}

impl Allowance {
    /// Everything that can be told in numbers.
    pub const UNLIMITED: Allowance = Allowance {
        tokens: u64::MAX,
        agents: u32::MAX,
        turns: u64::MAX,
        cost_micros: u64::MAX,
        working_ms: u64::MAX,
        gpu_ms: u64::MAX,
        depth: u32::MAX,
        mode: Mode::Enforce,
        run: None,
    };

    /// What may be used in all by a run of which so much was counted before.
    #[must_use]
    pub fn on_top_of(self, counted: Used) -> Self {
        let amount = self.amount().plus(counted.amount());
        Self {
            tokens: amount.tokens,
            agents: self.agents.saturating_add(counted.agents),
            turns: amount.turns,
            cost_micros: amount.cost_micros,
            working_ms: amount.working_ms,
            gpu_ms: amount.gpu_ms,
            ..self
        }
    }

    /// What of it adds up.
    pub fn amount(&self) -> Amount {
        Amount {
            turns: self.turns,
            tokens: self.tokens,
            cost_micros: self.cost_micros,
            working_ms: self.working_ms,
            gpu_ms: self.gpu_ms,
        }
    }
}

/// What an agent may still use of its own limits before its answer is forced. Its lead or the run may have
/// less.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// Model turns.
    pub turns: u64,
    /// Tokens of prompts and answers.
    pub tokens: u64,
    /// Seconds of model and tool calls.
    pub seconds: u64,
}

impl RunLimits {
    /// These limits, and no more than what is allowed; what adds up is bounded by [`RunLimits::amount_within`].
    #[must_use]
    pub fn within(self, allowance: Option<&Allowance>) -> Self {
        match allowance {
            None => self,
            Some(allowed) => Self {
                agents: self.agents.min(allowed.agents),
                depth: self.depth.min(allowed.depth),
                mode: allowed.mode,
                ..self
            },
        }
    }

    /// Raises a limit of a run to at least `most`, in the units in which [`Reached`] counts. Of those that a running
    /// run can be given more of; others stay as they are.
    pub fn raise(&mut self, limit: LimitHit, most: u64) {
        let seconds = most / 1_000;
        match limit {
            LimitHit::Turns => self.turns = self.turns.max(most),
            LimitHit::Tokens => self.tokens = self.tokens.max(most),
            LimitHit::Cost => self.cost_micros = self.cost_micros.max(most),
            LimitHit::WorkingSeconds => self.working_seconds = self.working_seconds.max(seconds),
            LimitHit::GpuSeconds => self.gpu_seconds = self.gpu_seconds.max(seconds),
            LimitHit::Agents => self.agents = self.agents.max(u32::try_from(most).unwrap_or(u32::MAX)),
            LimitHit::Context | LimitHit::Seconds | LimitHit::OutputBytes | LimitHit::FanOut | LimitHit::Depth => {}
        }
    }

    /// What adds up, and no more than what is allowed.
    pub fn amount_within(&self, allowance: Option<&Allowance>) -> Amount {
        let allowed = allowance.map_or(Amount::UNLIMITED, Allowance::amount);
        self.amount().least(allowed)
    }
}

#[cfg(test)]
mod tests;
