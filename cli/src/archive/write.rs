//! Writing: a run at a time, in an order in which every run comes after those that it needs.

use super::{FORMAT, Head, Kept, Line, Sets, Tail, files};
use anyhow::Context as _;
use serde::Serialize;
use std::collections::BTreeSet;
use std::io::Write;
use troupe_core::artifact;
use troupe_core::id::RunId;
use troupe_core::port::artifact::Artifacts;
use troupe_core::port::blob::Digest;
use troupe_core::port::journal::{Journal, RunRecord};

/// Fast, and most of what there is to gain.
const LEVEL: i32 = 3;

/// What was written.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// Runs.
    pub runs: usize,
    /// Events of all of them.
    pub events: u64,
    /// Sets of files that commands gave.
    pub sets: usize,
    /// Sets that the runs tell of and that are not here any more.
    pub absent: usize,
}

/// Writes `run` and all that belongs to it.
///
/// # Errors
/// When a run or a file cannot be read, or the bytes cannot be written.
pub async fn write(
    journal: &dyn Journal,
    artifacts: &dyn Artifacts,
    run: &RunId,
    out: impl Write,
) -> anyhow::Result<Written> {
    let runs = belonging(journal, run).await?;
    let mut frame = zstd::stream::write::Encoder::new(out, LEVEL)?;
    frame.include_checksum(true)?;
    let mut lines = Lines {
        out: frame,
        hasher: blake3::Hasher::new(),
        buffer: Vec::new(),
    };
    lines.push(&Head {
        troupe_export: FORMAT,
        run: run.clone(),
        runs: runs.len(),
        writer: env!("CARGO_PKG_VERSION").into(),
    })?;
    let mut written = Written {
        runs: runs.len(),
        ..Written::default()
    };
    let mut told = BTreeSet::new();
    for run in &runs {
        written.events += one(journal, run, &mut told, &mut lines).await?;
    }
    let mut sets = Vec::new();
    for set in told {
        match artifacts.find(&set).await? {
            Some(folder) => sets.push((set, folder)),
            None => written.absent += 1,
        }
    }
    written.sets = sets.len();
    lines.push(&Sets {
        artifact_sets: sets.len(),
    })?;
    for (set, folder) in sets {
        files::write(&set, &folder, &mut lines)?;
    }
    let blake3 = lines.hasher.finalize().to_hex().to_string();
    lines.push(&Tail { blake3 })?;
    lines.out.finish()?.flush()?;
    Ok(written)
}

/// Writes one run; the sets that its events tell of go into `told`.
async fn one(
    journal: &dyn Journal,
    run: &RunId,
    told: &mut BTreeSet<Digest>,
    lines: &mut Lines<impl Write>,
) -> anyhow::Result<u64> {
    // More may be appended meanwhile: what counts is what was loaded, and its record is read after it.
    let entries = journal.load(run).await?;
    let RunRecord {
        header,
        progress,
        updated_ms,
        ..
    } = journal.run(run).await?;
    let first = header.forked.as_ref().map_or(0, |fork| fork.events);
    let own = usize::try_from(first).ok().and_then(|first| entries.get(first..));
    let own = own.with_context(|| format!("run {run} has fewer events than it shares"))?;
    lines.push(&Kept {
        run: header.run,
        workflow: header.workflow,
        path: header.path,
        fingerprint: header.fingerprint,
        sources: header.sources,
        settings: header.settings,
        started_ms: header.started_ms,
        forked: header.forked,
        progress,
        updated_ms,
        events: own.len() as u64,
    })?;
    for entry in own {
        lines.push(&Line {
            at_ms: entry.at_ms,
            event: &entry.event,
        })?;
        if let Ok(text) = std::str::from_utf8(&lines.buffer) {
            told.extend(artifact::mentioned(text));
        }
    }
    Ok(own.len() as u64)
}

/// The run, those that it started, and before them the families whose pasts they share.
async fn belonging(journal: &dyn Journal, run: &RunId) -> anyhow::Result<Vec<RunId>> {
    // A name that is not there is told as such.
    journal.run(run).await?;
    let records = journal.runs(u32::MAX).await?;
    let mut families = Vec::new();
    visit(&run.root(), &records, &mut Vec::new(), &mut families);
    let mut runs = Vec::new();
    for root in families {
        let mut family: Vec<RunId> = records.iter().map(|record| record.header.run.clone()).collect();
        family.retain(|run| run.root() == root);
        family.sort();
        runs.extend(family);
    }
    Ok(runs)
}

/// Appends a family to those that it needs; one that is being visited already is damage that loading would tell.
fn visit(root: &RunId, records: &[RunRecord], visiting: &mut Vec<RunId>, families: &mut Vec<RunId>) {
    if visiting.contains(root) || families.contains(root) {
        return;
    }
    visiting.push(root.clone());
    for record in records.iter().filter(|record| record.header.run.root() == *root) {
        if let Some(fork) = &record.header.forked {
            visit(&fork.run.root(), records, visiting, families);
        }
    }
    families.push(root.clone());
}

pub(super) struct Lines<W: Write> {
    out: zstd::stream::write::Encoder<'static, W>,
    hasher: blake3::Hasher,
    buffer: Vec<u8>,
}

impl<W: Write> Lines<W> {
    pub(super) fn push(&mut self, line: &impl Serialize) -> anyhow::Result<()> {
        self.buffer.clear();
        serde_json::to_writer(&mut self.buffer, line)?;
        self.buffer.push(b'\n');
        self.hasher.update(&self.buffer);
        self.out.write_all(&self.buffer)?;
        Ok(())
    }
}
