//! Performers: each effect is a task of its own, and whatever becomes of it comes back as one arrival.
//!
//! A panic in a model, tool or process is caught here and is that call's failure, nobody else's.

use crate::child;
use crate::driver::{Above, Arrival};
use crate::handle::Run;
use crate::ports::Ports;
use crate::prompt;
use futures_util::{FutureExt, StreamExt};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use troupe_core::effect::{ApprovalRequest, Command, Effect, ModelRequest, ToolRequest, Want};
use troupe_core::failure::{Failure, FailureKind};
use troupe_core::id::{ActorId, CallId, RunId};
use troupe_core::input::{Exit, Input};
use troupe_core::ir::Workflow;
use troupe_core::message::{Reply, ToolOutput};
use troupe_core::port::model::{Delta, Fold, ModelRequest as PortRequest};
use troupe_core::port::tool::{Invocation, ToolSpec};
use troupe_core::port::{self, ErrorKind};

pub(crate) struct Performer {
    wires: Arc<Wires>,
    inbox: mpsc::UnboundedSender<Arrival>,
}

/// What every task shares.
pub(crate) struct Wires {
    pub(crate) run: RunId,
    pub(crate) workflow: Arc<Workflow>,
    pub(crate) ports: Ports,
    /// Where the run is in the one that a person started, with a `/` behind it: `review[2]/`.
    pub(crate) place: String,
    /// By agent definition.
    offered: Vec<Arc<[ToolSpec]>>,
}

/// An effect at work.
pub(crate) struct Task {
    task: JoinHandle<()>,
    /// The inbox of the run that it drives.
    run: Option<mpsc::UnboundedSender<Arrival>>,
}

impl Task {
    /// Ends it; a run is told to stop, and comes to its end in a while.
    pub(crate) fn stop(self) -> Option<JoinHandle<()>> {
        let Some(run) = self.run else {
            self.task.abort();
            return None;
        };
        // A run that has ended by itself needs no word.
        let _ = run.send(Arrival::Input(Input::Cancel));
        Some(self.task)
    }

    /// Ends it as a crash would.
    pub(crate) fn abort(self) -> JoinHandle<()> {
        self.task.abort();
        self.task
    }
}

impl Performer {
    /// The performer of a run that is at `place`; what comes back goes into `inbox`.
    pub(crate) fn new(run: &Run, inbox: mpsc::UnboundedSender<Arrival>, place: String) -> Self {
        let offered = prompt::offered(&run.workflow, &run.ports.tools);
        let wires = Wires {
            run: run.run.clone(),
            workflow: run.workflow.clone(),
            ports: run.ports.clone(),
            place,
            offered,
        };
        Self {
            wires: Arc::new(wires),
            inbox,
        }
    }

    /// Starts an effect that was wanted at `wanted_ms`.
    pub(crate) fn perform(&self, effect: Effect, wanted_ms: u64) -> Task {
        let (wires, inbox) = (self.wires.clone(), self.inbox.clone());
        let Effect { call, key, want } = effect;
        // Ten thousand agents wait at the same time: what few effects need is made for those alone, on the heap.
        let (run, arrivals) = match &want {
            Want::Workflow(_) => Some(mpsc::unbounded_channel()).unzip(),
            _ => (None, None),
        };
        let own = run.clone();
        let task = tokio::spawn(async move {
            let answer = async {
                match (want, own.zip(arrivals)) {
                    (Want::Workflow(request), Some((own, arrivals))) => {
                        let above = Above {
                            inbox: inbox.clone(),
                            call,
                        };
                        child::drive(&wires, above, *request, own, arrivals).boxed().await
                    }
                    (Want::Approve(request), _) => ask_person(&wires, call, request, wanted_ms).boxed().await,
                    (want, _) => Arrival::Input(answer(&wires, call, &key, want).await),
                }
            };
            let caught = AssertUnwindSafe(answer).catch_unwind().await;
            let arrival = caught.unwrap_or_else(|panic| {
                Arrival::Input(Input::CallFailed {
                    call,
                    failure: panicked(panic.as_ref()),
                })
            });
            let arrival = match arrival {
                Arrival::Input(input) => Arrival::Input(wires.ports.secrets.conceal_input(input)),
                other => other,
            };
            // The driver may have ended meanwhile; then nobody wants the answer.
            let _ = inbox.send(arrival);
        });
        Task { task, run }
    }
}

async fn answer(wires: &Wires, call: CallId, key: &str, want: Want) -> Input {
    let answered = match want {
        Want::Model(request) => ask_model(wires, request)
            .boxed()
            .await
            .map(|reply| Input::ModelReplied { call, reply }),
        Want::Tool(request) => call_tool(wires, key, request)
            .boxed()
            .await
            .map(|output| Input::ToolReplied { call, output }),
        Want::Process(command) => run_process(wires, key, command)
            .boxed()
            .await
            .map(|exit| Input::ProcessExited { call, exit }),
        Want::Timer { after_ms, .. } => {
            wires.ports.clock.sleep(after_ms).await;
            Ok(Input::TimerFired { call })
        }
        Want::Workflow(_) | Want::Approve(_) => Err(Failure::new(
            FailureKind::Internal,
            "X0003: a run and a person do not answer here",
        )),
    };
    answered.unwrap_or_else(|failure| Input::CallFailed { call, failure })
}

async fn ask_person(wires: &Wires, call: CallId, request: ApprovalRequest, wanted_ms: u64) -> Arrival {
    let question = child::question(&wires.run, call, &wires.place, request, wanted_ms);
    match wires.ports.approver.ask(question.clone()).await {
        Some(answer) => Arrival::Input(Input::Decided { call, answer }),
        None => Arrival::Waits {
            call,
            questions: vec![question],
        },
    }
}

async fn ask_model(wires: &Wires, request: ModelRequest) -> Result<Reply, Failure> {
    let begun = Instant::now();
    let definition = wires.workflow.model(request.model);
    let offered = if request.forced {
        Arc::default()
    } else {
        wires.offered[request.agent.at()].clone()
    };
    let port_request = PortRequest {
        system: prompt::system(&request.system, &request.output),
        messages: request.messages,
        tools: offered,
        output: request.output,
        temperature: if request.forced {
            Some(0.0)
        } else {
            definition.temperature
        },
        forced: request.forced,
    };
    let fold = fold_answer(wires, request.actor, request.model.at(), port_request).await;
    fold.map(|fold| fold.finish(u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX)))
        .map_err(|error| {
            let kind = if error.kind == ErrorKind::Timeout {
                FailureKind::Timeout
            } else {
                FailureKind::Model
            };
            Failure::new(kind, format!("model `{}`: {}", definition.alias, error.message))
        })
}

async fn fold_answer(wires: &Wires, actor: ActorId, model: usize, request: PortRequest) -> Result<Fold, port::Error> {
    let mut stream = wires.ports.models[model].generate(request).await?;
    let mut fold = Fold::default();
    while let Some(delta) = stream.next().await {
        let delta: Delta = delta?;
        // A piece may hold half a secret; with secrets about, an answer is shown as a whole.
        if wires.ports.secrets.is_empty() {
            wires.ports.observer.delta(actor, &delta);
        }
        fold.push(delta);
    }
    Ok(fold)
}

async fn call_tool(wires: &Wires, key: &str, request: ToolRequest) -> Result<ToolOutput, Failure> {
    let from_agent = request.actor.is_some();
    // What a model writes is never revealed: only the workflow's own text may name a secret.
    let arguments = if from_agent {
        request.arguments
    } else {
        wires.ports.secrets.reveal_value(request.arguments)
    };
    let invocation = Invocation {
        key: whole(wires, key),
        arguments,
        read: request.read,
    };
    let output = wires.ports.tools[request.tool.at()].call(invocation).await;
    let mut output = output.map_err(|error| Failure::new(FailureKind::Tool, error.message))?;
    if from_agent {
        // Models read text; journaling the same content twice would buy nothing.
        output.result = troupe_core::Value::Null;
    }
    Ok(output)
}

async fn run_process(wires: &Wires, key: &str, command: Command) -> Result<Exit, Failure> {
    let Some(runner) = &wires.ports.processes else {
        return Err(Failure::new(
            FailureKind::Process,
            "commands on the host are refused; `--allow-host-commands` allows them",
        ));
    };
    let command = wires.ports.secrets.reveal_command(command);
    let exit = runner.run(&whole(wires, key), command).await;
    exit.map_err(|error| Failure::new(FailureKind::Process, error.message))
}

/// An idempotency key as the world sees it: unlike that of every other effect of every other run.
fn whole(wires: &Wires, key: &str) -> String {
    format!("{}/{key}", wires.run)
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> Failure {
    let text = panic
        .downcast_ref::<&str>()
        .map(|s| (*s).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned());
    Failure::new(
        FailureKind::Internal,
        format!("X0003: it panicked: {}", text.unwrap_or_default()),
    )
}
