//! Numbers about runs, counted from the spans of their traces as they end.
//!
//! `gen_ai.*` are the instruments of the OpenTelemetry conventions that `trace::names` follows, with their boundaries.

use super::trace::{Attribute, Span, SpanKind, names};
use crate::Value;
use std::collections::BTreeMap;

/// How something is measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Instrument {
    /// Its name.
    pub name: &'static str,
    /// The unit, as UCUM spells it.
    pub unit: &'static str,
    /// What it measures.
    pub about: &'static str,
    /// The upper ends of a histogram's buckets, the last of which is open; none for a counter.
    pub bounds: &'static [f64],
}

const SECONDS: &[f64] = &[
    0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
];
const APPEND_SECONDS: &[f64] = &[0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0];
const TOKENS: &[f64] = &[
    1.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 4096.0, 16384.0, 65536.0, 262144.0, 1048576.0, 4194304.0, 16777216.0,
    67108864.0,
];

/// Tokens of model calls, by `gen_ai.token.type`.
pub const TOKEN_USAGE: Instrument = Instrument {
    name: "gen_ai.client.token.usage",
    unit: "{token}",
    about: "Number of input and output tokens used.",
    bounds: TOKENS,
};
/// Seconds that operations took.
pub const OPERATION_DURATION: Instrument = Instrument {
    name: "gen_ai.client.operation.duration",
    unit: "s",
    about: "GenAI operation duration.",
    bounds: SECONDS,
};
/// Seconds that model calls waited for a place or a rate limit.
pub const QUEUE_DURATION: Instrument = Instrument {
    name: "troupe.queue.duration",
    unit: "s",
    about: "Time that model calls waited for a place or a rate limit.",
    bounds: SECONDS,
};
/// Runs that ended, by status.
pub const RUNS: Instrument = Instrument {
    name: "troupe.runs",
    unit: "{run}",
    about: "Runs that ended.",
    bounds: &[],
};
/// Seconds from asking the journal to keep events until they were durable.
pub const APPEND_DURATION: Instrument = Instrument {
    name: "troupe.journal.append.duration",
    unit: "s",
    about: "Time until events were durable.",
    bounds: APPEND_SECONDS,
};

/// What was counted of one instrument under one set of attributes.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The instrument.
    pub instrument: Instrument,
    /// What tells it from the instrument's other series.
    pub attributes: Vec<Attribute>,
    /// How many measurements.
    pub count: u64,
    /// Their sum, in the instrument's unit.
    pub sum: f64,
    /// How many of them fell into each bucket; one more than the instrument has bounds.
    pub buckets: Vec<u64>,
}

/// All that was counted so far.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metrics {
    series: BTreeMap<(&'static str, String), Series>,
}

impl Metrics {
    /// Counts a span that ended.
    pub fn span(&mut self, span: &Span) {
        let Some(duration_ms) = span.duration_ms() else {
            return;
        };
        if span.kind == SpanKind::Run {
            let attributes = some(span, &[names::WORKFLOW, names::RUN_STATUS]);
            self.record(RUNS, attributes, 1.0);
        }
        if span.attribute(names::OPERATION).is_none() {
            return;
        }
        let which = some(span, &[names::OPERATION, names::PROVIDER, names::REQUEST_MODEL]);
        let mut ended = which.clone();
        ended.extend(some(span, &[names::ERROR_TYPE, names::TOOL]));
        self.record(OPERATION_DURATION, ended, seconds(duration_ms));
        if span.kind != SpanKind::Call {
            return;
        }
        for (name, kind) in [(names::INPUT_TOKENS, "input"), (names::OUTPUT_TOKENS, "output")] {
            if let Some(tokens) = span.attribute(name).and_then(Value::as_f64) {
                let mut attributes = which.clone();
                attributes.push(("gen_ai.token.type", kind.into()));
                self.record(TOKEN_USAGE, attributes, tokens);
            }
        }
        if let Some(queue_ms) = span.attribute(names::QUEUE_MS).and_then(Value::as_u64) {
            self.record(QUEUE_DURATION, which, seconds(queue_ms));
        }
    }

    /// Counts one measurement.
    pub fn record(&mut self, instrument: Instrument, attributes: Vec<Attribute>, value: f64) {
        let told = attributes.iter().map(|(name, value)| format!("{name}={value};"));
        let key = (instrument.name, told.collect());
        let series = self.series.entry(key).or_insert_with(|| Series {
            instrument,
            attributes,
            count: 0,
            sum: 0.0,
            buckets: vec![0; instrument.bounds.len() + 1],
        });
        let bucket = instrument.bounds.partition_point(|bound| *bound < value);
        series.count += 1;
        series.sum += value;
        series.buckets[bucket] += 1;
    }

    /// Everything that was counted, by the instruments' names.
    pub fn series(&self) -> impl Iterator<Item = &Series> {
        self.series.values()
    }
}

/// Those attributes of these names that the span has.
fn some(span: &Span, wanted: &[&'static str]) -> Vec<Attribute> {
    let found = wanted
        .iter()
        .filter_map(|name| Some((*name, span.attribute(name)?.clone())));
    found.collect()
}

fn seconds(ms: u64) -> f64 {
    std::time::Duration::from_millis(ms).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::trace::SpanStatus;

    fn chat(duration_ms: u64, tokens: u64) -> Span {
        Span {
            kind: SpanKind::Call,
            place: "R/@0/t1".into(),
            parent: None,
            link: None,
            name: "chat m".into(),
            is_client: true,
            start_ms: 5,
            end_ms: Some(5 + duration_ms),
            status: SpanStatus::Ok,
            attributes: vec![
                (names::OPERATION, names::CHAT.into()),
                (names::REQUEST_MODEL, "m".into()),
                (names::INPUT_TOKENS, tokens.into()),
                (names::OUTPUT_TOKENS, 4.into()),
                (names::QUEUE_MS, 20.into()),
            ],
            events: Vec::new(),
        }
    }

    #[test]
    fn a_value_at_a_bound_belongs_to_the_bucket_that_it_ends() {
        let mut metrics = Metrics::default();
        metrics.span(&chat(1_280, 4));
        metrics.span(&chat(100_000, 5));
        let told: Vec<(&str, u64, f64, Vec<usize>)> = metrics
            .series()
            .map(|series| {
                let filled = series.buckets.iter().enumerate().filter(|(_, count)| **count > 0);
                let name = series.instrument.name;
                (name, series.count, series.sum, filled.map(|(at, _)| at).collect())
            })
            .collect();
        assert_eq!(
            told,
            [
                ("gen_ai.client.operation.duration", 2, 101.28, vec![7, 14]),
                ("gen_ai.client.token.usage", 2, 9.0, vec![1, 2]),
                ("gen_ai.client.token.usage", 2, 8.0, vec![1]),
                ("troupe.queue.duration", 2, 0.04, vec![1]),
            ]
        );
    }

    #[test]
    fn what_is_open_is_not_counted() {
        let mut metrics = Metrics::default();
        let open = Span {
            end_ms: None,
            ..chat(0, 1)
        };
        metrics.span(&open);
        assert_eq!(metrics.series().count(), 0);
    }
}
