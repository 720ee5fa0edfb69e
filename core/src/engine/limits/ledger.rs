//! The books: what is reserved before a call, and what a reply makes of it. Part of the fold.

use super::needed;
use crate::engine::state::{AgentState, State};
use crate::id::ActorId;
use crate::ir::Workflow;
use crate::limits::Amount;
use crate::message::Reply;

/// Reserves what an agent's model call may use.
pub(in crate::engine) fn reserve(workflow: &Workflow, state: &mut State, actor: ActorId) {
    let needed = needed(workflow, state.agent(actor));
    state.agent_mut(actor).call = needed;
    state.reserved += needed;
    up(state, actor, |agent| agent.reserved += needed);
}

/// Gives back what an agent's model call had reserved.
pub(in crate::engine) fn release(state: &mut State, actor: ActorId) {
    let held = std::mem::take(&mut state.agent_mut(actor).call);
    if held != Amount::default() {
        state.reserved -= held;
        up(state, actor, |agent| agent.reserved -= held);
    }
}

/// Settles a model call by its reply.
pub(in crate::engine) fn settle(workflow: &Workflow, state: &mut State, actor: ActorId, reply: &Reply) {
    release(state, actor);
    let model = workflow.model(workflow.agent(state.agent(actor).agent).model);
    spend(state, actor, Amount::of_reply(model, reply));
}

/// Counts what an agent used.
pub(in crate::engine) fn spend(state: &mut State, actor: ActorId, used: Amount) {
    state.spent += used;
    up(state, actor, |agent| agent.spent += used);
}

/// Nothing is under way any more: whatever is reserved is given back.
pub(in crate::engine) fn settle_all(state: &mut State) {
    state.reserved = Amount::default();
    state.agents_lent = 0;
    for agent in &mut state.agents {
        (agent.reserved, agent.call) = (Amount::default(), Amount::default());
    }
    for step in &mut state.steps {
        step.lent = 0;
    }
}

/// Changes an agent and the leads above it.
fn up(state: &mut State, actor: ActorId, mut change: impl FnMut(&mut AgentState)) {
    let mut next = Some(actor);
    while let Some(at) = next {
        let agent = state.agent_mut(at);
        change(agent);
        next = agent.lead();
    }
}
