//! The agents of a run that may ask again, as their models know them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use troupe_core::id::{ActorId, StepIndex};
use troupe_core::ir::CREATE_SUB_AGENTS;
use troupe_core::message::AssistantMessage;
use troupe_core::port::branch::Branch;

/// By agent, with the step that it works for.
#[derive(Default)]
pub(crate) struct Branches(Mutex<HashMap<ActorId, (StepIndex, Arc<Branch>)>>);

impl Branches {
    /// An agent asks. Actors are numbered as they begin: a lead before its subagents, an item before the next one.
    pub(crate) fn asks(&self, step: StepIndex, actor: ActorId) -> Arc<Branch> {
        self.lock(|agents| {
            let (_, branch) = agents
                .entry(actor)
                .or_insert_with(|| (step, Arc::new(Branch::new(actor.0))));
            branch.wait(false);
            Arc::clone(branch)
        })
    }

    /// An agent has its answer; none where that failed. Without calls there is no further turn.
    pub(crate) fn has(&self, actor: ActorId, answer: Option<&AssistantMessage>) {
        let calls = answer.map_or(&[][..], |answer| &answer.tool_calls);
        self.lock(|agents| match agents.get(&actor) {
            Some(_) if calls.is_empty() => drop(agents.remove(&actor)),
            Some((_, branch)) => branch.wait(calls.iter().any(|call| call.name == CREATE_SUB_AGENTS)),
            None => {}
        });
    }

    /// Forgets the agents of steps that are over.
    pub(crate) fn release(&self, is_over: impl Fn(StepIndex) -> bool) {
        self.lock(|agents| agents.retain(|_, (step, _)| !is_over(*step)));
    }

    fn lock<T>(&self, work: impl FnOnce(&mut HashMap<ActorId, (StepIndex, Arc<Branch>)>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use troupe_core::message::ToolCall;

    fn says(call: Option<&str>) -> AssistantMessage {
        let call = call.map(|name| ToolCall {
            id: "a".into(),
            name: name.into(),
            arguments: "{}".into(),
        });
        AssistantMessage {
            tool_calls: call.into_iter().collect(),
            ..AssistantMessage::default()
        }
    }

    #[test]
    fn a_branch_lives_as_long_as_its_agent_may_ask_again() {
        let branches = Branches::default();
        let [lead, child] = [ActorId(1), ActorId(2)].map(|actor| branches.asks(StepIndex(0), actor));
        assert!(lead.rank() < child.rank());
        branches.has(ActorId(1), Some(&says(Some(CREATE_SUB_AGENTS))));
        branches.has(ActorId(2), Some(&says(Some("search"))));
        assert_eq!((lead.waits(), child.waits()), (true, false));
        // Each is held here, and in the table.
        assert_eq!((Arc::strong_count(&lead), Arc::strong_count(&child)), (2, 2));
        branches.has(ActorId(2), Some(&says(None)));
        assert_eq!(Arc::strong_count(&child), 1);
        assert!(!branches.asks(StepIndex(0), ActorId(1)).waits());
        branches.release(|step| step == StepIndex(0));
        assert_eq!(Arc::strong_count(&lead), 1);
    }
}
