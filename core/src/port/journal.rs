//! Where facts become durable.

use super::Error;
use crate::event::Event;
use crate::id::RunId;
use crate::message::Usage;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What is known of a run before its first event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunHeader {
    /// Its name.
    pub run: RunId,
    /// The workflow's name.
    pub workflow: String,
    /// The workflow file, absolute.
    pub path: String,
    /// [`crate::ir::Workflow::fingerprint`], compared on resume.
    pub fingerprint: String,
    /// The workflow's text and whatever it includes, as `(name, text)`: kept so that a run explains itself.
    pub sources: Vec<(String, String)>,
    /// Settings that a resume must repeat, as JSON text: model overrides and permissions.
    pub settings: String,
    /// Milliseconds since the Unix epoch.
    pub started_ms: u64,
    /// The run whose past this one shares; none for one that began by itself.
    pub forked: Option<Fork>,
}

/// A past that a run shares with another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fork {
    /// The other run.
    pub run: RunId,
    /// How many of its events are shared: the first event of the new run has this sequence.
    pub events: u64,
}

/// How far a run is, for lists. Kept up to date in the same transaction as the events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Where it stands.
    pub status: RunStatus,
    /// Agents started, subagents included.
    pub agents: u32,
    /// Tool calls ended.
    pub tool_calls: u32,
    /// Model usage so far.
    pub usage: Usage,
    /// When the next timer of a run that waits runs down, in milliseconds since the Unix epoch; none when
    /// nothing but people can move it on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wake_ms: Option<u64>,
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Events are still to come, or would be if its process lived.
    #[default]
    Running,
    /// Waits for a person or a time.
    Waiting,
    /// All outputs are there.
    Succeeded,
    /// A step failed.
    Failed,
    /// Stopped from outside.
    Cancelled,
}

impl RunStatus {
    /// The word in YAML, JSON and the store.
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether no further event comes by itself.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }
}

/// A stored event.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Position in the run, from 0.
    pub sequence: u64,
    /// When it was appended, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// What happened.
    pub event: Event,
}

/// A run in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRecord {
    /// What it began with; `sources` is left empty in lists.
    pub header: RunHeader,
    /// How far it is.
    pub progress: Progress,
    /// When its last event was appended, in milliseconds since the Unix epoch.
    pub updated_ms: u64,
    /// Events so far.
    pub events: u64,
}

/// A batch of events to append.
#[derive(Debug, Clone)]
pub struct Append {
    /// To which run.
    pub run: RunId,
    /// The sequence that the first event must get: the compare-and-swap that keeps a second writer out.
    pub first: u64,
    /// When, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// What happened, in order.
    pub events: Arc<[Event]>,
    /// How far the run is afterwards.
    pub progress: Progress,
}

/// Durable, ordered facts. An append that returned `Ok` survives `kill -9` and power loss.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Opens a run's journal; `Conflict` when the name is taken. One that was forked begins with the events
    /// that it shares, which are not copied; `Missing` when the other run is not there, `Invalid` when it
    /// has fewer events.
    async fn create(&self, header: RunHeader) -> Result<(), Error>;

    /// Appends a batch as a whole or not at all; `Conflict` when `first` is not the next sequence.
    async fn append(&self, append: Append) -> Result<(), Error>;

    /// All events of a run in order, those that it shares included; `Missing` when there is no such run.
    async fn load(&self, run: &RunId) -> Result<Vec<Entry>, Error>;

    /// One run; `Missing` when there is no such run.
    async fn run(&self, run: &RunId) -> Result<RunRecord, Error>;

    /// Forgets a run with all that it alone keeps, and the runs that it started; `Missing` when there is
    /// no such run, `Conflict` while another run shares the past of one of them.
    async fn remove(&self, run: &RunId) -> Result<(), Error>;

    /// The newest `limit` runs, newest first.
    async fn runs(&self, limit: u32) -> Result<Vec<RunRecord>, Error>;
}

/// The right to advance a run, held by one process at a time.
#[async_trait]
pub trait Leases: Send + Sync {
    /// Takes the lease or says who holds it (`Conflict`, with the holder in the message). It is
    /// given back when the guard is dropped and when its process dies, however that happens.
    async fn acquire(&self, run: &RunId, holder: &str) -> Result<Box<dyn Lease>, Error>;
}

/// A held lease; dropping it gives it back.
pub trait Lease: Send + Sync {}
