//! What only a model can say of an answer, at temperature 0: whether it is right (LLM-Acc, without seeing the question:
//! A-RAG §1.5, after LinearRAG), which criteria it meets (CL-bench), which cells of its table mean what the gold ones
//! mean (WideSearch). Every call is a journaled run. A judge that fails or cannot be understood makes nothing wrong: it
//! is counted by itself.

use super::ask::ask;
use super::measure::Measured;
use super::suite::{JudgeModel, Metric, Suite};
use super::trial::{Making, Ready};
use crate::cmd::{Choices, Wired};
use crate::load::Loaded;
use crate::settings::Settings;
use futures_util::StreamExt as _;
use serde::Serialize;
use serde_json::json;
use std::collections::HashMap;
use std::path::Path;
use troupe_core::Object;
use troupe_core::expression::as_text;
use troupe_core::metric::TableScores;
use troupe_core::port::journal::RunStatus;
use troupe_dsl::Folder;

/// What a judge came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It has the gold answer's information and contradicts nothing.
    Correct,
    /// It does not.
    Incorrect,
    /// The judge's run failed, or said neither word.
    Failed,
}

/// What is judged: each by a workflow of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Task {
    Answer,
    Rubric,
    Cells,
}

impl Task {
    const ALL: [(Self, &'static str, &'static str); 3] = [
        (Self::Answer, "answer", include_str!("answer.yaml")),
        (Self::Rubric, "rubric", include_str!("rubric.yaml")),
        (Self::Cells, "cells", include_str!("cells.yaml")),
    ];

    /// Whether a suite asks for it.
    fn is_wanted(self, suite: &Suite) -> bool {
        let is_of = |metric: &Metric| match self {
            Self::Answer => *metric == Metric::LlmAcc,
            Self::Rubric => matches!(metric, Metric::Rubric | Metric::RubricShare),
            Self::Cells => matches!(metric, Metric::Table(_)),
        };
        suite.metrics.iter().any(is_of)
    }
}

/// A suite's judge: its workflows with the suite's model in them.
pub struct Judge<'a> {
    model: &'a str,
    tasks: Vec<(Task, Ready<'static>)>,
}

impl<'a> Judge<'a> {
    /// Connects the judge of a suite; none when it has none, or nothing to judge.
    pub fn of(suite: &'a Suite, state: &Path, settings: &Settings) -> anyhow::Result<Option<Self>> {
        let Some(model) = &suite.judge else { return Ok(None) };
        let mut tasks = Vec::new();
        for (task, name, text) in Task::ALL {
            if task.is_wanted(suite) {
                tasks.push((task, ready(name, text, model, state, settings)?));
            }
        }
        let model = model.model.as_str();
        Ok((!tasks.is_empty()).then_some(Self { model, tasks }))
    }

    /// Its model.
    pub fn model(&self) -> &str {
        self.model
    }

    /// The hashes of its workflows: prompt, model and settings.
    pub fn fingerprints(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let tasks = self.tasks.iter();
        tasks.map(|(_, ready)| (ready.name, ready.loaded.workflow.fingerprint.as_str()))
    }

    fn task(&self, task: Task) -> Option<&Ready<'static>> {
        self.tasks.iter().find(|(own, _)| *own == task).map(|(_, ready)| ready)
    }
}

fn ready(
    name: &'static str,
    text: &str,
    judge: &JudgeModel,
    state: &Path,
    settings: &Settings,
) -> anyhow::Result<Ready<'static>> {
    let (provider, model) = judge.model.split_once('/').unwrap_or(("", &judge.model));
    let mut named = format!("provider: {}, model: {}", json!(provider), json!(model));
    for (key, value) in [("base_url", &judge.base_url), ("api_key", &judge.api_key)] {
        named.extend(value.iter().map(|value| format!(", {key}: {}", json!(value))));
    }
    let text = text.replace("provider: builtin, model: reader", &named);
    let compiled = troupe_dsl::compile("judge.yaml", text.as_bytes(), &Folder::new("."));
    crate::report::diagnostics(&compiled, settings);
    let Some(workflow) = compiled.workflow else {
        return Err(crate::exit::Usage::error(format!("`{}` cannot judge", judge.model)));
    };
    let loaded = Loaded {
        workflow,
        sources: compiled.sources,
        path: "judge.yaml".into(),
        folder: ".".into(),
    };
    let choices = Choices::default();
    Ok(Ready {
        name,
        wired: Wired::new(&loaded, &choices, state, settings)?,
        loaded,
        choices,
    })
}

/// Judges everything that needs it. False when somebody stopped it.
pub async fn judge(
    suite: &Suite,
    judge: &Judge<'_>,
    measured: &mut [Measured],
    making: &Making<'_>,
) -> anyhow::Result<bool> {
    let answered = measured.iter_mut().filter(|one| one.succeeded);
    let work = answered.map(|one| async move {
        let all = answer(judge, one, making).await?
            && rubric(judge, one, making).await?
            && cells(judge, one, suite, making).await?;
        Ok::<bool, anyhow::Error>(all)
    });
    let mut work = futures_util::stream::iter(work).buffer_unordered(suite.parallel);
    let mut all = true;
    while let Some(done) = work.next().await {
        all &= done?;
    }
    Ok(all)
}

/// Whether nobody has scored a metric yet.
fn is_open(one: &Measured, metric: Metric) -> bool {
    matches!(one.scores.get(&metric.name()), Some(None))
}

/// The word on an answer. False when stopped.
async fn answer(judge: &Judge<'_>, one: &mut Measured, making: &Making<'_>) -> anyhow::Result<bool> {
    let Some(ready) = judge.task(Task::Answer) else {
        return Ok(true);
    };
    if !is_open(one, Metric::LlmAcc) || one.golds.is_empty() {
        return Ok(true);
    }
    let inputs = Object::from_iter([
        ("generated".to_owned(), one.answer.as_str().into()),
        ("gold".to_owned(), one.golds.join("\nor: ").into()),
    ]);
    let Some(said) = said(ready, &one.run, inputs, making).await? else {
        return Ok(false);
    };
    let word = said.as_ref().and_then(|outputs| outputs.get("verdict")).map(as_text);
    let (verdict, score) = match word.unwrap_or_default().trim().to_lowercase().as_str() {
        "correct" => (Verdict::Correct, Some(1.0)),
        "incorrect" => (Verdict::Incorrect, Some(0.0)),
        _ => (Verdict::Failed, None),
    };
    one.judge_failures += usize::from(score.is_none());
    one.verdict = Some(verdict);
    one.scores.insert(Metric::LlmAcc.name(), score);
    Ok(true)
}

/// Which criteria an answer meets. False when stopped.
async fn rubric(judge: &Judge<'_>, one: &mut Measured, making: &Making<'_>) -> anyhow::Result<bool> {
    let Some(ready) = judge.task(Task::Rubric) else {
        return Ok(true);
    };
    let open = [Metric::Rubric, Metric::RubricShare].map(|metric| is_open(one, metric));
    if !open.contains(&true) || one.criteria.is_empty() {
        return Ok(true);
    }
    let inputs = Object::from_iter([
        ("answer".to_owned(), one.answer.as_str().into()),
        ("criteria".to_owned(), numbered(one.criteria.iter().cloned()).into()),
    ]);
    let Some(said) = said(ready, &one.run, inputs, making).await? else {
        return Ok(false);
    };
    let Some(verdicts) = said.and_then(|outputs| verdicts(&outputs, one.criteria.len())) else {
        one.judge_failures += 1;
        return Ok(true);
    };
    let met = verdicts.iter().filter(|holds| **holds).count();
    let scores = [
        (Metric::Rubric, f64::from(u8::from(met == verdicts.len()))),
        (Metric::RubricShare, met as f64 / verdicts.len() as f64),
    ];
    for (metric, score) in scores {
        if let Some(open) = one.scores.get_mut(&metric.name()) {
            *open = Some(score);
        }
    }
    Ok(true)
}

/// Which cells mean the same, column by column. False when stopped.
async fn cells(judge: &Judge<'_>, one: &mut Measured, suite: &Suite, making: &Making<'_>) -> anyhow::Result<bool> {
    let (Some(ready), Some(table)) = (judge.task(Task::Cells), one.table.clone()) else {
        return Ok(true);
    };
    let mut judged = HashMap::new();
    for (column, pairs) in table.to_judge() {
        if pairs.is_empty() {
            judged.insert(column, Vec::new());
            continue;
        }
        let pair = |(answer, gold): &(String, String)| format!("answer: {}, gold: {}", json!(answer), json!(gold));
        let inputs = Object::from_iter([
            ("column".to_owned(), column.as_str().into()),
            ("pairs".to_owned(), numbered(pairs.iter().map(pair)).into()),
        ]);
        let Some(said) = said(ready, &one.run, inputs, making).await? else {
            return Ok(false);
        };
        match said.and_then(|outputs| verdicts(&outputs, pairs.len())) {
            Some(verdicts) => _ = judged.insert(column, verdicts),
            None => one.judge_failures += 1,
        }
    }
    let scores: TableScores = table.scores(&judged);
    for metric in &suite.metrics {
        if let Metric::Table(part) = metric {
            one.scores.insert(metric.name(), part.of(&scores));
        }
    }
    Ok(true)
}

/// What a judge says of what a run answered: nothing when its own run failed, none when stopped.
async fn said(
    judge: &Ready<'_>,
    asked_about: &str,
    inputs: Object,
    making: &Making<'_>,
) -> anyhow::Result<Option<Option<Object>>> {
    // Each answer of each trial is judged by itself: the run tells which.
    let key = json!(["judge", judge.loaded.workflow.fingerprint, asked_about, inputs]);
    let asked = ask(judge, &key, inputs, making).await?;
    Ok(asked.map(|run| (run.status == RunStatus::Succeeded).then_some(run.outputs)))
}

fn numbered(lines: impl Iterator<Item = String>) -> String {
    let lines = (1..).zip(lines).map(|(number, line)| format!("{number}. {line}"));
    lines.collect::<Vec<_>>().join("\n")
}

/// What was said of each of `count` numbers; none when one is missing, or was judged twice.
fn verdicts(outputs: &Object, count: usize) -> Option<Vec<bool>> {
    let given = outputs.get("verdicts")?.as_array()?;
    let mut holds = vec![None; count];
    for verdict in given {
        let number = verdict["number"].as_u64()?.checked_sub(1)?;
        let slot: &mut Option<bool> = holds.get_mut(number as usize)?;
        if slot.replace(verdict["holds"].as_bool()?).is_some() {
            return None;
        }
    }
    holds.into_iter().collect()
}
