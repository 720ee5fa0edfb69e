//! A run wired to fakes.

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt as _, StreamExt as _};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::watch;
use troupe_agents::{Clock, Gates, Nobody, Observer, Outcome, Ports, Run, Secrets, Silent, SystemClock};
use troupe_core::event::Event;
use troupe_core::id::{ActorId, RunId};
use troupe_core::ir::Workflow;
use troupe_core::port::approver::{Answer, Approver, Question};
use troupe_core::port::dispatch::{Dispatch, Post, Word};
use troupe_core::port::journal::{Append, Entry, Journal, RunHeader, RunRecord, RunStatus};
use troupe_core::port::model::{Delta, DeltaStream, Model, ModelRequest};
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

    /// The events of every run, those that other runs started included.
    pub async fn all_events(&self) -> Vec<Event> {
        let mut events = Vec::new();
        for record in self.inner.runs(u32::MAX).await.unwrap() {
            let entries = self.inner.load(&record.header.run).await.unwrap();
            events.extend(entries.into_iter().map(|entry| entry.event));
        }
        events
    }

    /// Where the run of this name stands, by its projection.
    pub async fn status(&self, name: &str) -> RunStatus {
        self.status_now(name).await.unwrap()
    }

    /// The same, for a run that may not be there yet.
    pub async fn status_now(&self, name: &str) -> Option<RunStatus> {
        let run = RunId::parse(name).unwrap();
        Some(self.inner.run(&run).await.ok()?.progress.status)
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
    async fn remove(&self, run: &RunId) -> Result<(), Error> {
        self.inner.remove(run).await
    }
    async fn runs(&self, limit: u32) -> Result<Vec<RunRecord>, Error> {
        self.inner.runs(limit).await
    }
}

#[async_trait]
impl Dispatch for Mortal {
    async fn post(&self, run: &RunId, word: Word) -> Result<(), Error> {
        self.inner.post(run, word).await
    }
    async fn posted(&self, run: &RunId) -> Result<Vec<Post>, Error> {
        self.inner.posted(run).await
    }
    async fn settle(&self, run: &RunId, number: u64) -> Result<(), Error> {
        self.inner.settle(run, number).await
    }
    async fn due(&self, now_ms: u64, limit: u32) -> Result<Vec<RunId>, Error> {
        self.inner.due(now_ms, limit).await
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
        forked: None,
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
        dispatch: journal.clone(),
        journal,
        models: vec![model],
        tools: vec![tool; workflow.tools.len()],
        processes: None,
        rooms: None,
        gates: Gates::new(),
        cache: None,
        approver: Arc::new(Nobody),
        secrets: Secrets::default(),
        clock: Arc::new(SystemClock),
        observer: witness.clone(),
        children: Vec::new(),
    };
    let ports = family(ports, &workflow);
    (
        Run {
            run: run_id(),
            workflow: Arc::new(workflow),
            ports,
            patience_ms: None,
        },
        witness,
    )
}

/// The same ports for every workflow that `workflow` calls.
fn family(ports: Ports, workflow: &Workflow) -> Ports {
    let quiet = Ports {
        observer: Arc::new(Silent),
        ..ports.clone()
    };
    let children = workflow.workflows.iter().map(|called| family(quiet.clone(), called));
    Ports {
        children: children.collect(),
        ..ports
    }
}

/// The run with `change` made to its ports and to those of all that it starts.
pub fn with(run: &Run, change: &dyn Fn(&mut Ports)) -> Run {
    fn each(ports: &mut Ports, change: &dyn Fn(&mut Ports)) {
        change(ports);
        ports.children.iter_mut().for_each(|child| each(child, change));
    }
    let mut run = run.clone();
    each(&mut run.ports, change);
    run
}

/// A model whose streams are made by a function; counts those that are open.
pub struct Streaming<F> {
    make: F,
    at_work: Arc<AtWork>,
}

/// How many at once.
#[derive(Default)]
pub struct AtWork {
    pub now: AtomicUsize,
    pub most: AtomicUsize,
    pub begun: AtomicUsize,
}

impl AtWork {
    /// One more, until the guard is dropped.
    pub fn begin(self: &Arc<Self>) -> Working {
        self.begun.fetch_add(1, Ordering::SeqCst);
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        Working(self.clone())
    }

    pub fn counts(&self) -> (usize, usize) {
        (self.now.load(Ordering::SeqCst), self.most.load(Ordering::SeqCst))
    }
}

pub struct Working(Arc<AtWork>);

impl Drop for Working {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::SeqCst);
    }
}

impl<F: Fn(&ModelRequest) -> BoxStream<'static, Delta> + Send + Sync> Streaming<F> {
    pub fn new(make: F) -> (Arc<Self>, Arc<AtWork>) {
        let at_work = Arc::new(AtWork::default());
        let model = Self {
            make,
            at_work: at_work.clone(),
        };
        (Arc::new(model), at_work)
    }
}

#[async_trait]
impl<F: Fn(&ModelRequest) -> BoxStream<'static, Delta> + Send + Sync> Model for Streaming<F> {
    async fn generate(&self, request: ModelRequest) -> Result<DeltaStream, Error> {
        let working = self.at_work.begin();
        let deltas = (self.make)(&request).map(move |delta| {
            let _open = &working;
            Ok(delta)
        });
        Ok(Box::pin(deltas))
    }

    fn label(&self) -> String {
        "streaming".into()
    }
}

/// An answer that comes after all others have had their turn so many times.
pub fn slowly(turns: usize, text: &str) -> BoxStream<'static, Delta> {
    let wait = async move {
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
    };
    let text = Delta::Text(text.to_owned());
    wait.map(move |()| text).into_stream().boxed()
}

/// A clock that goes when it is told to.
#[derive(Default)]
pub struct Told {
    now_ms: watch::Sender<u64>,
    /// What was slept for, in the order of asking; a run's own seconds are days, and left out.
    pub asked: Mutex<Vec<u64>>,
}

impl Told {
    pub fn at(now_ms: u64) -> Arc<Self> {
        let clock = Self::default();
        clock.now_ms.send_replace(now_ms);
        Arc::new(clock)
    }

    /// Sets it, as somebody does who found it wrong.
    pub fn jump(&self, now_ms: u64) {
        self.now_ms.send_replace(now_ms);
    }

    pub fn pass(&self, ms: u64) {
        self.now_ms.send_modify(|now| *now += ms);
    }
}

#[async_trait]
impl Clock for Told {
    fn now_ms(&self) -> u64 {
        *self.now_ms.borrow()
    }

    async fn sleep(&self, ms: u64) {
        if ms < 86_400_000 {
            self.asked.lock().unwrap().push(ms);
        }
        let mut now = self.now_ms.subscribe();
        let until = *now.borrow() + ms;
        now.wait_for(|now| *now >= until).await.unwrap();
    }
}

/// A person who answers by a function of the question.
pub struct Person<F>(pub F);

#[async_trait]
impl<F: Fn(&Question) -> Option<&'static str> + Send + Sync> Approver for Person<F> {
    async fn ask(&self, question: Question) -> Option<Answer> {
        let choice = (self.0)(&question)?;
        Some(Answer {
            choice: choice.into(),
            comment: Some("seen".into()),
            by: "somebody".into(),
        })
    }
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
