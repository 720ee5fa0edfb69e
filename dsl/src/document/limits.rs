//! `limits`: of a run, of an agent, of a step.

use super::Spanned;
use super::fields::Fields;
use crate::language::{AGENT_LIMITS, RUN_LIMITS};
use crate::report::Report;
use troupe_core::diagnostic::Span;
use troupe_core::limits::{Limits, RunLimits};

/// The limits that a file writes; the others have defaults.
#[derive(Debug, Clone, Default)]
pub(crate) struct AgentLimits {
    turns: Option<Spanned<u64>>,
    tokens: Option<Spanned<u64>>,
    context_tokens: Option<Spanned<u64>>,
    seconds: Option<Spanned<u64>>,
    output_bytes: Option<Spanned<u64>>,
}

impl AgentLimits {
    /// `base` with what the file writes instead.
    pub(crate) fn over(&self, base: Limits) -> Limits {
        let or = |written: &Option<Spanned<u64>>, base: u64| written.as_ref().map_or(base, |w| w.value);
        Limits {
            turns: u32::try_from(or(&self.turns, base.turns.into())).unwrap_or(u32::MAX),
            tokens: or(&self.tokens, base.tokens),
            context_tokens: or(&self.context_tokens, base.context_tokens),
            seconds: or(&self.seconds, base.seconds),
            output_bytes: or(&self.output_bytes, base.output_bytes),
        }
    }

    /// Whether the file says anything about what work costs: its turns, tokens or time.
    pub(crate) fn bounds_work(&self) -> bool {
        self.turns.is_some() || self.tokens.is_some() || self.seconds.is_some()
    }

    /// The written limits that are wider than `base`: name, place, what is written, what is allowed.
    pub(crate) fn wider_than(&self, base: Limits) -> Vec<(&'static str, Span, u64, u64)> {
        [
            ("turns", &self.turns, u64::from(base.turns)),
            ("tokens", &self.tokens, base.tokens),
            ("context_tokens", &self.context_tokens, base.context_tokens),
            ("seconds", &self.seconds, base.seconds),
            ("output_bytes", &self.output_bytes, base.output_bytes),
        ]
        .into_iter()
        .filter_map(|(name, written, allowed)| {
            let written = written.as_ref()?;
            (written.value > allowed).then_some((name, written.span, written.value, allowed))
        })
        .collect()
    }
}

/// The `limits` among an agent's, a step's or the defaults' fields.
pub(super) fn agent(report: &mut Report, owner: &Fields<'_>) -> AgentLimits {
    let Some(fields) = owner.inner(report, "limits", &AGENT_LIMITS) else {
        return AgentLimits::default();
    };
    let mut read = |key: &str| fields.integer(report, key);
    AgentLimits {
        turns: read("turns"),
        tokens: read("tokens"),
        context_tokens: read("context_tokens"),
        seconds: read("seconds"),
        output_bytes: read("output_bytes"),
    }
}

/// What the run as a whole may use, as far as the file says.
#[derive(Debug, Clone, Default)]
pub(crate) struct WrittenRunLimits {
    pub(crate) tokens: Option<u64>,
    pub(crate) fan_out: Option<u32>,
    pub(crate) agents: Option<u32>,
}

impl WrittenRunLimits {
    pub(crate) fn with_defaults(&self) -> RunLimits {
        RunLimits {
            tokens: self.tokens.unwrap_or(RunLimits::DEFAULT.tokens),
            fan_out: self.fan_out.unwrap_or(RunLimits::DEFAULT.fan_out),
            agents: self.agents.unwrap_or(RunLimits::DEFAULT.agents),
        }
    }
}

pub(super) fn run(report: &mut Report, workflow: &Fields<'_>) -> WrittenRunLimits {
    let Some(fields) = workflow.inner(report, "limits", &RUN_LIMITS) else {
        return WrittenRunLimits::default();
    };
    WrittenRunLimits {
        tokens: fields.integer(report, "tokens").map(|number| number.value),
        fan_out: fields.count(report, "fan_out"),
        agents: fields.count(report, "agents"),
    }
}
