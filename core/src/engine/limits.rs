//! Limits: which one an agent has reached, looked at before every turn (A-RAG §1.3).
//!
//! A check before the turn cannot stop one oversized result from overshooting; it stops the next turn.

use super::state::{AgentState, Parent, State};
use crate::failure::{Failure, FailureKind};
use crate::id::ActorId;
use crate::limits::{Allowance, LimitHit};

/// The limit that forbids another ordinary turn. Tokens count against the agent, everyone that it
/// works for, and the run, so a child never has more than what is left of its parent's.
pub(super) fn hit(state: &State, actor: ActorId) -> Option<LimitHit> {
    let agent = state.agent(actor);
    if agent.turns >= agent.limits.turns {
        return Some(LimitHit::Turns);
    }
    if state.usage.total() >= state.limits.tokens || chain(state, actor).any(|a| a.tokens >= a.limits.tokens) {
        return Some(LimitHit::Tokens);
    }
    (agent.context >= agent.limits.context_tokens).then_some(LimitHit::Context)
}

/// Whether an item's agent may be started as number `actor`.
pub(super) fn room_for_agent(state: &State, actor: ActorId) -> Result<(), Failure> {
    let started = actor.0.saturating_add(state.agents_below);
    if started < state.limits.agents {
        return Ok(());
    }
    let most = state.limits.agents;
    let message = format!("the run has started {started} agents and may start {most} at most (`limits.agents`)");
    Err(Failure::new(FailureKind::Limit, message))
}

/// What is left of the run's limits for a run that it starts. Runs that are started at the same time
/// are each left the same, since none of them has used anything yet.
pub(super) fn left(state: &State) -> Allowance {
    Allowance {
        tokens: state.limits.tokens.saturating_sub(state.usage.total()),
        agents: state.limits.agents.saturating_sub(state.agents_started()),
    }
}

/// The agent and the leads above it.
pub(super) fn chain(state: &State, actor: ActorId) -> impl Iterator<Item = &AgentState> {
    let above = |agent: &&AgentState| match agent.parent {
        Parent::Lead(lead, _) => Some(state.agent(lead)),
        Parent::Item(..) => None,
    };
    std::iter::successors(Some(state.agent(actor)), above)
}

/// Cuts a tool's text to what still fits into the agent's context, and says so in the text.
pub(super) fn fit(agent: &AgentState, text: &str) -> String {
    let room = agent
        .limits
        .context_tokens
        .saturating_sub(agent.context)
        .saturating_mul(4);
    let room = usize::try_from(room).unwrap_or(usize::MAX);
    if text.len() <= room {
        return text.to_owned();
    }
    let mut end = room;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!(
        "{}\n[cut: {} of {} bytes fit into the context]",
        &text[..end],
        end,
        text.len()
    )
}
