//! A run's past, told in the words of the run's own workflow.
//!
//! A fork shares events that another workflow may have written: they are adapted by name, from ancestor to
//! ancestor, whenever they are read. Every command that reads a whole run does it here, and a driver
//! through [`Told`].

use crate::cmd::Choices;
use crate::{load, wire};
use async_trait::async_trait;
use std::sync::Arc;
use troupe_core::engine::Adaptation;
use troupe_core::event::Event;
use troupe_core::id::RunId;
use troupe_core::ir::Workflow;
use troupe_core::port::journal::{Append, Entry, Journal, RunHeader, RunRecord};
use troupe_core::port::{Error, ErrorKind};
use troupe_store::{Reader, Store};

/// A whole run as it is kept.
pub struct Past {
    /// What is known of it.
    pub record: RunRecord,
    /// Its events, those that it shares included.
    pub entries: Vec<Entry>,
    /// The run itself, the run whose past it shares, and so on; each with how many of the events it wrote or shared.
    pub lineage: Vec<(RunId, u64)>,
}

impl Past {
    /// Reads a run.
    ///
    /// # Errors
    /// As the journal's; `Corrupt` when a shared past cannot be told in the words of the run's workflow.
    pub async fn read(reader: &Reader, run: &RunId) -> Result<Self, Error> {
        let (record, mut entries) = (reader.run(run).await?, reader.load(run).await?);
        let mut ancestors = vec![record];
        while let Some(fork) = &ancestors[ancestors.len() - 1].header.forked {
            ancestors.push(reader.run(&fork.run).await?);
        }
        // The oldest wrote the beginning; every younger one has told what it shares in its own words.
        for pair in ancestors.windows(2).rev() {
            let [younger, older] = pair else { continue };
            tell(&mut entries, &older.header, &younger.header)?;
        }
        let mut shared = entries.len() as u64;
        let mut lineage = Vec::with_capacity(ancestors.len());
        for ancestor in &ancestors {
            lineage.push((ancestor.header.run.clone(), shared));
            shared = ancestor
                .header
                .forked
                .as_ref()
                .map_or(0, |fork| fork.events.min(shared));
        }
        Ok(Self {
            record: ancestors.swap_remove(0),
            entries,
            lineage,
        })
    }

    /// The workflow of a run that a person started, or of a part of one, as it was when the run began.
    ///
    /// # Errors
    /// When it was written for a version whose workflows this one cannot read.
    pub async fn workflow(&self, reader: &Reader) -> anyhow::Result<Arc<Workflow>> {
        let run = &self.record.header.run;
        let root = match run.parent() {
            None => compiled(&self.record.header)?,
            // Only the run that a person started holds the texts.
            Some(_) => compiled(&reader.run(&run.root()).await?.header)?,
        };
        load::called(Arc::new(root), run).ok_or_else(|| unreadable(run).into())
    }

    /// How many events at the beginning are the same ones, kept once.
    pub fn shared_with(&self, other: &Self) -> u64 {
        let common = self.lineage.iter().filter_map(|(run, events)| {
            let there = other.lineage.iter().find(|(name, _)| name == run)?;
            Some(there.1.min(*events))
        });
        common.max().unwrap_or(0)
    }

    /// The events alone.
    pub fn events(&self) -> impl Iterator<Item = &Event> {
        self.entries.iter().map(|entry| &entry.event)
    }
}

/// What a run was started from, with the models that were put behind its aliases.
///
/// # Errors
/// `Corrupt` when it was written for a version whose workflows this one cannot read.
pub fn compiled(header: &RunHeader) -> Result<Workflow, Error> {
    let mut workflow = load::from_journal(&header.sources).ok_or_else(|| unreadable(&header.run))?;
    let choices: Choices = serde_json::from_str(&header.settings).unwrap_or_default();
    for given in &choices.models {
        // One that fitted then and does not now decides nothing about what is kept.
        let _ = wire::override_models(&mut workflow, std::slice::from_ref(given));
    }
    Ok(workflow)
}

fn unreadable(run: &RunId) -> Error {
    let message = format!("run {run} was made by a version whose workflows this one cannot read");
    Error::new(ErrorKind::Corrupt, message)
}

/// Tells the events that `younger` shares with `older` in the words of `younger`.
fn tell(entries: &mut [Entry], older: &RunHeader, younger: &RunHeader) -> Result<(), Error> {
    let shared = younger.forked.as_ref().map_or(0, |fork| fork.events);
    if older.fingerprint == younger.fingerprint || shared == 0 {
        return Ok(());
    }
    let (from, to) = (compiled(older)?, compiled(younger)?);
    let shared = usize::try_from(shared).unwrap_or(usize::MAX).min(entries.len());
    let shared = &mut entries[..shared];
    let adapted = Adaptation::new(&from, &to).adapt(shared.iter().map(|entry| &entry.event));
    let adapted = adapted.map_err(|unfit| {
        let message = format!(
            "the past that run {} shares with run {} cannot be read: {unfit}",
            younger.run, older.run
        );
        Error::new(ErrorKind::Corrupt, message)
    })?;
    for (entry, event) in shared.iter_mut().zip(adapted) {
        entry.event = event;
    }
    Ok(())
}

/// The store as a driver sees it: what it loads is told in the words of the run's own workflow.
pub struct Told(pub Store);

#[async_trait]
impl Journal for Told {
    async fn create(&self, header: RunHeader) -> Result<(), Error> {
        self.0.create(header).await
    }

    async fn append(&self, append: Append) -> Result<(), Error> {
        self.0.append(append).await
    }

    async fn load(&self, run: &RunId) -> Result<Vec<Entry>, Error> {
        Ok(Past::read(self.0.reader(), run).await?.entries)
    }

    async fn run(&self, run: &RunId) -> Result<RunRecord, Error> {
        Journal::run(&self.0, run).await
    }

    async fn remove(&self, run: &RunId) -> Result<(), Error> {
        self.0.remove(run).await
    }

    async fn runs(&self, limit: u32) -> Result<Vec<RunRecord>, Error> {
        Journal::runs(&self.0, limit).await
    }
}
