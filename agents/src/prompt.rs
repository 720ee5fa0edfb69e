//! What a model is given beyond the transcript: tool schemas, and the shape of the final answer.

use serde_json::json;
use std::fmt::Write as _;
use std::sync::Arc;
use troupe_core::id::{AgentIndex, ToolIndex};
use troupe_core::ir::{CREATE_SUB_AGENTS, Team, Workflow};
use troupe_core::port::tool::{Tool, ToolSpec};
use troupe_core::types::Type;

/// The tools that each agent definition is offered, made once: a stable head of every prompt.
pub(crate) fn offered(workflow: &Workflow, tools: &[Arc<dyn Tool>]) -> Vec<Arc<[ToolSpec]>> {
    let specs = |agent: &troupe_core::ir::Agent| {
        let own = agent.tools.iter().map(|(name, index)| ToolSpec {
            name: name.clone(),
            ..tools[index.at()].presented(&siblings(workflow, agent, *index))
        });
        own.chain(agent.team.iter().map(|team| delegation_spec(workflow, team)))
            .collect()
    };
    workflow.agents.iter().map(specs).collect()
}

/// The tools of an agent that come from where this one does: their own names, and those that it sees.
fn siblings<'a>(workflow: &'a Workflow, agent: &'a troupe_core::ir::Agent, tool: ToolIndex) -> Vec<(&'a str, &'a str)> {
    let source = |tool: ToolIndex| &workflow.tool(tool).source;
    let same = agent
        .tools
        .iter()
        .filter(|(_, other)| source(*other).group() == source(tool).group());
    same.map(|(seen, other)| (source(*other).tool(), seen.as_str()))
        .collect()
}

/// The tool by which a lead starts subagents (WideSeek-R1 §2.1). Which agent is asked is a choice
/// only where the team has several.
pub fn delegation_spec(workflow: &Workflow, team: &Team) -> ToolSpec {
    let name_of = |index: &AgentIndex| workflow.agent(*index).name.clone();
    let names: Vec<String> = team.agents.iter().map(name_of).collect();
    let mut properties = serde_json::Map::new();
    properties.insert(
        "prompt".into(),
        json!({
            "type": "string",
            "description": "The subtask, complete in itself: the subagent sees it and the main task, and nothing else.",
        }),
    );
    if names.len() > 1 {
        properties.insert(
            "agent".into(),
            json!({ "type": "string", "enum": names, "description": "Who does it." }),
        );
    }
    ToolSpec {
        name: CREATE_SUB_AGENTS.into(),
        description: format!(
            "Starts subagents that work at the same time, each on its own subtask, and returns their final answers in the \
             order of the request. Subtasks must not depend on each other. At most {} in one call; call again for more.",
            team.per_wave
        ),
        parameters: json!({
            "type": "object",
            "properties": {
                "sub_agents": {
                    "type": "array",
                    "minItems": 1,
                    "maxItems": team.per_wave,
                    "items": { "type": "object", "properties": properties, "required": ["prompt"], "additionalProperties": false },
                },
            },
            "required": ["sub_agents"],
            "additionalProperties": false,
        }),
        result: Type::Any,
    }
}

/// The system prompt with the shape of the final answer at its end, where one is declared.
pub(crate) fn system(system: &Arc<str>, output: &Type) -> Arc<str> {
    if *output == Type::String {
        return system.clone();
    }
    let mut text = system.to_string();
    let _ = write!(
        text,
        "\n\nYour final answer must be JSON that fits this JSON Schema, and nothing else:\n{}",
        output.json_schema()
    );
    text.trim_start().into()
}
