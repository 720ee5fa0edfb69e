//! Who set a limit, in names.

use super::Hit;
use crate::engine::state::{Parent, State};
use crate::id::ActorId;
use crate::ir::{Verb, Workflow};
use crate::limits::{LimitHit, Limits, Owner, Reached};

pub(super) fn told(workflow: &Workflow, state: &State, hit: Hit) -> Reached {
    let owner = match hit.actor {
        Some(actor) => of_agent(workflow, state, actor, hit.limit),
        None => of_run(workflow, state, hit.limit),
    };
    Reached {
        limit: hit.limit,
        most: hit.most,
        used: hit.used,
        needed: hit.needed,
        owner,
    }
}

/// The step, where it narrows what its agent's definition says.
fn of_agent(workflow: &Workflow, state: &State, actor: ActorId, limit: LimitHit) -> Owner {
    let agent = state.agent(actor);
    let definition = workflow.agent(agent.agent);
    if let Parent::Item(step, _) = agent.parent
        && let Verb::Agent { limits, .. } = &workflow.step(step).verb
        && number(limits, limit) != number(&definition.limits, limit)
    {
        let name = workflow.step(step).name.clone();
        return Owner::Step { name };
    }
    Owner::Agent {
        name: definition.name.clone(),
    }
}

fn number(limits: &Limits, limit: LimitHit) -> u64 {
    match limit {
        LimitHit::Turns => limits.turns.into(),
        LimitHit::Context => limits.context_tokens,
        LimitHit::Seconds => limits.seconds,
        LimitHit::OutputBytes => limits.output_bytes,
        sum => limits.amount().of(sum),
    }
}

/// The run above, where it left less than the workflow says.
fn of_run(workflow: &Workflow, state: &State, limit: LimitHit) -> Owner {
    let written = &workflow.limits;
    let inherited = state.allowance.as_ref().filter(|allowed| match limit {
        LimitHit::Agents => allowed.agents < written.agents,
        LimitHit::Depth => allowed.depth < written.depth,
        sum => allowed.amount().of(sum) < written.amount().of(sum),
    });
    match inherited {
        Some(allowed) => Owner::Above {
            run: allowed.run.clone(),
        },
        None => Owner::Workflow {
            name: workflow.name.clone(),
        },
    }
}
