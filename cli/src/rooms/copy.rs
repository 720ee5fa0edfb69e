//! The sandboxes of a fork: as they were where the shared past ends, where that can still be had.

use crate::past::Past;
use crate::{settings::Settings, workspace};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use troupe_core::engine::{self, State};
use troupe_core::event::Event;
use troupe_core::id::RunId;
use troupe_core::ir::Workflow;
use troupe_core::port::Error;
use troupe_core::port::sandbox::Room;
use troupe_sandbox::docker::{Docker, Kept};
use troupe_store::Reader;

/// What became of the rooms that the shared past has.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Copies {
    /// Those that begin as they were.
    pub copied: BTreeSet<String>,
    /// Those that begin anew, and why.
    pub anew: BTreeMap<String, Anew>,
}

/// Why a room of a fork begins anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anew {
    /// A command was at work in it at the fork's moment, or began later.
    Moved,
    /// It is not there any more.
    Gone,
    /// The engine did not copy it.
    Failed,
}

impl Copies {
    /// In words, a line for each room.
    pub fn say(&self, parent: &RunId, shared: u64, settings: &Settings) {
        for room in &self.copied {
            settings.say(format!("sandbox `{room}` begins as it was after event {shared}"));
        }
        for (room, why) in &self.anew {
            let why = match why {
                Anew::Moved => format!("run {parent} had a command in it then or later"),
                Anew::Gone => format!("that of run {parent} is gone"),
                Anew::Failed => format!("that of run {parent} could not be copied"),
            };
            settings.say(format!("sandbox `{room}` begins anew: {why}"));
        }
    }
}

/// The rooms in which something was done, and of those the ones in which something was at work after so many events:
/// their files are not what they were then.
pub fn used<'a>(
    workflow: &Workflow,
    events: impl Iterator<Item = &'a Event>,
    shared: u64,
) -> (BTreeSet<String>, BTreeSet<String>) {
    let mut state = State::new(workflow);
    let (mut before, mut after) = (BTreeSet::new(), BTreeSet::new());
    for (event, folded) in events.zip(1..) {
        engine::apply(workflow, &mut state, event);
        if folded <= shared {
            before.extend(engine::rooms_at_work(workflow, &state));
        }
        if folded >= shared {
            after.extend(engine::rooms_at_work(workflow, &state));
        }
    }
    after.retain(|room| before.contains(room));
    (before, after)
}

/// Copies the sandboxes of a run for a fork that shares so many of its events, those of `wanted` that are as they were.
pub async fn copy(
    past: &Past,
    shared: u64,
    (fork, wanted): (&RunId, &Workflow),
    folder: &Path,
    reader: &Reader,
) -> anyhow::Result<Copies> {
    let mut copies = Copies::default();
    let parent = &past.record.header.run;
    let workflow = past.workflow(reader).await?;
    let (mut rooms, moved) = used(&workflow, past.events(), shared);
    rooms.retain(|room| {
        let sandbox = room.split('/').next().unwrap_or_default();
        wanted.sandboxes.iter().any(|wanted| wanted.name == sandbox)
    });
    if rooms.is_empty() {
        return Ok(copies);
    }
    let kept = async {
        let engine = Docker::connect().await?;
        let kept = engine.kept(false).await?;
        Ok::<_, Error>((engine, kept))
    };
    let Ok((engine, kept)) = kept.await else {
        // Whoever needs one is told that there is no engine.
        return Ok(copies);
    };
    let mut made: BTreeMap<String, Kept> = BTreeMap::new();
    for room in rooms {
        let original = kept.iter().find(|kept| kept.name == format!("{parent}/{room}"));
        let why = match original {
            _ if moved.contains(&room) => Anew::Moved,
            None => Anew::Gone,
            Some(original) => {
                let name = Room {
                    run: fork.to_string(),
                    name: format!("{fork}/{room}"),
                    workspace: workspace::place(folder),
                };
                match engine.copy(original, name).await {
                    Ok(copy) => {
                        made.insert(room, copy);
                        continue;
                    }
                    Err(_) => Anew::Failed,
                }
            }
        };
        copies.anew.insert(room, why);
    }
    // The other run may be at work: what began in a room while it was copied is in its journal by now.
    let now = Past::read(reader, parent).await?;
    let (_, moved) = used(&workflow, now.events(), shared);
    for (room, copy) in made {
        if moved.contains(&room) {
            engine.discard(&copy).await?;
            copies.anew.insert(room, Anew::Moved);
        } else {
            copies.copied.insert(room);
        }
    }
    Ok(copies)
}

#[cfg(test)]
mod tests;
