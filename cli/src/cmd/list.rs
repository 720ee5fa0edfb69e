//! `troupe ls`: the runs of a workspace, newest first.

use super::block_on;
use crate::args::List;
use crate::exit::Exit;
use crate::settings::Settings;
use crate::{report, workspace};
use serde_json::json;
use troupe_core::Value;
use troupe_core::port::ErrorKind;
use troupe_core::port::journal::RunRecord;
use troupe_store::Reader;

pub fn run(arguments: &List, settings: &Settings) -> anyhow::Result<Exit> {
    let folder = workspace::folder(settings)?;
    let records = block_on(async {
        match Reader::open(&folder).await {
            Ok(reader) if arguments.all => Ok(reader.runs(arguments.limit).await?),
            Ok(reader) => Ok(workspace::newest(&reader, arguments.limit).await?),
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
