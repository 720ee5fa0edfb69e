//! What a suite can have scored, and how it says so.

use troupe_core::citation::Level;
use troupe_core::diagnostic::Span;
use troupe_core::metric::{Shares, TableScores};
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
    /// 1 where the answer meets every criterion.
    Rubric,
    /// The share of the criteria that it meets.
    RubricShare,
    /// A number of a table's scores.
    Table(TableMetric),
    /// The share of an answer's citations at one level.
    Citations(Level),
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

/// The scores of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableMetric {
    /// Everything is right.
    Success,
    /// Of the rows.
    Row(Part),
    /// Of the cells.
    Item(Part),
}

/// One of three shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Precision,
    Recall,
    F1,
}

impl TableMetric {
    /// The number; none where only a judge could say, and none did.
    pub fn of(self, scores: &TableScores) -> Option<f64> {
        match self {
            Self::Success => scores.success,
            Self::Row(part) => scores.row.map(|shares| part.of(shares)),
            Self::Item(part) => scores.item.map(|shares| part.of(shares)),
        }
    }
}

impl Part {
    fn of(self, shares: Shares) -> f64 {
        match self {
            Self::Precision => shares.precision,
            Self::Recall => shares.recall,
            Self::F1 => shares.f1,
        }
    }
}

const NAMES: [(&str, Metric); 24] = [
    ("exact_match", Metric::ExactMatch),
    ("token_f1", Metric::TokenF1),
    ("contain_acc", Metric::ContainAcc),
    ("word_contain_acc", Metric::WordContainAcc),
    ("llm_acc", Metric::LlmAcc),
    ("rubric", Metric::Rubric),
    ("rubric_share", Metric::RubricShare),
    ("table_success", Metric::Table(TableMetric::Success)),
    ("row_precision", Metric::Table(TableMetric::Row(Part::Precision))),
    ("row_recall", Metric::Table(TableMetric::Row(Part::Recall))),
    ("row_f1", Metric::Table(TableMetric::Row(Part::F1))),
    ("item_precision", Metric::Table(TableMetric::Item(Part::Precision))),
    ("item_recall", Metric::Table(TableMetric::Item(Part::Recall))),
    ("item_f1", Metric::Table(TableMetric::Item(Part::F1))),
    ("citations_read", Metric::Citations(Level::Read)),
    ("citations_never_read", Metric::Citations(Level::NeverRead)),
    ("citations_not_in_index", Metric::Citations(Level::NotInIndex)),
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
        self.needs_gold() || matches!(self, Self::Rubric | Self::RubricShare | Self::Table(_))
    }

    /// Whether it compares the answer with a gold text.
    pub fn needs_gold(self) -> bool {
        matches!(
            self,
            Self::ExactMatch | Self::TokenF1 | Self::ContainAcc | Self::WordContainAcc | Self::LlmAcc
        )
    }

    /// Whether it lies in 0..=1.
    pub fn is_share(self) -> bool {
        self.is_accuracy()
            || matches!(
                self,
                Self::Recall(_) | Self::FullSupport(_) | Self::Mrr | Self::Citations(_)
            )
    }

    /// The key of a suite that says what is right.
    pub fn needs(self) -> Option<&'static str> {
        match self {
            metric if metric.needs_gold() => Some("gold"),
            Self::Recall(_) | Self::FullSupport(_) | Self::Mrr => Some("gold_chunks"),
            Self::Rubric | Self::RubricShare => Some("rubric"),
            Self::Table(_) => Some("table"),
            _ => None,
        }
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
