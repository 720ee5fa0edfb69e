//! A thousand subagents with three tool turns each, on a scripted model, every event durable.
//!
//! `cargo bench --profile dev -p troupe --bench subagents [-- COUNT]`; prints seconds, events, bytes and peak memory.

mod rig;

use std::sync::Arc;
use std::time::Instant;
use troupe_core::ir::CREATE_SUB_AGENTS;
use troupe_core::port::journal::{Journal as _, RunStatus};
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
    let folder = rig::folder();
    let store = Store::open(folder.path()).await.expect("a store");
    let mut workflow = workflow::team(subagents, subagents);
    let prompt = workflow::literal("Look everything up.");
    workflow.steps = vec![workflow::agent_step(&workflow, "research", &[], 1, prompt)];
    let model = Arc::new(Scripted::new(move |request: &ModelRequest| script(request, subagents)));
    let tool = Arc::new(Answering::new(|_| {
        Ok("A snippet of two hundred bytes, as a search would show it. ".repeat(3))
    }));
    let run = rig::run(
        "BENCH",
        workflow,
        Arc::new(store.clone()),
        Arc::new(store.clone()),
        model,
        tool,
    );
    let name = run.run.clone();
    let (begun, cpu) = (Instant::now(), rig::cpu_seconds());
    let header = rig::header(&run);
    let handle = troupe_agents::start(run, header, Default::default(), Default::default())
        .await
        .expect("it starts");
    let outcome = handle.outcome().await.expect("it ends");
    let (seconds, cpu) = (begun.elapsed().as_secs_f64(), rig::cpu_seconds() - cpu);
    assert_eq!(outcome.status, RunStatus::Succeeded);
    let events = store.run(&name).await.expect("it is there").events;
    store.close().await;
    println!(
        "{subagents} subagents: {seconds:.2} s, {:.0} µs of CPU each, {events} events ({:.0}/s), {:.1} MB on disk, {} MB peak",
        cpu * 1e6 / f64::from(subagents),
        events as f64 / seconds,
        rig::bytes_in(folder.path()) as f64 / 1e6,
        rig::peak_kib() / 1024
    );
}
