//! Gates: at most so many calls of a model, a tool or a process runner at once, and a fair queue before them.
//!
//! A gate serves lanes in turn, and the calls of a lane in the order in which they came. A lane is a branch
//! of a run ([`Lane`]), so that a fan-out of ten thousand items delays another branch by one call of its
//! own for each place, and not by ten thousand. Whoever waits is woken once, when its place is there.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::sync::oneshot;
use troupe_core::effect::Origin;
use troupe_core::id::{ActorId, RunId, StepIndex};

/// The gates of a process: one for each model, tool and process runner, shared by all runs that are
/// given the same [`Gates`].
#[derive(Clone, Default)]
pub struct Gates(Arc<Mutex<Known>>);

/// By name and number of places.
type Known = HashMap<(String, u32), Weak<Gate>>;

impl Gates {
    /// No gate yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The gate of this name with so many places (0 counts as 1); the same one for whoever asks for the same.
    pub(crate) fn of(&self, name: String, places: u32) -> Arc<Gate> {
        let mut gates = unpoisoned(&self.0);
        let key = (name, places.max(1));
        if let Some(gate) = gates.get(&key).and_then(Weak::upgrade) {
            return gate;
        }
        gates.retain(|_, gate| gate.strong_count() > 0);
        let gate = Gate::new(key.1);
        gates.insert(key, Arc::downgrade(&gate));
        gate
    }
}

/// A branch of a run: a step, or the subagents of one lead.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Lane {
    run: Arc<RunId>,
    step: StepIndex,
    lead: Option<ActorId>,
}

impl Lane {
    /// The branch of `run` from which an effect comes.
    pub(crate) fn of(run: &Arc<RunId>, origin: Origin) -> Self {
        Self {
            run: run.clone(),
            step: origin.step,
            lead: origin.lead,
        }
    }
}

/// So many places, and who waits for one.
pub(crate) struct Gate {
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    free: u32,
    lanes: HashMap<Lane, Waiting>,
    /// The lanes in the order in which they are served, by the number under which they queued up.
    turns: BTreeMap<u64, Lane>,
    /// The next turn's and the next call's number.
    next: u64,
}

/// The calls of a lane that wait, oldest first.
struct Waiting {
    turn: u64,
    calls: BTreeMap<u64, oneshot::Sender<()>>,
}

/// The right to one call. Dropping it gives the place to whoever is next.
pub(crate) struct Place {
    gate: Arc<Gate>,
}

impl Gate {
    pub(crate) fn new(places: u32) -> Arc<Self> {
        Arc::new(Self {
            queue: Mutex::new(Queue {
                free: places,
                ..Queue::default()
            }),
        })
    }

    /// Waits for a place. Dropping the future leaves the queue.
    pub(crate) async fn enter(self: &Arc<Self>, lane: Lane) -> Place {
        let Some((number, granted)) = self.queue(&lane) else {
            return Place { gate: self.clone() };
        };
        let mut queued = Queued {
            gate: self,
            lane,
            number,
            granted,
            entered: false,
        };
        // The sender stays in the queue until the place is granted, so that it cannot be gone before.
        let _ = (&mut queued.granted).await;
        queued.entered = true;
        Place { gate: self.clone() }
    }

    /// Takes a place, or queues up for one: a call that comes never overtakes one that waits.
    fn queue(&self, lane: &Lane) -> Option<(u64, oneshot::Receiver<()>)> {
        let mut queue = unpoisoned(&self.queue);
        if queue.free > 0 {
            queue.free -= 1;
            return None;
        }
        let (number, turn) = (queue.next, queue.next + 1);
        queue.next += 2;
        let (sender, granted) = oneshot::channel();
        match queue.lanes.get_mut(lane) {
            Some(waiting) => {
                waiting.calls.insert(number, sender);
            }
            None => {
                let calls = BTreeMap::from([(number, sender)]);
                queue.lanes.insert(lane.clone(), Waiting { turn, calls });
                queue.turns.insert(turn, lane.clone());
            }
        }
        Some((number, granted))
    }

    /// Gives a place back: to the next that waits, or to whoever comes.
    fn give_back(&self) {
        let mut queue = unpoisoned(&self.queue);
        while let Some(next) = queue.pop() {
            if next.send(()).is_ok() {
                return;
            }
        }
        queue.free += 1;
    }

    /// Takes a call that no longer waits out of the queue; whether it was still there.
    fn leave(&self, lane: &Lane, number: u64) -> bool {
        let mut queue = unpoisoned(&self.queue);
        let Some(waiting) = queue.lanes.get_mut(lane) else {
            return false;
        };
        let was_there = waiting.calls.remove(&number).is_some();
        if waiting.calls.is_empty() {
            let turn = waiting.turn;
            queue.lanes.remove(lane);
            queue.turns.remove(&turn);
        }
        was_there
    }
}

impl Queue {
    /// The oldest call of the lane whose turn it is; the lane goes to the end.
    fn pop(&mut self) -> Option<oneshot::Sender<()>> {
        let (_, lane) = self.turns.pop_first()?;
        let waiting = self.lanes.get_mut(&lane)?;
        let (_, call) = waiting.calls.pop_first()?;
        if waiting.calls.is_empty() {
            self.lanes.remove(&lane);
        } else {
            waiting.turn = self.next;
            self.turns.insert(self.next, lane);
            self.next += 1;
        }
        Some(call)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.gate.give_back();
    }
}

/// A call in the queue.
struct Queued<'a> {
    gate: &'a Gate,
    lane: Lane,
    number: u64,
    granted: oneshot::Receiver<()>,
    entered: bool,
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        // What was granted and never entered goes to the next.
        if !self.entered && !self.gate.leave(&self.lane, self.number) {
            self.gate.give_back();
        }
    }
}

/// Nothing panics while it holds a lock here; a poisoned one is as good as new.
fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
