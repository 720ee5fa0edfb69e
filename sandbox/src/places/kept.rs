//! Sandboxes that stay from one command to the next, one command at a time in each.

use crate::docker::{Container, Docker};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Mutex as Turn, OwnedMutexGuard};
use troupe_core::port::Error;
use troupe_core::port::room::Executed;
use troupe_core::port::sandbox::{Blueprint, Deaf, Execution, Sandbox as _};

/// A sandbox, once it is made; whoever holds it has the turn.
type Slot = Arc<Turn<Option<Arc<Container>>>>;

/// Those of this process, by name.
#[derive(Debug, Default)]
pub(super) struct Kept {
    slots: Mutex<HashMap<String, Slot>>,
}

impl Kept {
    /// Runs a command in the sandbox of a blueprint's room: the one that is there, or that an earlier process left
    /// there, or a new one.
    pub(super) async fn execute(
        &self,
        engine: &Docker,
        blueprint: Blueprint,
        execution: Execution,
    ) -> Result<Executed, Error> {
        let name = blueprint.room.as_ref().map_or("", |room| &room.name);
        let mut turn = self.slot(name).lock_owned().await;
        let (sandbox, is_new) = match turn.clone() {
            Some(sandbox) => (sandbox, false),
            None => found(engine, blueprint).await?,
        };
        *turn = Some(sandbox.clone());
        let mut watch = Watch { turn: Some(turn) };
        let ended = sandbox.execute(execution, &mut Deaf).await;
        if let Some(mut turn) = watch.turn.take()
            && ended.is_err()
        {
            // Perhaps it is gone: the next command looks again.
            *turn = None;
        }
        Ok(Executed { ended: ended?, is_new })
    }

    /// Lets go of the sandboxes of a run.
    pub(super) fn forget(&self, run: &str) {
        let is_of_run = |name: &String| name.split('/').next() == Some(run);
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.retain(|name, _| !is_of_run(name));
    }

    fn slot(&self, name: &str) -> Slot {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.entry(name.to_owned()).or_default().clone()
    }
}

/// The sandbox of a room, and whether it is new. Made in a task of its own: whoever stops waiting in the middle would
/// leave one behind that nobody knows.
async fn found(engine: &Docker, blueprint: Blueprint) -> Result<(Arc<Container>, bool), Error> {
    let engine = engine.clone();
    let task = tokio::spawn(async move {
        Ok(match engine.resume(&blueprint).await? {
            Some(sandbox) => (sandbox, false),
            None => (engine.start(&blueprint).await?, true),
        })
    });
    let (sandbox, is_new) = super::joined(task.await)?;
    Ok((Arc::new(sandbox), is_new))
}

/// A turn in which a command is at work. Dropped in the middle, it ends the command before the next one begins.
struct Watch {
    turn: Option<OwnedMutexGuard<Option<Arc<Container>>>>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        let Some(mut turn) = self.turn.take() else { return };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if let Some(sandbox) = turn.take()
                    && sandbox.halt().await.is_ok()
                {
                    *turn = Some(sandbox);
                }
            });
        }
    }
}
