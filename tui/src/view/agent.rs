//! An agent's row: its place in the tree, what it does, its turn, its tokens, and for how long.

use super::{Screen, Symbols, Tone, padded};
use crate::census::{Census, Tally, works};
use crate::outline::Rail;
use crate::text;
use crate::words::{count, counted, duration};
use ratatui::text::Line;
use std::borrow::Cow;
use troupe_core::id::ActorId;
use troupe_core::view::{AgentStatus, AgentView, RunView};

/// Columns of the tree and the name; fewer on a screen narrower than [`WIDE`].
const PLACE_COLUMNS: usize = 26;
const PLACE_COLUMNS_NARROW: usize = 20;
const WIDE: usize = 100;
const LEVELS_MAX: usize = 8;
const STREAM_COLUMNS: usize = 200;

/// `  ├ seeker[2]     keyword_search keywords: [cost, tokens]     turn 3   12.3k    4.1 s`
pub(super) fn line(screen: &Screen<'_>, census: &Census, actor: ActorId, rails: &[Rail]) -> Line<'static> {
    let view = screen.view;
    let agent = &view.agents[actor.at()];
    let symbols = screen.theme.symbols();
    let live = works(view, agent);
    let tone = match &agent.status {
        AgentStatus::Answered => Tone::Good,
        AgentStatus::Failed(_) => Tone::Bad,
        _ if live => Tone::Working,
        _ => Tone::Warning,
    };
    let symbol = match &agent.status {
        AgentStatus::Answered => symbols.succeeded,
        AgentStatus::Failed(_) => symbols.failed,
        _ if live => symbols.working,
        _ => symbols.skipped,
    };
    let tree = shown(screen, rails);
    let place = if screen.width < WIDE {
        PLACE_COLUMNS_NARROW
    } else {
        PLACE_COLUMNS
    };
    let room = place.saturating_sub(2 + text::width(&tree)).max(10);
    let mut left = vec![
        screen.span(Tone::Quiet, tree),
        screen.span(tone, format!("{symbol} ")),
        screen.span(Tone::Plain, padded(&label(view, agent), room, symbols.cut)),
        screen.span(Tone::Plain, "  "),
    ];
    if let Some(limit) = &agent.limit {
        left.push(screen.span(Tone::Warning, format!("{} limit{}", limit.word(), symbols.dot)));
    }
    let right = figures(screen, agent, live);
    let used: usize = left.iter().chain(&right).map(|span| span.width()).sum();
    left.push(match screen.writing.of(actor) {
        Some(text) if live => {
            let columns = screen.width.saturating_sub(used + 1).min(STREAM_COLUMNS);
            screen.span(Tone::Plain, text::tail(text, columns, symbols.cut))
        }
        _ if live => screen.foreign(Tone::Plain, &activity(view, agent)),
        _ => screen.foreign(Tone::Quiet, &activity(view, agent)),
    });
    let led = Tally::of(view, census, census.children(actor));
    if !live && led.total() > 0 {
        let team = counted(led.total(), "subagent", "subagents");
        left.push(screen.span(Tone::Quiet, format!("{}{team}: {}", symbols.dot, led.words())));
    }
    screen.row(left, right)
}

/// `  └ … 37 more: 30 answered, 7 waiting`
pub(super) fn more(screen: &Screen<'_>, tally: Tally, rails: &[Rail]) -> Line<'static> {
    let cut = screen.theme.symbols().cut;
    let text = format!("{}{cut} {}", shown(screen, rails), tally.more());
    Line::from(screen.foreign(Tone::Quiet, &text))
}

fn figures(screen: &Screen<'_>, agent: &AgentView, live: bool) -> Vec<ratatui::text::Span<'static>> {
    let time = match live {
        true => screen.elapsed(agent.since_ms, None),
        false => screen.elapsed(agent.started_ms, agent.ended_ms),
    };
    let current = agent.turns + u32::from(live && agent.status == AgentStatus::Thinking);
    let mut figures = Vec::new();
    if screen.width >= 64 {
        let unit = if screen.width < WIDE { "" } else { " tok" };
        let tokens = count(agent.usage.total());
        figures.push(screen.span(Tone::Quiet, format!("turn {current:<2}{tokens:>6}{unit}")));
    }
    figures.push(screen.span(Tone::Plain, format!(" {:>9}", duration(time))));
    figures
}

fn shown(screen: &Screen<'_>, rails: &[Rail]) -> String {
    let kept = &rails[rails.len().saturating_sub(LEVELS_MAX)..];
    format!("  {}", tree(screen.theme.symbols(), kept))
}

/// The lines of a tree in front of a row.
pub(crate) fn tree(symbols: &Symbols, rails: &[Rail]) -> String {
    let rails = rails.iter().map(|rail| match rail {
        Rail::Through => symbols.through,
        Rail::Gap => symbols.gap,
        Rail::Branch => symbols.branch,
        Rail::Last => symbols.last,
    });
    rails.collect()
}

/// An agent's address without what the row above it says: `lead`, `[7]/seeker`, `seeker[2]`.
pub(crate) fn label<'a>(view: &'a RunView, agent: &'a AgentView) -> Cow<'a, str> {
    let above = match agent.parent {
        Some(parent) => &view.agents[parent.at()].address,
        None => view.steps.get(agent.step.at()).map_or("", |step| &step.name),
    };
    let rest = agent.address.strip_prefix(above).unwrap_or(&agent.address);
    Cow::Borrowed(rest.strip_prefix('/').unwrap_or(rest))
}

/// What an agent does or how it ended, in words; foreign text.
pub(crate) fn activity(view: &RunView, agent: &AgentView) -> String {
    let doing = match &agent.status {
        // Which of them was asked what, once there is nothing better to say.
        AgentStatus::Answered if agent.parent.is_some() => {
            let task: String = agent.task.chars().take(STREAM_COLUMNS).collect();
            return format!("answered: {task}");
        }
        AgentStatus::Answered => return "answered".into(),
        AgentStatus::Failed(failure) => return format!("failed: {failure}"),
        AgentStatus::Acting => call(&agent.activity),
        AgentStatus::Leading if agent.refused > 0 => format!("{}, {} refused", agent.activity, agent.refused),
        _ => agent.activity.clone(),
    };
    if works(view, agent) {
        doing
    } else {
        format!("stopped: {doing}")
    }
}

/// A tool's name and its arguments with less punctuation: `read_chunk chunk_ids: [5, 9]`.
pub(crate) fn call(activity: &str) -> String {
    const SHOWN_MAX: usize = 400;
    let end = activity
        .char_indices()
        .nth(SHOWN_MAX)
        .map_or(activity.len(), |(at, _)| at);
    let shown = &activity[..end];
    let Some((name, arguments)) = shown.split_once(' ') else {
        return shown.to_owned();
    };
    let arguments = arguments.strip_prefix('{').unwrap_or(arguments);
    let arguments = arguments.strip_suffix('}').unwrap_or(arguments);
    let mut call = format!("{name} ");
    let mut characters = arguments.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' => {}
            '\\' if characters.peek() == Some(&'"') => call.extend(characters.next()),
            ':' | ',' if matches!(characters.peek(), Some('"' | '[' | '{' | '0'..='9' | '-')) => {
                call.extend([character, ' ']);
            }
            _ => call.push(character),
        }
    }
    call
}
