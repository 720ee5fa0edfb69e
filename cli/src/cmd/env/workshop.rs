//! What builds and checks environments: an engine, a pool, and a way to stop.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use troupe_agents::{Clock as _, SystemClock};
use troupe_sandbox::docker::Docker;
use troupe_sandbox::environment::{Builder, Options};
use troupe_store::Store;

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
            options,
            now_ms: || SystemClock.now_ms(),
        };
        Ok(Self { engine, store, builder })
    }

    /// What `work` comes to; none when Ctrl-C came first. Then nothing of this process stays in the engine.
    pub(super) async fn until_stopped<T>(&self, work: impl Future<Output = T>) -> anyhow::Result<Option<T>> {
        tokio::select! {
            done = work => Ok(Some(done)),
            _ = tokio::signal::ctrl_c() => {
                // Nobody waits for what they do any more.
                self.engine.remove_own().await?;
                Ok(None)
            }
        }
    }
}
