//! `troupe resume`: goes on with a run where its journal ends. What it shares with `approve` is here too.

mod all;

pub use super::run::Choices;
use super::run::{Begin, Wired, drive};
use super::{block_on, fork};
use crate::args::Resume;
use crate::exit::{Exit, Usage};
use crate::past::{self, Past};
use crate::report::Ended;
use crate::settings::Settings;
use crate::{load, report, wire, workspace};
use std::path::Path;
use troupe_agents::Outcome;
use troupe_core::engine::{self, Adaptation};
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
        let (begin, started_ms) = (suspended.begin(&wired).await?, record.header.started_ms);
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
        if loaded.workflow.fingerprint != header.fingerprint {
            let path = &header.path;
            if !accept_changes {
                return Err(Usage::error(format!(
                    "{path} or a file that it names changed since run {run} started; --accept-changes goes on with the new text, \
                     undoing the change goes on with the old one"
                )));
            }
            let old = past::compiled(header)?;
            if !Adaptation::new(&old, &loaded.workflow).is_identity() {
                return Err(Usage::error(format!(
                    "the steps, agents, tools or inputs of {path} are not what run {run} began with: \
                     `troupe fork {run} --workflow {path}` goes on with the new text in a run of its own"
                )));
            }
        }
        let mut choices = self.choices.clone();
        choices.allow_host_commands |= allow_host_commands;
        wire::override_models(&mut loaded.workflow, &choices.models)?;
        Wired::new(&loaded, &choices, state, settings)
    }

    /// How it goes on.
    ///
    /// # Errors
    /// When the outputs that were set when it was forked do not fit any more.
    pub async fn begin(&self, wired: &Wired) -> anyhow::Result<Begin> {
        let (inputs, env) = (self.choices.inputs.clone(), self.choices.env.clone());
        let header = self.record.header.clone();
        let is_new = header
            .forked
            .as_ref()
            .is_some_and(|fork| fork.events == self.record.events);
        if !is_new {
            return Ok(Begin::Resume { inputs, env });
        }
        let past = Past::read(self.store.reader(), &self.run).await?;
        let state = engine::fold(&wired.workflow, past.events());
        let edits = fork::edits(&wired.workflow, &state, &self.choices.edits)?;
        Ok(Begin::Fork {
            header,
            edits,
            inputs,
            env,
        })
    }

    /// Gives it back.
    pub async fn end(self) {
        drop(self.lease);
        self.store.close().await;
    }
}

/// A run that succeeded has nothing left to do: it prints what it gave.
async fn repeat(store: &Store, record: &RunRecord, settings: &Settings) -> anyhow::Result<Exit> {
    let past = Past::read(store.reader(), &record.header.run).await?;
    let workflow = past.workflow(store.reader()).await?;
    let state = engine::fold(&workflow, past.events());
    let outcome = Outcome {
        status: RunStatus::Succeeded,
        outputs: state.outputs().clone(),
        failure: None,
        progress: state.progress(),
        used: state.used(),
        read: state.read().clone(),
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
