//! What siblings' prompts have in common, kept ready by their model from the first question until their step is over.
//!
//! The graph knows it beforehand: all items of a step and all subagents of a team have the system prompt and the tools
//! of their definition, whatever each is asked.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, PoisonError};
use troupe_core::id::{AgentIndex, StepIndex};
use troupe_core::ir::Workflow;
use troupe_core::port::model::{Held, Model, ModelRequest};

/// What is held, by step and definition; nothing yet where a model was only asked to.
#[derive(Default)]
pub(crate) struct Holds(Mutex<HashMap<(StepIndex, AgentIndex), Option<Held>>>);

impl Holds {
    /// The first of several siblings is about to ask.
    pub(crate) async fn keep(
        &self,
        workflow: &Workflow,
        (step, agent): (StepIndex, AgentIndex),
        model: &dyn Model,
        request: &ModelRequest,
    ) {
        if !has_siblings(workflow, step, agent) {
            return;
        }
        let is_first = self.lock(|held| match held.entry((step, agent)) {
            Entry::Vacant(place) => {
                place.insert(None);
                true
            }
            Entry::Occupied(_) => false,
        });
        if !is_first {
            return;
        }
        let held = model.hold(request).await;
        self.lock(|all| {
            // The step may be over by now.
            if let Some(place) = all.get_mut(&(step, agent)) {
                *place = held;
            }
        });
    }

    /// Lets go of what was held for steps that are over.
    pub(crate) fn release(&self, is_over: impl Fn(StepIndex) -> bool) {
        self.lock(|held| held.retain(|(step, _), _| !is_over(*step)));
    }

    fn lock<T>(&self, work: impl FnOnce(&mut HashMap<(StepIndex, AgentIndex), Option<Held>>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn has_siblings(workflow: &Workflow, step: StepIndex, agent: AgentIndex) -> bool {
    let mut teams = workflow.agents.iter().filter_map(|agent| agent.team.as_ref());
    workflow.step(step).fan_out.is_some() || teams.any(|team| team.agents.contains(&agent))
}
