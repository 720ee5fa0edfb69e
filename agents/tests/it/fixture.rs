//! A run wired to fakes.

use async_trait::async_trait;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use troupe_agents::{Observer, Outcome, Ports, Run, SystemClock};
use troupe_core::event::Event;
use troupe_core::id::{ActorId, RunId};
use troupe_core::ir::Workflow;
use troupe_core::port::journal::{Append, Entry, Journal, RunHeader, RunRecord};
use troupe_core::port::model::{Delta, Model};
use troupe_core::port::tool::Tool;
use troupe_core::port::{Error, ErrorKind};
use troupe_testkit::journal::MemoryJournal;

/// A journal that loses its disk after a number of appends.
pub struct Mortal {
    pub inner: MemoryJournal,
    pub appends_left: AtomicU64,
}

impl Mortal {
    pub fn new(appends: u64) -> Arc<Self> {
        Arc::new(Self {
            inner: MemoryJournal::new(),
            appends_left: AtomicU64::new(appends),
        })
    }

    pub async fn events(&self) -> Vec<Event> {
        let entries = self.inner.load(&run_id()).await.unwrap_or_default();
        entries.into_iter().map(|entry| entry.event).collect()
    }
}

#[async_trait]
impl Journal for Mortal {
    async fn create(&self, header: RunHeader) -> Result<(), Error> {
        self.inner.create(header).await
    }
    async fn append(&self, append: Append) -> Result<(), Error> {
        // Some time on its way to the disk, so that answers gather meanwhile.
        tokio::task::yield_now().await;
        let spend = |left: u64| left.checked_sub(1);
        match self
            .appends_left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, spend)
        {
            Ok(_) => self.inner.append(append).await,
            Err(_) => Err(Error::new(ErrorKind::Storage, "no room left on the disk")),
        }
    }
    async fn load(&self, run: &RunId) -> Result<Vec<Entry>, Error> {
        self.inner.load(run).await
    }
    async fn run(&self, run: &RunId) -> Result<RunRecord, Error> {
        self.inner.run(run).await
    }
    async fn runs(&self, limit: u32) -> Result<Vec<RunRecord>, Error> {
        self.inner.runs(limit).await
    }
}

/// Remembers what it saw.
#[derive(Default)]
pub struct Witness(pub Mutex<Vec<Event>>);

impl Observer for Witness {
    fn recalled(&self, _: &[Entry]) {}
    fn entries(&self, entries: &[Entry]) {
        self.0
            .lock()
            .unwrap()
            .extend(entries.iter().map(|entry| entry.event.clone()));
    }
    fn delta(&self, _: ActorId, _: &Delta) {}
}

pub fn run_id() -> RunId {
    RunId::parse("TEST").unwrap()
}

pub fn header() -> RunHeader {
    RunHeader {
        run: run_id(),
        workflow: "test".into(),
        path: "/test.yaml".into(),
        fingerprint: "test".into(),
        sources: Vec::new(),
        settings: "{}".into(),
        started_ms: 0,
    }
}

pub fn wired(
    workflow: Workflow,
    journal: Arc<Mortal>,
    model: Arc<dyn Model>,
    tool: Arc<dyn Tool>,
) -> (Run, Arc<Witness>) {
    let witness = Arc::new(Witness::default());
    let ports = Ports {
        journal,
        models: vec![model],
        tools: vec![tool],
        processes: None,
        clock: Arc::new(SystemClock),
        observer: witness.clone(),
    };
    (
        Run {
            run: run_id(),
            workflow: Arc::new(workflow),
            ports,
        },
        witness,
    )
}

/// Starts and awaits a run.
pub async fn live(run: Run) -> Result<Outcome, troupe_agents::Error> {
    let (inputs, env) = Default::default();
    troupe_agents::start(run, header(), inputs, env).await?.outcome().await
}

/// Resumes and awaits a run.
pub async fn resume(run: Run) -> Result<Outcome, troupe_agents::Error> {
    let (inputs, env) = Default::default();
    troupe_agents::resume(run, inputs, env).await?.outcome().await
}
