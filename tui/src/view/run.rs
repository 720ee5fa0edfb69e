//! The run's own rows: the headline, and why it failed.

use super::{Screen, Tone};
use crate::census::Census;
use crate::text;
use crate::words::{count, counted, duration};
use ratatui::text::Line;
use troupe_core::port::journal::RunStatus;

/// `wide-research · running · 1 m 05 s · 12/53 agents live · 120 tool calls · 1.2M tok`
pub(super) fn headline(screen: &Screen<'_>, census: &Census) -> Line<'static> {
    let view = screen.view;
    let symbols = screen.theme.symbols();
    let name = text::head(&view.workflow, (screen.width / 2).max(8), symbols.cut);
    let mut spans = vec![
        screen.span(Tone::Strong, name),
        screen.span(Tone::Quiet, symbols.dot),
        screen.span(tone(view.status), view.status.word()),
    ];
    let started = view.events > 0;
    let mut facts = Vec::new();
    if started {
        facts.push(duration(screen.elapsed(view.started_ms, None)));
    }
    let agents = view.agents.len() as u64 + u64::from(view.agents_below);
    if census.live > 0 {
        let of = counted(agents, "agent", "agents");
        facts.push(format!("{}/{of} live", count(census.live)));
    } else if agents > 0 {
        facts.push(counted(agents, "agent", "agents"));
    }
    if view.tool_calls > 0 {
        facts.push(counted(view.tool_calls.into(), "tool call", "tool calls"));
    }
    if view.usage.total() > 0 {
        facts.push(format!("{} tok", count(view.usage.total())));
    }
    for fact in facts {
        spans.push(screen.span(Tone::Quiet, symbols.dot));
        spans.push(screen.span(Tone::Plain, fact));
    }
    screen.row(spans, Vec::new())
}

/// `✗ research: the model refused (model)`
pub(super) fn failure(screen: &Screen<'_>) -> Line<'static> {
    let Some((step, failure)) = &screen.view.failure else {
        return Line::default();
    };
    let place = step.as_deref().unwrap_or("outputs");
    let text = format!("{} {place}: {failure}", screen.theme.symbols().failed);
    Line::from(screen.foreign(Tone::Bad, &text))
}

fn tone(status: RunStatus) -> Tone {
    match status {
        RunStatus::Running => Tone::Working,
        RunStatus::Waiting | RunStatus::Cancelled => Tone::Warning,
        RunStatus::Succeeded => Tone::Good,
        RunStatus::Failed => Tone::Bad,
    }
}
