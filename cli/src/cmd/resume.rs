//! `troupe resume`: goes on with a run where its journal ends. What it shares with `approve` is here too.

mod all;

use super::block_on;
pub use super::run::Choices;
use super::run::{Begin, Wired, drive};
use crate::args::Resume;
use crate::exit::{Exit, Usage};
use crate::report::Ended;
use crate::settings::Settings;
use crate::{load, report, wire, workspace};
use anyhow::Context as _;
use std::path::Path;
use troupe_agents::Outcome;
use troupe_core::Object;
use troupe_core::engine;
use troupe_core::id::RunId;
use troupe_core::port::journal::{Journal as _, Lease, RunRecord, RunStatus};
use troupe_store::{Reader, Store};

pub fn run(arguments: &Resume, settings: &Settings) -> anyhow::Result<Exit> {
    let state = workspace::folder(settings)?;
    let Some(name) = arguments.run.as_ref().filter(|_| !arguments.all) else {
        return all::run(usize::from(arguments.jobs), &state, settings);
    };
    block_on(async {
        let (store, record) = open(name, &state).await?;
        let suspended = Suspended::take(&record.header.run, &store, settings).await?;
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
        let exit = drive(run, &wired, &suspended.store, begin, started_ms, settings).await;
        suspended.end().await;
        exit
    })
}

/// Finds the run that `text` names, and opens the store that holds it.
pub async fn open(text: &str, state: &Path) -> anyhow::Result<(Store, RunRecord)> {
    // A look before a write: a wrong name must not create a store.
    let reader = Reader::open(state).await?;
    let run = workspace::find_whole(&reader, text).await?;
    reader.close().await;
    let store = Store::open(state).await?;
    let record = store.run(&run).await?;
    Ok((store, record))
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
    /// Takes a run's lease, or says who works on it.
    pub async fn take(run: &RunId, store: &Store, settings: &Settings) -> anyhow::Result<Self> {
        let lease = workspace::acquire(store, run).await?;
        Self::under(lease, run, store, settings).await
    }

    /// The run whose lease this is.
    pub async fn under(lease: Box<dyn Lease>, run: &RunId, store: &Store, settings: &Settings) -> anyhow::Result<Self> {
        let record = store.run(run).await?;
        Ok(Self {
            run: run.clone(),
            choices: Choices::of(&record, settings),
            record,
            store: store.clone(),
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

    /// Its inputs and the environment variables that its expressions read, should not even its first
    /// event be there.
    pub fn beginning(&self) -> (Object, Object) {
        (self.choices.inputs.clone(), self.choices.env.clone())
    }

    /// How it goes on.
    pub fn begin(&self) -> Begin {
        let (inputs, env) = self.beginning();
        Begin::Resume { inputs, env }
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
