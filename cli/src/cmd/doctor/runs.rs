//! Whether every run can be read: its header, all its events, its workflow.

use super::{Check, Finding, Workspace};
use crate::load;
use crate::report::plural;
use async_trait::async_trait;
use serde_json::json;
use std::collections::HashSet;
use troupe_core::id::RunId;
use troupe_core::port::Error;
use troupe_store::Reader;

pub struct Runs;

#[async_trait]
impl Check for Runs {
    fn name(&self) -> &'static str {
        "runs"
    }

    async fn look(&self, workspace: &Workspace) -> Result<Vec<Finding>, Error> {
        let Some(reader) = &workspace.reader else {
            return Ok(Vec::new());
        };
        let mut findings = Vec::new();
        let (mut readable, mut events) = (0, 0);
        let mut read = HashSet::new();
        for run in reader.find("").await? {
            match whole(reader, &run, &mut read).await {
                Ok(found) => {
                    readable += 1;
                    events += found.events;
                    findings.extend(found.workflow);
                }
                Err(error) => {
                    let mut finding = Finding::of(&error);
                    if !finding.message.contains(run.as_str()) {
                        finding.message = format!("run {run} cannot be read: {}", finding.message);
                    }
                    findings.push(finding.with(json!({ "run": run })));
                }
            }
        }
        let strays = reader.stray_segments().await?;
        if strays > 0 {
            let message = format!("{} of events belong to no run", plural(strays, "stretch"));
            findings.push(Finding::damage(message, "restore the database from a backup"));
        }
        let summary = format!(
            "{} with {} can be read",
            plural(readable, "run"),
            plural(events, "event")
        );
        findings.insert(0, Finding::good(summary));
        Ok(findings)
    }
}

struct Whole {
    events: u64,
    /// What is wrong with its workflow's text.
    workflow: Option<Finding>,
}

/// Reads a run; `read` holds the workflows that were.
async fn whole(reader: &Reader, run: &RunId, read: &mut HashSet<String>) -> Result<Whole, Error> {
    let record = reader.run(run).await?;
    let events = reader.load(run).await?.len() as u64;
    // Only the run that a person started holds the texts.
    let is_new = run.parent().is_none() && read.insert(record.header.fingerprint.clone());
    let unreadable = is_new && load::from_journal(&record.header.sources).is_none();
    let workflow = unreadable.then(|| {
        Finding::warning(
            format!("the workflow of run {run} cannot be compiled by this version"),
            format!("`troupe show {run} --events` shows its events; the version that made it shows more"),
        )
    });
    Ok(Whole { events, workflow })
}
