//! The front door: starting and resuming runs, acting on them, awaiting their end.

use crate::driver::words::Words;
use crate::driver::{Arrival, Driver, Station};
use crate::error::Error;
use crate::perform::Performer;
use crate::ports::Ports;
use crate::times::{self, Folded};
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use troupe_core::Object;
use troupe_core::engine;
use troupe_core::event::Event;
use troupe_core::failure::Failure;
use troupe_core::id::RunId;
use troupe_core::input::{Edit, Input, Used};
use troupe_core::ir::Workflow;
use troupe_core::limits::{LimitHit, Reached};
use troupe_core::port::ErrorKind;
use troupe_core::port::approver::Question;
use troupe_core::port::dispatch::Dispatch;
use troupe_core::port::journal::{Append, Journal, Progress, RunHeader, RunStatus};

/// A run to drive.
#[derive(Clone)]
pub struct Run {
    /// Its name.
    pub run: RunId,
    /// What it does.
    pub workflow: Arc<Workflow>,
    /// What it is wired to.
    pub ports: Ports,
    /// How long the driver stays when nothing but a pause is left to wait for, in milliseconds: a run with a longer
    /// one rests, and is due when the pause is over. None stays as long as it takes.
    pub patience_ms: Option<u64>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Where it stands; over, or waiting for a person or a time.
    pub status: RunStatus,
    /// The outputs, when it succeeded.
    pub outputs: Object,
    /// Where it failed (`publish`, `check[paper-12]`) and why, when it did.
    pub failure: Option<(Option<String>, Failure)>,
    /// What it used, runs that it started included.
    pub progress: Progress,
    /// The same, counted as limits count it.
    pub used: Used,
    /// Ids of chunks that it read in full, runs that it started included.
    pub read: BTreeSet<String>,
    /// Limits that it passed and that stopped nothing, since it is audited.
    pub limits_passed: Vec<Reached>,
    /// What it asks, when it waits for people.
    pub questions: Vec<Question>,
}

/// A driven run. Dropping the handle stops nothing.
pub struct Handle {
    inbox: mpsc::UnboundedSender<Arrival>,
    task: JoinHandle<Result<Outcome, Error>>,
}

/// Acts on a run from elsewhere than where its end is awaited.
#[derive(Clone)]
pub struct Remote(mpsc::UnboundedSender<Arrival>);

impl Remote {
    /// Winds the run down: everything open is aborted, and the run can be resumed.
    pub fn cancel(&self) {
        // A run that is over has no inbox, and nothing to cancel.
        let _ = self.0.send(Arrival::Input(Input::Cancel));
    }
}

impl Handle {
    /// A way to act on the run while its end is awaited.
    pub fn remote(&self) -> Remote {
        Remote(self.inbox.clone())
    }

    /// Waits for the end.
    pub async fn outcome(self) -> Result<Outcome, Error> {
        self.task
            .await
            .unwrap_or_else(|broken| Err(Error::Broken(broken.to_string())))
    }
}

/// Begins a run: its journal is opened with `header`, and its first event holds the inputs.
pub async fn start(run: Run, header: RunHeader, inputs: Object, env: Object) -> Result<Handle, Error> {
    // Refused before anything is written: wrong inputs leave no run behind.
    engine::check_inputs(&run.workflow, inputs.clone()).map_err(engine::Refusal::Inputs)?;
    run.ports.journal.create(header).await.map_err(Error::Journal)?;
    let first = Input::Start {
        inputs,
        env,
        allowance: None,
    };
    let nothing = times::fold(&run.workflow, &[]);
    Ok(spawn(run, first, nothing))
}

/// Goes on with a run from its journal: after a crash what is outstanding is asked for again, after
/// a failure or a cancellation the run is reopened. Where not even the first event got to the disk,
/// the run begins, with the inputs and environment that it was to begin with.
pub async fn resume(run: Run, inputs: Object, env: Object) -> Result<Handle, Error> {
    let entries = run.ports.journal.load(&run.run).await.map_err(Error::Load)?;
    run.ports.observer.recalled(&entries);
    let begin = Input::Start {
        inputs,
        env,
        allowance: None,
    };
    let mut folded = times::fold(&run.workflow, &entries);
    let record = run.ports.journal.run(&run.run).await.map_err(Error::Load)?;
    folded.times.begin(record.header.started_ms);
    let next = match folded.state.status() {
        None => begin,
        Some(status) if status.is_over() => Input::Reopen,
        _ => Input::Recover,
    };
    Ok(spawn(run, next, folded))
}

/// Cancels a run that no process drives: the cancellation is journaled, nothing else is begun or ended.
/// Words that wait are settled. A run whose first event never got to the disk begins with these inputs and
/// environment, and ends there.
///
/// The caller holds the run's lease.
///
/// # Errors
/// When the run is over, and when its journal cannot be read or written.
pub async fn cancel(
    journal: &dyn Journal,
    dispatch: &dyn Dispatch,
    run: &RunId,
    workflow: &Workflow,
    begin: (Object, Object),
    at_ms: u64,
) -> Result<(), Error> {
    let entries = journal.load(run).await.map_err(Error::Load)?;
    let mut state = times::fold(workflow, &entries).state;
    let mut events = Vec::new();
    if state.status().is_none() {
        let (inputs, env) = begin;
        let start = Input::Start {
            inputs,
            env,
            allowance: None,
        };
        events.extend(engine::handle(workflow, &mut state, start)?.events);
    }
    if let Some(status) = state.status().filter(|status| status.is_over()) {
        return Err(engine::Refusal::Over(status).into());
    }
    events.extend(engine::handle(workflow, &mut state, Input::Cancel)?.events);
    write(journal, run, (entries.len(), events), state.progress(), at_ms).await?;
    let posts = dispatch.posted(run).await.map_err(Error::Load)?;
    match posts.last() {
        Some(last) => dispatch.settle(run, last.number).await.map_err(Error::Journal),
        None => Ok(()),
    }
}

/// Lets a run that no process drives use more: `most` of `limit` in all, in the units in which limits count. Whoever
/// goes on with it has that.
///
/// The caller holds the run's lease.
///
/// # Errors
/// When the run has not begun, and when its journal cannot be read or written.
pub async fn raise(
    journal: &dyn Journal,
    run: &RunId,
    workflow: &Workflow,
    (limit, most): (LimitHit, u64),
    at_ms: u64,
) -> Result<(), Error> {
    let entries = journal.load(run).await.map_err(Error::Load)?;
    let mut state = times::fold(workflow, &entries).state;
    let events = engine::handle(workflow, &mut state, Input::Raise { limit, most })?.events;
    let progress = match events.len() {
        0 => return Ok(()),
        // Nobody goes on by it: a run that waits for a person waits as before, which is no event.
        1 => journal.run(run).await.map_err(Error::Load)?.progress,
        _ => state.progress(),
    };
    write(journal, run, (entries.len(), events), progress, at_ms).await
}

/// Writes down what follows for a run that no process drives, after so many events.
async fn write(
    journal: &dyn Journal,
    run: &RunId,
    (first, events): (usize, Vec<Event>),
    progress: Progress,
    at_ms: u64,
) -> Result<(), Error> {
    let append = Append {
        run: run.clone(),
        first: first as u64,
        at_ms,
        events: events.into(),
        progress,
    };
    journal.append(append).await.map_err(Error::Journal)
}

/// Begins a run that shares another one's past, and goes on from its end as if it had come to `edits`: its journal is
/// opened with `header`, unless an earlier process has done that and nothing more. Where nothing at all is shared
/// the run begins as the other one did.
pub async fn fork(run: Run, header: RunHeader, edits: Vec<Edit>, inputs: Object, env: Object) -> Result<Handle, Error> {
    let started_ms = header.started_ms;
    match run.ports.journal.create(header).await {
        Err(error) if error.kind == ErrorKind::Conflict => {}
        created => created.map_err(Error::Journal)?,
    }
    let entries = run.ports.journal.load(&run.run).await.map_err(Error::Load)?;
    run.ports.observer.recalled(&entries);
    let mut folded = times::fold(&run.workflow, &entries);
    folded.times.begin(started_ms);
    let first = match folded.state.status() {
        None => Input::Start {
            inputs,
            env,
            allowance: None,
        },
        Some(_) => Input::Edit(edits),
    };
    Ok(spawn(run, first, folded))
}

fn spawn(run: Run, first: Input, folded: Folded) -> Handle {
    let (inbox, arrivals) = mpsc::unbounded_channel();
    let performer = Performer::new(&run, inbox.clone(), String::new());
    let words = Words::listen(&run, inbox.clone());
    let driver = Driver::new(run, folded, performer, Station::Root(words));
    let task = tokio::spawn(driver.drive(first, arrivals));
    Handle { inbox, task }
}
