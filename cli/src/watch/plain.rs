//! The same for screen readers, logs and pipes: lines, and nothing drawn.

use super::follow;
use super::worker::standing;
use crate::past::Past;
use crate::report;
use crate::settings::Settings;
use crate::workspace;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use troupe_core::id::RunId;
use troupe_core::port::ErrorKind;
use troupe_core::port::journal::{RunRecord, RunStatus};
use troupe_core::view::RunView;
use troupe_store::Reader;

const PACE: Duration = Duration::from_millis(200);
const RUNS_MAX: u32 = 5_000;

/// Prints a line for each event of a run that a log should hold, until the run is over or waits; without a run, a line
/// for each run of the workspace, and for each change of one, until nobody reads any more.
pub async fn plain(state: &Path, run: Option<RunId>, settings: &Settings) -> anyhow::Result<()> {
    match run {
        Some(run) => one(state, &run, settings).await,
        None => all(state, settings).await,
    }
}

async fn one(state: &Path, run: &RunId, settings: &Settings) -> anyhow::Result<()> {
    let reader = Reader::open(state).await?;
    let past = Past::read(&reader, run).await?;
    let workflow = past.workflow(&reader).await?;
    let mut view = RunView::new(&workflow);
    let mut entries = past.entries;
    let mut asked = None;
    loop {
        for entry in &entries {
            view.fold(&workflow, entry);
            if let Some(line) = troupe_tui::plain_line(run, &view, entry, &workflow)
                && !report::line_while_read(&line)?
            {
                return Ok(());
            }
        }
        let record = reader.record_of(run).await?;
        let stands = standing(state, &record);
        let is_read = record.events == view.events;
        if is_read && (stands.status.is_over() || stands.interrupted) {
            report::line(&format!("run {run}: {}", stands.word()))?;
            return Ok(());
        }
        if is_read && stands.status == RunStatus::Waiting && asked != Some(record.events) {
            asked = Some(record.events);
            let questions = follow::questions(&reader, &record, &workflow).await;
            settings.say(crate::person::instructions(run, &questions));
        }
        tokio::time::sleep(PACE).await;
        entries = reader.load_between(run, view.events..u64::MAX).await?;
    }
}

async fn all(state: &Path, settings: &Settings) -> anyhow::Result<()> {
    let mut known: BTreeMap<RunId, &'static str> = BTreeMap::new();
    loop {
        let records: Vec<RunRecord> = match Reader::open(state).await {
            Ok(reader) => {
                let records = workspace::newest(&reader, RUNS_MAX).await?;
                reader.close().await;
                records
            }
            Err(error) if error.kind == ErrorKind::Missing => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        for record in records.iter().rev() {
            let word = workspace::status_word(state, record);
            let run = &record.header.run;
            if known.insert(run.clone(), word) != Some(word) {
                let tokens = record.progress.usage.total();
                let workflow = troupe_tui::sanitise(&record.header.workflow);
                if !report::line_while_read(&format!("run {run} of {workflow}: {word}, {tokens} tokens"))? {
                    return Ok(());
                }
            }
        }
        let is_live = |record: &RunRecord| standing(state, record).is_live();
        if !records.iter().any(is_live) {
            settings.say("nothing is at work");
            return Ok(());
        }
        tokio::time::sleep(PACE).await;
    }
}
