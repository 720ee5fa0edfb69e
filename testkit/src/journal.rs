//! A store in memory, for tests that need no disk: journal, leases, dispatch, blobs and cache.

use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use troupe_core::id::RunId;
use troupe_core::port::blob::Digest;
use troupe_core::port::dispatch::Post;
use troupe_core::port::journal::{Append, Entry, Fork, Journal, Lease, Leases, RunHeader, RunRecord};
use troupe_core::port::{Error, ErrorKind};

/// A journal that forgets when it is dropped.
#[derive(Debug, Default)]
pub struct MemoryJournal {
    runs: Mutex<BTreeMap<RunId, Run>>,
    posts: Mutex<BTreeMap<RunId, Vec<Post>>>,
    posted: AtomicU64,
    blobs: Mutex<BTreeMap<Digest, Vec<u8>>>,
    answers: Mutex<BTreeMap<Digest, (u64, Vec<u8>)>>,
    held: Arc<Mutex<BTreeMap<RunId, String>>>,
}

#[derive(Debug)]
struct Run {
    record: RunRecord,
    entries: Vec<Entry>,
}

impl MemoryJournal {
    /// An empty journal.
    pub fn new() -> Self {
        Self::default()
    }

    fn runs(&self) -> MutexGuard<'_, BTreeMap<RunId, Run>> {
        unpoisoned(&self.runs)
    }

    fn posts(&self) -> MutexGuard<'_, BTreeMap<RunId, Vec<Post>>> {
        unpoisoned(&self.posts)
    }
}

/// The events that a fork begins with.
fn shared(runs: &BTreeMap<RunId, Run>, fork: &Fork) -> Result<Vec<Entry>, Error> {
    let past = &runs.get(&fork.run).ok_or_else(|| missing(&fork.run))?.entries;
    let shared = usize::try_from(fork.events).ok().and_then(|events| past.get(..events));
    shared.map(<[Entry]>::to_vec).ok_or_else(|| {
        let message = format!("run {} has {} events, not {}", fork.run, past.len(), fork.events);
        Error::new(ErrorKind::Invalid, message)
    })
}

/// A panic elsewhere in a test must not hide behind a second one here.
fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn missing(run: &RunId) -> Error {
    Error::new(ErrorKind::Missing, format!("there is no run {run}"))
}

#[async_trait]
impl Journal for MemoryJournal {
    async fn create(&self, header: RunHeader) -> Result<(), Error> {
        let mut runs = self.runs();
        let shared = match &header.forked {
            None => Vec::new(),
            Some(fork) => shared(&runs, fork)?,
        };
        if runs.contains_key(&header.run) {
            let message = format!("there is a run {} already", header.run);
            return Err(Error::new(ErrorKind::Conflict, message));
        }
        let record = RunRecord {
            progress: Default::default(),
            updated_ms: header.started_ms,
            events: shared.len() as u64,
            header,
        };
        let run = record.header.run.clone();
        runs.insert(
            run,
            Run {
                record,
                entries: shared,
            },
        );
        Ok(())
    }

    async fn append(&self, append: Append) -> Result<(), Error> {
        let mut runs = self.runs();
        let run = runs.get_mut(&append.run).ok_or_else(|| missing(&append.run))?;
        let (first, next) = (append.first, run.record.events);
        if first != next {
            let message = format!("the next event of run {} is {next}, not {first}", append.run);
            return Err(Error::new(ErrorKind::Conflict, message));
        }
        for (sequence, event) in (first..).zip(append.events.iter()) {
            run.entries.push(Entry {
                sequence,
                at_ms: append.at_ms,
                event: event.clone(),
            });
        }
        run.record.events = run.entries.len() as u64;
        run.record.updated_ms = append.at_ms;
        run.record.progress = append.progress;
        Ok(())
    }

    async fn load(&self, run: &RunId) -> Result<Vec<Entry>, Error> {
        let runs = self.runs();
        let run = runs.get(run).ok_or_else(|| missing(run))?;
        Ok(run.entries.clone())
    }

    async fn run(&self, run: &RunId) -> Result<RunRecord, Error> {
        let runs = self.runs();
        let run = runs.get(run).ok_or_else(|| missing(run))?;
        Ok(run.record.clone())
    }

    async fn remove(&self, run: &RunId) -> Result<(), Error> {
        let mut runs = self.runs();
        if !runs.contains_key(run) {
            return Err(missing(run));
        }
        let below = format!("{run}.");
        let goes = |other: &RunId| other == run || other.as_str().starts_with(&below);
        let sharing = runs.values().find(|other| {
            let forked = other.record.header.forked.as_ref();
            !goes(&other.record.header.run) && forked.is_some_and(|fork| goes(&fork.run))
        });
        if let Some(sharing) = sharing {
            let message = format!("run {} shares the past of run {run}", sharing.record.header.run);
            return Err(Error::new(ErrorKind::Conflict, message));
        }
        runs.retain(|other, _| !goes(other));
        self.posts().retain(|other, _| !goes(other));
        Ok(())
    }

    async fn runs(&self, limit: u32) -> Result<Vec<RunRecord>, Error> {
        let mut records: Vec<RunRecord> = self.runs().values().map(|run| run.record.clone()).collect();
        records.sort_by(|a, b| (b.header.started_ms, &b.header.run).cmp(&(a.header.started_ms, &a.header.run)));
        records.truncate(limit as usize);
        for record in &mut records {
            record.header.sources.clear();
        }
        Ok(records)
    }
}

struct Held {
    run: RunId,
    held: Arc<Mutex<BTreeMap<RunId, String>>>,
}

impl Lease for Held {}

impl Drop for Held {
    fn drop(&mut self) {
        unpoisoned(&self.held).remove(&self.run);
    }
}

#[async_trait]
impl Leases for MemoryJournal {
    async fn acquire(&self, run: &RunId, holder: &str) -> Result<Box<dyn Lease>, Error> {
        let mut held = unpoisoned(&self.held);
        if let Some(other) = held.get(run) {
            let message = format!("run {run} is already being worked on by {other}");
            return Err(Error::new(ErrorKind::Conflict, message));
        }
        held.insert(run.clone(), holder.to_owned());
        Ok(Box::new(Held {
            run: run.clone(),
            held: self.held.clone(),
        }))
    }
}

mod dispatch;
mod kept;
#[cfg(test)]
mod tests;
