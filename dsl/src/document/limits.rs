//! `limits`: of a run, of an agent, of a step.

use super::keys::{self, Keys};
use super::{Spanned, values};
use crate::report::Report;
use crate::yaml::Entry;
use troupe_core::diagnostic::Span;
use troupe_core::limits::{Limits, RunLimits};

const LATER: &[&str] = &["cost", "depth"];
const AGENT: Keys = Keys {
    what: "an agent's `limits`",
    known: &["turns", "tokens", "context_tokens", "seconds", "output_bytes"],
    later: LATER,
};
const RUN: Keys = Keys {
    what: "a workflow's `limits`",
    known: &["tokens", "fan_out", "agents"],
    later: &["cost", "depth", "seconds"],
};

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

pub(super) fn agent(report: &mut Report, section: &Entry) -> AgentLimits {
    let Some(entries) = values::mapping(report, section, "limits with numbers") else {
        return AgentLimits::default();
    };
    AGENT.check(report, entries);
    let mut read =
        |key: &str, most: u64| keys::get(entries, key).and_then(|entry| values::integer(report, entry, 1..=most));
    AgentLimits {
        turns: read("turns", 10_000),
        tokens: read("tokens", 1 << 50),
        context_tokens: read("context_tokens", 1 << 30),
        seconds: read("seconds", 366 * 86_400),
        output_bytes: read("output_bytes", 1 << 30),
    }
}

pub(super) fn run(report: &mut Report, section: &Entry) -> RunLimits {
    let Some(entries) = values::mapping(report, section, "limits with numbers") else {
        return RunLimits::DEFAULT;
    };
    RUN.check(report, entries);
    let mut read = |key: &str, most: u64| {
        keys::get(entries, key)
            .and_then(|entry| values::integer(report, entry, 1..=most))
            .map(|number| number.value)
    };
    let narrow = |number: Option<u64>, default: u32| number.and_then(|n| u32::try_from(n).ok()).unwrap_or(default);
    RunLimits {
        tokens: read("tokens", 1 << 50).unwrap_or(RunLimits::DEFAULT.tokens),
        fan_out: narrow(read("fan_out", 1_000_000), RunLimits::DEFAULT.fan_out),
        agents: narrow(read("agents", 10_000_000), RunLimits::DEFAULT.agents),
    }
}
