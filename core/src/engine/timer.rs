//! Timers: what it means when one runs down.

use super::open::Call;
use super::state::State;
use super::{Link, agent, approval, item, limits};
use crate::failure::{Failure, FailureKind};
use crate::id::CallId;
use crate::ir::Workflow;

/// A timer ran down; one that is no longer open means nothing.
pub(super) fn fired(workflow: &Workflow, state: &State, call: CallId) -> Link {
    match state.open.get(call) {
        Some(Call::RunClock) => limits::out_of_time(workflow, state),
        Some(Call::Clock(actor)) if agent::may_force(state, actor) => limits::out_of_seconds(workflow, state, actor),
        Some(Call::Timeout(step, at)) => {
            let timeout_ms = workflow.step(step).timeout_ms.unwrap_or_default();
            let message = format!("took longer than the timeout of {} s", timeout_ms as f64 / 1000.0);
            item::failed(workflow, state, step, at, Failure::new(FailureKind::Timeout, message))
        }
        Some(Call::Deadline(step, at)) => approval::overdue(workflow, state, step, at),
        Some(Call::Pause(step, at)) => item::begin_one(workflow, state, step, at),
        _ => Link::nothing(),
    }
}
