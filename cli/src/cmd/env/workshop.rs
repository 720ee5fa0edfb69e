//! What builds and checks environments: an engine, a pool, and a way to stop.

use crate::crew::interrupt;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;
use troupe_agents::{Clock as _, SystemClock};
use troupe_sandbox::Pending;
use troupe_sandbox::docker::Docker;
use troupe_sandbox::environment::{Builder, Options};
use troupe_store::Store;

/// How long runs may take to come to rest.
const REST: Duration = Duration::from_secs(15);

/// An engine with the pool of a workspace.
pub(super) struct Workshop {
    /// Where sandboxes are.
    pub(super) engine: Docker,
    /// Where verified environments are.
    pub(super) store: Store,
    /// What builds in it.
    pub(super) builder: Builder,
}

impl Workshop {
    /// That of the workspace in `state`.
    pub(super) async fn open(state: &Path, options: Options) -> anyhow::Result<Self> {
        let engine = Docker::connect().await?;
        let store = Store::open(state).await?;
        let builder = Builder {
            engine: Arc::new(engine.clone()),
            pool: Arc::new(store.clone()),
            pending: Pending::default(),
            options,
            asked_by: None,
            now_ms: || SystemClock.now_ms(),
        };
        Ok(Self { engine, store, builder })
    }

    /// What `work` comes to; none when Ctrl-C or SIGTERM came first. Then `stop` is told, runs that agents drive have
    /// some seconds to come to rest, and nothing of this process stays in the engine.
    pub(super) async fn until_stopped<T>(
        &self,
        stop: Option<watch::Sender<bool>>,
        work: impl Future<Output = T>,
    ) -> anyhow::Result<Option<T>> {
        let mut work = Box::pin(work);
        tokio::select! {
            done = &mut work => return Ok(Some(done)),
            _ = interrupt() => {}
        }
        if let Some(stop) = stop {
            stop.send_replace(true);
            let _ = timeout(REST, &mut work).await;
        }
        // Nobody waits for what it does any more.
        drop(work);
        self.builder.pending.settle().await;
        self.engine.remove_own().await?;
        Ok(None)
    }
}
