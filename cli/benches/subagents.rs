//! A thousand subagents with three tool turns each, on a scripted model, every event durable.
//!
//! `cargo bench --profile dev -p troupe --bench subagents [-- COUNT]`; prints seconds, events, bytes and peak memory.

use std::sync::Arc;
use std::time::Instant;
use troupe_agents::{Nobody, Ports, Run, Secrets, Silent, SystemClock};
use troupe_core::id::RunId;
use troupe_core::ir::CREATE_SUB_AGENTS;
use troupe_core::port::journal::{Journal as _, RunHeader, RunStatus};
use troupe_core::port::model::ModelRequest;
use troupe_store::Store;
use troupe_testkit::model::{Line, Scripted, tool_messages};
use troupe_testkit::tool::Answering;
use troupe_testkit::workflow;

/// As in the program itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let subagents = std::env::args()
        .filter_map(|word| word.parse().ok())
        .next()
        .unwrap_or(1_000);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime starts");
    runtime.block_on(measure(subagents));
}

fn script(request: &ModelRequest, subagents: u32) -> Line {
    match (request.agent_is_lead(), tool_messages(request)) {
        (true, 0) => {
            let entries: Vec<_> = (0..subagents)
                .map(|n| serde_json::json!({ "prompt": format!("Look up item {n}.") }))
                .collect();
            Line::Call(vec![(
                CREATE_SUB_AGENTS,
                serde_json::json!({ "sub_agents": entries }).to_string(),
            )])
        }
        (true, _) => Line::Say("Everything was looked up.".into()),
        (false, turns) if turns < 3 => Line::Call(vec![("lookup", format!("{{\"keywords\":[\"term {turns}\"]}}"))]),
        (false, _) => Line::Say("The item is there, with all that was asked for. [chunk 7]".into()),
    }
}

trait Role {
    fn agent_is_lead(&self) -> bool;
}

impl Role for ModelRequest {
    fn agent_is_lead(&self) -> bool {
        self.system.contains("lead")
    }
}

async fn measure(subagents: u32) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(folder.path()).await.expect("a store");
    let mut workflow = workflow::team(subagents, subagents);
    workflow.steps = vec![workflow::agent_step(
        &workflow,
        "research",
        &[],
        1,
        workflow::literal("Look everything up."),
    )];
    let run = RunId::parse("BENCH").expect("a name");
    let header = RunHeader {
        run: run.clone(),
        workflow: "bench".into(),
        path: "bench.yaml".into(),
        fingerprint: String::new(),
        sources: Vec::new(),
        settings: "{}".into(),
        started_ms: 0,
        forked: None,
    };
    let ports = Ports {
        journal: Arc::new(store.clone()),
        models: vec![Arc::new(Scripted::new(move |request: &ModelRequest| {
            script(request, subagents)
        }))],
        tools: vec![Arc::new(Answering::new(|_| {
            Ok("A snippet of two hundred bytes, as a search would show it. ".repeat(3))
        }))],
        processes: None,
        approver: Arc::new(Nobody),
        secrets: Secrets::default(),
        clock: Arc::new(SystemClock),
        observer: Arc::new(Silent),
        children: Vec::new(),
    };
    let begun = Instant::now();
    let run_it = Run {
        run: run.clone(),
        workflow: Arc::new(workflow),
        ports,
    };
    let handle = troupe_agents::start(run_it, header, Default::default(), Default::default())
        .await
        .expect("it starts");
    let outcome = handle.outcome().await.expect("it ends");
    let seconds = begun.elapsed().as_secs_f64();
    assert_eq!(outcome.status, RunStatus::Succeeded);
    let events = store.run(&run).await.expect("it is there").events;
    store.close().await;
    let bytes: u64 = std::fs::read_dir(folder.path())
        .expect("a folder")
        .flatten()
        .filter_map(|e| e.metadata().ok())
        .map(|m| m.len())
        .sum();
    println!(
        "{subagents} subagents: {seconds:.2} s, {events} events ({:.0}/s), {:.1} MB on disk, {} MB peak",
        events as f64 / seconds,
        bytes as f64 / 1e6,
        peak_mb()
    );
}

/// The process's peak resident memory.
fn peak_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM"))
        .unwrap_or_default();
    line.split_whitespace()
        .nth(1)
        .and_then(|kb| kb.parse::<u64>().ok())
        .unwrap_or_default()
        / 1024
}
