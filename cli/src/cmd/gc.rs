//! `troupe gc`: forgets runs by rules, and what nobody needs any more.

use super::block_on;
use crate::args::{Gc, Over};
use crate::exit::Exit;
use crate::report::{bytes, plural};
use crate::rooms::{self, Bounds, Judged};
use crate::settings::Settings;
use crate::{report, stream, workspace};
use plan::{Plan, Rules, plan};
use serde_json::json;
use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;
use troupe_agents::{Clock as _, SystemClock};
use troupe_core::Value;
use troupe_core::id::RunId;
use troupe_core::port::journal::{RunRecord, RunStatus};
use troupe_core::port::{Error, ErrorKind};
use troupe_sandbox::docker::Docker;
use troupe_store::{Reader, Store};

mod plan;

/// How long a content that was put stays although nobody mentions it yet: what mentions it may be on
/// its way. One day, in milliseconds.
pub(super) const GRACE_MS: u64 = 24 * 60 * 60 * 1000;

pub fn run(arguments: &Gc, settings: &Settings) -> anyhow::Result<Exit> {
    let folder = workspace::folder(settings)?;
    let now_ms = SystemClock.now_ms();
    let swept = block_on(async {
        let reader = match Reader::open(&folder).await {
            Ok(reader) => reader,
            Err(error) if error.kind == ErrorKind::Missing => return Ok(Swept::default()),
            Err(error) => return Err(error.into()),
        };
        let records = reader.runs(u32::MAX).await?;
        let plan = plan(&records, &rules(arguments, now_ms));
        let swept = Swept::planned(&plan, &records, &reader).await?;
        if arguments.dry_run {
            return Ok(swept.foreseen(&reader, &folder, now_ms).await?);
        }
        reader.close().await;
        Ok(swept.done(arguments, &folder, now_ms).await?)
    })?;
    if settings.json {
        report::print_json(&swept.object(arguments.dry_run))?;
    } else {
        report::line(&swept.text(arguments.dry_run))?;
    }
    swept
        .notes
        .iter()
        .for_each(|note| settings.say(format!("warning: {note}")));
    Ok(Exit::Succeeded)
}

fn rules(arguments: &Gc, now_ms: u64) -> Rules {
    let status = |over: &Over| match over {
        Over::Succeeded => RunStatus::Succeeded,
        Over::Failed => RunStatus::Failed,
        Over::Cancelled => RunStatus::Cancelled,
    };
    Rules {
        statuses: arguments.status.iter().map(status).collect(),
        before_ms: arguments.older_than.map(|older| ago(now_ms, older)),
        keep: arguments.keep,
    }
}

/// The moment so long before another one, both in milliseconds since the Unix epoch.
fn ago(now_ms: u64, time: Duration) -> u64 {
    now_ms.saturating_sub(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

/// The sandboxes that are of no use any more, or were kept long enough, once these runs are gone. None where there is no
/// engine: the next look finds them.
async fn useless(folder: &Path, reader: &Reader, gone: &[RunId], now_ms: u64) -> Option<(Docker, Vec<Judged>)> {
    let engine = Docker::connect().await.ok()?;
    let kept = engine.kept(true).await.ok()?;
    let judged = rooms::judged(kept, folder, Some(reader), gone, None).await.ok()?;
    let (goes, _) = rooms::plan(judged, &Bounds::default(), now_ms);
    Some((engine, goes))
}

/// A run that goes.
#[derive(Debug)]
struct Goes {
    run: RunId,
    workflow: String,
    status: RunStatus,
    updated_ms: u64,
    /// Of its events and those of the runs that it started.
    bytes: u64,
}

/// What goes, or would.
#[derive(Debug, Default)]
struct Swept {
    goes: Vec<Goes>,
    /// Runs that the rules mean and that stay, and why.
    stays: Vec<(RunId, String)>,
    answers: u64,
    blobs: u64,
    /// Sets of files that commands gave.
    artifacts: u64,
    /// Bytes of those, which lie beside the database.
    artifact_bytes: u64,
    leases: u64,
    /// Sandboxes that were kept for runs.
    sandboxes: u64,
    /// What came back, or would at least.
    bytes: u64,
    notes: Vec<String>,
}

impl Swept {
    async fn planned(plan: &Plan, records: &[RunRecord], reader: &Reader) -> Result<Self, Error> {
        let mut sizes: HashMap<RunId, u64> = HashMap::new();
        for (run, bytes) in reader.sizes().await?.runs {
            *sizes.entry(run.root()).or_default() += bytes;
        }
        let known: HashMap<&RunId, &RunRecord> = records.iter().map(|record| (&record.header.run, record)).collect();
        let goes = plan.goes.iter().filter_map(|run| {
            let record = known.get(run)?;
            Some(Goes {
                run: run.clone(),
                workflow: record.header.workflow.clone(),
                status: record.progress.status,
                updated_ms: record.updated_ms,
                bytes: sizes.get(run).copied().unwrap_or_default(),
            })
        });
        Ok(Self {
            goes: goes.collect(),
            stays: plan
                .stays
                .iter()
                .map(|(run, why)| (run.clone(), why.to_string()))
                .collect(),
            ..Self::default()
        })
    }

    /// What is there to go already; what only the runs that go mention comes on top.
    async fn foreseen(mut self, reader: &Reader, folder: &Path, now_ms: u64) -> Result<Self, Error> {
        match reader.orphans(now_ms.saturating_sub(GRACE_MS)).await {
            Ok(orphans) => (self.blobs, self.bytes) = (orphans.names.len() as u64, orphans.bytes),
            Err(error) => self.note(error)?,
        }
        match reader.stray_artifacts(now_ms.saturating_sub(GRACE_MS)).await {
            Ok(strays) => (self.artifacts, self.artifact_bytes) = (strays.sets.len() as u64, strays.bytes),
            Err(error) => self.note(error)?,
        }
        self.leases = reader.stray_leases().await?.len() as u64;
        self.bytes += self.artifact_bytes + self.goes.iter().map(|goes| goes.bytes).sum::<u64>();
        let gone: Vec<RunId> = self.goes.iter().map(|goes| goes.run.clone()).collect();
        if let Some((_, goes)) = useless(folder, reader, &gone, now_ms).await {
            self.sandboxes = goes.len() as u64;
        }
        Ok(self)
    }

    async fn done(mut self, arguments: &Gc, folder: &Path, now_ms: u64) -> Result<Self, Error> {
        let holder = workspace::holder();
        let store = Store::open(folder).await?;
        for goes in std::mem::take(&mut self.goes) {
            match store.discard(&goes.run, &holder).await {
                Ok(()) => self.goes.push(goes),
                // Somebody took it up meanwhile, or a run that shares its past stayed.
                Err(error) if error.kind == ErrorKind::Conflict => self.stays.push((goes.run, error.message)),
                Err(error) => return Err(error),
            }
        }
        if let Some(older) = arguments.cache_older_than {
            self.answers = store.forget_answers(ago(now_ms, older)).await?;
        }
        match store.forget_orphans(now_ms.saturating_sub(GRACE_MS)).await {
            Ok(blobs) => self.blobs = blobs,
            Err(error) => self.note(error)?,
        }
        match store.forget_artifacts(now_ms.saturating_sub(GRACE_MS)).await {
            Ok(strays) => (self.artifacts, self.artifact_bytes) = (strays.sets.len() as u64, strays.bytes),
            Err(error) => self.note(error)?,
        }
        self.leases = store.forget_leases(&holder).await?;
        stream::sweep(folder);
        if let Some((engine, goes)) = useless(folder, store.reader(), &[], now_ms).await {
            match rooms::discard(&engine, goes, Some(&store)).await {
                Ok(gone) => self.sandboxes = gone.len() as u64,
                Err(error) => self.notes.push(error.message),
            }
        }
        match store.compact().await {
            Ok(bytes) => self.bytes = bytes + self.artifact_bytes,
            Err(error) => self.note(error)?,
        }
        store.close().await;
        Ok(self)
    }

    /// What hinders a part of the work and not the rest.
    fn note(&mut self, error: Error) -> Result<(), Error> {
        match error.kind {
            ErrorKind::Corrupt | ErrorKind::Unavailable | ErrorKind::Storage => self.notes.push(error.message),
            _ => return Err(error),
        }
        Ok(())
    }

    fn text(&self, dry_run: bool) -> String {
        let goes = if dry_run { "would go" } else { "gone" };
        let mut lines: Vec<String> = self
            .goes
            .iter()
            .map(|run| {
                let updated = report::rfc3339(run.updated_ms);
                let (name, workflow, status) = (&run.run, &run.workflow, run.status.word());
                format!(
                    "{goes}: run {name} of {workflow}, {status}, last heard of {updated}, {}",
                    bytes(run.bytes)
                )
            })
            .collect();
        lines.extend(self.stays.iter().map(|(run, why)| format!("stays: run {run}: {why}")));
        let mut parts = vec![plural(self.goes.len() as u64, "run")];
        let others = [
            (self.answers, "cached answer"),
            (self.blobs, "blob"),
            (self.artifacts, "artifact set"),
            (self.leases, "lease file"),
        ];
        parts.extend(others.iter().filter(|(n, _)| *n > 0).map(|(n, word)| plural(*n, word)));
        if self.sandboxes > 0 {
            parts.push(rooms::sandboxes(usize::try_from(self.sandboxes).unwrap_or(usize::MAX)));
        }
        let room = match dry_run {
            true => format!("at least {} would come back", bytes(self.bytes)),
            false => format!("{} came back", bytes(self.bytes)),
        };
        lines.push(format!("{} {goes}; {room}", parts.join(", ")));
        lines.join("\n")
    }

    fn object(&self, dry_run: bool) -> Value {
        let goes = |run: &Goes| {
            json!({
                "run": run.run, "workflow": run.workflow, "status": run.status,
                "updated": report::rfc3339(run.updated_ms), "bytes": run.bytes,
            })
        };
        json!({
            "dry_run": dry_run,
            "removed": self.goes.iter().map(goes).collect::<Vec<_>>(),
            "stays": self.stays.iter().map(|(run, why)| json!({ "run": run, "why": why })).collect::<Vec<_>>(),
            "answers": self.answers,
            "blobs": self.blobs,
            "artifacts": self.artifacts,
            "leases": self.leases,
            "sandboxes": self.sandboxes,
            "bytes": self.bytes,
            "notes": self.notes,
        })
    }
}
