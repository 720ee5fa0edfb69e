//! `troupe diff`: what two runs came to, and where that is not the same.

use super::block_on;
use crate::args::Diff;
use crate::exit::Exit;
use crate::past::Past;
use crate::settings::Settings;
use crate::{report, workspace};
use serde_json::json;
use std::sync::Arc;
use troupe_core::ir::Workflow;
use troupe_core::port::journal::RunStatus;
use troupe_core::view::{RunDiff, Side};
use troupe_store::Reader;

pub fn run(arguments: &Diff, settings: &Settings) -> anyhow::Result<Exit> {
    let folder = workspace::folder(settings)?;
    let (left, right) = block_on(async {
        let reader = Reader::open(&folder).await?;
        let left = read(&reader, &arguments.left).await?;
        let right = read(&reader, &arguments.right).await?;
        Ok((left, right))
    })?;
    let diff = RunDiff::of(side(&left), side(&right));
    let shared = left.0.shared_with(&right.0);
    let runs = [&left, &right].map(|(past, _)| &past.record.header.run);
    if settings.json {
        report::print_json(
            &json!({ "runs": runs, "shared_events": shared, "equal": diff.is_equal(), "differences": diff }),
        )?;
    } else {
        report::line(&report::difference(runs, shared, &diff))?;
    }
    Ok(if diff.is_equal() { Exit::Succeeded } else { Exit::Failed })
}

async fn read(reader: &Reader, text: &str) -> anyhow::Result<(Past, Arc<Workflow>)> {
    let run = workspace::find(reader, text).await?;
    let past = Past::read(reader, &run).await?;
    let workflow = past.workflow(reader).await?;
    Ok((past, workflow))
}

fn side(run: &(Past, Arc<Workflow>)) -> Side<'_> {
    Side {
        workflow: &run.1,
        entries: &run.0.entries,
        waits: run.0.record.progress.status == RunStatus::Waiting,
    }
}
