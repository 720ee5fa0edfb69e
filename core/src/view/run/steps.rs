//! How events of steps and items change the view of a run.

use super::{ChildView, RunView, StepStatus, StepView};
use crate::event::{Event, Work};
use crate::id::{ItemIndex, StepIndex, child_part};
use crate::input::Used;
use crate::ir::{OnError, Step, Verb, Workflow};
use crate::message::Retrieved;
use crate::port::journal::RunStatus;
use std::collections::BTreeSet;
use std::sync::Arc;

impl RunView {
    pub(super) fn fold_step(&mut self, workflow: &Workflow, event: &Event, at_ms: u64) {
        match event {
            Event::StepSkipped { step } => {
                let step = &mut self.steps[step.at()];
                (step.status, step.ended_ms) = (StepStatus::Skipped, Some(at_ms));
            }
            Event::StepStarted { step, items, keys } => {
                let step = &mut self.steps[step.at()];
                step.items = items
                    .as_ref()
                    .map_or(1, |items| u32::try_from(items.len()).unwrap_or(u32::MAX));
                step.keys = Arc::new(keys.clone());
                step.item_status = vec![StepStatus::Waiting; step.items as usize];
                (step.status, step.started_ms) = (StepStatus::Running, Some(at_ms));
                step.close_when_done(at_ms);
            }
            Event::StepFailed { step, failure } => {
                let step = &mut self.steps[step.at()];
                (step.status, step.ended_ms, step.failure) = (StepStatus::Failed, Some(at_ms), Some(failure.clone()));
            }
            Event::OutputEdited { step, item, output } => self.edit(workflow, *step, *item, output, at_ms),
            Event::ItemStarted { .. } => self.start_item(workflow, event, at_ms),
            Event::ItemSucceeded {
                step,
                item,
                retrieved,
                used,
                cached,
                ..
            } => {
                self.count_call(workflow, *step, *cached);
                self.take_gain(*step, *item, retrieved, *used, RunStatus::Succeeded, at_ms);
                let step = &mut self.steps[step.at()];
                step.item_status[item.at()] = StepStatus::Succeeded;
                step.succeeded += 1;
                step.close_when_done(at_ms);
            }
            Event::RoundEnded {
                step,
                item,
                retrieved,
                used,
                cached,
                ..
            } => {
                self.count_call(workflow, *step, *cached);
                self.take_gain(*step, *item, retrieved, *used, RunStatus::Succeeded, at_ms);
                let step = &mut self.steps[step.at()];
                step.rounds += 1;
                step.look_for_doubt();
            }
            Event::ItemFailed {
                step,
                item,
                failure,
                retry_after_ms,
                used,
            } => {
                self.take_gain(*step, *item, &Retrieved::default(), *used, RunStatus::Failed, at_ms);
                let goes_on = workflow.step(*step).on_error == OnError::Continue;
                let step = &mut self.steps[step.at()];
                step.failure = Some(failure.clone());
                if retry_after_ms.is_none() {
                    step.item_status[item.at()] = StepStatus::Failed;
                    step.stopped.insert(*item);
                }
                match retry_after_ms {
                    Some(_) => step.look_for_doubt(),
                    None if goes_on => {
                        step.failed += 1;
                        step.close_when_done(at_ms);
                    }
                    None => (step.status, step.ended_ms) = (StepStatus::Failed, Some(at_ms)),
                }
            }
            Event::EffectDoubted { step, item, .. } => {
                let step = &mut self.steps[step.at()];
                let had_stopped = step.stopped.remove(item);
                if step.in_doubt.insert(*item) && !had_stopped {
                    step.working = step.working.saturating_sub(1);
                }
                step.look_for_doubt();
            }
            Event::EffectRepeated { step, item, .. } => {
                let step = &mut self.steps[step.at()];
                step.working += u32::from(step.in_doubt.remove(item));
                step.look_for_doubt();
            }
            _ => {}
        }
    }

    fn count_call(&mut self, workflow: &Workflow, step: StepIndex, cached: bool) {
        if matches!(workflow.step(step).verb, Verb::Tool { .. }) {
            self.calls.count(cached);
        }
    }

    fn start_item(&mut self, workflow: &Workflow, event: &Event, at_ms: u64) {
        let Event::ItemStarted {
            step,
            item,
            attempt,
            round,
            work,
        } = event
        else {
            return;
        };
        let view = &mut self.steps[step.at()];
        view.working += 1;
        view.item_status[item.at()] = StepStatus::Running;
        view.stopped.remove(item);
        view.look_for_doubt();
        view.retries += u32::from(*attempt > 1);
        match (work, &workflow.step(*step).verb) {
            (Work::Agent { prompt }, Verb::Agent { agent, limits, .. }) => {
                let place = self.place(workflow, *step, *item);
                let actor = self.spawn(workflow, *agent, &place, None, prompt, at_ms);
                let agent = &mut self.agents[actor.at()];
                (agent.step, agent.limits) = (*step, *limits);
            }
            (Work::Workflow { .. }, _) => {
                let is_fanned = workflow.step(*step).fan_out.is_some();
                view.start_child(is_fanned, *item, *attempt, *round, at_ms);
            }
            _ => {}
        }
    }

    /// What every end of an attempt has in common.
    fn take_gain(
        &mut self,
        step: StepIndex,
        item: ItemIndex,
        retrieved: &Retrieved,
        used: Used,
        status: RunStatus,
        at_ms: u64,
    ) {
        self.retrieved_tokens += retrieved.tokens;
        self.chunks_read.extend(retrieved.read.iter().cloned());
        self.usage += used.usage;
        self.spent += used.amount();
        self.tool_calls += used.tool_calls;
        self.agents_below += used.agents;
        let view = &mut self.steps[step.at()];
        if !view.in_doubt.remove(&item) {
            view.working = view.working.saturating_sub(1);
        }
        let child = view.children.iter_mut().rev().find(|child| child.item == item);
        if let Some(child) = child.filter(|child| child.ended_ms.is_none()) {
            (child.status, child.ended_ms) = (status, Some(at_ms));
            child.used += used;
        }
    }
}

impl StepView {
    /// A step that is not due yet.
    pub(super) fn new(workflow: &Workflow, step: &Step) -> Self {
        Self {
            name: step.name.clone(),
            verb: workflow.verb(step),
            status: StepStatus::Waiting,
            items: 0,
            keys: Arc::default(),
            succeeded: 0,
            failed: 0,
            working: 0,
            retries: 0,
            rounds: 0,
            children: Vec::new(),
            started_ms: None,
            ended_ms: None,
            failure: None,
            item_status: Vec::new(),
            in_doubt: BTreeSet::new(),
            stopped: BTreeSet::new(),
        }
    }

    /// Whether every item has ended.
    pub(super) fn is_done(&self) -> bool {
        self.succeeded + self.failed == self.items
    }

    pub(super) fn close_when_done(&mut self, at_ms: u64) {
        if self.is_done() {
            let status = if self.failed > 0 {
                StepStatus::Failed
            } else {
                StepStatus::Succeeded
            };
            (self.status, self.ended_ms) = (status, Some(at_ms));
        } else {
            self.look_for_doubt();
        }
    }

    /// Whether all that is left to do waits for a person's word about an interrupted effect.
    pub(super) fn look_for_doubt(&mut self) {
        let waits = self.working == 0 && !self.in_doubt.is_empty();
        match (self.status, waits) {
            (StepStatus::Running, true) => self.status = StepStatus::InDoubt,
            (StepStatus::InDoubt, false) => self.status = StepStatus::Running,
            _ => {}
        }
    }

    /// A run begins, or goes on under its old name after a person asked to try again.
    fn start_child(&mut self, is_fanned: bool, item: ItemIndex, attempt: u32, round: u32, at_ms: u64) {
        let name = child_part(&self.name, is_fanned.then_some(item), attempt, round);
        let known = self.children.iter_mut().rev().find(|child| child.name == name);
        match known {
            Some(child) => (child.status, child.ended_ms) = (RunStatus::Running, None),
            None => self.children.push(ChildView {
                name,
                item,
                status: RunStatus::Running,
                used: Used::default(),
                started_ms: at_ms,
                ended_ms: None,
            }),
        }
    }
}
