//! LLM-Acc: a model says of an answer `correct` or `incorrect`, at temperature 0 and without seeing the question
//! (A-RAG §1.5, after LinearRAG). Every call is a journaled run. A judge that fails or says anything else
//! makes no answer wrong: it is counted by itself.

use super::measure::Measured;
use super::suite::{Metric, Suite};
use super::trial::{Making, Ready, drive, name};
use crate::cmd::{Choices, Wired};
use crate::load::Loaded;
use crate::past::Past;
use crate::settings::Settings;
use crate::workspace;
use futures_util::StreamExt as _;
use serde::Serialize;
use serde_json::json;
use std::path::Path;
use troupe_core::Object;
use troupe_core::expression::as_text;
use troupe_core::id::RunId;
use troupe_core::port::ErrorKind;
use troupe_core::port::journal::{Journal as _, RunStatus};
use troupe_core::view::RunView;
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

const TEXT: &str = include_str!("judge.yaml");

/// The judge's workflow, with the suite's model in it.
pub fn ready<'a>(model: &str, state: &Path, settings: &Settings) -> anyhow::Result<Ready<'a>> {
    let (provider, name) = model.split_once('/').unwrap_or(("", model));
    let named = format!("provider: {}, model: {}", json!(provider), json!(name));
    let text = TEXT.replace("provider: builtin, model: reader", &named);
    let compiled = troupe_dsl::compile("judge.yaml", text.as_bytes(), &Folder::new("."));
    crate::report::diagnostics(&compiled, settings);
    let Some(workflow) = compiled.workflow else {
        return Err(crate::exit::Usage::error(format!("`{model}` cannot judge")));
    };
    let loaded = Loaded {
        workflow,
        sources: compiled.sources,
        path: "judge.yaml".into(),
        folder: ".".into(),
    };
    let choices = Choices::default();
    Ok(Ready {
        name: "judge",
        wired: Wired::new(&loaded, &choices, state, settings)?,
        loaded,
        choices,
    })
}

/// Judges all answers that need it. False when somebody stopped it.
pub async fn judge(
    suite: &Suite,
    judge: &Ready<'_>,
    measured: &mut [Measured],
    making: &Making<'_>,
) -> anyhow::Result<bool> {
    let metric = Metric::LlmAcc.name();
    let open = measured
        .iter_mut()
        .filter(|one| matches!(one.scores.get(&metric), Some(None)) && !one.golds.is_empty());
    let metric = &metric;
    let work = open.map(|one| async move {
        let verdict = verdict(judge, one, making).await?;
        one.verdict = verdict;
        let score = match verdict {
            Some(Verdict::Correct) => Some(1.0),
            Some(Verdict::Incorrect) => Some(0.0),
            Some(Verdict::Failed) | None => None,
        };
        one.scores.insert(metric.clone(), score);
        Ok::<bool, anyhow::Error>(verdict.is_some())
    });
    let mut work = futures_util::stream::iter(work).buffer_unordered(suite.parallel);
    let mut all = true;
    while let Some(done) = work.next().await {
        all &= done?;
    }
    Ok(all)
}

/// The word on one answer; none when stopped.
async fn verdict(judge: &Ready<'_>, one: &Measured, making: &Making<'_>) -> anyhow::Result<Option<Verdict>> {
    let inputs = Object::from_iter([
        ("generated".to_owned(), one.answer.as_str().into()),
        ("gold".to_owned(), one.golds.join("\nor: ").into()),
    ]);
    let workflow = &judge.loaded.workflow;
    // Each answer of each trial is judged by itself: the run tells which.
    let run = name(&json!(["judge", workflow.fingerprint, one.run, inputs]));
    let status = match making.store.run(&run).await {
        Ok(record) => Some(record.progress.status),
        Err(error) if error.kind == ErrorKind::Missing => None,
        Err(error) => return Err(error.into()),
    };
    let status = match status {
        Some(status @ (RunStatus::Succeeded | RunStatus::Failed)) => status,
        _ if *making.stops.borrow() => return Ok(None),
        _ => {
            let _lease = workspace::acquire(making.store, &run).await?;
            drive(&run, status.is_none(), judge, &inputs, making).await?
        }
    };
    match status {
        RunStatus::Succeeded => said(judge, &run, making).await.map(Some),
        RunStatus::Failed => Ok(Some(Verdict::Failed)),
        _ => Ok(None),
    }
}

async fn said(judge: &Ready<'_>, run: &RunId, making: &Making<'_>) -> anyhow::Result<Verdict> {
    let past = Past::read(making.store.reader(), run).await?;
    let view = RunView::of(&judge.loaded.workflow, &past.entries);
    let said = view.outputs.get("verdict").map(as_text).unwrap_or_default();
    Ok(match said.trim().to_lowercase().as_str() {
        "correct" => Verdict::Correct,
        "incorrect" => Verdict::Incorrect,
        _ => Verdict::Failed,
    })
}
