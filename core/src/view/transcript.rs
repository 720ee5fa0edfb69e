//! An agent's transcript: what its model was given and what it wrote, message by message, with what each turn cost.
//!
//! The engine says what a model is asked ([`crate::engine::outstanding`]), so what stands here is what the model saw:
//! texts cut as limits cut them, notices, hints. What was answered since is shown as it came, until the next request
//! says how the model sees it.

use crate::effect::{ModelRequest, Want};
use crate::engine::{self, State};
use crate::event::Event;
use crate::id::ActorId;
use crate::ir::Workflow;
use crate::limits::Reached;
use crate::message::{AssistantMessage, Finish, Message, Reply, Retrieved, Usage};
use crate::port::journal::Entry;
use std::sync::Arc;

/// What one agent and its model said to each other.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Transcript {
    /// The system prompt; empty before the first turn.
    pub system: Arc<str>,
    /// The messages, in order.
    pub said: Vec<Arc<Said>>,
    /// Whether the model is asked at this moment.
    pub asks: bool,
}

/// A message of a transcript.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// What it says.
    pub message: Arc<Message>,
    /// When it became known, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// Whether the model's last request was without it.
    pub omitted: bool,
    /// What the turn cost; of what models write.
    pub turn: Option<Turn>,
    /// What a retrieval tool showed and read; of answers of tools.
    pub retrieved: Retrieved,
    /// Whether the tool call failed or was refused.
    pub failed: bool,
}

/// One model call of an agent.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// From 1.
    pub number: u32,
    /// What it cost.
    pub usage: Usage,
    /// Milliseconds from asking to the last byte.
    pub wall_ms: u64,
    /// Milliseconds of those spent waiting.
    pub queue_ms: u64,
    /// Whether an earlier equal call answered.
    pub cached: bool,
    /// Why the model stopped writing.
    pub finish: Finish,
    /// The limit that forced it.
    pub forced: Option<Reached>,
    /// The entropy of each token's distribution in nats, where the model recorded it; none of dictated tokens.
    pub entropy: Vec<Option<f32>>,
}

/// Folds a run's events into the transcript of one of its agents.
pub struct TranscriptFold {
    actor: ActorId,
    state: State,
    transcript: Transcript,
    last: Arc<AssistantMessage>,
    position: u32,
    forced: Option<Reached>,
    turns: u32,
    past: Past,
}

impl TranscriptFold {
    /// Before the first event of a run.
    pub fn new(workflow: &Workflow, actor: ActorId) -> Self {
        Self {
            actor,
            state: State::new(workflow),
            transcript: Transcript::default(),
            last: Arc::default(),
            position: 0,
            forced: None,
            turns: 0,
            past: Past::default(),
        }
    }

    /// Whose it is.
    pub fn actor(&self) -> ActorId {
        self.actor
    }

    /// What was said so far.
    pub fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    /// What was said after so many events of those that were taken.
    pub fn at(&self, events: u64) -> Transcript {
        self.past.at(events)
    }

    /// Takes one more event; says whether the transcript changed.
    pub fn fold(&mut self, workflow: &Workflow, entry: &Entry) -> bool {
        engine::apply(workflow, &mut self.state, &entry.event);
        if entry.sequence.is_multiple_of(1024) {
            engine::forget_aborts(&mut self.state);
        }
        let is_changed = self.take(workflow, entry);
        if is_changed {
            self.past.note(entry.sequence + 1, &self.transcript);
        }
        is_changed
    }

    fn take(&mut self, workflow: &Workflow, entry: &Entry) -> bool {
        let at_ms = entry.at_ms;
        match &entry.event {
            Event::TurnStarted { actor, forced } if *actor == self.actor => {
                self.forced.clone_from(forced);
                self.transcript.asks = true;
                if let Some(request) = self.request(workflow) {
                    self.transcript.system = request.system.clone();
                    self.transcript.reconcile(&request.messages, at_ms);
                }
            }
            Event::ModelReplied { actor, reply, .. } if *actor == self.actor => self.hear(reply, at_ms),
            Event::ToolCalled { actor, position, .. } if *actor == self.actor => {
                self.position = *position;
                return false;
            }
            Event::ToolReplied { actor, output, .. } if *actor == self.actor => {
                self.answer(self.position, &output.text, output.retrieved.clone(), false, at_ms);
            }
            Event::ToolFailed { actor, message, .. } if *actor == self.actor => {
                self.answer(self.position, message, Retrieved::default(), true, at_ms);
            }
            Event::ToolRefused {
                actor,
                position,
                message,
            } if *actor == self.actor => {
                self.answer(*position, message, Retrieved::default(), true, at_ms);
            }
            Event::AgentAnswered { actor } | Event::AgentFailed { actor, .. } if *actor == self.actor => {
                self.transcript.asks = false;
            }
            Event::RunCancelled | Event::RunFailed { .. } => self.transcript.asks = false,
            _ => return false,
        }
        true
    }

    fn request(&self, workflow: &Workflow) -> Option<ModelRequest> {
        let effects = engine::outstanding(workflow, &self.state).into_iter().rev();
        effects
            .filter_map(|effect| match effect.want {
                Want::Model(request) => Some(request),
                _ => None,
            })
            .find(|request| request.actor == self.actor)
    }

    fn hear(&mut self, reply: &Reply, at_ms: u64) {
        self.turns += 1;
        let entropy = reply.recording.tokens().map(|token| Some(token.seen?.entropy));
        let turn = Turn {
            number: self.turns,
            usage: reply.usage,
            wall_ms: reply.wall_ms,
            queue_ms: reply.queue_ms,
            cached: reply.cached,
            finish: reply.finish,
            forced: self.forced.take(),
            entropy: entropy.collect(),
        };
        self.last = reply.message.clone();
        self.transcript.asks = false;
        let said = Said::of(Arc::new(Message::Assistant(reply.message.clone())), at_ms);
        let turn = Some(turn);
        self.transcript.said.push(Arc::new(Said { turn, ..said }));
    }

    fn answer(&mut self, position: u32, text: &str, retrieved: Retrieved, failed: bool, at_ms: u64) {
        let Some(call) = self.last.tool_calls.get(position as usize) else {
            return;
        };
        let message = Message::Tool {
            id: call.id.clone(),
            name: call.name.clone(),
            text: text.to_owned(),
        };
        self.transcript.said.push(Arc::new(Said {
            retrieved,
            failed,
            ..Said::of(Arc::new(message), at_ms)
        }));
    }
}

/// A transcript at every moment: what changed at each, and nothing twice.
#[derive(Default)]
struct Past {
    changes: Vec<Change>,
    last: Transcript,
}

/// After so many events some messages stand in the place of others.
struct Change {
    events: u64,
    system: Arc<str>,
    asks: bool,
    from: usize,
    gone: usize,
    said: Vec<Arc<Said>>,
}

impl Past {
    fn note(&mut self, events: u64, now: &Transcript) {
        let is_one = |(one, other): &(&Arc<Said>, &Arc<Said>)| Arc::ptr_eq(one, other);
        let (before, after) = (&self.last.said, &now.said);
        let from = before.iter().zip(after).take_while(is_one).count();
        let ends = before[from..].iter().rev().zip(after[from..].iter().rev());
        let same = ends.take_while(is_one).count();
        self.changes.push(Change {
            events,
            system: now.system.clone(),
            asks: now.asks,
            from,
            gone: before.len() - from - same,
            said: after[from..after.len() - same].to_vec(),
        });
        self.last.clone_from(now);
    }

    fn at(&self, events: u64) -> Transcript {
        let mut transcript = Transcript::default();
        for change in self.changes.iter().take_while(|change| change.events <= events) {
            let place = change.from..change.from + change.gone;
            transcript.said.splice(place, change.said.iter().cloned());
            (transcript.system, transcript.asks) = (change.system.clone(), change.asks);
        }
        transcript
    }
}

impl Said {
    fn of(message: Arc<Message>, at_ms: u64) -> Self {
        Self {
            message,
            at_ms,
            omitted: false,
            turn: None,
            retrieved: Retrieved::default(),
            failed: false,
        }
    }
}

impl Transcript {
    /// Brings what was said in line with what a request holds: texts as the model sees them, messages that it was
    /// given and nobody had told of, and a mark on those that it was not given.
    fn reconcile(&mut self, messages: &[Arc<Message>], at_ms: u64) {
        let mut next = 0;
        for message in messages {
            let found = self.said[next..]
                .iter()
                .position(|said| is_same(&said.message, message));
            match found {
                Some(skipped) => {
                    omit(&mut self.said[next..next + skipped]);
                    next += skipped;
                    let said = &mut self.said[next];
                    if said.omitted || !Arc::ptr_eq(&said.message, message) {
                        let said = Arc::make_mut(said);
                        (said.message, said.omitted) = (message.clone(), false);
                    }
                }
                None => self.said.insert(next, Arc::new(Said::of(message.clone(), at_ms))),
            }
            next += 1;
        }
        omit(&mut self.said[next..]);
    }
}

/// Marks messages that the model was not given; what does not change stays shared with earlier moments.
fn omit(said: &mut [Arc<Said>]) {
    for said in said.iter_mut().filter(|said| !said.omitted) {
        Arc::make_mut(said).omitted = true;
    }
}

/// Whether two messages are one, told before and after limits cut it.
fn is_same(said: &Message, seen: &Message) -> bool {
    match (said, seen) {
        (Message::User { text: said }, Message::User { text: seen }) => said == seen,
        (Message::Assistant(said), Message::Assistant(seen)) => Arc::ptr_eq(said, seen) || said == seen,
        (
            Message::Tool {
                id: said, name: one, ..
            },
            Message::Tool {
                id: seen, name: other, ..
            },
        ) => said == seen && one == other,
        _ => false,
    }
}
