//! `limits`: of a run, of an agent, of a step.

use super::Spanned;
use super::fields::Fields;
use crate::language::{AGENT_LIMITS, RUN_LIMITS};
use crate::report::Report;
use troupe_core::diagnostic::Span;
use troupe_core::limits::{LimitHit, Limits, Mode, RunLimits};

/// The limits that a file writes; the others have defaults.
#[derive(Debug, Clone, Default)]
pub(crate) struct AgentLimits {
    turns: Option<Spanned<u64>>,
    tokens: Option<Spanned<u64>>,
    context_tokens: Option<Spanned<u64>>,
    seconds: Option<Spanned<u64>>,
    working_seconds: Option<Spanned<u64>>,
    /// Millionths of a US dollar.
    cost: Option<Spanned<u64>>,
    gpu_seconds: Option<Spanned<u64>>,
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
            working_seconds: or(&self.working_seconds, base.working_seconds),
            cost_micros: or(&self.cost, base.cost_micros),
            gpu_seconds: or(&self.gpu_seconds, base.gpu_seconds),
            output_bytes: or(&self.output_bytes, base.output_bytes),
        }
    }

    /// Whether the file says anything about what work costs: its turns, tokens or time.
    pub(crate) fn bounds_work(&self) -> bool {
        let sums = [&self.tokens, &self.cost, &self.working_seconds];
        self.turns.is_some() || self.seconds.is_some() || sums.iter().any(|sum| sum.is_some())
    }

    /// Where the file says what may be paid.
    pub(crate) fn cost(&self) -> Option<Span> {
        self.cost.as_ref().map(|cost| cost.span)
    }

    /// The written limits that are wider than `base`: name, place, what is written, what is allowed.
    pub(crate) fn wider_than(&self, base: Limits) -> Vec<(&'static str, Span, String, String)> {
        let number = |n: u64| n.to_string();
        let money = |n: u64| LimitHit::Cost.shown(n);
        let shown: [fn(u64) -> String; 2] = [number, money];
        [
            ("turns", &self.turns, u64::from(base.turns), shown[0]),
            ("tokens", &self.tokens, base.tokens, shown[0]),
            ("context_tokens", &self.context_tokens, base.context_tokens, shown[0]),
            ("seconds", &self.seconds, base.seconds, shown[0]),
            ("working_seconds", &self.working_seconds, base.working_seconds, shown[0]),
            ("cost", &self.cost, base.cost_micros, shown[1]),
            ("gpu_seconds", &self.gpu_seconds, base.gpu_seconds, shown[0]),
            ("output_bytes", &self.output_bytes, base.output_bytes, shown[0]),
        ]
        .into_iter()
        .filter_map(|(name, written, allowed, shown)| {
            let written = written.as_ref()?;
            (written.value > allowed).then(|| (name, written.span, shown(written.value), shown(allowed)))
        })
        .collect()
    }
}

/// The `limits` among an agent's, a step's or the defaults' fields.
pub(super) fn agent(report: &mut Report, owner: &Fields<'_>) -> AgentLimits {
    let Some(fields) = owner.inner(report, "limits", &AGENT_LIMITS) else {
        return AgentLimits::default();
    };
    let cost = micros(report, &fields);
    let mut read = |key: &str| fields.integer(report, key);
    AgentLimits {
        cost,
        turns: read("turns"),
        tokens: read("tokens"),
        context_tokens: read("context_tokens"),
        seconds: read("seconds"),
        working_seconds: read("working_seconds"),
        gpu_seconds: read("gpu_seconds"),
        output_bytes: read("output_bytes"),
    }
}

/// `cost` in whole millionths of a dollar.
fn micros(report: &mut Report, fields: &Fields<'_>) -> Option<Spanned<u64>> {
    let span = fields.get("cost")?.value.span;
    let dollars = fields.number(report, "cost")?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the key's range is above zero and far below the largest number"
    )]
    let value = (dollars * 1e6).round() as u64;
    Some(Spanned { value, span })
}

/// What the run as a whole may use, as far as the file says.
#[derive(Debug, Clone, Default)]
pub(crate) struct WrittenRunLimits {
    pub(crate) turns: Option<u64>,
    pub(crate) tokens: Option<u64>,
    pub(crate) seconds: Option<u64>,
    pub(crate) working_seconds: Option<u64>,
    /// Millionths of a US dollar.
    pub(crate) cost: Option<Spanned<u64>>,
    pub(crate) gpu_seconds: Option<u64>,
    pub(crate) fan_out: Option<u32>,
    pub(crate) agents: Option<u32>,
    pub(crate) depth: Option<u32>,
    pub(crate) artifact_mb: Option<u32>,
    pub(crate) mode: Option<Mode>,
}

impl WrittenRunLimits {
    pub(crate) fn with_defaults(&self) -> RunLimits {
        let default = RunLimits::DEFAULT;
        let cost = self.cost.as_ref().map(|cost| cost.value);
        RunLimits {
            turns: self.turns.unwrap_or(default.turns),
            tokens: self.tokens.unwrap_or(default.tokens),
            seconds: self.seconds.unwrap_or(default.seconds),
            working_seconds: self.working_seconds.unwrap_or(default.working_seconds),
            cost_micros: cost.unwrap_or(default.cost_micros),
            gpu_seconds: self.gpu_seconds.unwrap_or(default.gpu_seconds),
            fan_out: self.fan_out.unwrap_or(default.fan_out),
            agents: self.agents.unwrap_or(default.agents),
            depth: self.depth.unwrap_or(default.depth),
            artifact_mb: self.artifact_mb.unwrap_or(default.artifact_mb),
            mode: self.mode.unwrap_or(default.mode),
        }
    }

    /// Whether the file says anything about what work costs.
    pub(crate) fn bounds_work(&self) -> bool {
        let sums = [self.turns, self.tokens, self.working_seconds];
        self.cost.is_some() || sums.iter().any(Option::is_some)
    }
}

pub(super) fn run(report: &mut Report, workflow: &Fields<'_>) -> WrittenRunLimits {
    let Some(fields) = workflow.inner(report, "limits", &RUN_LIMITS) else {
        return WrittenRunLimits::default();
    };
    let mut sum = |key: &str| fields.integer(report, key).map(|number| number.value);
    let (turns, tokens, seconds) = (sum("turns"), sum("tokens"), sum("seconds"));
    let (working_seconds, gpu_seconds) = (sum("working_seconds"), sum("gpu_seconds"));
    WrittenRunLimits {
        turns,
        tokens,
        seconds,
        working_seconds,
        cost: micros(report, &fields),
        gpu_seconds,
        fan_out: fields.count(report, "fan_out"),
        agents: fields.count(report, "agents"),
        depth: fields.count(report, "depth"),
        artifact_mb: fields.count(report, "artifact_mb"),
        mode: fields.word(report, "mode").map(|word| match word {
            "audit" => Mode::Audit,
            _ => Mode::Enforce,
        }),
    }
}
