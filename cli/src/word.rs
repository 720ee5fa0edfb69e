//! Words for runs: left for whoever works on a run, or for this process when nobody does.

use crate::workspace;
use std::path::Path;
use std::time::{Duration, Instant};
use troupe_core::id::RunId;
use troupe_core::port::ErrorKind;
use troupe_core::port::dispatch::{Dispatch as _, Word};
use troupe_core::port::journal::Lease;
use troupe_store::Store;

/// How long somebody who works on a run is waited for. A run listens a few times a second; one that is busy for
/// longer hears the word when it comes to it.
const PATIENCE: Duration = Duration::from_secs(5);
const PACE: Duration = Duration::from_millis(50);

/// Who hears a word.
pub enum Said {
    /// Nobody works on the run: it is this process's turn.
    Free(Box<dyn Lease>),
    /// Somebody does, and what follows from the word is in the journal.
    Heard(String),
    /// Somebody does, and has not come to it yet.
    Left(String),
}

/// Leaves a word for a run, and waits until it is heard or nobody else works on the run.
pub async fn say(store: &Store, state: &Path, run: &RunId, word: Word) -> anyhow::Result<Said> {
    store.post(run, word.clone()).await?;
    let mut told: Option<String> = None;
    let until = Instant::now() + PATIENCE;
    loop {
        let taken = workspace::acquire(store, run).await;
        // Looked at after the lease: whoever gave it back meanwhile has settled what was said.
        let is_heard = !store.posted(run).await?.iter().any(|post| post.word == word);
        match (taken, told.take()) {
            (_, Some(by)) if is_heard => return Ok(Said::Heard(by)),
            (Ok(lease), _) => return Ok(Said::Free(lease)),
            (Err(error), _) if error.kind == ErrorKind::Conflict => {
                let by = troupe_store::holder(state, run);
                if Instant::now() >= until {
                    return Ok(Said::Left(by));
                }
                told = Some(by);
            }
            (Err(error), _) => return Err(error.into()),
        }
        tokio::time::sleep(PACE).await;
    }
}
