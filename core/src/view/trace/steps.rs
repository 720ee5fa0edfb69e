//! How events of steps and items become spans.

use super::agents::AgentTrace;
use super::run::RunTrace;
use super::slot::Slot;
use super::{Span, SpanKind, SpanStatus, content, names};
use crate::event::{Event, Work};
use crate::failure::Failure;
use crate::id::{ActorId, ItemIndex, StepIndex, child_part};
use crate::ir::{OnError, ToolSource, Verb};
use serde_json::json;
use std::collections::BTreeSet;

#[derive(Debug, Default)]
pub(super) struct StepTrace {
    pub(super) span: Slot,
    keys: Vec<String>,
    items: usize,
    over: usize,
    /// The last failure that nothing made good.
    failure: Option<Failure>,
}

impl StepTrace {
    /// The run ended while it was open; what failed in it is why.
    pub(super) fn stop(&mut self, at_ms: u64, ended: &mut Vec<Span>) {
        match self.failure.take() {
            None => self.span.interrupt(at_ms, ended),
            Some(failure) => self.span.fail_for_now(at_ms, &failure, ended),
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct ItemTrace {
    pub(super) span: Slot,
    /// Its tool call, process or question.
    pub(super) call: Slot,
    /// The last part of the name of the run that it started.
    pub(super) child: Option<String>,
    /// The agents that work for it.
    pub(super) agents: BTreeSet<ActorId>,
    /// Attempts that failed before they began.
    unborn: u32,
}

impl RunTrace {
    pub(super) fn fold_step(&mut self, event: &Event, at_ms: u64, ended: &mut Vec<Span>) {
        match event {
            Event::StepSkipped { step } => {
                self.open_step(*step, at_ms);
                let span = &mut self.steps[step.at()].span;
                if let Some(span) = span.get_mut() {
                    span.set("troupe.step.skipped", true);
                }
                span.end(at_ms, SpanStatus::Unset, ended);
            }
            Event::StepStarted { step, items, keys } => {
                self.open_step(*step, at_ms);
                let trace = &mut self.steps[step.at()];
                trace.keys.clone_from(keys);
                trace.items = items.as_ref().map_or(1, Vec::len);
                let items = trace.items;
                if let Some(span) = trace.span.get_mut() {
                    span.set(names::ITEMS, items);
                }
                self.end_step_when_done(*step, at_ms, ended);
            }
            Event::StepFailed { step, failure } => {
                self.open_step(*step, at_ms);
                self.steps[step.at()].span.fail(at_ms, failure, ended);
            }
            Event::ItemStarted { .. } => self.start_item(event, at_ms, ended),
            Event::ItemSucceeded { step, item, by, .. } => {
                self.end_item(*step, *item, by.as_deref(), at_ms, ended);
                self.steps[step.at()].over += 1;
                self.end_step_when_done(*step, at_ms, ended);
            }
            Event::RoundEnded { step, item, by, .. } => self.end_item(*step, *item, by.as_deref(), at_ms, ended),
            Event::ItemFailed {
                step,
                item,
                failure,
                retry_after_ms,
                ..
            } => self.fail_item(*step, *item, failure, *retry_after_ms, at_ms, ended),
            Event::EffectDoubted { step, item, .. } => self.note_item(*step, *item, names::IN_DOUBT, None, at_ms),
            Event::EffectRepeated { step, item, by } => {
                self.note_item(*step, *item, names::REPEATED, by.as_deref(), at_ms);
            }
            _ => {}
        }
    }

    /// Something that happened while an item worked.
    fn note_item(&mut self, step: StepIndex, item: ItemIndex, what: &'static str, by: Option<&str>, at_ms: u64) {
        self.ensure_item(step, item, at_ms);
        let span = self.items.get_mut(&(step, item)).and_then(|trace| trace.span.get_mut());
        if let Some(span) = span {
            let by = by.map(|by| (names::DECIDED_BY, by.into()));
            span.note(at_ms, what, by.into_iter().collect());
        }
    }

    fn step_place(&self, step: StepIndex) -> String {
        format!("{}/{}", self.here, self.workflow.step(step).name)
    }

    /// Opens the step's span unless it is open.
    fn open_step(&mut self, step: StepIndex, at_ms: u64) {
        if self.steps[step.at()].span.is_open() {
            return;
        }
        let definition = self.workflow.step(step);
        let verb = self.workflow.verb(definition);
        let (name, place) = (definition.name.clone(), self.step_place(step));
        let mut span = self.span(SpanKind::Step, place, self.here.clone(), format!("step {name}"), at_ms);
        span.set(names::STEP, name);
        span.set(names::VERB, verb);
        self.steps[step.at()].span = Slot::open(span);
    }

    fn end_step_when_done(&mut self, step: StepIndex, at_ms: u64, ended: &mut Vec<Span>) {
        let trace = &mut self.steps[step.at()];
        if trace.over < trace.items {
            return;
        }
        match trace.failure.take() {
            None => trace.span.succeed(at_ms, ended),
            Some(failure) => trace.span.fail(at_ms, &failure, ended),
        }
    }

    /// An item's name for people: `publish`, `check[paper-12]`.
    fn item_name(&self, step: StepIndex, item: ItemIndex) -> String {
        let definition = self.workflow.step(step);
        match (&definition.fan_out, self.steps[step.at()].keys.get(item.at())) {
            (None, _) => definition.name.clone(),
            (Some(_), Some(key)) => format!("{}[{key}]", definition.name),
            (Some(_), None) => format!("{}[{}]", definition.name, item.0),
        }
    }

    fn open_item(&mut self, step: StepIndex, item: ItemIndex, part: &str, at_ms: u64) -> String {
        self.open_step(step, at_ms);
        let (name, above) = (self.item_name(step, item), self.step_place(step));
        let place = format!("{above}[{}]/{part}", item.0);
        let mut span = self.span(SpanKind::Item, place.clone(), above, format!("item {name}"), at_ms);
        span.set(names::ITEM, name);
        self.items.entry((step, item)).or_default().span = Slot::open(span);
        place
    }

    /// The place of the item's span; one that failed and goes on has a span again.
    pub(super) fn ensure_item(&mut self, step: StepIndex, item: ItemIndex, at_ms: u64) -> String {
        let open = self.items.get(&(step, item)).and_then(|trace| trace.span.place());
        open.unwrap_or_else(|| self.open_item(step, item, "again", at_ms))
    }

    fn start_item(&mut self, event: &Event, at_ms: u64, ended: &mut Vec<Span>) {
        let Event::ItemStarted {
            step,
            item,
            attempt,
            round,
            work,
            ..
        } = event
        else {
            return;
        };
        self.close_item(*step, *item, at_ms, ended);
        let place = self.open_item(*step, *item, &format!("a{attempt}r{round}"), at_ms);
        let is_fanned = self.workflow.step(*step).fan_out.is_some();
        let child = matches!(work, Work::Workflow { .. }).then(|| {
            let name = &self.workflow.step(*step).name;
            child_part(name, is_fanned.then_some(*item), *attempt, *round)
        });
        let call = self.item_call(*step, work, &place, at_ms);
        let trace = self.items.entry((*step, *item)).or_default();
        if let Some(span) = trace.span.get_mut() {
            span.set(names::ATTEMPT, *attempt);
            span.set(names::ROUND, *round);
        }
        trace.call = call.map(Slot::open).unwrap_or_default();
        trace.child.clone_from(&child);
        if let Some(child) = child {
            self.started.entry(child).or_default().push((at_ms, place));
        } else if let (Work::Agent { prompt }, Verb::Agent { agent, .. }) = (work, &self.workflow.step(*step).verb) {
            let agent = *agent;
            self.start_agent(AgentTrace::new(agent, (*step, *item), None), place, prompt, at_ms);
        }
    }

    /// What an item does itself; an agent and a run have spans of their own.
    fn item_call(&self, step: StepIndex, work: &Work, above: &str, at_ms: u64) -> Option<Span> {
        let definition = self.workflow.step(step);
        let span = |name: String| self.span(SpanKind::Call, format!("{above}/call"), above.to_owned(), name, at_ms);
        match (work, &definition.verb) {
            (Work::Tool { arguments }, Verb::Tool { tool, .. }) => {
                let tool = self.workflow.tool(*tool);
                let mut span = span(format!("{} {}", names::EXECUTE_TOOL, tool.path));
                span.attributes = self.common(names::EXECUTE_TOOL);
                span.set(names::TOOL, tool.path.as_str());
                span.set(names::TOOL_TYPE, tool_type(&tool.source));
                if self.contents {
                    span.set(names::TOOL_ARGUMENTS, arguments.to_string());
                }
                Some(span)
            }
            (Work::Process { command }, _) => {
                let mut span = span(format!("process {}", definition.name));
                if self.contents {
                    span.set("process.command_args", json!(command.arguments));
                }
                Some(span)
            }
            (Work::Approve { .. }, _) => Some(span(format!("approve {}", definition.name))),
            _ => None,
        }
    }

    fn end_item(&mut self, step: StepIndex, item: ItemIndex, by: Option<&str>, at_ms: u64, ended: &mut Vec<Span>) {
        self.stop_agents(step, item, at_ms, ended);
        let Some(trace) = self.items.get_mut(&(step, item)) else {
            return;
        };
        if let (Some(span), Some(by)) = (trace.call.get_mut(), by) {
            span.set(names::DECIDED_BY, by);
        }
        trace.call.succeed(at_ms, ended);
        trace.span.succeed(at_ms, ended);
    }

    fn fail_item(
        &mut self,
        step: StepIndex,
        item: ItemIndex,
        failure: &Failure,
        retry_after_ms: Option<u64>,
        at_ms: u64,
        ended: &mut Vec<Span>,
    ) {
        self.stop_agents(step, item, at_ms, ended);
        let unborn = self.items.get(&(step, item)).is_none_or(|trace| !trace.span.is_open());
        if unborn {
            let known = self.items.entry((step, item)).or_default();
            known.unborn += 1;
            let part = format!("unborn{}", known.unborn);
            self.open_item(step, item, &part, at_ms);
        }
        let trace = self.items.entry((step, item)).or_default();
        if let (Some(span), Some(after_ms)) = (trace.span.get_mut(), retry_after_ms) {
            span.note(at_ms, names::RETRIED, vec![(names::AFTER_MS, after_ms.into())]);
        }
        trace.call.fail(at_ms, failure, ended);
        trace.span.fail(at_ms, failure, ended);
        if retry_after_ms.is_some() {
            return;
        }
        let goes_on = self.workflow.step(step).on_error == OnError::Continue;
        let trace = &mut self.steps[step.at()];
        trace.failure = Some(failure.clone());
        if goes_on {
            trace.over += 1;
            self.end_step_when_done(step, at_ms, ended);
        }
    }

    /// Whatever is left of an earlier attempt ends where the next one begins.
    fn close_item(&mut self, step: StepIndex, item: ItemIndex, at_ms: u64, ended: &mut Vec<Span>) {
        self.stop_agents(step, item, at_ms, ended);
        if let Some(trace) = self.items.get_mut(&(step, item)) {
            trace.call.stop(at_ms, ended);
            trace.span.stop(at_ms, ended);
        }
    }
}

/// What a tool is, in the conventions' words.
pub(super) fn tool_type(source: &ToolSource) -> &'static str {
    match source {
        ToolSource::Corpus { .. } => "datastore",
        ToolSource::Sandbox { .. } | ToolSource::Environment | ToolSource::Mcp { .. } => "extension",
    }
}

/// What a prompt is as a message; nothing without contents.
pub(super) fn prompt(contents: bool, text: &str) -> Option<crate::Value> {
    contents.then(|| content::user(text))
}
