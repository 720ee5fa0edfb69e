//! A run in plain text: its steps, and below them their agents with all that they used.

use crate::census::{Census, Tally};
use crate::log::by_name;
use crate::text;
use crate::view::{activity, label};
use crate::words::{count, counted, duration};
use troupe_core::id::ActorId;
use troupe_core::port::journal::RunStatus;
use troupe_core::view::{AgentStatus, AgentView, RunView, StepStatus, StepView};

/// Agents of one lead or step that are listed; of the others only those that failed or met a limit.
const SIBLINGS_MAX: usize = 40;
const LEVELS_MAX: usize = 12;
const WIDTH_MIN: usize = 80;
/// Columns around the address: indent, status, turns, tokens in, out and retrieved, time.
const FIGURES_COLUMNS: usize = 59;
const TOOLS_COLUMNS_MIN: usize = 30;

/// The run as lines of at most `width` columns (at least 80), ending in a line end: what `troupe show` prints.
///
/// A line a step: status and time. A line an agent: address, status, turns, tokens in and out, tokens retrieved,
/// wall time, then its tools and the limit that it met; below it why it failed. Of very wide waves and fan-outs
/// only the first agents are listed, with all that failed or met a limit, and the others counted.
/// Plain text, safe to print.
pub fn summary(view: &RunView, width: usize) -> String {
    let width = width.max(WIDTH_MIN);
    let census = Census::of(view);
    let mut page = Page {
        view,
        census: &census,
        width,
        address_columns: address_columns(view, width),
        text: String::new(),
    };
    page.headline();
    let nobody = view.agents.is_empty();
    if !nobody {
        page.titles();
    }
    for (step, census) in view.steps.iter().zip(&census.steps) {
        page.step(step);
        page.agents(census.roots);
    }
    page.totals();
    page.text
}

/// The widest address, within what the figures leave.
fn address_columns(view: &RunView, width: usize) -> usize {
    let widest = view.agents.iter().map(|agent| agent.address.len()).max().unwrap_or(0);
    widest.clamp(20, 48).min(width.saturating_sub(FIGURES_COLUMNS).max(20))
}

struct Page<'a> {
    view: &'a RunView,
    census: &'a Census,
    width: usize,
    address_columns: usize,
    text: String,
}

impl Page<'_> {
    fn line(&mut self, line: &str) {
        self.text.push_str(text::head(line, self.width, "…").trim_end());
        self.text.push('\n');
    }

    fn wrapped(&mut self, indent: usize, foreign: &str) {
        for line in text::wrap(foreign, self.width - indent) {
            self.line(&format!("{:indent$}{line}", ""));
        }
    }

    fn headline(&mut self) {
        let view = self.view;
        let took = duration(view.updated_ms.saturating_sub(view.started_ms));
        self.line(&format!("{} · {} · {took}", view.workflow, view.status.word()));
        if let Some((step, failure)) = &view.failure {
            let place = step.as_deref().unwrap_or("outputs");
            self.wrapped(2, &format!("{place}: {failure}"));
        }
        self.line("");
    }

    fn titles(&mut self) {
        let columns = self.address_columns + 2;
        let titles = "  status      turns      in     out  retrieved       time";
        let tools = if columns + titles.len() + 7 > self.width {
            ""
        } else {
            "  tools"
        };
        self.line(&format!("{:columns$}{titles}{tools}", ""));
    }

    fn step(&mut self, step: &StepView) {
        let view = self.view;
        let word = match step.status {
            StepStatus::Running if view.status.is_over() => "stopped",
            status => status.word(),
        };
        let mut parts = vec![format!("{}  {word}", step.name), step.verb.to_owned()];
        if let Some(started) = step.started_ms {
            parts.push(duration(
                step.ended_ms.unwrap_or(view.updated_ms).saturating_sub(started),
            ));
        }
        if step.items > 1 {
            parts.push(format!("{} of {} items", step.succeeded, step.items));
        }
        if step.failed > 0 {
            parts.push(format!("{} failed", step.failed));
        }
        if step.items > 1 && !step.in_doubt.is_empty() {
            parts.push(format!("{} in doubt", step.in_doubt.len()));
        }
        if step.rounds > 0 {
            parts.push(counted(step.rounds.into(), "more round", "more rounds"));
        }
        if step.retries > 0 {
            parts.push(counted(step.retries.into(), "retry", "retries"));
        }
        self.line(&parts.join(" · "));
        if let Some(failure) = &step.failure {
            let mended = if step.status == StepStatus::Succeeded {
                "mended: "
            } else {
                ""
            };
            self.wrapped(2, &format!("{mended}{failure}"));
        }
        self.children(step);
    }

    /// The runs that a step started, by what follows the run's own name.
    fn children(&mut self, step: &StepView) {
        let shown = step.children.len().min(SIBLINGS_MAX);
        for child in &step.children[..shown] {
            let status = match child.status {
                RunStatus::Running if self.view.status.is_over() => "stopped",
                status => status.word(),
            };
            let ended = child.ended_ms.unwrap_or(self.view.updated_ms);
            let mut parts = vec![
                format!("  .{}  {status}", child.name),
                duration(ended.saturating_sub(child.started_ms)),
            ];
            if !child.used.is_nothing() {
                parts.push(counted(child.used.agents.into(), "agent", "agents"));
                parts.push(format!("{} tokens", count(child.used.usage.total())));
            }
            self.line(&parts.join(" · "));
        }
        let rest = step.children.len() - shown;
        if rest > 0 {
            self.line(&format!("  … {}", counted(rest as u64, "more run", "more runs")));
        }
    }

    /// A group of agents and all below them. Keeps its own stack: a lead may lead its own kind, to any depth.
    fn agents(&mut self, roots: crate::census::Group) {
        let mut stack = vec![self.listed(roots, 0, 0)];
        while let Some(group) = stack.last_mut() {
            let level = group.level;
            let Some(actor) = group.actors.pop() else {
                let rest = group.rest;
                stack.pop();
                if rest.total() > 0 {
                    let indent = indent(level);
                    self.line(&format!("{:indent$}… {}", "", rest.more()));
                }
                continue;
            };
            self.agent(&self.view.agents[actor.at()], level);
            let waiting = self.view.agents[actor.at()].waiting;
            stack.push(self.listed(self.census.children(actor), waiting.into(), level + 1));
        }
    }

    fn listed(&self, group: crate::census::Group, waiting: u64, level: usize) -> Listed {
        let mut listed = Listed {
            actors: Vec::new(),
            rest: Tally {
                waiting,
                ..Tally::default()
            },
            level,
        };
        for (position, actor) in self.census.members(group).enumerate() {
            let agent = &self.view.agents[actor.at()];
            let notable = agent.limit.is_some() || matches!(agent.status, AgentStatus::Failed(_));
            if position < SIBLINGS_MAX || notable || group.size() == SIBLINGS_MAX + 1 {
                listed.actors.push(actor);
            } else {
                listed.rest += Tally::one(self.view, actor);
            }
        }
        listed.actors.reverse();
        listed
    }

    fn agent(&mut self, agent: &AgentView, level: usize) {
        let indent = indent(level);
        let name = if level == 0 {
            text::sanitise(&agent.address)
        } else {
            text::sanitise(&label(self.view, agent)).into_owned().into()
        };
        let columns = (self.address_columns + 2).saturating_sub(indent).max(8);
        let name = text::head(&name, columns, "…");
        let fill = columns - text::width(&name);
        let figures = self.figures(agent);
        self.text
            .push_str(&format!("{:indent$}{name}{:fill$}{figures}", "", ""));
        let facts = facts(agent);
        let used = indent + columns + text::width(&figures);
        let room = self.width.saturating_sub(used + 2);
        if !facts.is_empty() && room >= TOOLS_COLUMNS_MIN.min(text::width(&facts)) {
            self.text.push_str(&format!("  {}", text::head(&facts, room, "…")));
            self.text.push('\n');
        } else {
            self.text.push('\n');
            if !facts.is_empty() {
                self.wrapped(indent + 2, &facts);
            }
        }
        if matches!(agent.status, AgentStatus::Failed(_)) {
            self.wrapped(indent + 2, &activity(self.view, agent));
        }
    }

    fn figures(&self, agent: &AgentView) -> String {
        let over = self.view.status.is_over();
        let status = match agent.status {
            AgentStatus::Answered => "answered",
            AgentStatus::Failed(_) => "failed",
            _ if over => "stopped",
            AgentStatus::Thinking => "thinking",
            AgentStatus::Acting => "acting",
            AgentStatus::Leading => "leading",
        };
        let ended = agent.ended_ms.unwrap_or(self.view.updated_ms);
        format!(
            "  {status:<10}  {:>5}  {:>6}  {:>6}  {:>9}  {:>9}",
            agent.turns,
            count(agent.usage.prompt_tokens),
            count(agent.usage.completion_tokens),
            count(agent.retrieved_tokens),
            duration(ended.saturating_sub(agent.started_ms)),
        )
    }

    fn totals(&mut self) {
        let view = self.view;
        let mut parts = vec![
            counted(
                view.agents.len() as u64 + u64::from(view.agents_below),
                "agent",
                "agents",
            ),
            counted(view.tool_calls.into(), "tool call", "tool calls"),
            format!("{} tokens in", count(view.usage.prompt_tokens)),
            format!("{} out", count(view.usage.completion_tokens)),
        ];
        if view.usage.cached_tokens > 0 {
            parts.push(format!("{} cached", count(view.usage.cached_tokens)));
        }
        if view.retrieved_tokens > 0 {
            parts.push(format!("{} retrieved", count(view.retrieved_tokens)));
            parts.push(counted(view.chunks_read.len() as u64, "chunk read", "chunks read"));
        }
        self.line("");
        self.wrapped(0, &format!("total: {}", parts.join(" · ")));
    }
}

/// Agents of one group, the next last, and those that are only counted.
struct Listed {
    actors: Vec<ActorId>,
    rest: Tally,
    level: usize,
}

fn indent(level: usize) -> usize {
    2 + 2 * level.min(LEVELS_MAX)
}

fn facts(agent: &AgentView) -> String {
    let mut facts = Vec::new();
    if let Some(limit) = agent.limit {
        facts.push(format!("{} limit", limit.word()));
    }
    if !agent.tools.is_empty() {
        facts.push(by_name(agent));
    }
    if agent.refused > 0 {
        facts.push(counted(agent.refused.into(), "subagent refused", "subagents refused"));
    }
    facts.join(" · ")
}

#[cfg(test)]
mod tests;
