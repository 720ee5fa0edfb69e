//! Sandboxes that are kept for runs: those of runs that failed or were cancelled for a while, those of others as long as
//! they may be gone on with.

mod copy;
mod keeper;
mod plan;

pub use copy::copy;
pub use keeper::Keeper;
pub use plan::{Bounds, Judged, Stands, plan, until_ms};

use crate::report::bytes;
use crate::settings::Settings;
use crate::workspace;
use std::path::Path;
use troupe_core::id::RunId;
use troupe_core::ir::Workflow;
use troupe_core::port::journal::{Leases as _, RunStatus};
use troupe_core::port::{Error, ErrorKind};
use troupe_sandbox::docker::{Docker, Kept};
use troupe_store::{Reader, Store};

/// What is kept, each with where its run stands as this workspace knows it. `gone` are runs that are about to be
/// forgotten; `own` is one that this process works on and has no more use of its sandboxes for.
pub async fn judged(
    kept: Vec<Kept>,
    folder: &Path,
    reader: Option<&Reader>,
    gone: &[RunId],
    own: Option<&RunId>,
) -> Result<Vec<Judged>, Error> {
    let here = workspace::place(folder);
    let mut judged = Vec::with_capacity(kept.len());
    for kept in kept {
        let stands = match RunId::parse(&kept.run).map(|run| run.root()) {
            _ if kept.workspace != here => Stands::Elsewhere,
            Some(root) if own != Some(&root) && troupe_store::is_held(folder, &root) => Stands::AtWork,
            Some(root) if gone.contains(&root) => Stands::Done,
            Some(root) => stands(&root, reader).await?,
            None => Stands::Done,
        };
        judged.push(Judged { kept, stands });
    }
    Ok(judged)
}

async fn stands(root: &RunId, reader: Option<&Reader>) -> Result<Stands, Error> {
    let Some(reader) = reader else { return Ok(Stands::Done) };
    let record = match reader.run(root).await {
        Err(error) if error.kind == ErrorKind::Missing => return Ok(Stands::Done),
        record => record?,
    };
    Ok(match record.progress.status {
        RunStatus::Running | RunStatus::Waiting => Stands::Open,
        RunStatus::Failed | RunStatus::Cancelled => Stands::Over(record.updated_ms),
        RunStatus::Succeeded => Stands::Done,
    })
}

/// Removes these, but for those whose run somebody takes up meanwhile; gives what is gone.
pub async fn discard(engine: &Docker, goes: Vec<Judged>, store: Option<&Store>) -> Result<Vec<Kept>, Error> {
    let mut gone = Vec::new();
    for judged in goes {
        let root = RunId::parse(judged.root()).filter(|_| matches!(judged.stands, Stands::Over(_) | Stands::Open));
        let _lease = match (root, store) {
            (Some(root), Some(store)) => match store.acquire(&root, &workspace::holder()).await {
                Err(error) if error.kind == ErrorKind::Conflict => continue,
                lease => Some(lease?),
            },
            _ => None,
        };
        engine.discard(&judged.kept).await?;
        gone.push(judged.kept);
    }
    Ok(gone)
}

/// What is told of a run that failed or was cancelled, if sandboxes are kept for it.
pub async fn told(run: &RunId, workflow: &Workflow, settings: &Settings) {
    if !workflow.has_sandboxes() {
        return;
    }
    let kept = async { Docker::connect().await?.kept(true).await };
    // An engine that is gone by now has nothing to say.
    let mut kept = kept.await.unwrap_or_default();
    kept.retain(|kept| RunId::parse(&kept.run).is_some_and(|of| of.root() == *run));
    if kept.is_empty() {
        return;
    }
    let taken = kept.iter().map(|kept| kept.bytes).sum();
    settings.say(format!(
        "{} with {} of its files stay for that, {} at most; `troupe sandbox gc {run}` removes what stays",
        sandboxes(kept.len()),
        bytes(taken),
        Bounds::default().days(),
    ));
}

/// So many sandboxes, in words.
pub fn sandboxes(count: usize) -> String {
    match count {
        1 => "1 sandbox".to_owned(),
        count => format!("{count} sandboxes"),
    }
}
