//! The driver: one task per run that owns its state.
//!
//! wake → decide everything that arrived → append in one commit → show → abort → perform.
//! While an append is on its way to the disk, answers gather in the inbox, and the next commit
//! takes them all: the busier a run, the larger its groups.
//!
//! A run in which everything waits for a person ends its driver, and the run is *waiting*; so is one in
//! which nothing is left but pauses that its driver has no patience for. A run that another one started
//! tells that one instead, and is at hand as long as the other one works.

pub(crate) mod rest;
pub(crate) mod words;

use crate::error::Error;
use crate::handle::{Outcome, Run};
use crate::perform::{Performer, Task};
use crate::spans;
use crate::times::{Folded, Times};
use rest::Rest;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tracing::Instrument as _;
use troupe_core::effect::{Effect, Measure, Want};
use troupe_core::engine::{self, State};
use troupe_core::event::Event;
use troupe_core::id::CallId;
use troupe_core::input::Input;
use troupe_core::port::dispatch::Post;
use troupe_core::port::journal::{Append, Entry, Progress, RunStatus};
use words::Words;

/// Inputs decided before one append: enough to share a commit, few enough to bound its size.
const BATCH_MAX: usize = 1_024;

/// What reaches a driver.
pub(crate) enum Arrival {
    /// Something that the engine decides about.
    Input(Input),
    /// A call rests; with none it goes on again.
    Rests { call: CallId, rest: Option<Rest> },
    /// Somebody outside said something to this run or to one that it started.
    Posted(Post),
    /// What follows from a word for a run below is in that run's journal.
    Heard(u64),
    /// A run that this one started cannot be driven on.
    Broken(Error),
}

/// Who started a run.
pub(crate) enum Station {
    /// A person: the run listens to words for all that it starts.
    Root(Words),
    /// Another run.
    Below(Above),
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
    station: Station,
    working: HashMap<CallId, Task>,
    /// Effects that were told to stop, and may not have yet.
    stopping: Vec<JoinHandle<()>>,
    /// Calls that rest.
    resting: BTreeMap<CallId, Rest>,
    /// When the timers run down that run on without a process, in milliseconds since the Unix epoch.
    timers: BTreeMap<CallId, u64>,
    rest: Option<Rest>,
}

/// What one batch of inputs came to.
#[derive(Default)]
struct Batch {
    events: Vec<Event>,
    effects: Vec<Effect>,
    aborts: Vec<CallId>,
    answered: Vec<CallId>,
    /// Words from which these events follow, or nothing does.
    heard: Vec<u64>,
}

impl Driver {
    /// The driver that goes on behind what was folded.
    pub(crate) fn new(run: Run, folded: Folded, performer: Performer, station: Station) -> Self {
        Self {
            run,
            state: folded.state,
            times: folded.times,
            sequence: folded.events,
            performer,
            station,
            working: HashMap::new(),
            stopping: Vec::new(),
            resting: BTreeMap::new(),
            timers: BTreeMap::new(),
            rest: None,
        }
    }

    pub(crate) async fn drive(
        mut self,
        first: Input,
        arrivals: mpsc::UnboundedReceiver<Arrival>,
    ) -> Result<Outcome, Error> {
        let span = spans::run(&self.run);
        let driven = async {
            let ended = self.work(first, arrivals).await;
            self.finish(ended.is_ok()).await;
            if let Some(rooms) = &self.run.ports.rooms
                && self.run.workflow.has_sandboxes()
            {
                let has_succeeded = self.state.status() == Some(RunStatus::Succeeded);
                rooms.leave(self.run.run.as_str(), has_succeeded).await;
            }
            ended?;
            if self.is_over() {
                self.settle_all().await;
            }
            Ok(self.outcome())
        };
        driven.instrument(span).await
    }

    async fn work(&mut self, first: Input, mut arrivals: mpsc::UnboundedReceiver<Arrival>) -> Result<(), Error> {
        let resumed = !matches!(first, Input::Start { .. });
        let mut batch = Batch::default();
        let below = self.begin(first, &mut batch).await?;
        self.append(&mut batch).await?;
        self.settle(std::mem::take(&mut batch.heard)).await;
        if resumed {
            // Nothing of an earlier process is at work: all that stands open is asked for.
            batch.effects = engine::outstanding(&self.run.workflow, &self.state);
        }
        self.perform(batch);
        let mut ready: Vec<Arrival> = below.into_iter().map(Arrival::Posted).collect();
        while !self.is_over() {
            if ready.is_empty() {
                if self.rests(arrivals.is_empty()).await? {
                    // A word that came since the last look would find nobody who listens.
                    ready.extend(self.posted().await?.into_iter().map(Arrival::Posted));
                    if ready.is_empty() {
                        break;
                    }
                } else if arrivals.recv_many(&mut ready, BATCH_MAX).await == 0 {
                    break;
                }
            }
            let mut batch = Batch::default();
            for arrival in ready.drain(..) {
                self.take(arrival, &mut batch)?;
            }
            self.append(&mut batch).await?;
            self.settle(std::mem::take(&mut batch.heard)).await;
            self.perform(batch);
        }
        Ok(())
    }

    fn is_over(&self) -> bool {
        self.state.status().is_some_and(RunStatus::is_over)
    }

    fn take(&mut self, arrival: Arrival, batch: &mut Batch) -> Result<(), Error> {
        match arrival {
            Arrival::Input(input) => self.decide(input, batch)?,
            Arrival::Rests { call, rest: None } => {
                self.resting.remove(&call);
            }
            Arrival::Rests { call, rest: Some(rest) } => {
                if self.working.contains_key(&call) {
                    self.resting.insert(call, rest);
                }
            }
            Arrival::Posted(post) => self.hear(post, batch)?,
            Arrival::Heard(number) => batch.heard.push(number),
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

    async fn append(&mut self, batch: &mut Batch) -> Result<(), Error> {
        if batch.events.is_empty() {
            return Ok(());
        }
        let events: Arc<[Event]> = std::mem::take(&mut batch.events).into();
        let first = self.sequence;
        let at_ms = self.write(events.clone(), self.state.progress()).await?;
        self.sequence += events.len() as u64;
        tracing::debug!(first, events = events.len(), "appended");
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
            self.forget(*call);
            self.working.remove(call);
        }
        if !batch.aborts.is_empty() {
            self.stopping.retain(|task| !task.is_finished());
        }
        for call in &batch.aborts {
            self.forget(*call);
            self.stopping.extend(self.working.remove(call).map(Task::stop));
        }
        let now_ms = self.run.ports.clock.now_ms();
        for mut effect in batch.effects {
            // Opened and aborted within one batch: never wanted by anybody outside.
            if batch.aborts.contains(&effect.call) {
                continue;
            }
            let (call, wanted_ms) = (effect.call, self.times.wanted_ms(effect.call).unwrap_or(now_ms));
            if let Want::Timer { after_ms, measure } = &mut effect.want {
                if *measure == Measure::Clock {
                    self.timers.insert(call, wanted_ms.saturating_add(*after_ms));
                }
                *after_ms = self.times.left_of(call, *after_ms, *measure, now_ms);
            }
            let span = spans::call(&self.run, &self.state, &effect);
            let task = span.in_scope(|| self.performer.perform(effect, wanted_ms));
            self.working.insert(call, task);
        }
        self.performer.release(|step| self.state.is_over(step));
    }

    fn forget(&mut self, call: CallId) {
        self.resting.remove(&call);
        self.timers.remove(&call);
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
        let rest = self.rest.as_ref().filter(|_| !status.is_over());
        let status = if rest.is_some() { RunStatus::Waiting } else { status };
        Outcome {
            status,
            outputs: self.state.outputs().clone(),
            failure: failure.map(|(place, failure)| (place, failure.clone())),
            progress: Progress {
                status,
                wake_ms: rest.and_then(|rest| rest.wake_ms),
                ..self.state.progress()
            },
            questions: rest.map_or_else(Vec::new, |rest| rest.questions.clone()),
            used: self.state.used(),
            read: self.state.read().clone(),
            limits_passed: self.state.limits_passed().cloned().collect(),
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
