//! How an output that a person set changes the view of a run.

use super::{AgentStatus, RunView, StepStatus, StepView};
use crate::Value;
use crate::failure::{Failure, FailureKind};
use crate::id::{ItemIndex, StepIndex};
use crate::ir::{OnError, Workflow};
use std::sync::Arc;

impl RunView {
    pub(super) fn edit(
        &mut self,
        workflow: &Workflow,
        step: StepIndex,
        item: Option<ItemIndex>,
        output: &Value,
        at_ms: u64,
    ) {
        let definition = workflow.step(step);
        match item {
            Some(item) => {
                let place = self.place(workflow, step, item);
                self.stop_agents(step, Some(&place), at_ms);
                self.steps[step.at()].set_item(item, definition.on_error, at_ms);
            }
            None => {
                self.stop_agents(step, None, at_ms);
                let outputs = output.as_array().filter(|_| definition.fan_out.is_some());
                let items = outputs.map_or(1, |outputs| u32::try_from(outputs.len()).unwrap_or(u32::MAX));
                self.steps[step.at()].set_whole(items, at_ms);
            }
        }
        for after in workflow.followers(step) {
            self.stop_agents(after, None, at_ms);
            self.steps[after.at()] = StepView::new(workflow, workflow.step(after));
        }
    }

    /// Ends the agents that work for a step, or for the item at `place` alone.
    fn stop_agents(&mut self, step: StepIndex, place: Option<&str>, at_ms: u64) {
        let works_there = |address: &str| {
            let below = place.map_or(Some(""), |place| address.strip_prefix(place));
            below.is_some_and(|below| place.is_none() || below.starts_with('/'))
        };
        self.agents.change(
            |agent| agent.step == step && agent.status.is_live() && works_there(&agent.address),
            |agent| {
                let failure = Failure::new(FailureKind::Limit, "it was stopped");
                agent.end(AgentStatus::Failed(failure), "stopped", at_ms);
            },
        );
    }
}

impl StepView {
    fn set_whole(&mut self, items: u32, at_ms: u64) {
        if self.items != items {
            self.keys = Arc::default();
        }
        (self.items, self.succeeded, self.failed, self.working) = (items, items, 0, 0);
        self.item_status = vec![StepStatus::Succeeded; items as usize];
        self.in_doubt.clear();
        self.stopped.clear();
        self.failure = None;
        self.started_ms = self.started_ms.or(Some(at_ms));
        (self.status, self.ended_ms) = (StepStatus::Succeeded, Some(at_ms));
    }

    fn set_item(&mut self, item: ItemIndex, on_error: OnError, at_ms: u64) {
        let before = std::mem::replace(&mut self.item_status[item.at()], StepStatus::Succeeded);
        self.stopped.remove(&item);
        let doubted = self.in_doubt.remove(&item);
        match before {
            StepStatus::Succeeded => return,
            StepStatus::Running | StepStatus::InDoubt if doubted => {}
            StepStatus::Running => self.working = self.working.saturating_sub(1),
            StepStatus::Failed if on_error == OnError::Continue => self.failed -= 1,
            StepStatus::Failed | StepStatus::Waiting | StepStatus::Skipped | StepStatus::InDoubt => {}
        }
        self.succeeded += 1;
        if !self.item_status.contains(&StepStatus::Failed) {
            self.failure = None;
            (self.status, self.ended_ms) = (StepStatus::Running, None);
        }
        self.close_when_done(at_ms);
    }
}
