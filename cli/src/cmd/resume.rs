//! `troupe resume`: goes on with a run where its journal ends. What it shares with `approve` is here too.

use super::block_on;
use super::run::{Begin, Choices, Wired, drive};
use crate::args::Resume;
use crate::exit::{Exit, Usage};
use crate::report::Ended;
use crate::settings::Settings;
use crate::{load, report, wire, workspace};
use anyhow::Context as _;
use std::path::Path;
use troupe_agents::Outcome;
use troupe_core::engine;
use troupe_core::id::RunId;
use troupe_core::port::journal::{Journal as _, Lease, Leases as _, RunRecord, RunStatus};
use troupe_store::{Reader, Store};

pub fn run(arguments: &Resume, settings: &Settings) -> anyhow::Result<Exit> {
    let state = workspace::folder(settings)?;
    block_on(async {
        let suspended = Suspended::take(&arguments.run, &state, settings).await?;
        let (run, record) = (&suspended.run, &suspended.record);
        if record.progress.status == RunStatus::Succeeded {
            return repeat(&suspended.store, record, settings).await;
        }
        let wired = suspended.wire(
            arguments.accept_changes,
            arguments.allow_host_commands,
            &state,
            settings,
        )?;
        settings.say(format!(
            "resuming run {run} of {} after {} events{}",
            record.header.workflow,
            record.events,
            wired.labels()
        ));
        let (begin, started_ms) = (suspended.begin(), record.header.started_ms);
        let exit = drive(run, &wired, &suspended.store, begin, Vec::new(), started_ms, settings).await;
        suspended.end().await;
        exit
    })
}

/// A run that no process works on, taken to be gone on with.
pub struct Suspended {
    /// Its name.
    pub run: RunId,
    /// What is known of it.
    pub record: RunRecord,
    /// Where it is kept.
    pub store: Store,
    choices: Choices,
    lease: Box<dyn Lease>,
}

impl Suspended {
    /// Finds the run that `text` names, and takes its lease.
    pub async fn take(text: &str, state: &Path, settings: &Settings) -> anyhow::Result<Self> {
        // A look before a write: a wrong name must not create a store.
        let reader = Reader::open(state).await?;
        let run = workspace::find_whole(&reader, text).await?;
        let store = Store::open(state).await?;
        let lease = store.acquire(&run, &workspace::holder()).await?;
        let record = store.run(&run).await?;
        let choices = serde_json::from_str(&record.header.settings).unwrap_or_else(|error| {
            settings.say(format!("warning: the settings of run {run} cannot be read: {error}"));
            Choices::default()
        });
        Ok(Self {
            run,
            record,
            store,
            choices,
            lease,
        })
    }

    /// Compiles and connects what the run was started from; a changed text only when told to.
    pub fn wire(
        &self,
        accept_changes: bool,
        allow_host_commands: bool,
        state: &Path,
        settings: &Settings,
    ) -> anyhow::Result<Wired> {
        let (run, header) = (&self.run, &self.record.header);
        let mut loaded = load::load(Path::new(&header.path), settings)?;
        if loaded.workflow.fingerprint != header.fingerprint && !accept_changes {
            return Err(Usage::error(format!(
                "{} or a file that it names changed since run {run} started; --accept-changes goes on with the new text, \
                 undoing the change goes on with the old one",
                header.path
            )));
        }
        let mut choices = self.choices.clone();
        choices.allow_host_commands |= allow_host_commands;
        wire::override_models(&mut loaded.workflow, &choices.models)?;
        Wired::new(&loaded, &choices, state, settings)
    }

    /// How it goes on.
    pub fn begin(&self) -> Begin {
        Begin::Resume {
            inputs: self.choices.inputs.clone(),
            env: self.choices.env.clone(),
        }
    }

    /// Gives it back.
    pub async fn end(self) {
        drop(self.lease);
        self.store.close().await;
    }
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
        used: state.used(),
        limits_passed: state.limits_passed().cloned().collect(),
        questions: Vec::new(),
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
