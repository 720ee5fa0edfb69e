//! One question to a workflow of the program's own: a journaled run whose name is what is asked, so that it is asked once.

use super::trial::{Making, Ready, drive, name};
use crate::past::Past;
use crate::workspace;
use serde_json::json;
use troupe_core::port::ErrorKind;
use troupe_core::port::journal::{Journal as _, RunStatus};
use troupe_core::view::RunView;
use troupe_core::{Object, Value};

/// Asks: the run, which succeeded or failed; none when stopped. `key` is what is asked about what: the same key is one
/// run. One that failed stays so, unless what failed is to be tried again.
pub async fn ask(
    ready: &Ready<'_>,
    key: &Value,
    inputs: Object,
    making: &Making<'_>,
) -> anyhow::Result<Option<RunView>> {
    let mut attempt = 1;
    let (run, status) = loop {
        let run = name(&match attempt {
            1 => key.clone(),
            _ => json!([key, attempt]),
        });
        let status = match making.store.run(&run).await {
            Ok(record) => Some(record.progress.status),
            Err(error) if error.kind == ErrorKind::Missing => None,
            Err(error) => return Err(error.into()),
        };
        if status != Some(RunStatus::Failed) || !making.retry_failed {
            break (run, status);
        }
        attempt += 1;
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
