//! The numbers that bound an agent and a run; none of them is ever absent.

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
        output_bytes: 1 << 20,
    };
    /// A lead with a team: 10 turns as in WideSeek-R1; tokens cover a full team of subagents.
    pub const LEAD: Limits = Limits {
        turns: 10,
        tokens: 2_000_000,
        ..Self::AGENT
    };
    /// A member of a team: 20 turns as in WideSeek-R1.
    pub const MEMBER: Limits = Limits {
        turns: 20,
        ..Self::AGENT
    };
}

/// What a whole run may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunLimits {
    /// Tokens of all agents together.
    pub tokens: u64,
    /// Items of one fan-out.
    pub fan_out: u32,
    /// Agents started, subagents included.
    pub agents: u32,
}

impl RunLimits {
    /// What a run may use unless its file says otherwise.
    pub const DEFAULT: RunLimits = RunLimits {
        tokens: 20_000_000,
        fan_out: 10_000,
        agents: 200_000,
    };
}

/// What is left of a run's limits for a run that it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowance {
    /// Tokens of all its agents together.
    pub tokens: u64,
    /// Agents that it may start.
    pub agents: u32,
}

impl RunLimits {
    /// These limits, and no more than what is allowed.
    #[must_use]
    pub fn within(self, allowance: Option<Allowance>) -> Self {
        match allowance {
            None => self,
            Some(Allowance { tokens, agents }) => Self {
                tokens: self.tokens.min(tokens),
                agents: self.agents.min(agents),
                ..self
            },
        }
    }
}

/// Which limit ended an agent's work, and made its answer a forced one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitHit {
    /// [`Limits::turns`].
    Turns,
    /// [`Limits::tokens`] of the agent or of one that it works for, or [`RunLimits::tokens`].
    Tokens,
    /// [`Limits::context_tokens`].
    Context,
    /// [`Limits::seconds`].
    Seconds,
}

impl LimitHit {
    /// The limit's word in YAML and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Turns => "turns",
            Self::Tokens => "tokens",
            Self::Context => "context_tokens",
            Self::Seconds => "seconds",
        }
    }
}
