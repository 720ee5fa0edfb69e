//! Limits of size, looked at once: agents, depth, fan-outs, answers, contexts.

use super::Hit;
use crate::engine::state::{AgentState, State};
use crate::id::ActorId;
use crate::limits::{LimitHit, Mode};

/// Whether so many more agents may be started, of which `actor` is the next.
pub(in crate::engine) fn room_for_agents(state: &State, actor: ActorId, wanted: u32) -> Result<(), Hit> {
    let started = actor.0.saturating_add(state.agents_below);
    let wished = started.saturating_add(state.agents_lent).saturating_add(wanted);
    if wished <= state.limits.agents || state.limits.mode == Mode::Audit {
        return Ok(());
    }
    Err(Hit {
        actor: None,
        limit: LimitHit::Agents,
        most: state.limits.agents.into(),
        used: started.into(),
        needed: wanted.into(),
    })
}

/// Whether a workflow may be called, or a team be started, below the run.
pub(in crate::engine) fn room_below(state: &State) -> Result<(), Hit> {
    if state.limits.depth > 0 || state.limits.mode == Mode::Audit {
        return Ok(());
    }
    Err(Hit {
        actor: None,
        limit: LimitHit::Depth,
        most: 0,
        used: 0,
        needed: 1,
    })
}

/// Whether a fan-out may have so many items.
pub(in crate::engine) fn fits_fan_out(state: &State, items: usize) -> bool {
    items <= state.limits.fan_out as usize || state.limits.mode == Mode::Audit
}

/// The limit that an answer is too long for.
pub(in crate::engine) fn answer_too_long(state: &State, actor: ActorId, text: &str) -> Option<Hit> {
    let (most, used) = (state.agent(actor).limits.output_bytes, text.len() as u64);
    (used > most).then_some(Hit {
        actor: Some(actor),
        limit: LimitHit::OutputBytes,
        most,
        used,
        needed: 0,
    })
}

/// Cuts a tool's text to what still fits into the agent's context, and says so in the text.
pub(in crate::engine) fn fit(agent: &AgentState, text: &str, mode: Mode) -> String {
    let room = agent
        .limits
        .context_tokens
        .saturating_sub(agent.context)
        .saturating_mul(4);
    let room = usize::try_from(room).unwrap_or(usize::MAX);
    if text.len() <= room || mode == Mode::Audit {
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
