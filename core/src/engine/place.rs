//! Which sandbox a command or a tool works in.

use super::scope::RunScope;
use super::state::State;
use crate::effect::Place;
use crate::expression::EvaluationError;
use crate::id::{ActorId, SandboxIndex, ToolIndex};
use crate::ir::{PlaceTemplate, Share, ToolSource, Workflow};

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
