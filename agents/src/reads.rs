//! Which chunks a run and its family have read, as their journals say.

use std::collections::BTreeSet;
use std::sync::Arc;
use troupe_core::event::Event;
use troupe_core::failure::{Failure, FailureKind};
use troupe_core::id::RunId;
use troupe_core::port::journal::Journal;

/// What was read in a run and in those that it was started by. The journal of each also says what was read
/// in the runs that it started and that have ended.
///
/// # Errors
/// When a journal cannot be read.
pub(crate) async fn of_family(journal: &dyn Journal, run: &RunId) -> Result<Arc<BTreeSet<String>>, Failure> {
    let mut read = BTreeSet::new();
    let mut next = Some(run.clone());
    while let Some(run) = next {
        let entries = journal.load(&run).await.map_err(|error| {
            let message = format!("the journal of run {run} cannot be read: {error}");
            Failure::new(FailureKind::Tool, message)
        })?;
        for entry in entries {
            match entry.event {
                Event::ToolReplied { output, .. } => read.extend(output.retrieved.read),
                Event::ItemSucceeded { retrieved, .. } | Event::RoundEnded { retrieved, .. } => {
                    read.extend(retrieved.read);
                }
                _ => {}
            }
        }
        next = run.parent();
    }
    Ok(Arc::new(read))
}
