//! An agent's turn loop (A-RAG §1.3): ask the model, do what it wants done, until it answers.
//!
//! ```text
//! Ready ──TurnStarted──► Thinking ──reply with tool calls──► Acting ──every call ended──► Ready
//!   ▲                       │                                   └─(seconds over)─► Thinking, forced
//!   │                       └──reply without──► Replied ──fits──► Answered
//!   └────────────AnswerRejected────────────────────┘ └──does not, and may not try again──► Failed
//! ```
//! A turn that a limit forbids is asked for all the same, once: forced, without tools, flagged.

use super::open::Call;
use super::state::{Action, AgentPhase, Parent, State};
use super::{Link, Trigger, answer, call, limits, wave};
use crate::event::Event;
use crate::failure::{Failure, FailureKind};
use crate::id::{ActorId, CallId};
use crate::ir::Workflow;
use crate::limits::Mode;
use crate::message::Reply;
use crate::types::Type;

/// Answers of the wrong shape that are sent back before the agent fails. Models mend a shape at the
/// first or second try or not at all.
const REJECTIONS_MAX: u32 = 2;

/// A model answered.
pub(super) fn replied(state: &State, call: CallId, reply: Reply) -> Link {
    match state.open.get(call) {
        Some(Call::Model(actor)) => Link::event(Event::ModelReplied { actor, call, reply }, Trigger::Agent(actor)),
        _ => Link::nothing(),
    }
}

/// Whatever is due.
pub(super) fn advance(workflow: &Workflow, state: &State, actor: ActorId) -> Link {
    match &state.agent(actor).phase {
        AgentPhase::Ready => limits::begin_turn(workflow, state, actor),
        AgentPhase::Replied(message) => judge(workflow, state, actor, &message.text),
        AgentPhase::Acting {
            action: Action::Due, ..
        } => call::begin(workflow, state, actor),
        AgentPhase::Acting {
            action: Action::Wave(current),
            ..
        } => wave::advance(workflow, state, actor, current),
        AgentPhase::Thinking(_)
        | AgentPhase::Acting {
            action: Action::Tool(..),
            ..
        } => Link::nothing(),
        AgentPhase::Answered(_) | AgentPhase::Failed(_) => Link::look(above(state, actor)),
    }
}

/// Whether the answer may stand.
fn judge(workflow: &Workflow, state: &State, actor: ActorId, text: &str) -> Link {
    let agent = state.agent(actor);
    let too_long = limits::answer_too_long(state, actor, text);
    let fits = match &too_long {
        Some(hit) if state.limits.mode == Mode::Enforce => Err(hit.told(workflow, state).to_string()),
        _ => answer::read(output_of(workflow, state, actor), text).map(drop),
    };
    match fits {
        Ok(()) => {
            let passed = too_long.and_then(|hit| limits::passed(workflow, state, hit));
            Link {
                events: passed.into_iter().chain([Event::AgentAnswered { actor }]).collect(),
                then: vec![above(state, actor)],
            }
        }
        Err(reason) if agent.forced.is_none() && agent.rejections < REJECTIONS_MAX => {
            Link::event(Event::AnswerRejected { actor, reason }, Trigger::Agent(actor))
        }
        Err(reason) => failed(state, actor, Failure::new(FailureKind::Output, reason)),
    }
}

/// Ends an agent without an answer.
pub(super) fn failed(state: &State, actor: ActorId, failure: Failure) -> Link {
    Link::event(Event::AgentFailed { actor, failure }, above(state, actor))
}

/// Whom an agent works for.
fn above(state: &State, actor: ActorId) -> Trigger {
    match state.agent(actor).parent {
        Parent::Item(step, item) => Trigger::Item(step, item),
        Parent::Lead(lead, _) => Trigger::Agent(lead),
    }
}

/// What the final answer must be: the step's output for its agent, text for a subagent.
pub(super) fn output_of<'a>(workflow: &'a Workflow, state: &State, actor: ActorId) -> &'a Type {
    match state.agent(actor).parent {
        Parent::Item(step, _) => &workflow.step(step).output,
        Parent::Lead(..) => &Type::String,
    }
}

/// Whether the agent still works without a forced answer under way.
pub(super) fn may_force(state: &State, actor: ActorId) -> bool {
    let agent = state.agent(actor);
    agent.is_live() && agent.forced.is_none()
}
