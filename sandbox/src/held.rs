//! Sandboxes that go with whoever holds them, and waiting for those that are still there.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedRwLockReadGuard, RwLock};
use tokio::task::JoinError;
use tokio::time::timeout;
use troupe_core::port::sandbox::{Blueprint, Sandbox, SandboxEngine};
use troupe_core::port::{Error, ErrorKind};

/// How long an engine may take to do away with what nobody waits for.
pub(crate) const SETTLE: Duration = Duration::from_secs(10);

/// What is still under way in an engine, so that a process can wait for it before it ends.
#[derive(Debug, Clone, Default)]
pub struct Pending(Arc<RwLock<()>>);

/// Something that is under way, until it is dropped.
pub(crate) type Guard = OwnedRwLockReadGuard<()>;

impl Pending {
    /// Something begins.
    pub(crate) async fn begin(&self) -> Guard {
        self.0.clone().read_owned().await
    }

    /// Waits until nothing is under way, ten seconds at most: what takes longer is found by its label later.
    pub async fn settle(&self) {
        let _ = timeout(SETTLE, self.0.write()).await;
    }
}

/// A sandbox that is removed when nobody holds it any more.
pub(crate) struct Held {
    engine: Arc<dyn SandboxEngine>,
    /// None once it is removed.
    sandbox: Option<Box<dyn Sandbox>>,
    open: Option<Guard>,
}

impl Held {
    /// Makes one, in a task of its own: whoever stops waiting in the middle would not learn what to remove.
    pub(crate) async fn make(
        engine: &Arc<dyn SandboxEngine>,
        blueprint: Blueprint,
        pending: &Pending,
    ) -> Result<Self, Error> {
        let (engine, open) = (engine.clone(), pending.begin().await);
        let made = tokio::spawn(async move {
            let sandbox = engine.create(&blueprint).await?;
            Ok(Self {
                engine,
                sandbox: Some(sandbox),
                open: Some(open),
            })
        });
        joined(made.await)
    }

    /// Removes it, and says what went wrong.
    pub(crate) async fn remove(mut self) -> Result<(), Error> {
        self.deref().remove().await?;
        self.sandbox = None;
        Ok(())
    }
}

impl Deref for Held {
    type Target = dyn Sandbox;

    fn deref(&self) -> &Self::Target {
        self.sandbox.as_deref().expect("it is there until it is removed")
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let Some(sandbox) = self.sandbox.take() else { return };
        let (engine, open) = (self.engine.clone(), self.open.take());
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            // One that cannot be removed now is found by its label later.
            runtime.spawn(async move {
                let _ = engine.remove(sandbox.id()).await;
                drop(open);
            });
        }
    }
}

/// What a task came to that made a sandbox.
pub(crate) fn joined<T>(made: Result<Result<T, Error>, JoinError>) -> Result<T, Error> {
    made.unwrap_or_else(|error| {
        Err(Error::new(
            ErrorKind::Other,
            format!("the sandbox was not made: {error}"),
        ))
    })
}
