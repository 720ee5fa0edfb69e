//! Audit mode: nothing is stopped, and every limit that would have been is told once.

use super::Hit;
use crate::engine::state::State;
use crate::event::Event;
use crate::ir::Workflow;
use crate::limits::{LimitHit, Mode};

/// The event that tells a limit; none where it was told before.
pub(in crate::engine) fn passed(workflow: &Workflow, state: &State, hit: Hit) -> Option<Event> {
    let is_known = state.passed.contains_key(&(hit.actor, hit.limit));
    (!is_known).then(|| Event::LimitPassed {
        actor: hit.actor,
        limit: hit.told(workflow, state),
    })
}

/// The next limit of the run's size that is passed and was not told.
pub(in crate::engine) fn standing(workflow: &Workflow, state: &State) -> Option<Event> {
    if state.limits.mode == Mode::Enforce {
        return None;
    }
    let sizes = [
        (LimitHit::Agents, state.limits.agents, state.agents_started()),
        (LimitHit::FanOut, state.limits.fan_out, state.widest),
        (LimitHit::Depth, state.limits.depth, u32::from(state.nests)),
    ];
    let mut over = sizes.into_iter().filter(|(_, most, used)| used > most);
    over.find_map(|(limit, most, used)| {
        let hit = Hit {
            actor: None,
            limit,
            most: most.into(),
            used: used.into(),
            needed: 0,
        };
        passed(workflow, state, hit)
    })
}
