//! The rooms of runs that a workspace keeps: when one is over and may be gone on with, others make room.

use super::{Bounds, discard, judged, plan};
use async_trait::async_trait;
use std::path::PathBuf;
use std::sync::Arc;
use troupe_agents::{Clock as _, SystemClock};
use troupe_core::effect::Place;
use troupe_core::id::RunId;
use troupe_core::port::Error;
use troupe_core::port::room::{Executed, Rooms};
use troupe_core::port::sandbox::Execution;
use troupe_sandbox::Places;
use troupe_sandbox::docker::Docker;
use troupe_store::Store;

/// Rooms that are kept within bounds.
pub struct Keeper {
    places: Arc<Places>,
    store: Store,
    folder: PathBuf,
}

impl Keeper {
    /// For the runs of a workspace.
    pub fn new(places: Arc<Places>, store: Store, folder: PathBuf) -> Self {
        Self { places, store, folder }
    }

    /// Removes what is kept beyond the bounds, now that `run` may have left more.
    async fn sweep(&self, run: &RunId) -> Result<(), Error> {
        if !self.store.reader().run(run).await?.progress.status.is_over() {
            return Ok(());
        }
        let engine = Docker::connect().await?;
        let kept = engine.kept(true).await?;
        let judged = judged(kept, &self.folder, Some(self.store.reader()), &[], Some(run)).await?;
        let (goes, _) = plan(judged, &Bounds::default(), SystemClock.now_ms());
        discard(&engine, goes, Some(&self.store)).await.map(drop)
    }
}

#[async_trait]
impl Rooms for Keeper {
    async fn execute(&self, key: &str, place: &Place, execution: Execution) -> Result<Executed, Error> {
        self.places.execute(key, place, execution).await
    }

    async fn leave(&self, run: &str, has_succeeded: bool) {
        self.places.leave(run, has_succeeded).await;
        let root = RunId::parse(run).filter(|run| run.parent().is_none() && !has_succeeded);
        if let Some(run) = root {
            // What stays although it should go is for the next run that ends so.
            let _ = self.sweep(&run).await;
        }
    }
}
