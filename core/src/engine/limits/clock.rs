//! Wall time: what it means when the seconds of a run or an agent are over.

use super::{Hit, failure, may_close};
use crate::engine::state::State;
use crate::engine::{Link, agent};
use crate::event::Event;
use crate::id::ActorId;
use crate::ir::Workflow;
use crate::limits::{LimitHit, Mode};

/// The timer of the run's own seconds.
pub(in crate::engine) fn run_clock_ms(state: &State) -> u64 {
    state.limits.seconds.saturating_mul(1000)
}

/// The run's seconds are over.
pub(in crate::engine) fn out_of_time(workflow: &Workflow, state: &State) -> Link {
    let most = run_clock_ms(state);
    let hit = Hit {
        actor: None,
        limit: LimitHit::Seconds,
        most,
        used: most,
        needed: 0,
    };
    let event = match state.limits.mode {
        Mode::Audit => told(workflow, state, hit),
        Mode::Enforce => Event::RunFailed {
            step: None,
            item: None,
            failure: failure(workflow, state, hit),
        },
    };
    Link {
        events: vec![event],
        then: Vec::new(),
    }
}

/// An agent's seconds are over: its answer is forced.
pub(in crate::engine) fn out_of_seconds(workflow: &Workflow, state: &State, actor: ActorId) -> Link {
    let most = state.agent(actor).limits.seconds.saturating_mul(1000);
    let hit = Hit {
        actor: Some(actor),
        limit: LimitHit::Seconds,
        most,
        used: most,
        needed: 0,
    };
    let event = match (state.limits.mode, may_close(workflow, state, actor)) {
        (Mode::Audit, _) => told(workflow, state, hit),
        (Mode::Enforce, Err(failure)) => return agent::failed(state, actor, failure),
        (Mode::Enforce, Ok(())) => Event::TurnStarted {
            actor,
            forced: Some(hit.told(workflow, state)),
        },
    };
    Link {
        events: vec![event],
        then: Vec::new(),
    }
}

/// The event also says that the timer has run down: a reopened run or agent has another one, and tells it again.
fn told(workflow: &Workflow, state: &State, hit: Hit) -> Event {
    Event::LimitPassed {
        actor: hit.actor,
        limit: hit.told(workflow, state),
    }
}
