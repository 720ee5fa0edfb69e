//! Runs as a trace: a tree of spans `run / step / item / agent / call`, folded from their events.
//!
//! A span is opened by one event and ended by another, so the trace of a run is the same whether it is folded
//! live or afterwards, in one process or in several. Spans are told apart by their place, which follows
//! from the journal alone: whoever makes ids from places goes on in the same trace after a restart.
//! A span leaves the fold once, when it ends: what ended in an earlier process is not told again.
//!
//! A run that is reopened has a run span for each opening (`R`, `R#2`), and whatever was interrupted goes on under
//! the new one. Names and attributes follow the OpenTelemetry conventions: `trace/names.rs`.

use crate::Value;
use crate::event::Event;
use crate::id::RunId;
use crate::ir::Workflow;
use crate::port::journal::{Entry, RunHeader};
use run::RunTrace;
use std::collections::BTreeMap;
use std::sync::Arc;

mod agents;
mod content;
pub mod names;
mod run;
mod slot;
mod steps;

/// What a span is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SpanKind {
    /// A run, from its start or its reopening to its end.
    Run,
    /// A step.
    Step,
    /// One attempt at an item in one round.
    Item,
    /// An agent.
    Agent,
    /// A model's answer, a tool call, a process, a person's decision.
    Call,
}

impl SpanKind {
    /// The word for people and logs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Step => "step",
            Self::Item => "item",
            Self::Agent => "agent",
            Self::Call => "call",
        }
    }
}

/// A name and what it is.
pub type Attribute = (&'static str, Value);

/// A part of a run with a beginning and, once it is over, an end.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    /// What it is about.
    pub kind: SpanKind,
    /// What tells it from every other span of the trace: `R/s2/i7/a2/r1`.
    pub place: String,
    /// The place of the span that it is a part of.
    pub parent: Option<String>,
    /// The place of the span that it follows from in the trace of another run: of a fork, the run that was forked.
    pub link: Option<String>,
    /// What people read: `chat gpt-5-mini`.
    pub name: String,
    /// Whether it is the near side of a request to another program.
    pub is_client: bool,
    /// When it began, in milliseconds since the Unix epoch.
    pub start_ms: u64,
    /// When it ended; none while it is open.
    pub end_ms: Option<u64>,
    /// How it ended.
    pub status: SpanStatus,
    /// What is known of it.
    pub attributes: Vec<Attribute>,
    /// What happened within, in order.
    pub events: Vec<SpanEvent>,
}

impl Span {
    /// One of its attributes.
    pub fn attribute(&self, name: &str) -> Option<&Value> {
        self.attributes
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }

    /// How long it took, in milliseconds; none while it is open.
    pub fn duration_ms(&self) -> Option<u64> {
        self.end_ms.map(|end_ms| end_ms.saturating_sub(self.start_ms))
    }

    fn set(&mut self, name: &'static str, value: impl Into<Value>) {
        self.attributes.push((name, value.into()));
    }

    fn note(&mut self, at_ms: u64, name: &'static str, attributes: Vec<Attribute>) {
        self.events.push(SpanEvent {
            at_ms,
            name,
            attributes,
        });
    }
}

/// Something that happened within a span.
#[derive(Debug, Clone, PartialEq)]
pub struct SpanEvent {
    /// When, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// What: one of [`names`].
    pub name: &'static str,
    /// What is known of it.
    pub attributes: Vec<Attribute>,
}

/// How a span ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum SpanStatus {
    /// It is open, or ended without a judgement: interrupted, cancelled, skipped.
    #[default]
    Unset,
    /// It did what it was for.
    Ok,
    /// It failed.
    Error(String),
}

/// The trace of a run and of those that it started.
#[derive(Debug, Default)]
pub struct Trace {
    contents: bool,
    runs: BTreeMap<RunId, RunTrace>,
    ended: Vec<Span>,
}

impl Trace {
    /// An empty trace; only one `with_contents` holds what models, tools and people wrote.
    pub fn new(with_contents: bool) -> Self {
        Self {
            contents: with_contents,
            ..Self::default()
        }
    }

    /// Takes up a run, before its events are folded.
    pub fn add(&mut self, header: &RunHeader, workflow: Arc<Workflow>) {
        let run = RunTrace::new(header, workflow, self.contents);
        self.runs.insert(header.run.clone(), run);
    }

    /// Whether a run was taken up.
    pub fn holds(&self, run: &RunId) -> bool {
        self.runs.contains_key(run)
    }

    /// Takes one more event of a run that was taken up; those of other runs are left out.
    pub fn fold(&mut self, run: &RunId, entry: &Entry) {
        let begins = matches!(entry.event, Event::RunStarted { .. } | Event::RunReopened);
        let above = begins.then(|| self.starter(run, entry.at_ms)).flatten();
        if let Some(trace) = self.runs.get_mut(run) {
            trace.fold(entry, above, &mut self.ended);
        }
    }

    /// The spans that ended since this was last asked, each once.
    pub fn take_ended(&mut self) -> Vec<Span> {
        std::mem::take(&mut self.ended)
    }

    /// The spans that are open.
    pub fn open(&self) -> Vec<Span> {
        let mut open = Vec::new();
        self.runs.values().for_each(|run| run.open(&mut open));
        open
    }

    /// The span of the item that started a run which began or went on at `at_ms`.
    fn starter(&self, run: &RunId, at_ms: u64) -> Option<String> {
        let parent = self.runs.get(&run.parent()?)?;
        let (_, name) = run.as_str().rsplit_once('.')?;
        parent.starter(name, at_ms)
    }
}
