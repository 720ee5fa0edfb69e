//! What was left behind: interrupted runs, files of runs that are gone, indexes that nobody uses.

use super::{Check, Finding, Workspace};
use crate::cmd::gc::GRACE_MS;
use crate::load;
use crate::report::{bytes, plural};
use async_trait::async_trait;
use serde_json::json;
use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;
use troupe_agents::{Clock as _, SystemClock};
use troupe_core::port::Error;
use troupe_core::port::journal::{RunRecord, RunStatus};
use troupe_store::Reader;

/// Interrupted runs that are named.
const NAMED: usize = 10;
/// Digits behind a corpus's name in the name of its index.
const INDEX_DIGITS: usize = 10;

pub struct Leftovers;

#[async_trait]
impl Check for Leftovers {
    fn name(&self) -> &'static str {
        "leftovers"
    }

    async fn look(&self, workspace: &Workspace) -> Result<Vec<Finding>, Error> {
        let Some(reader) = &workspace.reader else {
            return Ok(Vec::new());
        };
        let mut records = reader.runs(u32::MAX).await?;
        records.retain(|record| record.header.run.parent().is_none());
        let folder = &workspace.folder;
        let mut findings: Vec<Finding> = interrupted(&records, folder).into_iter().collect();
        findings.extend(files_and_blobs(reader).await?);
        findings.extend(unfinished(&folder.join("corpora")));
        findings.extend(unused_indexes(
            &folder.join("corpora"),
            &corpora(reader, &records).await,
        ));
        if findings.is_empty() {
            findings.push(Finding::good("none"));
        }
        Ok(findings)
    }
}

fn interrupted(records: &[RunRecord], folder: &Path) -> Option<Finding> {
    let is_interrupted = |record: &&RunRecord| {
        record.progress.status == RunStatus::Running && !troupe_store::is_held(folder, &record.header.run)
    };
    let runs: Vec<&str> = records
        .iter()
        .filter(is_interrupted)
        .map(|record| record.header.run.as_str())
        .collect();
    let first = runs.first()?;
    let message = format!(
        "{} interrupted: {}{}",
        plural(runs.len() as u64, "run"),
        runs.iter().take(NAMED).copied().collect::<Vec<_>>().join(", "),
        if runs.len() > NAMED { ", …" } else { "" }
    );
    let way_out = format!("`troupe resume {first}` goes on with one");
    Some(Finding::warning(message, way_out).with(json!({ "runs": runs })))
}

async fn files_and_blobs(reader: &Reader) -> Result<Vec<Finding>, Error> {
    const WAY_OUT: &str = "`troupe gc` removes them";
    let mut findings = Vec::new();
    let leases = reader.stray_leases().await?.len() as u64;
    if leases > 0 {
        let message = format!("{} of runs that are gone", plural(leases, "lease file"));
        findings.push(Finding::warning(message, WAY_OUT));
    }
    // What is damaged is told by the runs.
    let kept_after_ms = SystemClock.now_ms().saturating_sub(GRACE_MS);
    let orphans = reader.orphans(kept_after_ms).await.unwrap_or_default();
    if !orphans.names.is_empty() {
        let message = format!(
            "{} that nothing mentions, {}",
            plural(orphans.names.len() as u64, "blob"),
            bytes(orphans.bytes)
        );
        findings.push(Finding::warning(message, WAY_OUT));
    }
    Ok(findings)
}

/// Indexes whose building was stopped: nobody holds their lock.
fn unfinished(corpora: &Path) -> Option<Finding> {
    let is_left = |name: &&String| {
        let lock = name
            .strip_suffix(".building")
            .map(|index| corpora.join(format!("{index}.lock")));
        lock.is_some_and(|lock| File::open(lock).is_ok_and(|lock| lock.try_lock().is_ok()))
    };
    let names = folders(corpora);
    let left: Vec<&String> = names.iter().filter(is_left).collect();
    let first = left.first()?;
    let message = format!(
        "{} half built in {}",
        plural(left.len() as u64, "index"),
        corpora.display()
    );
    let way_out = format!("the next run that needs one begins it anew; `{first}` may be deleted");
    Some(Finding::warning(message, way_out).with(json!({ "folders": left })))
}

/// Indexes of corpora that no workflow has whose file is still there.
fn unused_indexes(corpora: &Path, used: &BTreeSet<String>) -> Option<Finding> {
    let is_unused = |name: &&String| {
        let corpus = name.rsplit_once('-').filter(|(_, digits)| digits.len() == INDEX_DIGITS);
        corpus.is_some_and(|(corpus, _)| !used.contains(corpus))
    };
    let names = folders(corpora);
    let unused: Vec<&str> = names.iter().filter(is_unused).map(String::as_str).collect();
    let _ = unused.first()?;
    let message = format!(
        "indexes in {} of workflows that are gone: {}",
        corpora.display(),
        unused.join(", ")
    );
    let way_out = "they may be deleted: a run that needs one builds it again";
    Some(Finding::warning(message, way_out).with(json!({ "folders": unused })))
}

fn folders(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter(|entry| entry.path().is_dir())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}

/// The corpora, as the names of their indexes begin, of the workflows of all runs whose files are there.
async fn corpora(reader: &Reader, records: &[RunRecord]) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut names = BTreeSet::new();
    for header in records.iter().map(|record| &record.header) {
        if !seen.insert(&header.fingerprint) || !Path::new(&header.path).exists() {
            continue;
        }
        let sources = reader.run(&header.run).await.map(|record| record.header.sources);
        let workflow = sources.ok().and_then(|sources| load::from_journal(&sources));
        let safe = |c: char| if c.is_alphanumeric() || c == '_' { c } else { '-' };
        let corpora = workflow.iter().flat_map(|workflow| &workflow.corpora);
        names.extend(corpora.map(|corpus| corpus.name.chars().map(safe).collect::<String>()));
    }
    names
}
