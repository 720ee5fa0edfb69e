//! `troupe ls`: the runs of a workspace, newest first.

use super::block_on;
use crate::args::List;
use crate::exit::Exit;
use crate::settings::Settings;
use crate::{eval, report, workspace};
use serde_json::json;
use troupe_core::Value;
use troupe_core::port::ErrorKind;
use troupe_core::port::journal::RunRecord;
use troupe_store::Reader;

pub fn run(arguments: &List, settings: &Settings) -> anyhow::Result<Exit> {
    let folder = workspace::folder(settings)?;
    let records = block_on(async {
        match Reader::open(&folder).await {
            Ok(reader) => newest(&reader, arguments).await,
            Err(error) if error.kind == ErrorKind::Missing => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    })?;
    let rows: Vec<(RunRecord, &str)> = records
        .into_iter()
        .map(|record| {
            let word = workspace::status_word(&folder, &record);
            (record, word)
        })
        .collect();
    if settings.json {
        let rows: Vec<Value> = rows.iter().map(|(record, status)| object(record, status)).collect();
        report::print_json(&rows)?;
    } else if rows.is_empty() {
        settings.say(format!("no runs in {}", folder.display()));
    } else {
        report::line(&table(&rows))?;
    }
    Ok(Exit::Succeeded)
}

/// The newest runs of people; those that other runs and evaluations started are many, and are asked for.
async fn newest(reader: &Reader, arguments: &List) -> anyhow::Result<Vec<RunRecord>> {
    let mut wanted = arguments.limit;
    loop {
        let mut records = reader.runs(wanted).await?;
        let is_everything = records.len() < wanted as usize || wanted == u32::MAX;
        if !arguments.all {
            let of_eval = |record: &RunRecord| record.header.run.as_str().starts_with(eval::RUN_PREFIX);
            records.retain(|record| record.header.run.parent().is_none() && !of_eval(record));
        }
        if is_everything || records.len() >= arguments.limit as usize {
            records.truncate(arguments.limit as usize);
            return Ok(records);
        }
        wanted = wanted.saturating_mul(8);
    }
}

fn object(record: &RunRecord, status: &str) -> Value {
    let progress = record.progress;
    json!({
        "run": record.header.run,
        "workflow": record.header.workflow,
        "status": status,
        "started": report::rfc3339(record.header.started_ms),
        "updated": report::rfc3339(record.updated_ms),
        "agents": progress.agents,
        "tool_calls": progress.tool_calls,
        "tokens": progress.usage.total(),
        "events": record.events,
        "path": record.header.path,
    })
}

fn table(rows: &[(RunRecord, &str)]) -> String {
    let widest = rows
        .iter()
        .map(|(record, _)| record.header.workflow.chars().count())
        .max()
        .unwrap_or(0)
        .max(8);
    let names = rows.iter().map(|(record, _)| record.header.run.as_str().len());
    let name = names.max().unwrap_or(0).max(12);
    let mut lines = vec![format!(
        "{:name$}  {:widest$}  {:11}  {:20}  {:>6}  {:>9}",
        "RUN", "WORKFLOW", "STATUS", "STARTED", "AGENTS", "TOKENS"
    )];
    lines.extend(rows.iter().map(|(record, status)| {
        format!(
            "{:name$}  {:widest$}  {:11}  {:20}  {:>6}  {:>9}",
            record.header.run.as_str(),
            record.header.workflow,
            status,
            report::rfc3339(record.header.started_ms),
            record.progress.agents,
            record.progress.usage.total()
        )
    }));
    lines.join("\n")
}
