//! Sandboxes that stay from one command to the next, one command at a time in each.

use crate::artifact::Taking;
use crate::docker::{Container, Docker, is_within};
use crate::held::{Guard, joined};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Mutex as Turn, OwnedMutexGuard};
use troupe_core::artifact::Given;
use troupe_core::port::room::{Executed, Found};
use troupe_core::port::sandbox::{Blueprint, Deaf, Execution, Sandbox as _};
use troupe_core::port::{Error, ErrorKind};

/// A sandbox, once it is made; whoever holds it has the turn.
type Slot = Arc<Turn<Option<Arc<Container>>>>;
/// The turn in one.
type Seat = OwnedMutexGuard<Option<Arc<Container>>>;

/// Those of this process, by name.
#[derive(Debug, Default)]
pub(super) struct Kept {
    slots: Mutex<HashMap<String, Slot>>,
}

impl Kept {
    /// Runs a command in the sandbox of a blueprint's room: the one that is there, or that an earlier process left
    /// there, or a new one; takes the files that the command gives before the next one begins. `open` is dropped when
    /// nothing of it is under way any more.
    pub(super) async fn execute(
        &self,
        engine: &Docker,
        blueprint: Blueprint,
        execution: Execution,
        taking: Option<Taking<'_>>,
        open: Guard,
    ) -> Result<(Executed, Option<Given>), Error> {
        let directory = blueprint.directory.clone();
        let name = blueprint.room.as_ref().map_or("", |room| &room.name);
        let turn = self.slot(name).lock_owned().await;
        let (turn, open, found) = entered(engine.clone(), blueprint, turn, open).await?;
        let Some(sandbox) = turn.clone() else {
            return Err(Error::new(ErrorKind::Other, "the sandbox was not made"));
        };
        let mut watch = Watch {
            held: Some((turn, open)),
        };
        let ended = sandbox.execute(execution, &mut Deaf).await;
        let given = match (&ended, taking) {
            (Ok(ended), Some(taking)) if ended.succeeded() => Some(taking.out_of(&*sandbox, &directory).await),
            _ => None,
        };
        if let Some((mut turn, _)) = watch.held.take()
            && ended.is_err()
        {
            // Perhaps it is gone: the next command looks again.
            *turn = None;
        }
        Ok((Executed { ended: ended?, found }, given.transpose()?))
    }

    /// The sandboxes of a run and of those that it started, which are let go of.
    pub(super) fn taken(&self, run: &str) -> Vec<Slot> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let names: Vec<String> = slots.keys().cloned().collect();
        let is_of_run = |name: &String| name.split('/').next().is_some_and(|of| is_within(of, run));
        let of_run = names.into_iter().filter(is_of_run);
        of_run.filter_map(|name| slots.remove(&name)).collect()
    }

    fn slot(&self, name: &str) -> Slot {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.entry(name.to_owned()).or_default().clone()
    }
}

/// Sees to it that the sandbox of a room is there, and says what is in it of earlier commands. In a task of its own, which has the turn:
/// when nobody waits for it any more, whoever comes next finds what it made and does not make another one.
async fn entered(
    engine: Docker,
    blueprint: Blueprint,
    mut turn: Seat,
    open: Guard,
) -> Result<(Seat, Guard, Found), Error> {
    let task = tokio::spawn(async move {
        if turn.is_some() {
            return Ok((turn, open, Found::Files));
        }
        let (sandbox, found) = engine.enter(&blueprint).await?;
        *turn = Some(Arc::new(sandbox));
        Ok((turn, open, found))
    });
    joined(task.await)
}

/// A turn in which a command is at work. Dropped in the middle, it ends the command before the next one begins.
struct Watch {
    held: Option<(Seat, Guard)>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        let Some((mut turn, open)) = self.held.take() else {
            return;
        };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if let Some(sandbox) = turn.take()
                    && sandbox.halt().await.is_ok()
                {
                    *turn = Some(sandbox);
                }
                drop(open);
            });
        }
    }
}
