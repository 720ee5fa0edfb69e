//! The driver: one task per run that owns its state.
//!
//! wake → decide everything that arrived → append in one commit → show → abort → perform.
//! While an append is on its way to the disk, answers gather in the inbox, and the next commit
//! takes them all: the busier a run, the larger its groups.

use crate::error::Error;
use crate::handle::{Outcome, Run};
use crate::perform::Performer;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use troupe_core::effect::Effect;
use troupe_core::engine::{self, State};
use troupe_core::event::Event;
use troupe_core::id::CallId;
use troupe_core::input::Input;
use troupe_core::port::journal::{Append, Entry, RunStatus};

/// Inputs decided before one append: enough to share a commit, few enough to bound its size.
const BATCH_MAX: usize = 1_024;

pub(crate) struct Driver {
    run: Run,
    state: State,
    sequence: u64,
    performer: Performer,
    working: HashMap<CallId, AbortHandle>,
}

/// What one batch of inputs came to.
#[derive(Default)]
struct Batch {
    events: Vec<Event>,
    effects: Vec<Effect>,
    aborts: Vec<CallId>,
    answered: Vec<CallId>,
}

impl Driver {
    pub(crate) fn new(run: Run, state: State, sequence: u64, inbox: mpsc::UnboundedSender<Input>) -> Self {
        let performer = Performer::new(&run, inbox);
        Self {
            run,
            state,
            sequence,
            performer,
            working: HashMap::new(),
        }
    }

    pub(crate) async fn drive(
        mut self,
        first: Input,
        mut arrivals: mpsc::UnboundedReceiver<Input>,
    ) -> Result<Outcome, Error> {
        let resumed = !matches!(first, Input::Start { .. });
        let mut batch = Batch::default();
        self.decide(first, &mut batch)?;
        self.append(&mut batch).await?;
        if resumed {
            // Nothing of an earlier process is at work: all that stands open is asked for.
            batch.effects = engine::outstanding(&self.run.workflow, &self.state);
        }
        self.perform(batch);
        let mut ready = Vec::new();
        while !self.state.status().is_some_and(RunStatus::is_over) {
            if arrivals.recv_many(&mut ready, BATCH_MAX).await == 0 {
                break;
            }
            let mut batch = Batch::default();
            for input in ready.drain(..) {
                self.decide(input, &mut batch)?;
            }
            self.append(&mut batch).await?;
            self.perform(batch);
        }
        Ok(self.outcome())
    }

    fn decide(&mut self, input: Input, batch: &mut Batch) -> Result<(), Error> {
        batch.answered.extend(input.call());
        let decision = engine::handle(&self.run.workflow, &mut self.state, input)?;
        batch.events.extend(decision.events);
        batch.effects.extend(decision.effects);
        batch.aborts.extend(decision.aborts);
        Ok(())
    }

    async fn append(&mut self, batch: &mut Batch) -> Result<(), Error> {
        if batch.events.is_empty() {
            return Ok(());
        }
        let events: Arc<[Event]> = std::mem::take(&mut batch.events).into();
        let (first, at_ms) = (self.sequence, self.run.ports.clock.now_ms());
        let append = Append {
            run: self.run.run.clone(),
            first,
            at_ms,
            events: events.clone(),
            progress: self.state.progress(),
        };
        self.run.ports.journal.append(append).await.map_err(Error::Journal)?;
        self.sequence += events.len() as u64;
        let entries: Vec<Entry> = (first..)
            .zip(events.iter())
            .map(|(sequence, event)| Entry {
                sequence,
                at_ms,
                event: event.clone(),
            })
            .collect();
        self.run.ports.observer.entries(&entries);
        Ok(())
    }

    fn perform(&mut self, batch: Batch) {
        for call in &batch.answered {
            self.working.remove(call);
        }
        for call in &batch.aborts {
            if let Some(task) = self.working.remove(call) {
                task.abort();
            }
        }
        for effect in batch.effects {
            // Opened and aborted within one batch: never wanted by anybody outside.
            if !batch.aborts.contains(&effect.call) {
                let call = effect.call;
                self.working.insert(call, self.performer.perform(effect));
            }
        }
    }

    fn outcome(&self) -> Outcome {
        let failure = self.state.failure().map(|(step, failure)| {
            (
                step.map(|step| self.run.workflow.step(step).name.clone()),
                failure.clone(),
            )
        });
        Outcome {
            status: self.state.status().unwrap_or_default(),
            outputs: self.state.outputs().clone(),
            failure,
            progress: self.state.progress(),
        }
    }
}

impl Drop for Driver {
    /// However the driver ends, nothing it started goes on working or billing.
    fn drop(&mut self) {
        self.working.values().for_each(AbortHandle::abort);
    }
}
