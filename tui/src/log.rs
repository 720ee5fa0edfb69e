//! One line for each event that a log without a terminal should hold.

use crate::text;
use crate::words::{count, counted, duration};
use troupe_core::event::{Event, Work};
use troupe_core::failure::{Failure, FailureKind};
use troupe_core::id::{ActorId, ItemIndex, RunId, StepIndex};
use troupe_core::ir::Workflow;
use troupe_core::message::Usage;
use troupe_core::port::journal::Entry;
use troupe_core::view::{AgentView, RunView, StepStatus, StepView};

/// Columns of the elapsed time in front of a line.
const TIME_COLUMNS: usize = 9;
/// Columns of foreign text in a line.
const FOREIGN_COLUMNS: usize = 200;

/// The log line of an event of `run`, or nothing where a log is better without. `view` has the event folded in.
///
/// Worth a line are the beginning and the end of a run, its steps and its agents (with turns, tools and tokens),
/// waves of subagents, every tenth of a fan-out, and whatever went wrong: failures, retries, refused answers and
/// tool calls, limits. Safe to print; no line end.
///
/// ```text
///    3.2 s  research/lead: 4 subagents wanted
///   58.2 s  research/lead/seeker[2]: answered after 3 turns, 2 tool calls (read_chunk×2), 12.3k tokens, 4.1 s
/// ```
pub fn plain_line(run: &RunId, view: &RunView, entry: &Entry, workflow: &Workflow) -> Option<String> {
    let line = match &entry.event {
        Event::StepStarted { .. }
        | Event::StepSkipped { .. }
        | Event::StepFailed { .. }
        | Event::OutputEdited { .. }
        | Event::ItemStarted { .. }
        | Event::ItemSucceeded { .. }
        | Event::RoundEnded { .. }
        | Event::ItemFailed { .. }
        | Event::EffectDoubted { .. }
        | Event::EffectRepeated { .. } => of_step(run, view, &entry.event, workflow),
        Event::RunStarted { .. }
        | Event::RunReopened
        | Event::RunCancelled
        | Event::RunSucceeded { .. }
        | Event::RunFailed { .. } => Some(of_run(view, &entry.event, workflow)),
        Event::LimitPassed { actor: None, limit } => {
            Some(format!("{}: went on beyond its limit: {limit}", view.workflow))
        }
        event => of_agent(view, event),
    }?;
    let time = duration(entry.at_ms.saturating_sub(view.started_ms));
    Some(format!("{time:>TIME_COLUMNS$}  {}", text::sanitise(&line)))
}

fn of_run(view: &RunView, event: &Event, workflow: &Workflow) -> String {
    let name = &view.workflow;
    match event {
        Event::RunStarted { .. } => format!("{name}: started"),
        Event::RunReopened => format!("{name}: resumed"),
        Event::RunCancelled => format!("{name}: cancelled after {}", used(view)),
        Event::RunFailed { step, item, failure } => {
            let place = match (step, item) {
                (None, _) if failure.kind == FailureKind::Limit => String::new(),
                (None, _) => " at its outputs".to_owned(),
                (Some(step), None) => format!(" at step {}", view.steps[step.at()].name),
                (Some(step), Some(item)) => format!(" at step {}", view.place(workflow, *step, *item)),
            };
            format!("{name}: failed{place}: {}, after {}", why(failure), used(view))
        }
        _ => format!("{name}: succeeded after {}", used(view)),
    }
}

fn used(view: &RunView) -> String {
    let agents = view.agents.len() as u64 + u64::from(view.agents_below);
    format!(
        "{}, {}, {}",
        counted(agents, "agent", "agents"),
        counted(view.tool_calls.into(), "tool call", "tool calls"),
        tokens(view.usage),
    )
}

fn of_step(run: &RunId, view: &RunView, event: &Event, workflow: &Workflow) -> Option<String> {
    let step_view = |step: &StepIndex| &view.steps[step.at()];
    let place = |step: &StepIndex, item: &ItemIndex| view.place(workflow, *step, *item);
    match event {
        Event::StepStarted { step, items, .. } => {
            let step = step_view(step);
            let items = items.as_ref().map(|items| counted(items.len() as u64, "item", "items"));
            let of = items.map_or_else(String::new, |items| format!(", {items}"));
            let done = if step.status == StepStatus::Succeeded {
                ", succeeded"
            } else {
                ""
            };
            Some(format!("{}: started{of}{done}", step.name))
        }
        Event::StepSkipped { step } => Some(format!("{}: skipped", step_view(step).name)),
        Event::StepFailed { step, failure } => Some(format!("{}: failed: {}", step_view(step).name, why(failure))),
        Event::ItemStarted { step, item, work, .. } => match work {
            Work::Approve { message } => Some(format!("{}: waits for a person: {}", place(step, item), short(message))),
            Work::Workflow { .. } => {
                let children = &step_view(step).children;
                let child = children.iter().rev().find(|child| child.item == *item)?;
                Some(format!("{}: run {run}.{}", place(step, item), child.name))
            }
            Work::Agent { .. } | Work::Tool { .. } | Work::Process { .. } => None,
        },
        Event::OutputEdited { step, item, .. } => {
            let place = item.map_or_else(|| step_view(step).name.clone(), |item| place(step, &item));
            Some(format!("{place}: output set by hand"))
        }
        Event::RoundEnded { step, item, .. } => Some(format!("{}: another round", place(step, item))),
        Event::ItemSucceeded { step, .. } => {
            let step = step_view(step);
            if let Some(end) = end(step) {
                return Some(end);
            }
            let tenth = |n: u32| u64::from(n) * 10 / u64::from(step.items.max(1));
            let news = tenth(step.succeeded) > tenth(step.succeeded.saturating_sub(1));
            news.then(|| format!("{}: {} of {} done", step.name, step.succeeded, step.items))
        }
        Event::ItemFailed {
            step,
            item,
            failure,
            retry_after_ms,
            ..
        } => {
            let step_view = step_view(step);
            let next = match retry_after_ms {
                Some(ms) => format!("; again in {}", duration(*ms)),
                None if step_view.failed > 0 => "; the run goes on".to_owned(),
                None => String::new(),
            };
            let end = end(step_view).filter(|_| step_view.failed > 0 && retry_after_ms.is_none());
            let end = end.map(|end| format!("; {end}")).unwrap_or_default();
            Some(format!("{}: failed: {}{next}{end}", place(step, item), why(failure)))
        }
        Event::EffectDoubted { step, item, refused } => Some(match refused {
            None => format!("{}: in doubt: interrupted, a person is asked", place(step, item)),
            Some(refused) => format!(
                "{}: in doubt: asked again: {}",
                place(step, item),
                short(&refused.reason)
            ),
        }),
        Event::EffectRepeated { step, item, by } => {
            let by = by.as_ref().map(|by| format!(", as {} decided", short(by)));
            Some(format!(
                "{}: interrupted, and repeated{}",
                place(step, item),
                by.unwrap_or_default()
            ))
        }
        _ => None,
    }
}

/// How a step ended, once it has.
fn end(step: &StepView) -> Option<String> {
    let took = duration(step.ended_ms?.saturating_sub(step.started_ms.unwrap_or(0)));
    match step.status {
        StepStatus::Succeeded => Some(format!("{}: succeeded after {took}", step.name)),
        StepStatus::Failed if step.failed > 0 => Some(format!(
            "{}: ended after {took}, {} of {} failed",
            step.name, step.failed, step.items
        )),
        _ => None,
    }
}

fn of_agent(view: &RunView, event: &Event) -> Option<String> {
    let agent = |actor: &ActorId| &view.agents[actor.at()];
    let (actor, news) = match event {
        Event::TurnStarted {
            actor,
            forced: Some(limit),
        } => (actor, format!("must answer now: {limit}")),
        Event::LimitPassed {
            actor: Some(actor),
            limit,
        } => (actor, format!("went on beyond its limit: {limit}")),
        Event::WaveStarted {
            actor,
            members,
            dropped,
            invalid,
            ..
        } => {
            let mut news = counted(members.len() as u64, "subagent", "subagents") + " wanted";
            for (n, word) in [(dropped, "too many"), (invalid, "not usable")] {
                if *n > 0 {
                    news.push_str(&format!(", {n} more {word}"));
                }
            }
            (actor, news)
        }
        Event::ToolRefused { actor, message, .. } => (actor, format!("tool call refused: {}", short(message))),
        Event::ToolFailed { actor, message, .. } => (actor, format!("tool call failed: {}", short(message))),
        Event::AnswerRejected { actor, reason } => (actor, format!("answer rejected: {}", short(reason))),
        Event::AgentAnswered { actor } => (actor, format!("answered after {}", spent(agent(actor)))),
        Event::AgentFailed { actor, failure } => (
            actor,
            format!("failed: {}, after {}", why(failure), spent(agent(actor))),
        ),
        _ => return None,
    };
    Some(format!("{}: {news}", agent(actor).address))
}

fn spent(agent: &AgentView) -> String {
    let tools: u32 = agent.tools.values().sum();
    let mut parts = vec![counted(agent.turns.into(), "turn", "turns")];
    if tools > 0 {
        let calls = counted(tools.into(), "tool call", "tool calls");
        parts.push(format!("{calls} ({})", by_name(agent)));
    }
    parts.push(tokens(agent.usage));
    if agent.retrieved_tokens > 0 {
        parts.push(format!("{} retrieved", count(agent.retrieved_tokens)));
    }
    let ended = agent.ended_ms.unwrap_or(agent.started_ms);
    parts.push(duration(ended.saturating_sub(agent.started_ms)));
    parts.join(", ")
}

/// `keyword_search×2, read_chunk×1`
pub(crate) fn by_name(agent: &AgentView) -> String {
    let tools = agent.tools.iter().map(|(name, n)| format!("{}×{n}", short(name)));
    tools.collect::<Vec<_>>().join(", ")
}

fn tokens(usage: Usage) -> String {
    counted(usage.total(), "token", "tokens")
}

fn why(failure: &Failure) -> String {
    short(&failure.to_string())
}

fn short(text: &str) -> String {
    text::head(text, FOREIGN_COLUMNS, "…")
}

#[cfg(test)]
mod tests;
