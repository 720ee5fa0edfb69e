//! A lead's wave of subagents (WideSeek-R1 §2.2): started together, awaited together, reported in
//! request order; contexts are isolated both ways, and the lead sees final answers alone.
//!
//! ```text
//! WaveStarted ──room──► MemberStarted … ──each ended──► WaveEnded: one message to the lead
//! ```
//! Better than the reference: what was dropped is reported, and every cause of failure is named.

use super::state::{MemberPhase, State, Wave};
use super::{Link, Trigger, limits};
use crate::event::{Event, Member};
use crate::id::{ActorId, AgentIndex};
use crate::ir::{Team, Workflow};
use crate::{Object, Value};
use std::fmt::Write as _;

/// Reads a request for subagents. The error is what the lead is told.
pub(super) fn begin(
    workflow: &Workflow,
    state: &State,
    team: &Team,
    actor: ActorId,
    position: u32,
    arguments: &Object,
) -> Result<Event, String> {
    let Some(Value::Array(requested)) = arguments.get("sub_agents") else {
        return Err("Error: create_sub_agents needs `sub_agents`, a list of objects with a `prompt`.".into());
    };
    let mut members: Vec<Member> = Vec::new();
    let mut invalid = 0;
    for entry in requested {
        match member(workflow, team, entry) {
            Some(member) => members.push(member),
            None => invalid += 1,
        }
    }
    if members.is_empty() {
        let names: Vec<&str> = team
            .agents
            .iter()
            .map(|index| workflow.agent(*index).name.as_str())
            .collect();
        return Err(format!(
            "Error: none of the {} requested subagents can be started: each needs a non-empty `prompt`, and `agent`, where given, must be one of {}.",
            requested.len(),
            names.join(", ")
        ));
    }
    let dropped = members.len().saturating_sub(team.per_wave as usize);
    members.truncate(team.per_wave as usize);
    let wanted = u32::try_from(members.len()).unwrap_or(u32::MAX);
    let room = limits::room_below(state).and(limits::room_for_agents(state, state.next_actor(), wanted));
    if let Err(hit) = room {
        let reached = hit.told(workflow, state);
        return Err(format!("Error: no subagent can be started: {reached}."));
    }
    Ok(Event::WaveStarted {
        actor,
        position,
        members,
        dropped: u32::try_from(dropped).unwrap_or(u32::MAX),
        invalid,
    })
}

fn member(workflow: &Workflow, team: &Team, entry: &Value) -> Option<Member> {
    let prompt = entry.get("prompt")?.as_str()?.trim();
    let agent: AgentIndex = match entry.get("agent").filter(|name| !name.is_null()) {
        None => *team.agents.first()?,
        Some(name) => *team
            .agents
            .iter()
            .find(|index| Some(workflow.agent(**index).name.as_str()) == name.as_str())?,
    };
    (!prompt.is_empty()).then(|| Member {
        agent,
        prompt: prompt.to_owned(),
    })
}

/// Starts as many members as may work at once, or ends the wave.
pub(super) fn advance(workflow: &Workflow, state: &State, actor: ActorId, wave: &Wave) -> Link {
    if wave.ended as usize == wave.members.len() {
        return Link::event(Event::WaveEnded { actor }, Trigger::Agent(actor));
    }
    let parallel = workflow
        .agent(state.agent(actor).agent)
        .team
        .as_ref()
        .map_or(1, |team| team.parallel);
    let room = parallel.saturating_sub(wave.working) as usize;
    let first = state.next_actor().0;
    let mut link = Link::nothing();
    for (n, at) in (0..).zip((wave.next..wave.members.len()).take(room)) {
        link.events.push(Event::MemberStarted {
            actor,
            member: u32::try_from(at).unwrap_or(u32::MAX),
        });
        link.then.push(Trigger::Agent(ActorId(first + n)));
    }
    link
}

/// What the lead is told at the end of a wave.
pub(super) fn report(wave: &Wave) -> String {
    let mut text = String::new();
    for (n, member) in wave.members.iter().enumerate() {
        let _ = write!(text, "## Subagent {}\nTask: {}\n", n + 1, member.prompt);
        let _ = match &member.phase {
            MemberPhase::Answered(answer, None) => write!(text, "Result:\n{answer}\n\n"),
            MemberPhase::Answered(answer, Some(limit)) => {
                write!(
                    text,
                    "Result (incomplete: the subagent reached its limit of {}):\n{answer}\n\n",
                    limit.word()
                )
            }
            MemberPhase::Failed(failure) => write!(text, "Failed: {failure}. You may ask again, differently.\n\n"),
            MemberPhase::Waiting | MemberPhase::Working(_) => write!(text, "Failed: it was not run.\n\n"),
        };
    }
    if wave.dropped > 0 {
        let asked = wave.members.len() + wave.dropped as usize;
        let _ = write!(
            text,
            "{} of the {asked} requested subagents were NOT started: at most {} per call. Ask for the rest in another call.\n\n",
            wave.dropped,
            wave.members.len()
        );
    }
    if wave.invalid > 0 {
        let _ = write!(
            text,
            "{} requested entries were skipped: they had no usable `prompt` or named no agent of the team.\n\n",
            wave.invalid
        );
    }
    text.truncate(text.trim_end().len());
    text
}

/// The first message of a subagent: the main task for orientation, its own for work.
pub(super) fn briefing(main_task: &str, subtask: &str) -> String {
    format!("Main task:\n{main_task}\n\nYour subtask:\n{subtask}")
}
