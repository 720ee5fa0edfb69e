//! A cancellation reaches everything: leads, subagents, runs below, tools, processes, calls in a queue.

use crate::fixture::{AtWork, Mortal, Streaming, header, wired, with};
use async_trait::async_trait;
use futures_util::StreamExt as _;
use std::sync::Arc;
use troupe_core::effect::Command;
use troupe_core::id::ToolIndex;
use troupe_core::input::Exit;
use troupe_core::ir::{CREATE_SUB_AGENTS, CommandTemplate, FanOut, Verb, Workflow};
use troupe_core::message::ToolOutput;
use troupe_core::port::Error;
use troupe_core::port::journal::RunStatus;
use troupe_core::port::model::{Delta, ModelRequest};
use troupe_core::port::process::ProcessRunner;
use troupe_core::port::tool::{Invocation, Tool, ToolSpec};
use troupe_core::types::Type;
use troupe_testkit::workflow;

/// Works until it is dropped.
struct Endless {
    spec: ToolSpec,
    at_work: Arc<AtWork>,
}

impl Endless {
    fn new() -> (Arc<Self>, Arc<AtWork>) {
        let at_work = Arc::new(AtWork::default());
        let spec = ToolSpec {
            name: "lookup".into(),
            description: String::new(),
            parameters: serde_json::json!({ "type": "object" }),
            result: Type::Any,
        };
        let endless = Self {
            spec,
            at_work: at_work.clone(),
        };
        (Arc::new(endless), at_work)
    }
}

#[async_trait]
impl Tool for Endless {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn parallel(&self) -> u32 {
        2
    }

    async fn call(&self, _: Invocation) -> Result<ToolOutput, Error> {
        let _working = self.at_work.begin();
        std::future::pending().await
    }
}

#[async_trait]
impl ProcessRunner for Endless {
    fn parallel(&self) -> u32 {
        2
    }

    async fn run(&self, _: &str, _: Command) -> Result<Exit, Error> {
        let _working = self.at_work.begin();
        std::future::pending().await
    }
}

fn items(n: u32) -> Option<FanOut> {
    let items: Vec<String> = (0..n).map(|n| n.to_string()).collect();
    Some(FanOut {
        items: workflow::expression(&format!("[{}]", items.join(", "))),
        variable: "row".into(),
        parallel: 1_000,
        key: None,
    })
}

/// A lead with a team, tools and processes, more of each than there are places for.
fn busy() -> Workflow {
    let mut workflow = workflow::team(50, 50);
    workflow.models[0].parallel = 10;
    let lead = workflow::agent_step(&workflow, "lead", &[], 1, workflow::literal("Lead."));
    let call = Verb::Tool {
        tool: ToolIndex(0),
        arguments: workflow::literal(serde_json::json!({})),
    };
    let command = CommandTemplate {
        arguments: vec![workflow::literal("sleep")],
        env: Vec::new(),
        stdin: None,
        sandbox: None,
        artifacts: None,
    };
    let mut call = workflow::step("call", &[], call);
    let mut process = workflow::step("process", &[], Verb::Run { command, json: false });
    (call.fan_out, process.fan_out) = (items(5), items(5));
    (call.output, process.output) = (Type::Any, Type::Any);
    workflow.steps = vec![lead, call, process];
    workflow
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_at_work() {
    let mut workflow = busy();
    workflow.workflows = vec![Arc::new(busy())];
    let mut child = workflow::workflow_step("child", &[], 0, Vec::new());
    child.fan_out = items(3);
    workflow.steps.push(child);
    let (model, models) = Streaming::new(|request: &ModelRequest| {
        if !request.system.contains("lead") {
            return futures_util::stream::pending().boxed();
        }
        let entries: Vec<_> = (0..20)
            .map(|n| serde_json::json!({ "prompt": n.to_string() }))
            .collect();
        let call = Delta::ToolCall {
            position: 0,
            id: None,
            name: Some(CREATE_SUB_AGENTS.into()),
            arguments: serde_json::json!({ "sub_agents": entries }).to_string(),
        };
        futures_util::stream::iter([call]).boxed()
    });
    let ((tool, calls), (runner, processes)) = (Endless::new(), Endless::new());
    let (run, _) = wired(workflow, Mortal::new(u64::MAX), model, tool);
    let run = with(&run, &move |ports| ports.processes = Some(runner.clone()));
    let (inputs, env) = Default::default();
    let handle = troupe_agents::start(run, header(), inputs, env).await.unwrap();
    let all = [&models, &calls, &processes];
    while all.map(|at_work| at_work.counts().0) != [10, 2, 2] {
        tokio::task::yield_now().await;
    }
    handle.remote().cancel();
    assert_eq!(handle.outcome().await.unwrap().status, RunStatus::Cancelled);
    assert_eq!(all.map(|at_work| at_work.counts().0), [0, 0, 0]);
    assert_eq!(
        all.map(|at_work| at_work.counts().1),
        [10, 2, 2],
        "more than the gates let in"
    );
}
