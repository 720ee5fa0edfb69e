//! A finished run's journal against its row: the scores of one trial.

use super::dataset::Variables;
use super::judge::Verdict;
use super::suite::{Metric, Suite};
use super::trial::Trial;
use crate::exit::Usage;
use crate::past::Past;
use indexmap::IndexMap;
use std::collections::BTreeMap;
use troupe_core::event::Event;
use troupe_core::expression::{Expression, as_text};
use troupe_core::ir::Workflow;
use troupe_core::message::Retrieved;
use troupe_core::metric;
use troupe_core::port::journal::RunStatus;
use troupe_core::view::RunView;
use troupe_core::{Object, Value};
use troupe_store::Store;

/// What a trial came to.
#[derive(Debug, Clone)]
pub struct Measured {
    /// Position of the variant.
    pub variant: usize,
    /// The question's name.
    pub id: String,
    /// Its group.
    pub group: Option<String>,
    /// From 1.
    pub trial: u32,
    /// The run.
    pub run: String,
    /// Whether it succeeded.
    pub succeeded: bool,
    /// The answer; empty for a run that failed.
    pub answer: String,
    /// What would have been right.
    pub golds: Vec<String>,
    /// The scores; none where there is nothing to score, or where nobody could.
    pub scores: IndexMap<String, Option<f64>>,
    /// Tool calls by name.
    pub tools: BTreeMap<String, u64>,
    /// What the judge said.
    pub verdict: Option<Verdict>,
}

/// Reads a trial's run.
///
/// # Errors
/// When the journal cannot be read, and when an expression of the suite fails.
pub async fn measure(suite: &Suite, workflow: &Workflow, trial: &Trial<'_>, store: &Store) -> anyhow::Result<Measured> {
    let run = trial
        .run
        .as_ref()
        .ok_or_else(|| anyhow::anyhow!("question `{}` has no run", trial.row.id))?;
    let past = Past::read(store.reader(), run).await?;
    let view = RunView::of(workflow, &past.entries);
    let succeeded = view.status == RunStatus::Succeeded;
    let mut tools = BTreeMap::new();
    let mut ranking = Vec::new();
    for event in past.events() {
        take(event, &mut ranking);
    }
    for (tool, calls) in view.agents.iter().flat_map(|agent| &agent.tools) {
        *tools.entry(tool.clone()).or_default() += u64::from(*calls);
    }
    let mut variables = trial.row.variables();
    variables
        .0
        .insert("outputs".into(), Value::Object(view.outputs.clone()));
    variables.0.insert("run".into(), facts(&view));
    let answer = match (&suite.answer, succeeded) {
        (Some(answer), true) => as_text(&evaluated(suite, trial, answer, &variables)?),
        _ => String::new(),
    };
    let list = |expression: &Option<Expression>| match expression {
        Some(expression) => evaluated(suite, trial, expression, &variables).map(texts),
        None => Ok(Vec::new()),
    };
    let (golds, chunks) = (list(&suite.gold)?, list(&suite.gold_chunks)?);
    let score = |metric: Metric| score(metric, &answer, &golds, &ranking, &chunks, &view);
    let scores = suite
        .metrics
        .iter()
        .map(|metric| (metric.name(), score(*metric)))
        .collect();
    Ok(Measured {
        variant: trial.variant,
        id: trial.row.id.clone(),
        group: trial.row.group.clone(),
        trial: trial.trial,
        run: run.to_string(),
        succeeded,
        answer,
        golds,
        scores,
        tools,
        verdict: None,
    })
}

fn evaluated(
    suite: &Suite,
    trial: &Trial<'_>,
    expression: &Expression,
    variables: &Variables,
) -> anyhow::Result<Value> {
    expression.evaluate(variables).map_err(|error| {
        let (file, line) = (suite.dataset.file.display(), trial.row.line);
        Usage::error(format!("{file}:{line}: question `{}`: {error}", trial.row.id))
    })
}

/// Chunks in the order in which they were shown or read.
fn take(event: &Event, ranking: &mut Vec<String>) {
    let retrieved: &Retrieved = match event {
        Event::ToolReplied { output, .. } => &output.retrieved,
        Event::ItemSucceeded { retrieved, .. } | Event::RoundEnded { retrieved, .. } => retrieved,
        _ => return,
    };
    ranking.extend(retrieved.shown.iter().chain(&retrieved.read).cloned());
}

/// A run as expressions see it.
fn facts(view: &RunView) -> Value {
    let chunks = view.chunks_read.iter().map(|id| Value::from(id.as_str()));
    Value::Object(Object::from_iter([
        ("status".to_owned(), view.status.word().into()),
        ("turns".to_owned(), view.spent.turns.into()),
        ("tokens".to_owned(), view.usage.total().into()),
        ("retrieved_tokens".to_owned(), view.retrieved_tokens.into()),
        ("tool_calls".to_owned(), view.tool_calls.into()),
        ("chunks_read".to_owned(), chunks.collect()),
    ]))
}

fn texts(value: Value) -> Vec<String> {
    match value {
        Value::Array(values) => values.iter().map(as_text).collect(),
        Value::Null => Vec::new(),
        value => vec![as_text(&value)],
    }
}

/// One score. A run that failed has an empty answer, which is wrong by every measure of answers.
fn score(
    metric: Metric,
    answer: &str,
    golds: &[String],
    ranking: &[String],
    chunks: &[String],
    view: &RunView,
) -> Option<f64> {
    let wall_ms = view.updated_ms.saturating_sub(view.started_ms);
    match metric {
        metric if metric.is_accuracy() && golds.is_empty() => None,
        // A failed run is wrong even where the gold is the empty text.
        metric if metric.is_accuracy() && view.status != RunStatus::Succeeded => Some(0.0),
        Metric::ExactMatch => Some(metric::exact_match(answer, golds)),
        Metric::TokenF1 => Some(metric::token_f1(answer, golds)),
        Metric::ContainAcc => Some(metric::contains(answer, golds)),
        Metric::WordContainAcc => Some(metric::words_contained(answer, golds)),
        // Only a judge can say; an answer of nothing needs none.
        Metric::LlmAcc => answer.trim().is_empty().then_some(0.0),
        Metric::Recall(k) => metric::recall_at(k, ranking, chunks),
        Metric::FullSupport(k) => metric::full_support_at(k, ranking, chunks),
        Metric::Mrr => metric::reciprocal_rank(ranking, chunks),
        Metric::RetrievedTokens => Some(view.retrieved_tokens as f64),
        Metric::TotalTokens => Some(view.usage.total() as f64),
        Metric::Cost => Some(view.spent.cost_micros as f64 / 1e6),
        Metric::Loops => Some(view.spent.turns as f64),
        Metric::ToolCalls => Some(f64::from(view.tool_calls)),
        Metric::WallSeconds => Some(wall_ms as f64 / 1e3),
    }
}
