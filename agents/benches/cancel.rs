//! How long a cancellation takes while many agents wait: for their model, and for a place at it.
//!
//! `cargo bench --profile dev -p troupe-agents --bench cancel [-- COUNT]`; prints milliseconds from the word to
//! the run's end, and what was left at work then.

use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use troupe_agents::{Gates, Nobody, Ports, Run, Secrets, Silent, SystemClock};
use troupe_core::id::RunId;
use troupe_core::ir::FanOut;
use troupe_core::limits::RunLimits;
use troupe_core::port::Error;
use troupe_core::port::journal::{RunHeader, RunStatus};
use troupe_core::port::model::{Delta, DeltaStream, Model, ModelRequest};
use troupe_testkit::journal::MemoryJournal;
use troupe_testkit::tool::Answering;
use troupe_testkit::workflow;

/// A model that never answers, and counts whom it keeps waiting.
#[derive(Default)]
struct Silence {
    open: Arc<AtomicUsize>,
}

struct Open(Arc<AtomicUsize>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl Model for Silence {
    async fn generate(&self, _: ModelRequest) -> Result<DeltaStream, Error> {
        self.open.fetch_add(1, Ordering::SeqCst);
        let open = Open(self.open.clone());
        Ok(Box::pin(futures_util::stream::once(async move {
            let _open = open;
            std::future::pending::<Result<Delta, Error>>().await
        })))
    }

    fn label(&self) -> String {
        "silence".into()
    }
}

fn main() {
    let words = std::env::args().filter_map(|word| word.parse().ok());
    let agents: u32 = words.into_iter().next().unwrap_or(10_000);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime starts");
    for places in [16, agents] {
        runtime.block_on(measure(agents, places));
    }
}

async fn measure(agents: u32, places: u32) {
    let mut workflow = workflow::team(1, 1);
    workflow.models[0].parallel = places;
    workflow.limits = RunLimits {
        fan_out: agents,
        ..workflow.limits
    };
    let mut ask = workflow::agent_step(&workflow, "ask", &[], 0, workflow::literal("Why?"));
    let items: Vec<String> = (0..agents).map(|n| n.to_string()).collect();
    ask.fan_out = Some(FanOut {
        items: workflow::expression(&format!("[{}]", items.join(","))),
        variable: "row".into(),
        parallel: agents,
        key: None,
    });
    workflow.steps = vec![ask];
    let model = Arc::new(Silence::default());
    let open = model.open.clone();
    let store = Arc::new(MemoryJournal::new());
    let ports = Ports {
        journal: store.clone(),
        dispatch: store,
        models: vec![model],
        tools: vec![Arc::new(Answering::new(|_| Ok(String::new())))],
        processes: None,
        rooms: None,
        gates: Gates::new(),
        cache: None,
        approver: Arc::new(Nobody),
        secrets: Secrets::default(),
        clock: Arc::new(SystemClock),
        observer: Arc::new(Silent),
        children: Vec::new(),
    };
    let run = Run {
        run: RunId::parse("BENCH").expect("a name"),
        workflow: Arc::new(workflow),
        ports,
        patience_ms: None,
    };
    let header = RunHeader {
        run: run.run.clone(),
        workflow: "bench".into(),
        path: "bench.yaml".into(),
        fingerprint: String::new(),
        sources: Vec::new(),
        settings: "{}".into(),
        started_ms: 0,
        forked: None,
    };
    let (inputs, env) = Default::default();
    let handle = troupe_agents::start(run, header, inputs, env).await.expect("it starts");
    while open.load(Ordering::SeqCst) < places as usize {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // Whoever has no place has queued up by now.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let told = Instant::now();
    handle.remote().cancel();
    let outcome = handle.outcome().await.expect("it ends");
    let took = told.elapsed();
    assert_eq!(outcome.status, RunStatus::Cancelled);
    println!(
        "{agents} agents, {places} places: cancelled in {:.1} ms, {} calls left open",
        took.as_secs_f64() * 1_000.0,
        open.load(Ordering::SeqCst)
    );
}
