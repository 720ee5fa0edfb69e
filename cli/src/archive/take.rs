//! Taking up the runs of a file into a journal: all of them or none, and none over another run.

use super::{Archive, Kept};
use crate::exit::Usage;
use anyhow::Context as _;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use std::sync::Arc;
use troupe_core::Value;
use troupe_core::event::Event;
use troupe_core::id::RunId;
use troupe_core::port::ErrorKind;
use troupe_core::port::artifact::Artifacts;
use troupe_core::port::journal::{Append, Entry, Journal, Progress};

/// Events of one append; those of one append have one time.
const BATCH: usize = 1_024;
/// Appends that are on their way at once, asked for in order: they share commits.
const AHEAD: usize = 64;

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Runs that are new here.
    pub new: usize,
    /// Runs that were here already, equal.
    pub known: usize,
    /// Events of the new ones.
    pub events: u64,
    /// Whether a run came without the permission to start commands that it had.
    pub forbidden: bool,
}

/// How the runs of a file are taken up.
struct Terms {
    /// The file's run, and the name that it and those that it started get.
    renamed: Option<(RunId, RunId)>,
    /// Whether a permission to start commands on this machine is kept.
    commands: bool,
}

impl Terms {
    fn name(&self, run: &RunId) -> anyhow::Result<RunId> {
        let Some((from, to)) = self.renamed.as_ref().filter(|(from, _)| run.root() == *from) else {
            return Ok(run.clone());
        };
        let name = run.as_str().replacen(from.as_str(), to.as_str(), 1);
        RunId::parse(&name).ok_or_else(|| Usage::error(format!("`{name}` is no name of a run")))
    }

    fn apply(&self, mut kept: Kept) -> anyhow::Result<(Kept, bool)> {
        kept.run = self.name(&kept.run)?;
        if let Some(fork) = &mut kept.forked {
            fork.run = self.name(&fork.run)?;
        }
        let settings = if self.commands {
            None
        } else {
            without_commands(&kept.settings)
        };
        let forbidden = settings.is_some();
        kept.settings = settings.unwrap_or(kept.settings);
        Ok((kept, forbidden))
    }
}

/// Settings without the permission to start commands, where they have it. A journal holds commands that are due: whoever
/// takes up somebody else's run must not find them run.
fn without_commands(settings: &str) -> Option<String> {
    let mut settings: Value = serde_json::from_str(settings).ok()?;
    let allowed = settings
        .get_mut("allow_host_commands")
        .filter(|allowed| **allowed == true)?;
    *allowed = false.into();
    Some(settings.to_string())
}

/// Takes up the runs of `archive`, the run that it is about as `name`.
///
/// # Errors
/// When a run of one of the names is here already and another one, when the names do not fit, or when the journal
/// cannot be written; no run of the file is left here then.
pub async fn take(
    journal: &dyn Journal,
    artifacts: &dyn Artifacts,
    archive: &Archive,
    name: Option<&RunId>,
    commands: bool,
) -> anyhow::Result<Taken> {
    let terms = Terms {
        renamed: name.map(|name| (archive.run().clone(), name.clone())),
        commands,
    };
    let mut taken = Taken {
        new: 0,
        known: 0,
        events: 0,
        forbidden: false,
    };
    let mut missing = Vec::new();
    for run in archive.runs()? {
        let (kept, entries) = run?;
        let (kept, _) = terms.apply(kept)?;
        if is_here(journal, &kept, &entries).await? {
            taken.known += 1;
        } else {
            missing.push(kept.run);
        }
    }
    if !missing.is_empty() {
        // Whoever goes on with one of them finds its files.
        archive.keep(artifacts).await?;
    }
    let mut begun = Vec::new();
    for run in archive.runs()? {
        let (kept, entries) = run?;
        let (kept, forbidden) = terms.apply(kept)?;
        if !missing.contains(&kept.run) {
            continue;
        }
        begun.push(kept.run.clone());
        if let Err(error) = write(journal, &kept, &entries).await {
            return Err(undo(journal, &begun, error).await);
        }
        taken.new += 1;
        taken.events += kept.events;
        taken.forbidden |= forbidden;
    }
    Ok(taken)
}

/// Whether the run is here; another one of its name is refused.
async fn is_here(journal: &dyn Journal, kept: &Kept, entries: &[Entry]) -> anyhow::Result<bool> {
    let run = &kept.run;
    let record = match journal.run(run).await {
        Err(error) if error.kind == ErrorKind::Missing => return Ok(false),
        found => found?,
    };
    let mut header = kept.header();
    // A permission that was given or taken since makes no other run of it.
    let settings = |text: &str| without_commands(text).unwrap_or_else(|| text.to_owned());
    let same_settings = settings(&record.header.settings) == settings(&header.settings);
    header.settings.clone_from(&record.header.settings);
    let shared = usize::try_from(kept.first()).unwrap_or(usize::MAX);
    let own = journal.load(run).await?;
    let is_equal = same_settings && record.header == header && own.get(shared..) == Some(entries);
    if is_equal {
        return Ok(true);
    }
    Err(Usage::error(format!(
        "there is another run {run} here already; `--as NAME` takes this one up under another name"
    )))
}

async fn write(journal: &dyn Journal, kept: &Kept, entries: &[Entry]) -> anyhow::Result<()> {
    let run = &kept.run;
    journal
        .create(kept.header())
        .await
        .with_context(|| format!("run {run} cannot be created"))?;
    let going = Progress::default();
    let batches = entries
        .chunk_by(|a, b| a.at_ms == b.at_ms)
        .flat_map(|of_one_time| of_one_time.chunks(BATCH));
    let appends = batches.map(|batch| {
        let events: Arc<[Event]> = batch.iter().map(|entry| entry.event.clone()).collect();
        let last = batch.last().map(|entry| entry.sequence) == entries.last().map(|entry| entry.sequence);
        journal.append(Append {
            run: run.clone(),
            first: batch.first().map_or(0, |entry| entry.sequence),
            at_ms: batch.first().map_or(0, |entry| entry.at_ms),
            events,
            progress: if last { kept.progress } else { going },
        })
    });
    let appended: Result<(), _> = stream::iter(appends).buffered(AHEAD).try_collect().await;
    appended.with_context(|| format!("run {run} cannot be written"))?;
    let last_ms = entries.last().map_or(kept.started_ms, |entry| entry.at_ms);
    if kept.updated_ms == last_ms && (!entries.is_empty() || kept.progress == going) {
        return Ok(());
    }
    // That a run waits was noted after its last event.
    let noted = Append {
        run: run.clone(),
        first: kept.first() + kept.events,
        at_ms: kept.updated_ms,
        events: Arc::new([]),
        progress: kept.progress,
    };
    journal
        .append(noted)
        .await
        .with_context(|| format!("run {run} cannot be written"))
}

/// Leaves nothing half done.
async fn undo(journal: &dyn Journal, begun: &[RunId], error: anyhow::Error) -> anyhow::Error {
    for run in begun.iter().rev() {
        match journal.remove(run).await {
            Ok(()) => {}
            Err(gone) if gone.kind == ErrorKind::Missing => {}
            Err(stays) => return error.context(format!("a part of run {run} is left here: {stays}")),
        }
    }
    error
}
