//! Which sandbox a command or a tool works in.

use super::open::Call;
use super::scope::RunScope;
use super::state::{Action, AgentPhase, ItemPhase, State};
use crate::effect::Place;
use crate::event::Work;
use crate::expression::EvaluationError;
use crate::id::{ActorId, CallId, SandboxIndex, ToolIndex};
use crate::ir::{PlaceTemplate, Share, ToolSource, Verb, Workflow};

/// A command's own sandbox.
pub(super) fn own(template: &PlaceTemplate, scope: &RunScope) -> Result<Place, EvaluationError> {
    Ok(place(template, template.image.evaluate_text(scope)?, None))
}

/// A declared sandbox, for an agent or a step.
pub(super) fn declared(workflow: &Workflow, state: &State, index: SandboxIndex, actor: Option<ActorId>) -> Place {
    let sandbox = &workflow.sandboxes[index.at()];
    let name = &sandbox.name;
    let room = match (sandbox.share, actor) {
        (Share::Run, _) => Some(name.clone()),
        (Share::Agent, Some(actor)) => Some(format!("{name}/agent-{}", actor.0)),
        (Share::Agent, None) => None,
    };
    let image = state.images.get(index.at()).map_or("", |image| image);
    place(&sandbox.place, image.to_owned(), room)
}

/// Where a tool works that is one of a sandbox.
pub(super) fn of_tool(workflow: &Workflow, state: &State, tool: ToolIndex, actor: Option<ActorId>) -> Option<Place> {
    match workflow.tool(tool).source {
        ToolSource::Sandbox { sandbox, .. } => Some(declared(workflow, state, sandbox, actor)),
        ToolSource::Corpus { .. } | ToolSource::Environment | ToolSource::Mcp { .. } => None,
    }
}

fn place(template: &PlaceTemplate, image: String, room: Option<String>) -> Place {
    Place {
        room,
        image,
        directory: template.directory.clone(),
        network: template.network.clone(),
        rights: template.rights,
        resources: template.resources,
    }
}

/// The rooms in which something is at work, or would be if a process drove the run: their names in the run.
pub fn rooms_at_work<'a>(workflow: &'a Workflow, state: &'a State) -> impl Iterator<Item = String> + 'a {
    let open = state.open.since(CallId(0));
    open.filter_map(|(_, call)| room_of(workflow, state, call))
}

fn room_of(workflow: &Workflow, state: &State, call: Call) -> Option<String> {
    let place = match call {
        Call::AgentTool(actor) => match &state.agent(actor).phase {
            AgentPhase::Acting {
                action: Action::Tool(_, tool),
                ..
            } => of_tool(workflow, state, *tool, Some(actor)),
            _ => None,
        },
        Call::ItemTool(step, at) | Call::Process(step, at) => {
            let ItemPhase::Call(_, work) = &state.item(step, at).phase else {
                return None;
            };
            match (work.as_ref(), &workflow.step(step).verb) {
                (Work::Process { command }, _) => command.sandbox.clone(),
                (Work::Tool { .. }, Verb::Tool { tool, .. }) => of_tool(workflow, state, *tool, None),
                _ => None,
            }
        }
        _ => None,
    };
    place?.room
}
