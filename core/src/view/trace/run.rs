//! The trace of one run: its openings, and what each event belongs to.

use super::agents::AgentTrace;
use super::slot::Slot;
use super::steps::{ItemTrace, StepTrace};
use super::{Attribute, Span, SpanKind, SpanStatus, names};
use crate::event::Event;
use crate::id::{ItemIndex, RunId, StepIndex};
use crate::ir::Workflow;
use crate::port::journal::{Entry, RunHeader, RunStatus};
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Debug)]
pub(super) struct RunTrace {
    run: RunId,
    pub(super) workflow: Arc<Workflow>,
    pub(super) contents: bool,
    /// The events before this one are another run's.
    own: u64,
    /// When the run was created.
    created_ms: u64,
    /// The run that was forked.
    forked: Option<RunId>,
    opening: u32,
    /// The place of the current opening.
    pub(super) here: String,
    span: Slot,
    pub(super) steps: Vec<StepTrace>,
    pub(super) items: BTreeMap<(StepIndex, ItemIndex), ItemTrace>,
    pub(super) agents: Vec<AgentTrace>,
    /// When items started runs, by the last part of the runs' names.
    pub(super) started: BTreeMap<String, Vec<(u64, String)>>,
}

impl RunTrace {
    pub(super) fn new(header: &RunHeader, workflow: Arc<Workflow>, contents: bool) -> Self {
        let steps = workflow.steps.iter().map(|_| StepTrace::default()).collect();
        Self {
            here: header.run.to_string(),
            run: header.run.clone(),
            workflow,
            contents,
            own: header.forked.as_ref().map_or(0, |fork| fork.events),
            created_ms: header.started_ms,
            forked: header.forked.as_ref().map(|fork| fork.run.clone()),
            opening: 0,
            span: Slot::default(),
            steps,
            items: BTreeMap::new(),
            agents: Vec::new(),
            started: BTreeMap::new(),
        }
    }

    /// `above` is the span of the item that started the run, where that is known.
    pub(super) fn fold(&mut self, entry: &Entry, above: Option<String>, ended: &mut Vec<Span>) {
        let mut of_another = Vec::new();
        let ended = if entry.sequence < self.own {
            &mut of_another
        } else {
            ended
        };
        if entry.sequence == self.own && self.own > 0 {
            self.begin_fork();
        }
        let at_ms = entry.at_ms;
        match &entry.event {
            Event::RunStarted { .. } => self.begin(at_ms, above),
            Event::RunReopened => self.reopen(at_ms, above),
            Event::RunCancelled => self.stop(at_ms, RunStatus::Cancelled, SpanStatus::Unset, ended),
            Event::RunSucceeded { .. } => self.stop(at_ms, RunStatus::Succeeded, SpanStatus::Ok, ended),
            Event::RunFailed { failure, .. } => {
                if let Some(span) = self.span.get_mut() {
                    span.set(names::ERROR_TYPE, failure.kind.word());
                }
                let status = SpanStatus::Error(failure.message.clone());
                self.stop(at_ms, RunStatus::Failed, status, ended);
            }
            Event::StepSkipped { .. }
            | Event::StepStarted { .. }
            | Event::StepFailed { .. }
            | Event::ItemStarted { .. }
            | Event::ItemSucceeded { .. }
            | Event::RoundEnded { .. }
            | Event::ItemFailed { .. }
            | Event::EffectDoubted { .. }
            | Event::EffectRepeated { .. } => self.fold_step(&entry.event, at_ms, ended),
            Event::LimitPassed { limit, .. } => {
                if let Some(span) = self.span.get_mut() {
                    span.note(
                        at_ms,
                        names::LIMIT_REACHED,
                        vec![(names::LIMIT, limit.limit.word().into())],
                    );
                }
            }
            event => self.fold_agent(event, at_ms, ended),
        }
    }

    fn begin(&mut self, at_ms: u64, above: Option<String>) {
        self.opening += 1;
        // A reopened run that a person started is a part of its first opening: a trace has one root.
        let first = (self.opening > 1).then(|| self.run.to_string());
        self.here = match self.opening {
            1 => self.run.to_string(),
            again => format!("{}#{again}", self.run),
        };
        let mut span = Span {
            kind: SpanKind::Run,
            place: self.here.clone(),
            parent: above.or(first),
            link: None,
            name: format!("{} {}", names::INVOKE_WORKFLOW, self.workflow.name),
            is_client: false,
            start_ms: at_ms,
            end_ms: None,
            status: SpanStatus::Unset,
            attributes: self.common(names::INVOKE_WORKFLOW),
            events: Vec::new(),
        };
        span.set(names::WORKFLOW, self.workflow.name.as_str());
        span.set(names::RUN, self.run.as_str());
        span.set(names::RUN_OPENING, self.opening);
        self.span = Slot::open(span);
    }

    fn reopen(&mut self, at_ms: u64, above: Option<String>) {
        let before = self.here.clone();
        self.begin(at_ms, above);
        let here = self.here.clone();
        self.each_slot(|slot| slot.resume(at_ms, &before, &here));
        for item in self.items.values() {
            // The run that it started goes on under it too.
            if let (Some(child), Some(place)) = (&item.child, item.span.place()) {
                self.started.entry(child.clone()).or_default().push((at_ms, place));
            }
        }
    }

    /// From here on the run has a life of its own: what is open began with it.
    fn begin_fork(&mut self) {
        let (created_ms, forked) = (self.created_ms, self.forked.clone());
        if let Some(span) = self.span.get_mut() {
            span.link = forked.map(|run| run.to_string());
        }
        let restart = |slot: &mut Slot| {
            if let Some(span) = slot.get_mut() {
                span.start_ms = span.start_ms.max(created_ms);
                span.events.clear();
            }
        };
        restart(&mut self.span);
        self.each_slot(restart);
    }

    fn stop(&mut self, at_ms: u64, status: RunStatus, ending: SpanStatus, ended: &mut Vec<Span>) {
        // Calls before their agents, agents before their items: the inner ends first.
        for agent in self.agents.iter_mut().rev() {
            agent.call.interrupt(at_ms, ended);
            agent.end_attributes();
            agent.span.interrupt(at_ms, ended);
        }
        for item in self.items.values_mut() {
            item.call.interrupt(at_ms, ended);
            item.span.interrupt(at_ms, ended);
        }
        for step in &mut self.steps {
            step.stop(at_ms, ended);
        }
        if let Some(span) = self.span.get_mut() {
            span.set(names::RUN_STATUS, status.word());
        }
        self.span.end(at_ms, ending, ended);
    }

    fn each_slot(&mut self, mut change: impl FnMut(&mut Slot)) {
        for step in &mut self.steps {
            change(&mut step.span);
        }
        for item in self.items.values_mut() {
            change(&mut item.span);
            change(&mut item.call);
        }
        for agent in &mut self.agents {
            change(&mut agent.span);
            change(&mut agent.call);
        }
    }

    /// What every span that the conventions know has in common.
    pub(super) fn common(&self, operation: &'static str) -> Vec<Attribute> {
        vec![
            (names::OPERATION, operation.into()),
            (names::CONVERSATION, self.run.root().as_str().into()),
        ]
    }

    /// A span of this run.
    pub(super) fn span(&self, kind: SpanKind, place: String, parent: String, name: String, at_ms: u64) -> Span {
        Span {
            kind,
            place,
            parent: Some(parent),
            link: None,
            name,
            is_client: false,
            start_ms: at_ms,
            end_ms: None,
            status: SpanStatus::Unset,
            attributes: Vec::new(),
            events: Vec::new(),
        }
    }

    pub(super) fn open(&self, open: &mut Vec<Span>) {
        let slots = std::iter::once(&self.span)
            .chain(self.steps.iter().map(|step| &step.span))
            .chain(self.items.values().flat_map(|item| [&item.span, &item.call]))
            .chain(self.agents.iter().flat_map(|agent| [&agent.span, &agent.call]));
        open.extend(slots.filter_map(|slot| slot.get().cloned()));
    }

    /// The span of the item that started the run of this name at `at_ms` or was at work on it then.
    pub(super) fn starter(&self, name: &str, at_ms: u64) -> Option<String> {
        let starts = self.started.get(name)?;
        let before = starts.iter().rev().find(|(started_ms, _)| *started_ms <= at_ms);
        before.or(starts.first()).map(|(_, place)| place.clone())
    }
}
