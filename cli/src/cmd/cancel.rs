//! `troupe cancel`: ends a run, or a part of one, whoever works on it.

mod part;

use super::block_on;
use super::resume::{Choices, open};
use crate::args::Cancel;
use crate::exit::{Exit, Usage};
use crate::past::{self, Told};
use crate::report;
use crate::settings::Settings;
use crate::word::{Said, say};
use crate::workspace;
use serde_json::json;
use std::path::Path;
use troupe_agents::{Clock as _, SystemClock};
use troupe_core::id::RunId;
use troupe_core::port::dispatch::{Dispatch as _, Word};
use troupe_core::port::journal::{Journal as _, RunRecord, RunStatus};
use troupe_store::Store;

pub fn run(arguments: &Cancel, settings: &Settings) -> anyhow::Result<Exit> {
    let state = workspace::folder(settings)?;
    block_on(async {
        if let Some(place) = &arguments.part {
            return part::stop(arguments, place, &state, settings).await;
        }
        let (store, record) = open(&arguments.run, &state).await?;
        let ended = cancel(&store, &record, &state, settings).await;
        store.close().await;
        ended
    })
}

async fn cancel(store: &Store, record: &RunRecord, state: &Path, settings: &Settings) -> anyhow::Result<Exit> {
    let run = &record.header.run;
    refuse_over(record)?;
    let told = match say(store, state, run, Word::Cancel).await? {
        Said::Free(lease) => {
            cancel_here(store, run, settings).await?;
            drop(lease);
            None
        }
        Said::Heard(by) => {
            let record = store.run(run).await?;
            if record.progress.status != RunStatus::Cancelled {
                refuse_over(&record)?;
            }
            Some((by, "has stopped"))
        }
        Said::Left(by) => Some((by, "has not come to it yet")),
    };
    let status = store.run(run).await?.progress.status;
    if settings.json {
        let by = told.as_ref().map(|(by, _)| by);
        report::print_json(&json!({ "run": run, "status": status, "told": by }))?;
    }
    let told = told.map(|(by, and)| format!("told {by}, which works on it and {and}; "));
    let told = told.unwrap_or_default();
    settings.say(match status {
        RunStatus::Cancelled => format!("{told}run {run} is cancelled; `troupe resume {run}` goes on with it"),
        _ => format!("{told}run {run} will be cancelled"),
    });
    Ok(Exit::Succeeded)
}

/// Nobody works on the run, so there is nothing to stop: it is only written down.
async fn cancel_here(store: &Store, run: &RunId, settings: &Settings) -> anyhow::Result<()> {
    let record = store.run(run).await?;
    if record.progress.status == RunStatus::Cancelled {
        // Somebody else said so at the same time.
        return settle(store, run).await;
    }
    if record.progress.status.is_over() {
        settle(store, run).await?;
        return refuse_over(&record);
    }
    let workflow = past::compiled(&record.header)?;
    let choices = Choices::of(&record, settings);
    let begin = (choices.inputs, choices.env);
    troupe_agents::cancel(&Told(store.clone()), store, run, &workflow, begin, SystemClock.now_ms()).await?;
    Ok(())
}

/// The run ended while the word was said.
async fn settle(store: &Store, run: &RunId) -> anyhow::Result<()> {
    if let Some(last) = store.posted(run).await?.last() {
        store.settle(run, last.number).await?;
    }
    Ok(())
}

fn refuse_over(record: &RunRecord) -> anyhow::Result<()> {
    let (run, status) = (&record.header.run, record.progress.status);
    if !status.is_over() {
        return Ok(());
    }
    Err(Usage::error(format!(
        "run {run} is over ({}): there is nothing to cancel",
        status.word()
    )))
}
