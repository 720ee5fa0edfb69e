//! The front door: starting and resuming runs, acting on them, awaiting their end.

use crate::driver::{Arrival, Driver};
use crate::error::Error;
use crate::perform::Performer;
use crate::ports::Ports;
use crate::times::{self, Folded};
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use troupe_core::Object;
use troupe_core::engine;
use troupe_core::failure::Failure;
use troupe_core::id::RunId;
use troupe_core::input::{Input, Used};
use troupe_core::ir::Workflow;
use troupe_core::limits::Reached;
use troupe_core::port::approver::Question;
use troupe_core::port::journal::{Progress, RunHeader, RunStatus};

/// A run to drive.
#[derive(Clone)]
pub struct Run {
    /// Its name.
    pub run: RunId,
    /// What it does.
    pub workflow: Arc<Workflow>,
    /// What it is wired to.
    pub ports: Ports,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Where it stands; over, or waiting for a person.
    pub status: RunStatus,
    /// The outputs, when it succeeded.
    pub outputs: Object,
    /// Where it failed (`publish`, `check[paper-12]`) and why, when it did.
    pub failure: Option<(Option<String>, Failure)>,
    /// What it used, runs that it started included.
    pub progress: Progress,
    /// The same, counted as limits count it.
    pub used: Used,
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
    let folded = times::fold(&run.workflow, &entries);
    let next = match folded.state.status() {
        None => begin,
        Some(status) if status.is_over() => Input::Reopen,
        _ => Input::Recover,
    };
    Ok(spawn(run, next, folded))
}

fn spawn(run: Run, first: Input, folded: Folded) -> Handle {
    let (inbox, arrivals) = mpsc::unbounded_channel();
    let performer = Performer::new(&run, inbox.clone(), String::new());
    let driver = Driver::new(run, folded, performer, None);
    let task = tokio::spawn(driver.drive(first, arrivals));
    Handle { inbox, task }
}
