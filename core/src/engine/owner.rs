//! Whose an open effect is, in words: for logs.

use super::open::Call;
use super::state::{Parent, State};
use crate::id::{ActorId, CallId};
use crate::ir::Workflow;

/// Whose an effect is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The item, as people know it: `publish`, `check[paper-12]`.
    pub step: String,
    /// The agent that works on it, with its name in the workflow; none where the step itself does.
    pub agent: Option<(ActorId, String)>,
}

/// Whose a call is; none when it is not open, or the run's own.
pub fn owner(workflow: &Workflow, state: &State, call: CallId) -> Option<Owner> {
    let (item, actor) = match state.open.get(call)? {
        Call::Model(actor) | Call::AgentTool(actor) | Call::Clock(actor) => {
            let mut above = actor;
            let item = loop {
                match state.agent(above).parent {
                    Parent::Item(step, item) => break (step, item),
                    Parent::Lead(lead, _) => above = lead,
                }
            };
            (item, Some(actor))
        }
        Call::ItemTool(step, item)
        | Call::Process(step, item)
        | Call::Workflow(step, item)
        | Call::Approval(step, item)
        | Call::Doubt(step, item)
        | Call::Timeout(step, item)
        | Call::Deadline(step, item)
        | Call::Pause(step, item) => ((step, item), None),
        Call::RunClock => return None,
    };
    let name = |actor: ActorId| workflow.agent(state.agent(actor).agent).name.clone();
    Some(Owner {
        step: state.place(workflow, item.0, item.1),
        agent: actor.map(|actor| (actor, name(actor))),
    })
}
