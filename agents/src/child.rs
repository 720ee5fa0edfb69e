//! Runs that a run starts: driven inside the task of the effect that wanted them.
//!
//! Such a run has a journal of its own and ends with its task. Told to stop, it is cancelled as any
//! run is; a driver that breaks takes it along as a crash would. Both leave it to be gone on with.

use crate::driver::{Above, Arrival, Driver, Station};
use crate::error::Error;
use crate::handle::{Outcome, Run};
use crate::perform::{Performer, Wires};
use crate::times::{self, Folded};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::collections::BTreeSet;
use tokio::sync::mpsc;
use troupe_core::effect::{ApprovalRequest, Effect, Want, WorkflowRequest};
use troupe_core::engine::{self, State};
use troupe_core::failure::{Failure, FailureKind};
use troupe_core::id::{CallId, RunId};
use troupe_core::input::{Input, Used};
use troupe_core::ir::Workflow;
use troupe_core::limits::Allowance;
use troupe_core::port::ErrorKind;
use troupe_core::port::approver::Question;
use troupe_core::port::journal::{Entry, Journal, RunHeader, RunStatus};

/// Begins the run or goes on with it, and says how it ended.
pub(crate) async fn drive(
    wires: &Wires,
    above: Above,
    request: WorkflowRequest,
    inbox: mpsc::UnboundedSender<Arrival>,
    arrivals: mpsc::UnboundedReceiver<Arrival>,
) -> Arrival {
    let call = above.call;
    let ports = wires.ports.children.get(request.workflow.at());
    let (Some(run), Some(ports)) = (wires.run.child(&request.name), ports) else {
        let message = format!("workflows are nested too deep at `{}{}`", wires.place, request.place);
        let failure = Failure::new(FailureKind::Limit, message);
        return Arrival::Input(Input::CallFailed { call, failure });
    };
    let run = Run {
        run,
        workflow: wires.workflow.workflow(request.workflow).clone(),
        ports: ports.clone(),
        patience_ms: wires.patience_ms,
    };
    let place = format!("{}{}/", wires.place, request.place);
    let name = run.workflow.name.clone();
    match outcome(wires, above, run, request, place, inbox, arrivals).await {
        Ok((outputs, used, read)) => Arrival::Input(Input::WorkflowEnded {
            call,
            outputs: outputs.map_err(|(place, failure)| within(&name, place.as_deref(), &failure)),
            used,
            read: read.into_iter().collect(),
        }),
        Err(error) => Arrival::Broken(error),
    }
}

/// What the run gave, or where it failed and why; what it used; and the chunks that it read.
type Ended = (
    Result<troupe_core::Object, (Option<String>, Failure)>,
    Used,
    BTreeSet<String>,
);

async fn outcome(
    wires: &Wires,
    above: Above,
    run: Run,
    request: WorkflowRequest,
    place: String,
    inbox: mpsc::UnboundedSender<Arrival>,
    arrivals: mpsc::UnboundedReceiver<Arrival>,
) -> Result<Ended, Error> {
    let entries = entries(wires, &run).await?;
    let folded = times::fold(&run.workflow, &entries);
    let state = &folded.state;
    let allowance = Allowance {
        run: Some(wires.run.to_string()),
        ..request.allowance.on_top_of(request.counted)
    };
    let first = match state.status() {
        None => Input::Start {
            inputs: request.inputs,
            env: request.env,
            allowance: Some(allowance),
        },
        Some(RunStatus::Succeeded) => return Ok((Ok(state.outputs().clone()), state.used(), state.read().clone())),
        Some(RunStatus::Failed) if !request.reopen => {
            return Ok((
                Err(failure_of(&run.workflow, state)),
                state.used(),
                state.read().clone(),
            ));
        }
        Some(RunStatus::Failed | RunStatus::Cancelled) => Input::ReopenWithin { allowance },
        Some(RunStatus::Running | RunStatus::Waiting) => Input::Recover,
    };
    run.ports.observer.recalled(&entries);
    let performer = Performer::new(&run, inbox, place);
    let driver = Driver::new(run, folded, performer, Station::Below(above));
    // A run may start runs that start runs: boxed, since a future cannot hold its own kind.
    let driven: BoxFuture<'_, Result<Outcome, Error>> = driver.drive(first, arrivals).boxed();
    let outcome = driven.await?;
    let given = match (outcome.status, outcome.failure) {
        (RunStatus::Succeeded, _) => Ok(outcome.outputs),
        (_, Some(failure)) => Err(failure),
        (status, None) => Err((
            None,
            Failure::new(FailureKind::Internal, format!("it is {}", status.word())),
        )),
    };
    Ok((given, outcome.used, outcome.read))
}

/// The run's journal; a new one where there is none.
async fn entries(wires: &Wires, run: &Run) -> Result<Vec<Entry>, Error> {
    let journal = &run.ports.journal;
    match journal.load(&run.run).await {
        Err(error) if error.kind == ErrorKind::Missing => {}
        loaded => return loaded.map_err(Error::Load),
    }
    let root = wires.ports.journal.run(&run.run.root()).await.map_err(Error::Load)?;
    let header = RunHeader {
        run: run.run.clone(),
        workflow: run.workflow.name.clone(),
        path: root.header.path,
        fingerprint: run.workflow.fingerprint.clone(),
        // They are a part of the sources of the run that a person started.
        sources: Vec::new(),
        settings: "{}".into(),
        started_ms: run.ports.clock.now_ms(),
        forked: None,
    };
    journal.create(header).await.map_err(Error::Journal)?;
    Ok(Vec::new())
}

fn failure_of(workflow: &Workflow, state: &State) -> (Option<String>, Failure) {
    match state.failure(workflow) {
        Some((place, failure)) => (place, failure.clone()),
        None => (None, Failure::new(FailureKind::Internal, "it failed without a reason")),
    }
}

/// A failure of a run as one of the step that started it.
fn within(workflow: &str, place: Option<&str>, failure: &Failure) -> Failure {
    let place = match (place, failure.kind) {
        (Some(step), _) => format!(" at step `{step}`"),
        (None, FailureKind::Limit) => String::new(),
        (None, _) => " at its outputs".to_owned(),
    };
    Failure::new(
        failure.kind,
        format!("workflow `{workflow}` failed{place}: {}", failure.message),
    )
}

/// A question of the run at `place`, first asked at `wanted_ms`.
pub(crate) fn question(run: &RunId, call: CallId, place: &str, request: ApprovalRequest, wanted_ms: u64) -> Question {
    let item = request
        .item
        .as_ref()
        .map(|item| format!("[{item}]"))
        .unwrap_or_default();
    Question {
        run: run.clone(),
        call,
        place: format!("{place}{}{item}", request.step),
        step: request.step,
        item: request.item,
        message: request.message,
        choices: request.choices,
        deadline_ms: request.deadline_ms.map(|ms| wanted_ms.saturating_add(ms)),
    }
}

/// What a run and the runs that it started ask people, as their journals say; drives nothing.
///
/// # Errors
/// When a journal cannot be read.
pub async fn questions(journal: &dyn Journal, run: &RunId, workflow: &Workflow) -> Result<Vec<Question>, Error> {
    asked(journal, run.clone(), workflow, String::new()).await
}

fn asked<'a>(
    journal: &'a dyn Journal,
    run: RunId,
    workflow: &'a Workflow,
    place: String,
) -> BoxFuture<'a, Result<Vec<Question>, Error>> {
    async move {
        let entries = match journal.load(&run).await {
            Err(error) if error.kind == ErrorKind::Missing && run.parent().is_some() => Vec::new(),
            loaded => loaded.map_err(Error::Load)?,
        };
        let Folded { state, mut times, .. } = times::fold(workflow, &entries);
        if run.parent().is_none() {
            times.begin(journal.run(&run).await.map_err(Error::Load)?.header.started_ms);
        }
        let mut questions = Vec::new();
        for Effect { call, want, .. } in engine::outstanding(workflow, &state) {
            match want {
                Want::Approve(request) => {
                    let wanted_ms = times.wanted_ms(call).unwrap_or_default();
                    questions.push(question(&run, call, &place, request, wanted_ms));
                }
                Want::Workflow(request) => {
                    let Some(child) = run.child(&request.name) else {
                        continue;
                    };
                    let below = format!("{place}{}/", request.place);
                    questions.extend(asked(journal, child, workflow.workflow(request.workflow), below).await?);
                }
                _ => {}
            }
        }
        Ok(questions)
    }
    .boxed()
}
