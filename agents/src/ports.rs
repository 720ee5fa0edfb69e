//! What a run is wired to.

use crate::gate::Gates;
use crate::secrets::Secrets;
use async_trait::async_trait;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use troupe_core::id::ActorId;
use troupe_core::port::approver::{Answer, Approver, Question};
use troupe_core::port::cache::Cache;
use troupe_core::port::dispatch::Dispatch;
use troupe_core::port::journal::{Entry, Journal};
use troupe_core::port::model::{Delta, Model};
use troupe_core::port::process::ProcessRunner;
use troupe_core::port::room::Rooms;
use troupe_core::port::tool::Tool;

/// The sockets of one run, in the order of the workflow's own lists.
#[derive(Clone)]
pub struct Ports {
    /// Where facts become durable.
    pub journal: Arc<dyn Journal>,
    /// Where words for the run are left.
    pub dispatch: Arc<dyn Dispatch>,
    /// By [`troupe_core::id::ModelIndex`].
    pub models: Vec<Arc<dyn Model>>,
    /// By [`troupe_core::id::ToolIndex`].
    pub tools: Vec<Arc<dyn Tool>>,
    /// Runs commands; none refuses them.
    pub processes: Option<Arc<dyn ProcessRunner>>,
    /// Sandboxes that stay; none where nothing works in one.
    pub rooms: Option<Arc<dyn Rooms>>,
    /// How many calls of each of those go on at once; runs that are given the same gates share the places.
    pub gates: Gates,
    /// Remembers answers, for steps with `cache`; none asks anew.
    pub cache: Option<Arc<dyn Cache>>,
    /// Asks people.
    pub approver: Arc<dyn Approver>,
    /// What stands behind the markers of secrets.
    pub secrets: Secrets,
    /// Says what time it is.
    pub clock: Arc<dyn Clock>,
    /// Sees what happens.
    pub observer: Arc<dyn Observer>,
    /// Those of the runs that the run starts, by [`troupe_core::id::WorkflowIndex`].
    pub children: Vec<Ports>,
}

/// Wall-clock time.
#[async_trait]
pub trait Clock: Send + Sync {
    /// Milliseconds since the Unix epoch.
    fn now_ms(&self) -> u64;

    /// Comes back after so many milliseconds.
    async fn sleep(&self, ms: u64);
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now_ms(&self) -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    async fn sleep(&self, ms: u64) {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
}

/// Nobody is there to decide: every question leaves its run waiting.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nobody;

#[async_trait]
impl Approver for Nobody {
    async fn ask(&self, _: Question) -> Option<Answer> {
        None
    }
}

/// Watches a run. Called from the driver and from performers, so it must return at once.
pub trait Observer: Send + Sync {
    /// Facts of an earlier process, when a run is resumed.
    fn recalled(&self, entries: &[Entry]);

    /// Facts that have just become durable.
    fn entries(&self, entries: &[Entry]);

    /// A piece of an answer that is still being written.
    fn delta(&self, actor: ActorId, delta: &Delta);

    /// What a person should hear of, and the run goes on without.
    fn warn(&self, _message: &str) {}
}

/// Watches nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {
    fn recalled(&self, _: &[Entry]) {}
    fn entries(&self, _: &[Entry]) {}
    fn delta(&self, _: ActorId, _: &Delta) {}
}
