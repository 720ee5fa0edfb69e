//! One question to a workflow of the program's own: a journaled run whose name is what is asked, so that it is asked once.

use super::trial::{Making, Ready, drive, name};
use crate::past::Past;
use crate::workspace;
use serde_json::json;
use troupe_core::Object;
use troupe_core::port::ErrorKind;
use troupe_core::port::journal::{Journal as _, RunStatus};
use troupe_core::view::RunView;

/// Asks about something: the run, which succeeded or failed; none when stopped. `kind` is what is asked, and `about` what
/// it is asked about: the same question about the same thing is one run.
pub async fn ask(
    ready: &Ready<'_>,
    kind: &str,
    about: &str,
    inputs: Object,
    making: &Making<'_>,
) -> anyhow::Result<Option<RunView>> {
    let run = name(&json!([kind, ready.loaded.workflow.fingerprint, about, inputs]));
    let status = match making.store.run(&run).await {
        Ok(record) => Some(record.progress.status),
        Err(error) if error.kind == ErrorKind::Missing => None,
        Err(error) => return Err(error.into()),
    };
    let status = match status {
        Some(status @ (RunStatus::Succeeded | RunStatus::Failed)) => status,
        _ if *making.stops.borrow() => return Ok(None),
        _ => {
            let _lease = workspace::acquire(making.store, &run).await?;
            drive(&run, status.is_none(), ready, &inputs, making).await?
        }
    };
    if !matches!(status, RunStatus::Succeeded | RunStatus::Failed) {
        return Ok(None);
    }
    let past = Past::read(making.store.reader(), &run).await?;
    Ok(Some(RunView::of(&ready.loaded.workflow, &past.entries)))
}
