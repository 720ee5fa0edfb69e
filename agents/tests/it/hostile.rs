//! Models and tools at their worst: nothing hangs, and other branches do not notice.

use crate::fixture::{Mortal, Streaming, live, run_id, slowly, wired};
use async_trait::async_trait;
use futures_util::StreamExt as _;
use std::sync::{Arc, Mutex};
use troupe_agents::{Observer, Outcome};
use troupe_core::event::Event;
use troupe_core::failure::FailureKind;
use troupe_core::id::{ActorId, ToolIndex};
use troupe_core::ir::{OnError, Verb, Workflow};
use troupe_core::message::{Message, ToolOutput};
use troupe_core::port::Error;
use troupe_core::port::journal::{Entry, Journal as _, RunStatus};
use troupe_core::port::model::{Delta, Model, ModelRequest};
use troupe_core::port::tool::{Invocation, Tool, ToolSpec};
use troupe_core::types::Type;
use troupe_testkit::model::{Line, Scripted, last_text, tool_messages};
use troupe_testkit::tool::Answering;
use troupe_testkit::workflow;

/// One agent asks a hostile model, another one a plain question; the run goes on without the first.
fn beside() -> Workflow {
    let mut workflow = workflow::team(1, 1);
    let ask = |name| workflow::agent_step(&workflow, name, &[], 0, workflow::literal(name));
    let (mut bad, good) = (ask("bad"), ask("good"));
    bad.on_error = OnError::Continue;
    workflow.steps = vec![bad, good];
    workflow.outputs = vec![
        workflow::output("bad", "steps.bad.output"),
        workflow::output("good", "steps.good.output"),
    ];
    workflow
}

async fn run(workflow: Workflow, model: Arc<dyn Model>, tool: Arc<dyn Tool>) -> (Outcome, Vec<Event>) {
    let journal = Mortal::new(u64::MAX);
    let (run, _) = wired(workflow, journal.clone(), model, tool);
    let outcome = live(run).await.unwrap();
    let entries = journal.load(&run_id()).await.unwrap();
    (outcome, entries.into_iter().map(|entry| entry.event).collect())
}

fn is_bad(request: &ModelRequest) -> bool {
    matches!(&*request.messages[0], Message::User { text } if text.contains("bad"))
}

fn failures(events: &[Event]) -> Vec<(FailureKind, String)> {
    let failed = events.iter().filter_map(|event| match event {
        Event::AgentFailed { failure, .. } => Some((failure.kind, failure.message.clone())),
        _ => None,
    });
    failed.collect()
}

fn found() -> Arc<dyn Tool> {
    Arc::new(Answering::new(|_| Ok("found".into())))
}

#[tokio::test]
async fn an_endless_answer_is_broken_off() {
    let piece = Delta::Text("again ".repeat(10_000));
    let (model, at_work) = Streaming::new(move |request: &ModelRequest| match is_bad(request) {
        true => futures_util::stream::repeat(piece.clone()).boxed(),
        false => slowly(0, "fine"),
    });
    let (outcome, events) = run(beside(), model, found()).await;
    assert_eq!(
        (outcome.status, &outcome.outputs["good"]),
        (RunStatus::Succeeded, &"fine".into())
    );
    let message = "model `fast`: its answer did not end within 8 MiB and was broken off";
    assert_eq!(failures(&events), [(FailureKind::Model, message.to_owned())]);
    assert_eq!(at_work.counts().0, 0, "its stream is closed");
}

#[tokio::test]
async fn endless_nothing_is_broken_off_too() {
    let (model, _) = Streaming::new(|request: &ModelRequest| match is_bad(request) {
        true => futures_util::stream::repeat(Delta::Text(String::new())).boxed(),
        false => slowly(0, "fine"),
    });
    let (outcome, events) = run(beside(), model, found()).await;
    assert_eq!((outcome.status, failures(&events).len()), (RunStatus::Succeeded, 1));
}

#[tokio::test]
async fn a_model_that_panics_is_one_agents_failure() {
    let model = Scripted::new(|request: &ModelRequest| match is_bad(request) {
        true => Line::Panic,
        false => Line::Say("fine".into()),
    });
    let (outcome, events) = run(beside(), Arc::new(model), found()).await;
    assert_eq!(outcome.outputs["good"], "fine");
    let message = "X0003: it panicked: the script says so";
    assert_eq!(failures(&events), [(FailureKind::Internal, message.to_owned())]);
}

#[tokio::test]
async fn a_model_that_hangs_holds_up_nobody_else() {
    let mut workflow = beside();
    workflow.steps[0].timeout_ms = Some(20);
    let (model, at_work) = Streaming::new(|request: &ModelRequest| match is_bad(request) {
        true => futures_util::stream::pending().boxed(),
        false => slowly(0, "fine"),
    });
    let (outcome, _) = run(workflow, model, found()).await;
    assert_eq!(
        (outcome.status, &outcome.outputs["good"]),
        (RunStatus::Succeeded, &"fine".into())
    );
    assert_eq!(at_work.counts().0, 0);
}

#[tokio::test]
async fn garbage_is_text_and_fits_no_type() {
    let mut workflow = beside();
    workflow.steps[0].output = Type::Integer;
    let model = Scripted::new(
        |request: &ModelRequest| match (is_bad(request), tool_messages(request)) {
            (true, 0) => Line::Call(vec![
                ("\u{0}", "{{{".into()),
                ("", String::new()),
                ("lookup", "[".into()),
            ]),
            (true, _) => Line::Say("\u{1b}[2J\u{fffd}{\"".into()),
            (false, _) => Line::Say("fine".into()),
        },
    );
    let (outcome, events) = run(workflow, Arc::new(model), found()).await;
    assert_eq!(
        (outcome.status, &outcome.outputs["good"]),
        (RunStatus::Succeeded, &"fine".into())
    );
    let refused = |event: &&Event| matches!(event, Event::ToolRefused { .. });
    assert_eq!(events.iter().filter(refused).count(), 3);
    assert_eq!(failures(&events)[0].0, FailureKind::Output);
}

/// What an observer saw of answers that were being written.
#[derive(Default)]
struct Pieces(Mutex<Vec<Delta>>);

impl Observer for Pieces {
    fn recalled(&self, _: &[Entry]) {}
    fn entries(&self, _: &[Entry]) {}
    fn delta(&self, _: ActorId, delta: &Delta) {
        self.0.lock().unwrap().push(delta.clone());
    }
}

#[tokio::test]
async fn an_answer_that_begins_anew_is_the_second_one() {
    let mut workflow = beside();
    workflow.steps.remove(0);
    workflow.outputs.remove(0);
    let deltas = [Delta::Text("half".into()), Delta::Void, Delta::Text("whole".into())];
    let said = deltas.clone();
    let (model, _) = Streaming::new(move |_: &ModelRequest| futures_util::stream::iter(said.clone()).boxed());
    let (wired, _) = wired(workflow, Mortal::new(u64::MAX), model, found());
    let pieces = Arc::new(Pieces::default());
    let seen = pieces.clone();
    let wired = crate::fixture::with(&wired, &move |ports| ports.observer = seen.clone());
    assert_eq!(live(wired).await.unwrap().outputs["good"], "whole");
    assert_eq!(*pieces.0.lock().unwrap(), deltas);
}

/// A tool that does what no tool should.
struct Bad {
    spec: ToolSpec,
    panics: bool,
}

impl Bad {
    fn new(panics: bool) -> Arc<Self> {
        let spec = ToolSpec {
            name: "lookup".into(),
            description: String::new(),
            parameters: serde_json::json!({ "type": "object" }),
            result: Type::Any,
        };
        Arc::new(Self { spec, panics })
    }
}

#[async_trait]
impl Tool for Bad {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn parallel(&self) -> u32 {
        1
    }

    fn timeout_ms(&self) -> u64 {
        20
    }

    async fn call(&self, _: Invocation) -> Result<ToolOutput, Error> {
        assert!(!self.panics, "as planned");
        std::future::pending().await
    }
}

/// An agent calls the tool twice and says what it heard; a step calls it too.
async fn with_tool(tool: Arc<dyn Tool>) -> (Outcome, Vec<Event>) {
    let mut workflow = beside();
    let call = Verb::Tool {
        tool: ToolIndex(0),
        arguments: workflow::literal(serde_json::json!({})),
    };
    workflow.steps[0].verb = call;
    let model = Scripted::new(|request: &ModelRequest| match tool_messages(request) {
        0 | 1 => Line::Call(vec![("lookup", "{}".into())]),
        _ => Line::Say(last_text(request)),
    });
    run(workflow, Arc::new(model), tool).await
}

fn of_step(events: &[Event]) -> (FailureKind, String) {
    let failure = events.iter().find_map(|event| match event {
        Event::ItemFailed { failure, .. } => Some(failure.clone()),
        _ => None,
    });
    let failure = failure.unwrap();
    (failure.kind, failure.message)
}

#[tokio::test]
async fn a_tool_that_panics_is_told_as_a_failed_call() {
    let (outcome, events) = with_tool(Bad::new(true)).await;
    assert_eq!(outcome.outputs["good"], "Error: X0003: it panicked: as planned");
    let message = "X0003: it panicked: as planned";
    assert_eq!(of_step(&events), (FailureKind::Internal, message.to_owned()));
}

#[tokio::test]
async fn a_tool_that_never_returns_is_given_up() {
    let (outcome, events) = with_tool(Bad::new(false)).await;
    let message = "the tool did not answer within 1 s and was given up";
    assert_eq!(outcome.outputs["good"], format!("Error: {message}"));
    assert_eq!(of_step(&events), (FailureKind::Timeout, message.to_owned()));
}
