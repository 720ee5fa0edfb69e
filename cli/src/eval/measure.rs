//! A finished run's journal against its row: the scores of one trial.

use super::dataset::Variables;
use super::judge::Verdict;
use super::sources::Sources;
use super::suite::{GoldTable, Metric, Suite};
use super::trial::{Ready, Trial};
use crate::exit::Usage;
use crate::past::Past;
use indexmap::IndexMap;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use troupe_core::citation::Level;
use troupe_core::event::Event;
use troupe_core::expression::{Expression, as_text};
use troupe_core::message::Retrieved;
use troupe_core::metric::{self, Joined, Table, TableRules, TableScores};
use troupe_core::port::journal::RunStatus;
use troupe_core::view::{Reads, RunView};
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
    /// The criteria that a judge has to check.
    pub criteria: Vec<String>,
    /// The answer's table beside the gold one.
    pub table: Option<Joined>,
    /// What the judge said of the answer as a whole.
    pub verdict: Option<Verdict>,
    /// How often the judge failed, or could not be understood.
    pub judge_failures: usize,
}

/// Reads a trial's run.
///
/// # Errors
/// When the journal cannot be read, and when an expression of the suite fails.
pub async fn measure(
    suite: &Suite,
    ready: &Ready<'_>,
    sources: &Sources<'_>,
    trial: &Trial<'_>,
    store: &Store,
) -> anyhow::Result<Measured> {
    let run = trial
        .run
        .as_ref()
        .ok_or_else(|| anyhow::anyhow!("question `{}` has no run", trial.row.id))?;
    let past = Past::read(store.reader(), run).await?;
    let view = RunView::of(&ready.loaded.workflow, &past.entries);
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
        (Some(answer), true) => evaluated(suite, trial, answer, &variables)?,
        _ => Value::Null,
    };
    let list = |expression: &Option<Expression>| match expression {
        Some(expression) => evaluated(suite, trial, expression, &variables).map(texts),
        None => Ok(Vec::new()),
    };
    let criteria = list(&suite.rubric)?;
    let table = match &suite.table {
        Some(gold) => joined(suite, trial, gold, &variables, &answer)?,
        None => None,
    };
    let facts = Facts {
        text: if answer.is_null() {
            String::new()
        } else {
            as_text(&answer)
        },
        golds: list(&suite.gold)?,
        ranking,
        chunks: list(&suite.gold_chunks)?,
        criteria: criteria.len(),
        table: match &table {
            Some(joined) => joined.scores(&HashMap::new()),
            None => TableScores::NOTHING,
        },
        levels: sources.levels(&answer, &Reads::of(&past.entries)),
        view: &view,
    };
    let scores = suite.metrics.iter().map(|metric| (metric.name(), facts.score(*metric)));
    let scores = scores.collect();
    let Facts { text, golds, .. } = facts;
    Ok(Measured {
        variant: trial.variant,
        id: trial.row.id.clone(),
        group: trial.row.group.clone(),
        trial: trial.trial,
        run: run.to_string(),
        succeeded,
        answer: text,
        golds,
        scores,
        tools,
        criteria,
        table,
        verdict: None,
        judge_failures: 0,
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

/// The answer's table beside the gold one; none where it has no table, or one of other columns.
fn joined(
    suite: &Suite,
    trial: &Trial<'_>,
    gold: &GoldTable,
    variables: &Variables,
    answer: &Value,
) -> anyhow::Result<Option<Joined>> {
    let wrong = |error: &dyn std::fmt::Display| {
        let (file, line) = (suite.dataset.file.display(), trial.row.line);
        Usage::error(format!("{file}:{line}: question `{}`: {error}", trial.row.id))
    };
    let rules = match evaluated(suite, trial, &gold.rules, variables)? {
        Value::String(text) => serde_json::from_str(&text),
        value => serde_json::from_value(value),
    };
    let rules: TableRules = rules.map_err(|error| wrong(&format!("the table's rules: {error}")))?;
    let gold = match evaluated(suite, trial, &gold.gold, variables)? {
        Value::String(path) => comma_separated(&gold.folder.join(path)).map_err(|error| wrong(&error))?,
        value => rows(&value).ok_or_else(|| wrong(&"the gold table is neither a path nor a list of rows"))?,
    };
    let answered = match answer {
        Value::String(text) => Table::of_answer(text),
        value => rows(value),
    };
    match answered {
        Some(answered) => Joined::new(&rules, &gold, &answered).map_err(|error| wrong(&error)),
        None => Ok(None),
    }
}

/// A list of objects as a table.
fn rows(value: &Value) -> Option<Table> {
    let objects: Vec<&Object> = value.as_array()?.iter().map(Value::as_object).collect::<Option<_>>()?;
    let columns: Vec<&str> = objects.first()?.keys().map(String::as_str).collect();
    let cell = |value: Option<&Value>| value.filter(|value| !value.is_null()).map(as_text).unwrap_or_default();
    let row = |object: &&Object| columns.iter().map(|column| cell(object.get(*column))).collect();
    Some(Table::new(columns.iter().copied(), objects.iter().map(row).collect()))
}

/// A .csv file as a table; rows of nothing are none.
fn comma_separated(path: &Path) -> Result<Table, String> {
    let told = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| told(&error))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| told(&error))?.clone();
    let mut rows = Vec::new();
    for record in reader.records() {
        let row: Vec<String> = record
            .map_err(|error| told(&error))?
            .iter()
            .map(str::to_owned)
            .collect();
        if row.iter().any(|cell| !cell.trim().is_empty()) {
            rows.push(row);
        }
    }
    Ok(Table::new(&header, rows))
}

/// What a run is scored by.
struct Facts<'a> {
    text: String,
    golds: Vec<String>,
    ranking: Vec<String>,
    chunks: Vec<String>,
    criteria: usize,
    table: TableScores,
    levels: Vec<Level>,
    view: &'a RunView,
}

impl Facts<'_> {
    /// One score. A run that failed has an empty answer, which is wrong by every measure of answers.
    fn score(&self, metric: Metric) -> Option<f64> {
        let (answer, golds, view) = (&self.text, &self.golds, self.view);
        let wall_ms = view.updated_ms.saturating_sub(view.started_ms);
        match metric {
            metric if metric.needs_gold() && golds.is_empty() => None,
            Metric::Rubric | Metric::RubricShare if self.criteria == 0 => None,
            // A failed run is wrong even where the gold is the empty text.
            metric if metric.is_accuracy() && view.status != RunStatus::Succeeded => Some(0.0),
            Metric::ExactMatch => Some(metric::exact_match(answer, golds)),
            Metric::TokenF1 => Some(metric::token_f1(answer, golds)),
            Metric::ContainAcc => Some(metric::contains(answer, golds)),
            Metric::WordContainAcc => Some(metric::words_contained(answer, golds)),
            // Only a judge can say; an answer of nothing needs none.
            Metric::LlmAcc | Metric::Rubric | Metric::RubricShare => answer.trim().is_empty().then_some(0.0),
            Metric::Table(part) => part.of(&self.table),
            Metric::Citations(level) => share(&self.levels, level),
            Metric::Recall(k) => metric::recall_at(k, &self.ranking, &self.chunks),
            Metric::FullSupport(k) => metric::full_support_at(k, &self.ranking, &self.chunks),
            Metric::Mrr => metric::reciprocal_rank(&self.ranking, &self.chunks),
            Metric::RetrievedTokens => Some(view.retrieved_tokens as f64),
            Metric::TotalTokens => Some(view.usage.total() as f64),
            Metric::Cost => Some(view.spent.cost_micros as f64 / 1e6),
            Metric::Loops => Some(view.spent.turns as f64),
            Metric::ToolCalls => Some(f64::from(view.tool_calls)),
            Metric::WallSeconds => Some(wall_ms as f64 / 1e3),
        }
    }
}

/// The share of citations at a level, of those that could be looked up; none of no citations.
fn share(levels: &[Level], level: Level) -> Option<f64> {
    let checked = levels.iter().filter(|level| **level != Level::Unchecked).count();
    let at = levels.iter().filter(|at| **at == level).count();
    (checked > 0).then(|| at as f64 / checked as f64)
}
