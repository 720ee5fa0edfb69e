//! Who read what: the chunks that each agent of a run was shown and read in full.

use super::{AgentView, Leaves};
use crate::event::Event;
use crate::id::ActorId;
use crate::message::Retrieved;
use crate::port::journal::Entry;
use std::collections::{BTreeMap, BTreeSet};

/// Ids of chunks by who read them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reads {
    /// By agents.
    by_agent: BTreeMap<ActorId, BTreeSet<String>>,
    /// By anybody: agents, steps, and the runs that the run started and that ended well.
    pub read: BTreeSet<String>,
    /// Of which anybody was shown a part.
    pub shown: BTreeSet<String>,
}

impl Reads {
    /// Those of a whole journal.
    pub fn of<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Self {
        let mut reads = Self::default();
        for entry in entries {
            match &entry.event {
                Event::ToolReplied { actor, output, .. } => {
                    let read = output.retrieved.read.iter().cloned();
                    reads.by_agent.entry(*actor).or_default().extend(read);
                    reads.take(&output.retrieved);
                }
                Event::ItemSucceeded { retrieved, .. } | Event::RoundEnded { retrieved, .. } => reads.take(retrieved),
                _ => {}
            }
        }
        reads
    }

    fn take(&mut self, retrieved: &Retrieved) {
        self.read.extend(retrieved.read.iter().cloned());
        self.shown.extend(retrieved.shown.iter().cloned());
    }

    /// What an agent read, or one who works for it; `agents` are those of the run.
    pub fn of_team(&self, agents: &Leaves<AgentView>, lead: ActorId) -> BTreeSet<String> {
        let mut read = BTreeSet::new();
        for (actor, chunks) in &self.by_agent {
            let mut next = Some(*actor);
            while let Some(at) = next.filter(|at| *at != lead) {
                next = agents.get(at.at()).and_then(|agent| agent.parent);
            }
            if next.is_some() {
                read.extend(chunks.iter().cloned());
            }
        }
        read
    }
}
