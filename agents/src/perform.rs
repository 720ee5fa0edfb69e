//! Performers: each effect is a task of its own, and whatever becomes of it comes back as one arrival.
//!
//! A panic in a model, tool or process is caught here and is that call's failure, nobody else's.

use crate::branches::Branches;
use crate::cache::{Answers, Question};
use crate::child;
use crate::concealed::Concealed;
use crate::driver::rest::Rest;
use crate::driver::{Above, Arrival};
use crate::gate::{Gate, Lane};
use crate::handle::Run;
use crate::holds::Holds;
use crate::ports::Ports;
use crate::prompt;
use crate::reads;
use futures_util::future::{Either, select};
use futures_util::{FutureExt, StreamExt};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tracing::Instrument as _;
use troupe_core::effect::{ApprovalRequest, Command, Effect, ModelRequest, Origin, Place, ToolRequest, Want};
use troupe_core::failure::{Failure, FailureKind};
use troupe_core::id::{ActorId, CallId, RunId, StepIndex};
use troupe_core::input::{Exit, Input};
use troupe_core::ir::{EffectClass, Workflow};
use troupe_core::message::{Reply, ToolOutput};
use troupe_core::port::model::{Calling, Delta, Fold, ModelRequest as PortRequest};
use troupe_core::port::tool::{Invocation, Readers, Tool, ToolSpec};
use troupe_core::port::{self, ErrorKind};

/// Bytes of one answer, thinking and tool calls included, after which a model is broken off. Far beyond what
/// a model's own limit lets it write; `limits.output_bytes` judges answers that are whole.
const ANSWER_BYTES_MAX: usize = 8 << 20;

pub(crate) struct Performer {
    wires: Arc<Wires>,
    inbox: mpsc::UnboundedSender<Arrival>,
}

/// What every task shares.
pub(crate) struct Wires {
    pub(crate) run: RunId,
    pub(crate) workflow: Arc<Workflow>,
    pub(crate) ports: Ports,
    /// [`Run::patience_ms`].
    pub(crate) patience_ms: Option<u64>,
    /// Where the run is in the one that a person started, with a `/` behind it: `review[2]/`.
    pub(crate) place: String,
    /// By agent definition.
    offered: Vec<Arc<[ToolSpec]>>,
    gates: Entrances,
    answers: Answers,
    holds: Holds,
    branches: Branches,
}

/// The gates that calls go through.
struct Entrances {
    run: Arc<RunId>,
    /// By model.
    models: Vec<Arc<Gate>>,
    /// By tool.
    tools: Vec<Arc<Gate>>,
    processes: Option<Arc<Gate>>,
}

impl Entrances {
    fn of(run: &Run) -> Self {
        let Run { workflow, ports, .. } = run;
        let gates = &ports.gates;
        let models = ports.models.iter().zip(&workflow.models);
        let tools = ports.tools.iter().zip(&workflow.tools);
        let runner = ports.processes.as_ref();
        Self {
            run: Arc::new(run.run.clone()),
            models: models
                .map(|(model, definition)| gates.of(format!("model {}", model.identity()), definition.parallel))
                .collect(),
            tools: tools
                .map(|(tool, definition)| {
                    let name = tool.identity().unwrap_or_else(|| definition.path.clone());
                    gates.of(format!("tool {name}"), tool.parallel())
                })
                .collect(),
            processes: runner.map(|runner| gates.of("processes".into(), runner.parallel())),
        }
    }
}

/// An effect at work.
pub(crate) struct Task {
    task: JoinHandle<()>,
    /// The run that it drives, with its inbox.
    run: Option<(RunId, mpsc::UnboundedSender<Arrival>)>,
}

impl Task {
    /// Ends it, which takes a while; a run is told to stop, and comes to its end.
    pub(crate) fn stop(self) -> JoinHandle<()> {
        match self.run {
            None => self.task.abort(),
            // A run that has ended by itself needs no word.
            Some((_, inbox)) => drop(inbox.send(Arrival::Input(Input::Cancel))),
        }
        self.task
    }

    /// Where words for `run` go, when this drives it or the one that started it.
    pub(crate) fn way_to(&self, run: &RunId) -> Option<&mpsc::UnboundedSender<Arrival>> {
        let (driven, inbox) = self.run.as_ref()?;
        let below = run.as_str().strip_prefix(driven.as_str())?;
        (below.is_empty() || below.starts_with('.')).then_some(inbox)
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
            patience_ms: run.patience_ms,
            place,
            offered,
            gates: Entrances::of(run),
            answers: Answers::default(),
            holds: Holds::default(),
            branches: Branches::default(),
        };
        Self {
            wires: Arc::new(wires),
            inbox,
        }
    }

    /// Lets go of what models kept ready for steps that are over.
    pub(crate) fn release(&self, is_over: impl Fn(StepIndex) -> bool) {
        self.wires.branches.release(&is_over);
        self.wires.holds.release(is_over);
    }

    /// Starts an effect that was wanted at `wanted_ms`.
    pub(crate) fn perform(&self, effect: Effect, wanted_ms: u64) -> Task {
        let (wires, inbox) = (self.wires.clone(), self.inbox.clone());
        let Effect {
            call,
            key,
            origin,
            want,
        } = effect;
        // Ten thousand agents wait at the same time: what few effects need is made for those alone, on the heap.
        let (run, arrivals) = match &want {
            Want::Workflow(_) => Some(mpsc::unbounded_channel()).unzip(),
            _ => (None, None),
        };
        let driven = match &want {
            Want::Workflow(request) => wires.run.child(&request.name),
            _ => None,
        };
        let own = run.clone();
        let performed = async move {
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
                    (want, _) => Arrival::Input(answer(&wires, call, origin, &key, want).await),
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
            if let Arrival::Input(Input::CallFailed { failure, .. }) = &arrival {
                tracing::debug!(kind = failure.kind.word(), message = %failure.message, "failed");
            }
            // The driver may have ended meanwhile; then nobody wants the answer.
            let _ = inbox.send(arrival);
        };
        let task = tokio::spawn(performed.in_current_span());
        Task {
            task,
            run: driven.zip(run),
        }
    }
}

async fn answer(wires: &Wires, call: CallId, origin: Option<Origin>, key: &str, want: Want) -> Input {
    let answered = match (want, origin) {
        (Want::Model(request), Some(origin)) => ask_model(wires, origin, request)
            .boxed()
            .await
            .map(|reply| Input::ModelReplied { call, reply }),
        (Want::Tool(request), Some(origin)) => call_tool(wires, origin, key, request)
            .boxed()
            .await
            .map(|output| Input::ToolReplied { call, output }),
        (Want::Process(command), Some(origin)) => run_process(wires, origin, key, command)
            .boxed()
            .await
            .map(|exit| Input::ProcessExited { call, exit }),
        (Want::Timer { after_ms, .. }, _) => {
            wires.ports.clock.sleep(after_ms).await;
            Ok(Input::TimerFired { call })
        }
        (Want::Workflow(_) | Want::Approve(_), _) | (_, None) => Err(Failure::new(
            FailureKind::Internal,
            "X0003: a run, a person and work of no step do not answer here",
        )),
    };
    answered.unwrap_or_else(|failure| Input::CallFailed { call, failure })
}

async fn ask_person(wires: &Wires, call: CallId, request: ApprovalRequest, wanted_ms: u64) -> Arrival {
    let question = child::question(&wires.run, call, &wires.place, request, wanted_ms);
    match wires.ports.approver.ask(question.clone()).await {
        Some(answer) => Arrival::Input(Input::Decided { call, answer }),
        None => Arrival::Rests {
            call,
            rest: Some(Rest {
                questions: vec![question],
                wake_ms: None,
            }),
        },
    }
}

async fn ask_model(wires: &Wires, origin: Origin, request: ModelRequest) -> Result<Reply, Failure> {
    let begun = Instant::now();
    let definition = wires.workflow.model(request.model);
    let (actor, agent, model) = (request.actor, request.agent, request.model.at());
    let is_forced = request.forced;
    let offered = if is_forced {
        Arc::default()
    } else {
        wires.offered[request.agent.at()].clone()
    };
    let request = PortRequest {
        system: prompt::system(&request.system, &request.output),
        messages: request.messages,
        tools: offered,
        calling: Calling::default(),
        output: request.output,
        sampling: if request.forced {
            definition.sampling.forced()
        } else {
            definition.sampling.clone()
        },
        forced: request.forced,
        branch: Some(wires.branches.asks(origin.step, actor)),
    };
    let (ports, answers) = (&wires.ports, &wires.answers);
    let (step, identity) = (wires.workflow.step(origin.step), ports.models[model].identity());
    let question = Question::to_model(ports, step, origin, &identity, &request);
    if let Some(mut reply) = answers.reply(ports, question.as_ref()).await {
        reply.wall_ms = milliseconds(begun);
        wires.branches.has(actor, Some(&reply.message));
        return Ok(reply);
    }
    let siblings = (origin.step, agent);
    let model_port = ports.models[model].as_ref();
    wires.holds.keep(&wires.workflow, siblings, model_port, &request).await;
    let fold = fold_answer(wires, origin, actor, model, request).await;
    let reply = fold.map(|fold| fold.finish(milliseconds(begun)));
    let answer = reply.as_ref().ok().map(|reply| &*reply.message);
    wires.branches.has(actor, answer.filter(|_| !is_forced));
    let reply = reply.map_err(|error| {
        let kind = if error.kind == ErrorKind::Timeout {
            FailureKind::Timeout
        } else {
            FailureKind::Model
        };
        Failure::new(kind, format!("model `{}`: {}", definition.alias, error.message))
    })?;
    answers.keep_reply(ports, question.as_ref(), &reply).await;
    Ok(reply)
}

async fn fold_answer(
    wires: &Wires,
    origin: Origin,
    actor: ActorId,
    model: usize,
    request: PortRequest,
) -> Result<Fold, port::Error> {
    let (waiting, gates) = (Instant::now(), &wires.gates);
    let _place = gates.models[model].enter(Lane::of(&gates.run, origin)).await;
    let mut fold = Fold::default();
    fold.push(Delta::Queued(milliseconds(waiting)));
    let mut stream = wires.ports.models[model].generate(request).await?;
    let (observer, secrets) = (&wires.ports.observer, &wires.ports.secrets);
    let mut concealed = (!secrets.is_empty()).then(|| Concealed::new(secrets));
    let mut bytes = 0;
    while let Some(delta) = stream.next().await {
        let delta: Delta = delta?;
        match &mut concealed {
            None => observer.delta(actor, &delta),
            Some(concealed) => concealed
                .push(&delta)
                .iter()
                .for_each(|shown| observer.delta(actor, shown)),
        }
        bytes += delta.bytes().max(1);
        if bytes > ANSWER_BYTES_MAX {
            let most = ANSWER_BYTES_MAX >> 20;
            let message = format!("its answer did not end within {most} MiB and was broken off");
            return Err(port::Error::new(ErrorKind::Invalid, message));
        }
        fold.push(delta);
    }
    let rest = concealed.into_iter().flat_map(Concealed::finish);
    rest.for_each(|shown| observer.delta(actor, &shown));
    Ok(fold)
}

async fn call_tool(wires: &Wires, origin: Origin, key: &str, request: ToolRequest) -> Result<ToolOutput, Failure> {
    let (ports, gates, answers) = (&wires.ports, &wires.gates, &wires.answers);
    let from_agent = request.actor.is_some();
    let tool = &ports.tools[request.tool.at()];
    let mut invocation = Invocation {
        key: whole(wires, key),
        arguments: request.arguments,
        read: match tool.readers() {
            Readers::Caller => request.read,
            Readers::Everybody => reads::of_family(ports.journal.as_ref(), &wires.run).await?,
        },
        place: request.place.map(|place| of_run(wires, place)),
    };
    let postscript = request.left.and_then(|left| tool.postscript(&left));
    let step = wires.workflow.step(origin.step);
    let class = if from_agent {
        wires.workflow.tool(request.tool).class
    } else {
        step.effect
    };
    let identity = tool.identity().filter(|_| class != EffectClass::Once);
    let question = Question::to_tool(ports, step, origin, identity.as_deref(), &invocation);
    let mut output = match answers.output(ports, question.as_ref()).await {
        Some(output) => output,
        None => {
            // What a model writes is never revealed: only the workflow's own text may name a secret.
            if !from_agent {
                invocation.arguments = ports.secrets.reveal_value(invocation.arguments);
            }
            let place = gates.tools[request.tool.at()].enter(Lane::of(&gates.run, origin)).await;
            let begun = Instant::now();
            let mut output = in_time(wires, tool.as_ref(), invocation).await?;
            drop(place);
            output.wall_ms = milliseconds(begun);
            answers.keep_output(ports, question.as_ref(), &output).await;
            output
        }
    };
    if from_agent {
        // Models read text; journaling the same content twice would buy nothing.
        output.result = troupe_core::Value::Null;
    }
    if let Some(postscript) = postscript {
        output.text.push_str("\n\n");
        output.text.push_str(&postscript);
    }
    Ok(output)
}

/// Calls a tool, and gives up when its time is over.
async fn in_time(wires: &Wires, tool: &dyn Tool, invocation: Invocation) -> Result<ToolOutput, Failure> {
    let most_ms = tool.timeout_ms();
    match select(tool.call(invocation), wires.ports.clock.sleep(most_ms)).await {
        Either::Left((output, _)) => output.map_err(|error| Failure::new(FailureKind::Tool, error.message)),
        Either::Right(_) => {
            let message = format!(
                "the tool did not answer within {} s and was given up",
                most_ms.div_ceil(1_000)
            );
            Err(Failure::new(FailureKind::Timeout, message))
        }
    }
}

async fn run_process(wires: &Wires, origin: Origin, key: &str, command: Command) -> Result<Exit, Failure> {
    let gates = &wires.gates;
    let (Some(runner), Some(gate)) = (&wires.ports.processes, &gates.processes) else {
        return Err(Failure::new(
            FailureKind::Process,
            "commands on the host are refused; `--allow-host-commands` allows them",
        ));
    };
    let _place = gate.enter(Lane::of(&gates.run, origin)).await;
    let mut command = wires.ports.secrets.reveal_command(command);
    command.sandbox = command.sandbox.map(|place| of_run(wires, place));
    let exit = runner.run(&whole(wires, key), command).await;
    exit.map_err(|error| Failure::new(FailureKind::Process, error.message))
}

/// A place whose room is named in this process as well as in the run.
fn of_run(wires: &Wires, place: Place) -> Place {
    Place {
        room: place.room.map(|room| format!("{}/{room}", wires.run.as_str())),
        ..place
    }
}

fn milliseconds(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
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
