//! How many calls go on at once, and who is next.

use crate::fixture::{AtWork, Mortal, Streaming, header, live, run_id, slowly, wired, with};
use async_trait::async_trait;
use futures_util::StreamExt as _;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use troupe_agents::Gates;
use troupe_core::effect::Command;
use troupe_core::id::RunId;
use troupe_core::input::Exit;
use troupe_core::ir::{CREATE_SUB_AGENTS, CommandTemplate, FanOut, Step, Verb, Workflow};
use troupe_core::message::{Message, ToolOutput};
use troupe_core::port::Error;
use troupe_core::port::journal::{Journal as _, RunStatus};
use troupe_core::port::model::{Delta, ModelRequest};
use troupe_core::port::process::ProcessRunner;
use troupe_core::port::tool::{Invocation, Tool, ToolSpec};
use troupe_core::types::Type;
use troupe_core::view::RunView;
use troupe_testkit::tool::Answering;
use troupe_testkit::workflow;

fn nothing() -> Arc<dyn Tool> {
    Arc::new(Answering::new(|_| Ok("found".into())))
}

/// Makes a fan-out of a step, all items at once.
fn fanned(mut step: Step, items: u32) -> Step {
    let items: Vec<String> = (0..items).map(|n| n.to_string()).collect();
    step.fan_out = Some(FanOut {
        items: workflow::expression(&format!("[{}]", items.join(", "))),
        variable: "row".into(),
        parallel: 1_000,
        key: None,
    });
    step
}

fn asking(workflow: &Workflow, name: &str, items: u32) -> Step {
    fanned(
        workflow::agent_step(workflow, name, &[], 0, workflow::literal(name)),
        items,
    )
}

fn first_text(request: &ModelRequest) -> String {
    match &*request.messages[0] {
        Message::User { text } => text.clone(),
        other => panic!("{other:?} comes first"),
    }
}

#[tokio::test]
async fn a_wide_step_does_not_hold_up_another() {
    let mut workflow = workflow::team(1, 1);
    workflow.models[0].parallel = 1;
    workflow.steps = vec![asking(&workflow, "wide", 300), asking(&workflow, "narrow", 10)];
    let order = Arc::new(Mutex::new(Vec::new()));
    let asked = order.clone();
    let (model, at_work) = Streaming::new(move |request: &ModelRequest| {
        asked.lock().unwrap().push(first_text(request));
        // By the end of the first call everybody else has queued up.
        slowly(if asked.lock().unwrap().len() == 1 { 2_000 } else { 0 }, "done")
    });
    let (run, _) = wired(workflow, Mortal::new(u64::MAX), model, nothing());
    assert_eq!(live(run).await.unwrap().status, RunStatus::Succeeded);
    let order = order.lock().unwrap();
    assert_eq!((order.len(), at_work.counts()), (310, (0, 1)));
    let narrow = order.iter().enumerate().filter(|(_, name)| *name == "narrow");
    let last = narrow.map(|(at, _)| at).max().unwrap();
    assert!(last <= 2 * 10 + 1, "the last of ten was served as number {last}");
}

#[tokio::test]
async fn leads_take_turns_too() {
    let mut workflow = workflow::team(100, 100);
    workflow.models[0].parallel = 1;
    let lead = |name| workflow::agent_step(&workflow, name, &[], 1, workflow::literal(name));
    workflow.steps = vec![lead("many"), lead("few")];
    let order = Arc::new(Mutex::new(Vec::new()));
    let asked = order.clone();
    let (model, _) = Streaming::new(move |request: &ModelRequest| {
        let text = first_text(request);
        if !request.system.contains("lead") {
            let name = if text.contains("many") { "many" } else { "few" };
            asked.lock().unwrap().push(name);
            return slowly(if asked.lock().unwrap().len() == 1 { 2_000 } else { 0 }, "found");
        }
        if request.messages.len() > 1 {
            return slowly(0, "done");
        }
        let wanted = if text.contains("many") { 60 } else { 5 };
        let entries: Vec<_> = (0..wanted).map(|_| serde_json::json!({ "prompt": text })).collect();
        let call = Delta::ToolCall {
            position: 0,
            id: None,
            name: Some(CREATE_SUB_AGENTS.into()),
            arguments: serde_json::json!({ "sub_agents": entries }).to_string(),
        };
        futures_util::stream::iter([call]).boxed()
    });
    let (run, _) = wired(workflow, Mortal::new(u64::MAX), model, nothing());
    assert_eq!(live(run).await.unwrap().status, RunStatus::Succeeded);
    let order = order.lock().unwrap();
    assert_eq!(order.len(), 65);
    let last = order.iter().rposition(|name| *name == "few").unwrap();
    assert!(last <= 2 * 5 + 2, "the last of five was served as number {last}");
}

#[tokio::test]
async fn a_run_and_the_runs_that_it_starts_share_the_places() {
    let mut workflow = workflow::team(1, 1);
    let mut called = workflow::team(1, 1);
    called.models[0].parallel = 3;
    called.steps = vec![asking(&called, "below", 20)];
    workflow.models[0].parallel = 3;
    workflow.workflows = vec![Arc::new(called)];
    workflow.steps = vec![
        asking(&workflow, "above", 20),
        workflow::workflow_step("child", &[], 0, Vec::new()),
    ];
    let (model, at_work) = Streaming::new(|_: &ModelRequest| slowly(20, "done"));
    let journal = Mortal::new(u64::MAX);
    let (run, _) = wired(workflow, journal.clone(), model, nothing());
    let above = run.workflow.clone();
    assert_eq!(live(run).await.unwrap().status, RunStatus::Succeeded);
    assert_eq!((at_work.counts(), at_work.begun.load(Ordering::SeqCst)), ((0, 3), 40));
    let view = RunView::of(&above, &journal.load(&run_id()).await.unwrap());
    assert!(view.agents.iter().all(|agent| agent.queue_ms <= agent.model_ms));
}

#[tokio::test]
async fn runs_of_one_process_share_the_places() {
    let mut workflow = workflow::team(1, 1);
    workflow.models[0].parallel = 2;
    workflow.steps = vec![asking(&workflow, "ask", 10)];
    let (model, at_work) = Streaming::new(|_: &ModelRequest| slowly(20, "done"));
    let (first, _) = wired(workflow.clone(), Mortal::new(u64::MAX), model.clone(), nothing());
    let (second, _) = wired(workflow, Mortal::new(u64::MAX), model, nothing());
    let gates = first.ports.gates.clone();
    let mut second = with(&second, &move |ports| ports.gates = gates.clone());
    second.run = RunId::parse("OTHER").unwrap();
    let other = troupe_core::port::journal::RunHeader {
        run: second.run.clone(),
        ..header()
    };
    let (inputs, env) = Default::default();
    let second = troupe_agents::start(second, other, inputs, env).await.unwrap();
    let (first, second) = tokio::join!(live(first), second.outcome());
    assert!(
        [first, second]
            .iter()
            .all(|ended| ended.as_ref().unwrap().status == RunStatus::Succeeded)
    );
    assert_eq!((at_work.counts(), at_work.begun.load(Ordering::SeqCst)), ((0, 2), 20));
}

/// A tool and a runner that take their time, and say how many at once they are for.
struct Slow {
    spec: ToolSpec,
    at_work: Arc<AtWork>,
}

impl Slow {
    fn new() -> (Arc<Self>, Arc<AtWork>) {
        let at_work = Arc::new(AtWork::default());
        let spec = ToolSpec {
            name: "slow".into(),
            description: String::new(),
            parameters: serde_json::json!({ "type": "object" }),
            result: Type::Any,
        };
        let slow = Self {
            spec,
            at_work: at_work.clone(),
        };
        (Arc::new(slow), at_work)
    }

    async fn work(&self) {
        let _working = self.at_work.begin();
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }
}

#[async_trait]
impl Tool for Slow {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn parallel(&self) -> u32 {
        4
    }

    async fn call(&self, _: Invocation) -> Result<ToolOutput, Error> {
        self.work().await;
        Ok(ToolOutput::default())
    }
}

#[async_trait]
impl ProcessRunner for Slow {
    fn parallel(&self) -> u32 {
        5
    }

    async fn run(&self, _: &str, _: Command) -> Result<Exit, Error> {
        self.work().await;
        Ok(Exit::default())
    }
}

#[tokio::test]
async fn tools_and_processes_have_gates_of_their_own() {
    let mut workflow = workflow::team(1, 1);
    let call = Verb::Tool {
        tool: troupe_core::id::ToolIndex(0),
        arguments: workflow::literal(serde_json::json!({})),
    };
    let command = CommandTemplate {
        arguments: vec![workflow::literal("true")],
        env: Vec::new(),
        stdin: None,
        sandbox: None,
        artifacts: None,
    };
    let run = Verb::Run { command, json: false };
    workflow.steps = vec![
        fanned(workflow::step("call", &[], call), 30),
        fanned(workflow::step("run", &[], run), 30),
    ];
    workflow.steps.iter_mut().for_each(|step| step.output = Type::Any);
    let (model, _) = Streaming::new(|_: &ModelRequest| slowly(0, "done"));
    let ((tool, calls), (runner, processes)) = (Slow::new(), Slow::new());
    let (run, _) = wired(workflow, Mortal::new(u64::MAX), model, tool);
    let run = with(&run, &move |ports| ports.processes = Some(runner.clone()));
    assert_eq!(live(run).await.unwrap().status, RunStatus::Succeeded);
    assert_eq!((calls.counts(), processes.counts()), ((0, 4), (0, 5)));
}

#[tokio::test]
async fn a_cancelled_run_leaves_every_place_free() {
    let mut workflow = workflow::team(1, 1);
    workflow.models[0].parallel = 2;
    workflow.steps = vec![asking(&workflow, "ask", 50)];
    let gates = Gates::new();
    let (hanging, at_work) = Streaming::new(|_: &ModelRequest| futures_util::stream::pending().boxed());
    let (run, _) = wired(workflow.clone(), Mortal::new(u64::MAX), hanging, nothing());
    let same = gates.clone();
    let run = with(&run, &move |ports| ports.gates = same.clone());
    let (inputs, env) = Default::default();
    let handle = troupe_agents::start(run, header(), inputs, env).await.unwrap();
    while at_work.counts().0 < 2 {
        tokio::task::yield_now().await;
    }
    handle.remote().cancel();
    assert_eq!(handle.outcome().await.unwrap().status, RunStatus::Cancelled);
    assert_eq!(at_work.counts(), (0, 2));

    let (model, at_work) = Streaming::new(|_: &ModelRequest| slowly(20, "done"));
    let (run, _) = wired(workflow, Mortal::new(u64::MAX), model, nothing());
    let run = with(&run, &move |ports| ports.gates = gates.clone());
    assert_eq!(live(run).await.unwrap().status, RunStatus::Succeeded);
    assert_eq!(at_work.counts(), (0, 2), "both places are there again");
}
