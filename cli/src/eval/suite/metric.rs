//! What a suite can have scored, and how it says so.

use troupe_core::diagnostic::Span;
use troupe_dsl::data::{Field, Item, Reading};

/// What can be scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// SQuAD's exact match.
    ExactMatch,
    /// Token F1.
    TokenF1,
    /// Contain-Acc.
    ContainAcc,
    /// The same by whole words.
    WordContainAcc,
    /// LLM-Acc.
    LlmAcc,
    /// The share of gold chunks among the first k.
    Recall(usize),
    /// All gold chunks among the first k.
    FullSupport(usize),
    /// One over the rank of the first gold chunk.
    Mrr,
    /// Tokens from corpora.
    RetrievedTokens,
    /// Tokens of prompts and answers.
    TotalTokens,
    /// US dollars.
    Cost,
    /// Model calls.
    Loops,
    /// Tool calls.
    ToolCalls,
    /// Seconds from the first event to the last one.
    WallSeconds,
}

const NAMES: [(&str, Metric); 12] = [
    ("exact_match", Metric::ExactMatch),
    ("token_f1", Metric::TokenF1),
    ("contain_acc", Metric::ContainAcc),
    ("word_contain_acc", Metric::WordContainAcc),
    ("llm_acc", Metric::LlmAcc),
    ("mrr", Metric::Mrr),
    ("retrieved_tokens", Metric::RetrievedTokens),
    ("total_tokens", Metric::TotalTokens),
    ("cost_usd", Metric::Cost),
    ("loops", Metric::Loops),
    ("tool_calls", Metric::ToolCalls),
    ("wall_seconds", Metric::WallSeconds),
];

impl Metric {
    /// The metric that a suite calls so.
    fn named(name: &str) -> Option<Self> {
        let known = NAMES.iter().find(|(known, _)| *known == name);
        known.map(|(_, metric)| *metric).or_else(|| {
            let (name, k) = name.split_once('@')?;
            let k = k.parse().ok().filter(|k| *k > 0)?;
            match name {
                "recall" => Some(Self::Recall(k)),
                "full_support" => Some(Self::FullSupport(k)),
                _ => None,
            }
        })
    }

    /// What suites and reports call it.
    pub fn name(self) -> String {
        match self {
            Self::Recall(k) => format!("recall@{k}"),
            Self::FullSupport(k) => format!("full_support@{k}"),
            _ => NAMES
                .iter()
                .find(|(_, metric)| *metric == self)
                .map_or_else(String::new, |(name, _)| (*name).to_owned()),
        }
    }

    /// Whether it is a share of something right: then a failed run counts as 0.
    pub fn is_accuracy(self) -> bool {
        matches!(
            self,
            Self::ExactMatch | Self::TokenF1 | Self::ContainAcc | Self::WordContainAcc | Self::LlmAcc
        )
    }

    /// Whether it lies in 0..=1.
    pub fn is_share(self) -> bool {
        self.is_accuracy() || matches!(self, Self::Recall(_) | Self::FullSupport(_) | Self::Mrr)
    }
}

fn one(reading: &mut Reading, name: &str, span: Span) -> Option<Metric> {
    let found = Metric::named(name);
    if found.is_none() {
        let mut known: Vec<&str> = NAMES.iter().map(|(name, _)| *name).collect();
        known.extend(["recall@5", "full_support@5"]);
        reading.unknown(span, format!("there is no metric `{name}`"), name, "metrics", &known);
    }
    found
}

pub(super) fn list(reading: &mut Reading, item: &Item) -> Vec<Metric> {
    let Some(items) = item.list() else {
        reading.wrong(
            item.span(),
            format!("`metrics` is a list, and this is {}", item.describe()),
            "write `[exact_match, token_f1]`",
        );
        return Vec::new();
    };
    let mut metrics = Vec::new();
    for item in &items {
        let name = super::text(reading, item, "a metric");
        let found = one(reading, &name, item.span());
        metrics.extend(found.filter(|metric| !metrics.contains(metric)));
    }
    metrics
}

pub(super) fn thresholds(reading: &mut Reading, item: &Item) -> Vec<(Metric, f64)> {
    let mut thresholds = Vec::new();
    for Field { key, span, item } in &reading.entries(item, "`thresholds`") {
        let Some(least) = item.number() else {
            reading.wrong(
                item.span(),
                "a threshold is a number",
                "write the least mean that is good enough",
            );
            continue;
        };
        thresholds.extend(one(reading, key, *span).map(|metric| (metric, least)));
    }
    thresholds
}
