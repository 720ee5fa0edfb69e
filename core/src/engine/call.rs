//! A tool call of an agent, and what exactly an open effect asks for.
//!
//! ```text
//! Due ──known tool, readable arguments──► Tool ──answered or failed──► next call, or Ready
//!  ├──create_sub_agents──► Wave
//!  └──otherwise──► refused: the model is told, next call
//! ```
//! The calls of one message are made in order, one after the other (A-RAG §1.3, step 4): what a call
//! reads marks chunks as read for the next.

use super::open::Call;
use super::state::{Action, AgentPhase, ItemPhase, Parent, State};
use super::{Link, Trigger, agent, approval, child, doubt, item, key, limits, place, wave};
use crate::effect::{Effect, Measure, ModelRequest, Origin, ToolRequest, Want};
use crate::event::{Event, Work};
use crate::failure::Failure;
use crate::id::{ActorId, CallId, ItemIndex, StepIndex};
use crate::ir::{CREATE_SUB_AGENTS, Verb, Workflow};
use crate::message::ToolOutput;
use crate::{Object, Value};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Begins the call at the agent's current position.
pub(super) fn begin(workflow: &Workflow, state: &State, actor: ActorId) -> Link {
    let AgentPhase::Acting { message, position, .. } = &state.agent(actor).phase else {
        return Link::nothing();
    };
    let definition = workflow.agent(state.agent(actor).agent);
    let call = &message.tool_calls[*position as usize];
    let then = Trigger::Agent(actor);
    let refuse = |message: String| {
        Link::event(
            Event::ToolRefused {
                actor,
                position: *position,
                message,
            },
            Trigger::Agent(actor),
        )
    };
    let tool = definition
        .tools
        .iter()
        .find(|(name, _)| *name == call.name)
        .map(|(_, tool)| *tool);
    let is_delegation = definition.team.is_some() && call.name == CREATE_SUB_AGENTS;
    let arguments = match arguments(&call.arguments) {
        Ok(arguments) if tool.is_some() || is_delegation => arguments,
        Ok(_) => return refuse(unknown_tool(workflow, state, actor, &call.name)),
        Err(reason) => {
            return refuse(format!(
                "Error: the arguments of {} are not a JSON object: {reason}. The tool was not called.",
                call.name
            ));
        }
    };
    match (tool, &definition.team) {
        (Some(tool), _) => Link {
            events: vec![Event::ToolCalled {
                actor,
                position: *position,
                tool,
            }],
            then: Vec::new(),
        },
        (None, Some(team)) => match wave::begin(workflow, state, team, actor, *position, &arguments) {
            Ok(event) => Link::event(event, then),
            Err(reason) => refuse(reason),
        },
        (None, None) => refuse(unknown_tool(workflow, state, actor, &call.name)),
    }
}

fn unknown_tool(workflow: &Workflow, state: &State, actor: ActorId, name: &str) -> String {
    let definition = workflow.agent(state.agent(actor).agent);
    let mut names: Vec<&str> = definition.tools.iter().map(|(name, _)| name.as_str()).collect();
    names.extend(definition.team.iter().map(|_| CREATE_SUB_AGENTS));
    match names.is_empty() {
        true => format!("Error: there is no tool `{name}`; answer without tools."),
        false => format!("Error: there is no tool `{name}`; the tools are {}.", names.join(", ")),
    }
}

/// A tool call's arguments as an object; nothing at all counts as no arguments.
fn arguments(text: &str) -> Result<Object, String> {
    if text.trim().is_empty() {
        return Ok(Object::new());
    }
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(other) => Err(crate::types::describe(&other)),
        Err(error) => Err(error.to_string()),
    }
}

/// A tool answered.
pub(super) fn replied(workflow: &Workflow, state: &State, call: CallId, output: ToolOutput) -> Link {
    match state.open.get(call) {
        Some(Call::AgentTool(actor)) => Link::event(Event::ToolReplied { actor, call, output }, Trigger::Agent(actor)),
        Some(Call::ItemTool(step, at)) => item::tool_replied(workflow, state, step, at, output),
        _ => Link::nothing(),
    }
}

/// An effect failed for good.
pub(super) fn failed(workflow: &Workflow, state: &State, call: CallId, failure: Failure) -> Link {
    match state.open.get(call) {
        Some(Call::Model(actor)) => agent::failed(state, actor, failure),
        Some(Call::AgentTool(actor)) => {
            let message = format!("Error: {}", failure.message);
            Link::event(Event::ToolFailed { actor, call, message }, Trigger::Agent(actor))
        }
        Some(
            Call::ItemTool(step, at) | Call::Process(step, at) | Call::Workflow(step, at) | Call::Approval(step, at),
        ) => item::failed(workflow, state, step, at, failure),
        // Nobody could be asked, and nothing may be repeated: the doubt outlives the failure.
        Some(Call::Doubt(step, at)) => Link::event(item::ended_for_good(step, at, failure), Trigger::Step(step)),
        Some(Call::RunClock | Call::Clock(_) | Call::Timeout(..) | Call::Pause(..) | Call::Deadline(..)) | None => {
            Link::nothing()
        }
    }
}

/// What an open call asks for, worked out from its owner's state.
pub(super) fn effect(workflow: &Workflow, state: &State, id: CallId, call: Call) -> Effect {
    let want = match call {
        Call::Model(actor) => Want::Model(model_request(workflow, state, actor)),
        Call::AgentTool(actor) => agent_tool(workflow, state, actor),
        Call::ItemTool(..) | Call::Process(..) => item_work(workflow, state, call),
        Call::Workflow(step, at) => child::request(workflow, state, step, at),
        Call::Approval(step, at) => approval::request(workflow, state, step, at),
        Call::Doubt(step, at) => doubt::request(workflow, state, step, at),
        Call::RunClock => by_the_clock(limits::run_clock_ms(state)),
        Call::Clock(actor) => Want::Timer {
            after_ms: state.agent(actor).limits.seconds.saturating_mul(1000),
            measure: Measure::Work,
        },
        Call::Timeout(step, _) => by_the_clock(workflow.step(step).timeout_ms.unwrap_or_default()),
        Call::Deadline(step, _) => by_the_clock(approval::patience_ms(workflow, step).unwrap_or_default()),
        Call::Pause(step, at) => match &state.item(step, at).phase {
            ItemPhase::Pausing(_, after_ms) => by_the_clock(*after_ms),
            _ => by_the_clock(0),
        },
    };
    Effect {
        call: id,
        key: key::of(workflow, state, call),
        origin: origin(state, call),
        want,
    }
}

/// The work that an open call is a part of.
fn origin(state: &State, call: Call) -> Option<Origin> {
    let (step, item, lead) = match call {
        Call::Model(actor) | Call::AgentTool(actor) | Call::Clock(actor) => of_agent(state, actor),
        Call::ItemTool(step, item)
        | Call::Process(step, item)
        | Call::Workflow(step, item)
        | Call::Approval(step, item)
        | Call::Doubt(step, item)
        | Call::Timeout(step, item)
        | Call::Deadline(step, item)
        | Call::Pause(step, item) => (step, item, None),
        Call::RunClock => return None,
    };
    let at = state.item(step, item);
    Some(Origin {
        step,
        item,
        attempt: at.attempt,
        round: at.rounds + 1,
        lead,
    })
}

/// The item that an agent works for, itself or through its leads, and its own lead.
fn of_agent(state: &State, actor: ActorId) -> (StepIndex, ItemIndex, Option<ActorId>) {
    let own = match state.agent(actor).parent {
        Parent::Item(step, item) => return (step, item, None),
        Parent::Lead(lead, _) => lead,
    };
    let mut above = own;
    loop {
        match state.agent(above).parent {
            Parent::Item(step, item) => return (step, item, Some(own)),
            Parent::Lead(lead, _) => above = lead,
        }
    }
}

pub(super) fn by_the_clock(after_ms: u64) -> Want {
    Want::Timer {
        after_ms,
        measure: Measure::Clock,
    }
}

fn model_request(workflow: &Workflow, state: &State, actor: ActorId) -> ModelRequest {
    let agent = state.agent(actor);
    ModelRequest {
        actor,
        agent: agent.agent,
        model: workflow.agent(agent.agent).model,
        system: state.systems.get(agent.agent.at()).cloned().unwrap_or_default(),
        messages: agent.messages.clone(),
        turn: agent.turns + 1,
        forced: agent.forced.is_some(),
        output: agent::output_of(workflow, state, actor).clone(),
    }
}

fn agent_tool(workflow: &Workflow, state: &State, actor: ActorId) -> Want {
    let agent = state.agent(actor);
    let (tool, text) = match &agent.phase {
        AgentPhase::Acting {
            message,
            position,
            action: Action::Tool(_, tool),
        } => (*tool, message.tool_calls[*position as usize].arguments.as_str()),
        _ => (crate::id::ToolIndex(0), ""),
    };
    let arguments = Value::Object(arguments(text).unwrap_or_default());
    Want::Tool(ToolRequest {
        actor: Some(actor),
        tool,
        arguments,
        read: agent.read.clone(),
        left: Some(limits::left(state, actor)),
        place: place::of_tool(workflow, state, tool, Some(actor)),
    })
}

fn item_work(workflow: &Workflow, state: &State, call: Call) -> Want {
    let (Call::ItemTool(step, at) | Call::Process(step, at)) = call else {
        return by_the_clock(0);
    };
    let work = match &state.item(step, at).phase {
        ItemPhase::Call(_, work) => work.as_ref().clone(),
        _ => Work::Agent { prompt: String::new() },
    };
    match (work, &workflow.step(step).verb) {
        (Work::Process { command }, _) => Want::Process(command),
        (Work::Tool { arguments }, Verb::Tool { tool, .. }) => Want::Tool(ToolRequest {
            actor: None,
            tool: *tool,
            arguments,
            read: Arc::new(BTreeSet::new()),
            left: None,
            place: place::of_tool(workflow, state, *tool, None),
        }),
        _ => by_the_clock(0),
    }
}
