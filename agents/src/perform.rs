//! Performers: each effect is a task of its own, and whatever becomes of it comes back as one input.
//!
//! A panic in a model, tool or process is caught here and is that call's failure, nobody else's.

use crate::handle::Run;
use crate::ports::Ports;
use crate::prompt;
use futures_util::{FutureExt, StreamExt};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use troupe_core::effect::{Command, Effect, ModelRequest, ToolRequest, Want};
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
    inbox: mpsc::UnboundedSender<Input>,
}

/// What every task shares.
struct Wires {
    run: RunId,
    workflow: Arc<Workflow>,
    ports: Ports,
    /// By agent definition.
    offered: Vec<Arc<[ToolSpec]>>,
}

impl Performer {
    pub(crate) fn new(run: &Run, inbox: mpsc::UnboundedSender<Input>) -> Self {
        let offered = prompt::offered(&run.workflow, &run.ports.tools);
        let wires = Wires {
            run: run.run.clone(),
            workflow: run.workflow.clone(),
            ports: run.ports.clone(),
            offered,
        };
        Self {
            wires: Arc::new(wires),
            inbox,
        }
    }

    /// Starts an effect.
    pub(crate) fn perform(&self, effect: Effect) -> AbortHandle {
        let (wires, inbox) = (self.wires.clone(), self.inbox.clone());
        let call = effect.call;
        let task = tokio::spawn(async move {
            let caught = AssertUnwindSafe(answer(&wires, effect)).catch_unwind().await;
            let input = caught.unwrap_or_else(|panic| Input::CallFailed {
                call,
                failure: panicked(panic.as_ref()),
            });
            // The driver may have ended meanwhile; then nobody wants the answer.
            let _ = inbox.send(input);
        });
        task.abort_handle()
    }
}

async fn answer(wires: &Wires, effect: Effect) -> Input {
    let call = effect.call;
    let answered = match effect.want {
        Want::Model(request) => ask_model(wires, request)
            .await
            .map(|reply| Input::ModelReplied { call, reply }),
        Want::Tool(request) => call_tool(wires, call, request)
            .await
            .map(|output| Input::ToolReplied { call, output }),
        Want::Process(command) => run_process(wires, call, command)
            .await
            .map(|exit| Input::ProcessExited { call, exit }),
        Want::Timer { after_ms } => {
            tokio::time::sleep(Duration::from_millis(after_ms)).await;
            Ok(Input::TimerFired { call })
        }
    };
    answered.unwrap_or_else(|failure| Input::CallFailed { call, failure })
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
        wires.ports.observer.delta(actor, &delta);
        fold.push(delta);
    }
    Ok(fold)
}

async fn call_tool(wires: &Wires, call: CallId, request: ToolRequest) -> Result<ToolOutput, Failure> {
    let from_agent = request.actor.is_some();
    let invocation = Invocation {
        key: key(wires, call),
        arguments: request.arguments,
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

async fn run_process(wires: &Wires, call: CallId, command: Command) -> Result<Exit, Failure> {
    let Some(runner) = &wires.ports.processes else {
        return Err(Failure::new(
            FailureKind::Process,
            "commands on the host are refused; `--allow-host-commands` allows them",
        ));
    };
    let exit = runner.run(&key(wires, call), command).await;
    exit.map_err(|error| Failure::new(FailureKind::Process, error.message))
}

/// The idempotency key of an effect: equal for every repetition of it, in this process or a later one.
fn key(wires: &Wires, call: CallId) -> String {
    format!("{}/{call}", wires.run)
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
