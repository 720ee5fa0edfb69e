//! A hundred thousand agents that wait for their models, and a run of a hundred thousand events resumed.
//!
//! `cargo bench --profile dev -p troupe --bench scale -- idle|tasks|resume [COUNT]`; `tasks` are bare tokio tasks
//! that wait on a channel, the least that an agent could be.

mod rig;

use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use troupe_agents::Run;
use troupe_core::Object;
use troupe_core::id::RunId;
use troupe_core::ir::{CREATE_SUB_AGENTS, Workflow};
use troupe_core::port::journal::{Append, Entry, Journal, RunHeader, RunRecord};
use troupe_core::port::model::ModelRequest;
use troupe_core::port::{Error, ErrorKind};
use troupe_store::Store;
use troupe_testkit::model::{Line, Scripted, tool_messages};
use troupe_testkit::tool::Answering;
use troupe_testkit::workflow;

/// As in the program itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with("--"))
        .collect();
    let count = words.get(1).and_then(|word| word.parse().ok()).unwrap_or(100_000);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime starts");
    match words.first().map(String::as_str) {
        Some("idle") => runtime.block_on(idle(count)),
        Some("tasks") => runtime.block_on(tasks(count)),
        Some("resume") => runtime.block_on(resume(count)),
        _ => println!("scale idle|tasks|resume [COUNT]"),
    }
}

/// A lead with `count` subagents at the same time.
fn team(count: u32) -> Workflow {
    let mut team = workflow::team(count, count);
    let prompt = workflow::literal("Look everything up.");
    team.steps = vec![workflow::agent_step(&team, "research", &[], 1, prompt)];
    // None of them waits for a place.
    team.models[0].parallel = u32::MAX;
    team
}

/// The lead's request for `count` subagents.
fn wave(count: u32) -> Line {
    let entries = (0..count).map(|n| serde_json::json!({ "prompt": format!("Look up item {n}.") }));
    let wave = serde_json::json!({ "sub_agents": entries.collect::<Vec<_>>() });
    Line::Call(vec![(CREATE_SUB_AGENTS, wave.to_string())])
}

fn wired(workflow: Workflow, journal: Arc<dyn Journal>, store: &Store, model: Model) -> (Run, Arc<Scripted<Model>>) {
    let model = Arc::new(Scripted::new(model));
    let tool = Answering::new(|_| Ok("A snippet of two hundred bytes, as a search would show it. ".repeat(3)));
    (
        rig::run(
            "BENCH",
            workflow,
            journal,
            Arc::new(store.clone()),
            model.clone(),
            Arc::new(tool),
        ),
        model,
    )
}

type Model = Box<dyn Fn(&ModelRequest) -> Line + Send + Sync>;

async fn start(run: Run) -> troupe_agents::Handle {
    let header = rig::header(&run);
    let begun = troupe_agents::start(run, header, Object::new(), Object::new()).await;
    begun.expect("it starts")
}

async fn idle(count: u32) {
    let folder = rig::folder();
    let store = Store::open(folder.path()).await.expect("a store");
    let before = rig::resident_kib();
    let script: Model = Box::new(
        move |request| match (request.system.contains("lead"), tool_messages(request)) {
            (true, 0) => wave(count),
            _ => Line::Hang,
        },
    );
    let (run, model) = wired(team(count), Arc::new(store.clone()), &store, script);
    let _handle = start(run).await;
    while model.asked.load(Ordering::Relaxed) <= count as usize {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    say(&format!("{count} agents that wait for their models"), count, before);
}

async fn tasks(count: u32) {
    let before = rig::resident_kib();
    let mut ways = Vec::new();
    for _ in 0..count {
        let (way, mut arrivals) = tokio::sync::mpsc::channel::<u64>(1);
        tokio::spawn(async move { arrivals.recv().await });
        ways.push(way);
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    say(&format!("{count} tasks that wait on a channel"), count, before);
}

fn say(what: &str, count: u32, before: u64) {
    let (now, peak) = (rig::resident_kib(), rig::peak_kib());
    let each = |kib: u64| kib * 1024 / u64::from(count);
    println!(
        "{what}: {} bytes each, the whole process {} bytes each ({} MB), {} at its peak; {:.2} s of CPU",
        each(now.saturating_sub(before)),
        each(now),
        now / 1024,
        each(peak),
        rig::cpu_seconds()
    );
}

/// The store, until so many events are in it.
struct Full {
    store: Store,
    room: AtomicUsize,
}

#[async_trait]
impl Journal for Full {
    async fn create(&self, header: RunHeader) -> Result<(), Error> {
        self.store.create(header).await
    }
    async fn append(&self, append: Append) -> Result<(), Error> {
        let take = |room: usize| room.checked_sub(append.events.len());
        match self.room.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take) {
            Ok(_) => self.store.append(append).await,
            Err(_) => Err(Error::new(ErrorKind::Storage, "the bench has enough events")),
        }
    }
    async fn load(&self, run: &RunId) -> Result<Vec<Entry>, Error> {
        self.store.load(run).await
    }
    async fn run(&self, run: &RunId) -> Result<RunRecord, Error> {
        self.store.run(run).await
    }
    async fn remove(&self, run: &RunId) -> Result<(), Error> {
        self.store.remove(run).await
    }
    async fn runs(&self, limit: u32) -> Result<Vec<RunRecord>, Error> {
        self.store.runs(limit).await
    }
}

fn seeker(subagents: u32) -> Model {
    Box::new(
        move |request| match (request.system.contains("lead"), tool_messages(request)) {
            (true, 0) => wave(subagents),
            (true, _) => Line::Say("Everything was looked up.".into()),
            (false, turns) if turns < 3 => Line::Call(vec![("lookup", format!("{{\"keywords\":[\"term {turns}\"]}}"))]),
            (false, _) => Line::Say("The item is there, with all that was asked for. [chunk 7]".into()),
        },
    )
}

async fn resume(events: u32) {
    let folder = rig::folder();
    // A subagent of three tool turns has 16 events: the journal is full when nearly all are at their last ones.
    let subagents = events / 15;
    let store = Store::open(folder.path()).await.expect("a store");
    let full = Full {
        store: store.clone(),
        room: AtomicUsize::new(events as usize),
    };
    let (run, _) = wired(team(subagents), Arc::new(full), &store, seeker(subagents));
    let broken = start(run).await.outcome().await;
    assert!(broken.is_err(), "{broken:?}");
    store.close().await;

    let (begun, cpu) = (Instant::now(), rig::cpu_seconds());
    let store = Store::open(folder.path()).await.expect("a store");
    let first = Arc::new(std::sync::OnceLock::new());
    let (script, seen) = (seeker(subagents), first.clone());
    let script: Model = Box::new(move |request| {
        seen.get_or_init(|| begun.elapsed());
        script(request)
    });
    let (run, _) = wired(team(subagents), Arc::new(store.clone()), &store, script);
    let name = run.run.clone();
    let entries = store.run(&name).await.expect("it is there").events;
    let handle = troupe_agents::resume(run, Object::new(), Object::new())
        .await
        .expect("it goes on");
    while first.get().is_none() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let (wall, cpu) = (first.get().copied().unwrap_or_default(), rig::cpu_seconds() - cpu);
    println!(
        "a run of {entries} events: {} ms to the first model call, {:.2} s of CPU",
        wall.as_millis(),
        cpu
    );
    handle.outcome().await.expect("it ends");
    store.close().await;
}
