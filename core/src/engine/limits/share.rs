//! What a run leaves to the runs that it starts: each has its share while it works, and the rest of
//! it comes back at its end. So no set of them can use more than their parent had.

use crate::engine::state::{State, StepPhase};
use crate::id::StepIndex;
use crate::ir::Workflow;
use crate::limits::{Allowance, Mode};

/// What `child` may use as a run of an item of `step` that begins now: no more than it declares, and
/// an equal part of what is unreserved, with an eye on the items and steps that may run at the same time.
pub(in crate::engine) fn share(workflow: &Workflow, state: &State, step: StepIndex, child: &Workflow) -> Allowance {
    let depth = state.limits.depth.saturating_sub(1);
    if state.limits.mode == Mode::Audit {
        return Allowance {
            depth,
            mode: Mode::Audit,
            ..audited(state)
        };
    }
    let parts = claimants(workflow, state, step);
    let unreserved = state.most.minus(state.spent).minus(state.reserved);
    let amount = unreserved.part(parts.into()).least(child.limits.amount());
    let agents = state
        .limits
        .agents
        .saturating_sub(state.agents_started())
        .saturating_sub(state.agents_lent);
    Allowance {
        tokens: amount.tokens,
        agents: (agents / parts).min(child.limits.agents),
        turns: amount.turns,
        cost_micros: amount.cost_micros,
        working_ms: amount.working_ms,
        gpu_ms: amount.gpu_ms,
        depth,
        mode: Mode::Enforce,
        run: None,
    }
}

/// What is left to a run that nothing stops: the numbers that it is measured by.
fn audited(state: &State) -> Allowance {
    let left = state.most.minus(state.spent);
    Allowance {
        tokens: left.tokens,
        agents: state.limits.agents.saturating_sub(state.agents_started()),
        turns: left.turns,
        cost_micros: left.cost_micros,
        working_ms: left.working_ms,
        gpu_ms: left.gpu_ms,
        ..Allowance::UNLIMITED
    }
}

/// The items of the step that may run at once and have no share yet, and one for each other step that runs.
fn claimants(workflow: &Workflow, state: &State, step: StepIndex) -> u32 {
    let own = state.step(step);
    let parallel = workflow
        .step(step)
        .fan_out
        .as_ref()
        .map_or(1, |fan_out| fan_out.parallel);
    let unended = u32::try_from(own.items.len())
        .unwrap_or(u32::MAX)
        .saturating_sub(own.ended);
    let items = parallel.min(unended).saturating_sub(own.lent).max(1);
    let others = (0..).map(StepIndex).zip(&state.steps);
    let others = others.filter(|(at, other)| *at != step && other.phase == StepPhase::Running);
    items.saturating_add(u32::try_from(others.count()).unwrap_or(u32::MAX))
}

/// Reserves a run's share. Part of the fold.
pub(in crate::engine) fn lend(state: &mut State, step: StepIndex, allowance: &Allowance) {
    if allowance.mode == Mode::Enforce {
        state.reserved += allowance.amount();
        state.agents_lent = state.agents_lent.saturating_add(allowance.agents);
        state.steps[step.at()].lent += 1;
    }
}

/// Takes a run's share back at its end. Part of the fold.
pub(in crate::engine) fn give_back(state: &mut State, step: StepIndex, allowance: &Allowance) {
    if allowance.mode == Mode::Enforce {
        state.reserved -= allowance.amount();
        state.agents_lent = state.agents_lent.saturating_sub(allowance.agents);
        let lent = &mut state.steps[step.at()].lent;
        *lent = lent.saturating_sub(1);
    }
}
