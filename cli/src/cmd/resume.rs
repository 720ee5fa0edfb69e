//! `troupe resume`: goes on with a run where its journal ends.

use super::block_on;
use super::run::{Choices, Wired, finish};
use crate::args::Resume;
use crate::exit::{Exit, Usage};
use crate::report::Ended;
use crate::settings::Settings;
use crate::{live, load, report, wire, workspace};
use anyhow::Context as _;
use std::path::Path;
use troupe_agents::Outcome;
use troupe_core::engine;
use troupe_core::port::journal::{Journal as _, Leases as _, RunRecord, RunStatus};
use troupe_store::{Reader, Store};

pub fn run(arguments: &Resume, settings: &Settings) -> anyhow::Result<Exit> {
    let state = workspace::folder(settings)?;
    block_on(async {
        // A look before a write: a wrong name must not create a store.
        let reader = Reader::open(&state).await?;
        let run = workspace::find(&reader, &arguments.run).await?;
        let store = Store::open(&state).await?;
        let lease = store.acquire(&run, &workspace::holder()).await?;
        let record = store.run(&run).await?;
        if record.progress.status == RunStatus::Succeeded {
            return repeat(&store, &record, settings).await;
        }
        let mut choices: Choices = serde_json::from_str(&record.header.settings).unwrap_or_default();
        choices.allow_host_commands |= arguments.allow_host_commands;
        let mut loaded = load::load(Path::new(&record.header.path), settings)?;
        if loaded.workflow.fingerprint != record.header.fingerprint && !arguments.accept_changes {
            return Err(Usage::error(format!(
                "{} or a file that it names changed since run {run} started; --accept-changes goes on with the new text, \
                 undoing the change goes on with the old one",
                record.header.path
            )));
        }
        wire::override_models(&mut loaded.workflow, &choices.models)?;
        let wired = Wired::new(&loaded, &choices, &state, settings)?;
        settings.say(format!(
            "resuming run {run} of {} after {} events{}",
            record.header.workflow,
            record.events,
            wired.labels()
        ));
        let feed = live::feed(&wired.workflow, settings);
        let resumed = troupe_agents::Run {
            run: run.clone(),
            workflow: wired.workflow.clone(),
            ports: wired.ports(&store, &feed),
        };
        let handle = troupe_agents::resume(resumed, choices.inputs, choices.env).await?;
        let exit = finish(&run, handle, feed, record.header.started_ms, settings).await;
        drop(lease);
        store.close().await;
        exit
    })
}

/// A run that succeeded has nothing left to do: it prints what it gave.
async fn repeat(store: &Store, record: &RunRecord, settings: &Settings) -> anyhow::Result<Exit> {
    let workflow =
        load::from_journal(&record.header.sources).context("the run's workflow cannot be read by this version")?;
    let entries = store.load(&record.header.run).await?;
    let state = engine::fold(&workflow, entries.iter().map(|entry| &entry.event));
    let outcome = Outcome {
        status: RunStatus::Succeeded,
        outputs: state.outputs().clone(),
        failure: None,
        progress: state.progress(),
    };
    let duration_ms = record.updated_ms.saturating_sub(record.header.started_ms);
    report::outcome(
        &Ended {
            run: &record.header.run,
            outcome: &outcome,
            duration_ms,
        },
        settings,
    )?;
    Ok(Exit::Succeeded)
}
