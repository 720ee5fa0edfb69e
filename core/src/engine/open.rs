//! The effects that are wanted and not answered: a numbered table, the source of `outstanding`.

use crate::event::Work;
use crate::id::{ActorId, CallId, ItemIndex, StepIndex};
use std::collections::BTreeMap;

/// Whose effect it is; what exactly is wanted follows from the owner's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    /// An agent's next message.
    Model(ActorId),
    /// An agent's current tool call.
    AgentTool(ActorId),
    /// A `tool` step's call.
    ItemTool(StepIndex, ItemIndex),
    /// A `run` step's process.
    Process(StepIndex, ItemIndex),
    /// A `workflow` step's run.
    Workflow(StepIndex, ItemIndex),
    /// An `approve` step's question.
    Approval(StepIndex, ItemIndex),
    /// The question what became of an item's effect.
    Doubt(StepIndex, ItemIndex),
    /// The end of an agent's seconds.
    Clock(ActorId),
    /// The end of a step's `timeout`.
    Timeout(StepIndex, ItemIndex),
    /// The end of an `approve` step's patience.
    Deadline(StepIndex, ItemIndex),
    /// The end of the pause before the next attempt.
    Pause(StepIndex, ItemIndex),
}

impl Call {
    /// The effect that does an item's work; an agent's work is its own model's.
    pub(super) fn of(work: &Work, step: StepIndex, item: ItemIndex) -> Self {
        match work {
            Work::Process { .. } => Self::Process(step, item),
            Work::Workflow { .. } => Self::Workflow(step, item),
            Work::Approve { .. } => Self::Approval(step, item),
            Work::Tool { .. } | Work::Agent { .. } => Self::ItemTool(step, item),
        }
    }
}

/// The table. Numbers only grow, so "opened since" is a range.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Open {
    calls: BTreeMap<CallId, Call>,
    next: u64,
    aborted: Vec<CallId>,
}

impl Open {
    pub(super) fn open(&mut self, call: Call) -> CallId {
        let id = CallId(self.next);
        self.next += 1;
        self.calls.insert(id, call);
        id
    }

    /// The effect was answered.
    pub(super) fn close(&mut self, id: CallId) -> Option<Call> {
        self.calls.remove(&id)
    }

    /// The effect is no longer wanted.
    pub(super) fn abort(&mut self, id: CallId) {
        if self.calls.remove(&id).is_some() {
            self.aborted.push(id);
        }
    }

    pub(super) fn abort_all(&mut self) {
        self.aborted.extend(std::mem::take(&mut self.calls).into_keys());
    }

    pub(super) fn get(&self, id: CallId) -> Option<Call> {
        self.calls.get(&id).copied()
    }

    pub(super) fn next_call(&self) -> CallId {
        CallId(self.next)
    }

    pub(super) fn since(&self, first: CallId) -> impl Iterator<Item = (CallId, Call)> + '_ {
        self.calls.range(first..).map(|(id, call)| (*id, *call))
    }

    pub(super) fn take_aborted(&mut self) -> Vec<CallId> {
        std::mem::take(&mut self.aborted)
    }
}
