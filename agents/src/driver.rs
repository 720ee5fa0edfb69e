//! The driver: one task per run that owns its state.
//!
//! wake → decide everything that arrived → append in one commit → show → abort → perform.
//! While an append is on its way to the disk, answers gather in the inbox, and the next commit
//! takes them all: the busier a run, the larger its groups.
//!
//! A run in which everything waits for a person ends its driver, and the run is *waiting*. One that
//! another run started tells that run instead, and is at hand as long as the other one works.

use crate::error::Error;
use crate::handle::{Outcome, Run};
use crate::perform::{Performer, Task};
use crate::times::{Folded, Times};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use troupe_core::effect::{Effect, Want};
use troupe_core::engine::{self, State};
use troupe_core::event::Event;
use troupe_core::id::CallId;
use troupe_core::input::Input;
use troupe_core::port::approver::Question;
use troupe_core::port::journal::{Append, Entry, Progress, RunStatus};

/// Inputs decided before one append: enough to share a commit, few enough to bound its size.
const BATCH_MAX: usize = 1_024;

/// What reaches a driver.
pub(crate) enum Arrival {
    /// Something that the engine decides about.
    Input(Input),
    /// A call waits for people to answer; without questions it goes on again.
    Waits { call: CallId, questions: Vec<Question> },
    /// A run that this one started cannot be driven on.
    Broken(Error),
}

/// The way to the run that started this one.
pub(crate) struct Above {
    pub(crate) inbox: mpsc::UnboundedSender<Arrival>,
    pub(crate) call: CallId,
}

pub(crate) struct Driver {
    run: Run,
    state: State,
    times: Times,
    sequence: u64,
    performer: Performer,
    above: Option<Above>,
    working: HashMap<CallId, Task>,
    /// Runs that were told to stop and have not yet.
    stopping: Vec<JoinHandle<()>>,
    /// Calls that wait for people, with what they ask.
    unanswered: BTreeMap<CallId, Vec<Question>>,
    rests: bool,
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
    /// The driver that goes on behind what was folded.
    pub(crate) fn new(run: Run, folded: Folded, performer: Performer, above: Option<Above>) -> Self {
        Self {
            run,
            state: folded.state,
            times: folded.times,
            sequence: folded.events,
            performer,
            above,
            working: HashMap::new(),
            stopping: Vec::new(),
            unanswered: BTreeMap::new(),
            rests: false,
        }
    }

    pub(crate) async fn drive(
        mut self,
        first: Input,
        arrivals: mpsc::UnboundedReceiver<Arrival>,
    ) -> Result<Outcome, Error> {
        let ended = self.work(first, arrivals).await;
        self.finish(ended.is_ok()).await;
        ended.map(|()| self.outcome())
    }

    async fn work(&mut self, first: Input, mut arrivals: mpsc::UnboundedReceiver<Arrival>) -> Result<(), Error> {
        let resumed = !matches!(first, Input::Start { .. });
        let mut batch = Batch::default();
        self.decide(first, &mut batch)?;
        for call in self.overdue() {
            self.decide(Input::TimerFired { call }, &mut batch)?;
        }
        self.append(&mut batch).await?;
        if resumed {
            // Nothing of an earlier process is at work: all that stands open is asked for.
            batch.effects = engine::outstanding(&self.run.workflow, &self.state);
        }
        self.perform(batch);
        let mut ready = Vec::new();
        while !self.state.status().is_some_and(RunStatus::is_over) {
            if self.rest(arrivals.is_empty()).await? || arrivals.recv_many(&mut ready, BATCH_MAX).await == 0 {
                break;
            }
            let mut batch = Batch::default();
            for arrival in ready.drain(..) {
                self.take(arrival, &mut batch)?;
            }
            self.append(&mut batch).await?;
            self.perform(batch);
        }
        Ok(())
    }

    fn take(&mut self, arrival: Arrival, batch: &mut Batch) -> Result<(), Error> {
        match arrival {
            Arrival::Input(input) => self.decide(input, batch)?,
            Arrival::Waits { call, questions } if questions.is_empty() => {
                self.unanswered.remove(&call);
            }
            Arrival::Waits { call, questions } => {
                if self.working.contains_key(&call) {
                    self.unanswered.insert(call, questions);
                }
            }
            Arrival::Broken(error) => return Err(error),
        }
        Ok(())
    }

    fn decide(&mut self, input: Input, batch: &mut Batch) -> Result<(), Error> {
        batch.answered.extend(input.call());
        let decision = engine::handle(&self.run.workflow, &mut self.state, input)?;
        batch.events.extend(decision.events);
        batch.effects.extend(decision.effects);
        batch.aborts.extend(decision.aborts);
        Ok(())
    }

    /// Timers that ran down while no process drove the run, the first to do so first.
    fn overdue(&self) -> Vec<CallId> {
        let now_ms = self.run.ports.clock.now_ms();
        let mut overdue: Vec<(u64, CallId)> = Vec::new();
        for Effect { call, want, .. } in engine::outstanding(&self.run.workflow, &self.state) {
            let Want::Timer { after_ms, measure } = want else {
                continue;
            };
            // What is wanted since the first input has no time yet.
            let Some(wanted_ms) = self.times.wanted_ms(call) else {
                continue;
            };
            if self.times.left_of(call, after_ms, measure, now_ms) == 0 {
                overdue.push((wanted_ms.saturating_add(after_ms), call));
            }
        }
        overdue.sort_unstable();
        overdue.into_iter().map(|(_, call)| call).collect()
    }

    async fn append(&mut self, batch: &mut Batch) -> Result<(), Error> {
        if batch.events.is_empty() {
            return Ok(());
        }
        let events: Arc<[Event]> = std::mem::take(&mut batch.events).into();
        let first = self.sequence;
        let at_ms = self.write(events.clone(), self.state.progress()).await?;
        self.sequence += events.len() as u64;
        self.times.note(self.state.next_call(), at_ms);
        let entries: Vec<Entry> = (first..)
            .zip(taken(events))
            .map(|(sequence, event)| Entry { sequence, at_ms, event })
            .collect();
        self.run.ports.observer.entries(&entries);
        Ok(())
    }

    async fn write(&self, events: Arc<[Event]>, progress: Progress) -> Result<u64, Error> {
        let at_ms = self.run.ports.clock.now_ms();
        let append = Append {
            run: self.run.run.clone(),
            first: self.sequence,
            at_ms,
            events,
            progress,
        };
        self.run.ports.journal.append(append).await.map_err(Error::Journal)?;
        Ok(at_ms)
    }

    fn perform(&mut self, batch: Batch) {
        for call in &batch.answered {
            self.working.remove(call);
            self.unanswered.remove(call);
        }
        for call in &batch.aborts {
            self.unanswered.remove(call);
            self.stopping.extend(self.working.remove(call).and_then(Task::stop));
        }
        let now_ms = self.run.ports.clock.now_ms();
        for mut effect in batch.effects {
            // Opened and aborted within one batch: never wanted by anybody outside.
            if batch.aborts.contains(&effect.call) {
                continue;
            }
            if let Want::Timer { after_ms, measure } = &mut effect.want {
                *after_ms = self.times.left_of(effect.call, *after_ms, *measure, now_ms);
            }
            let (call, wanted_ms) = (effect.call, self.times.wanted_ms(effect.call).unwrap_or(now_ms));
            self.working.insert(call, self.performer.perform(effect, wanted_ms));
        }
    }

    /// Looks whether only people can move the run on, and says so; true when the driver's work is done.
    async fn rest(&mut self, nothing_arrived: bool) -> Result<bool, Error> {
        let is_unanswered = |call| self.unanswered.contains_key(&call);
        let rests = nothing_arrived && !self.unanswered.is_empty() && engine::waits(&self.state, is_unanswered);
        if rests && !self.rests {
            let progress = Progress {
                status: RunStatus::Waiting,
                ..self.state.progress()
            };
            self.write(Arc::new([]), progress).await?;
        }
        if let Some(above) = self.above.as_ref().filter(|_| rests != self.rests) {
            let questions = if rests { self.questions() } else { Vec::new() };
            let call = above.call;
            // Whoever started this run may have ended meanwhile; then nobody wants to know.
            let _ = above.inbox.send(Arrival::Waits { call, questions });
        }
        self.rests = rests;
        Ok(rests && self.above.is_none())
    }

    fn questions(&self) -> Vec<Question> {
        self.unanswered.values().flatten().cloned().collect()
    }

    /// Leaves nothing at work. Runs that were told to stop come to their end, unless this one broke:
    /// then they break with it.
    async fn finish(&mut self, in_peace: bool) {
        let working = self.working.drain().map(|(_, task)| task.abort());
        let stopping = self.stopping.drain(..).inspect(|task| {
            if !in_peace {
                task.abort();
            }
        });
        for task in stopping.chain(working).collect::<Vec<_>>() {
            // What a task came to has been told to the inbox, if anybody wants to know.
            let _ = task.await;
        }
    }

    fn outcome(&self) -> Outcome {
        let failure = self.state.failure(&self.run.workflow);
        let status = self.state.status().unwrap_or_default();
        // A deadline may have ended the waiting, and the run with it.
        let waits = self.rests && !status.is_over();
        let status = if waits { RunStatus::Waiting } else { status };
        Outcome {
            status,
            outputs: self.state.outputs().clone(),
            failure: failure.map(|(place, failure)| (place, failure.clone())),
            progress: Progress {
                status,
                ..self.state.progress()
            },
            questions: if waits { self.questions() } else { Vec::new() },
        }
    }
}

/// The events themselves where the journal has given its share of them back, and copies where it has not.
fn taken(mut events: Arc<[Event]>) -> Vec<Event> {
    match Arc::get_mut(&mut events) {
        Some(own) => own
            .iter_mut()
            .map(|event| std::mem::replace(event, Event::RunReopened))
            .collect(),
        None => events.to_vec(),
    }
}

impl Drop for Driver {
    /// However the driver ends, nothing it started goes on working or billing.
    fn drop(&mut self) {
        self.working.drain().for_each(|(_, task)| drop(task.abort()));
        self.stopping.iter().for_each(JoinHandle::abort);
    }
}
