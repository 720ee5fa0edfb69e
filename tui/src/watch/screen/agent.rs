//! An agent: its transcript as its model saw it, what it writes now, and what is left of its limits.

use super::block::{Block, Laid};
use super::gauge::{self, Gauge};
use super::{Screen, Subject};
use crate::census::works;
use crate::text;
use crate::view::{Pen, Tone, activity, call};
use crate::watch::keymap::{Binding, Command, binding, char};
use crate::watch::model::Model;
use crate::watch::page::{Page, Row};
use crate::watch::source::Wish;
use crate::watch::tree::number;
use crate::words::{count, counted, duration};
use ratatui::text::Line;
use std::sync::Arc;
use troupe_core::id::ActorId;
use troupe_core::limits::LimitHit;
use troupe_core::message::{Finish, Message};
use troupe_core::view::{AgentStatus, AgentView, Said, Transcript, Turn};

pub(super) static SCREEN: Screen = Screen {
    name: "agent",
    about: "the agent's transcript, as its model saw it",
    of: Subject::Agent,
    follows: true,
    page,
    keys,
    open,
    text: copied,
};

/// Lines of a message before it is folded: of the system prompt, of what tools gave, of everything else.
const SYSTEM_LINES: usize = 3;
const TOOL_LINES: usize = 5;
const LINES: usize = 60;
/// The block of the system prompt; those of messages follow.
const SYSTEM: u32 = 0;
const SPARK_COLUMNS: usize = 40;

fn keys(model: &Model) -> Vec<Binding> {
    let enter = (ratatui::crossterm::event::KeyCode::Enter, false);
    let about = "fold or unfold the message";
    let mut keys = vec![binding([enter, char(' ')], Command::Open, "unfold", about)];
    if chosen(model).is_some_and(|said| !said.retrieved.is_empty()) {
        keys.push(binding(
            [char('c')],
            Command::Chunks,
            "chunks",
            "open a chunk that the message shows",
        ));
    }
    keys
}

fn page(model: &Model) -> Page<'_> {
    let spot = model.spot();
    let agent = || model.folds()?.view.agents.get(spot.actor?.at());
    let Some(agent) = agent() else {
        return Page::nothing("it has not begun");
    };
    let head = head(model, agent);
    let Some(heard) = model.heard() else {
        return Page {
            head,
            ..Page::nothing("reading the transcript")
        };
    };
    let mut lines = transcript(model, &heard.transcript);
    if let Some(written) = writing(model, agent, heard.actor, number(heard.transcript.said.len() + 1)) {
        lines.extend(written);
    }
    if !spot.filter.is_empty() {
        lines.retain(|(_, line)| spot.admits(&line.to_string()));
    }
    Page {
        head,
        rows: lines.iter().map(|(row, _)| row.clone()).collect(),
        nothing: "nothing was said".to_owned(),
        paint: Box::new(move |at, _| lines[at].1.clone()),
    }
}

fn head(model: &Model, agent: &AgentView) -> Vec<Line<'static>> {
    let pen = model.pen();
    let symbols = pen.theme.symbols();
    let Some(folds) = model.folds() else {
        return Vec::new();
    };
    let live = works(&folds.view, agent);
    let (symbol, tone) = match &agent.status {
        AgentStatus::Answered => (symbols.succeeded, Tone::Good),
        AgentStatus::Failed(_) => (symbols.failed, Tone::Bad),
        _ if live => (symbols.working, Tone::Working),
        _ => (symbols.skipped, Tone::Warning),
    };
    let until = agent.ended_ms.unwrap_or_else(|| model.clock_ms());
    let mut facts = vec![
        (tone, format!("{symbol} {}", activity(&folds.view, agent))),
        (Tone::Plain, format!("model {}", agent.model)),
        (Tone::Plain, counted(agent.turns.into(), "turn", "turns")),
        (Tone::Plain, format!("{} tok", count(agent.usage.total()))),
        (Tone::Plain, duration(until.saturating_sub(agent.started_ms))),
    ];
    if agent.queue_ms > 0 {
        facts.push((Tone::Warning, format!("queued {}", duration(agent.queue_ms))));
    }
    if let Some(limit) = &agent.limit {
        facts.push((Tone::Warning, limit.to_string()));
    }
    // What it does may be long; figures are not.
    if let Some((_, doing)) = facts.first_mut() {
        *doing = text::head(doing, (pen.width / 2).max(12), symbols.cut);
    }
    let mut lines = vec![pen.row(pen.facts(facts), Vec::new())];
    lines.extend(gauge::line(pen, gauges(model, agent)));
    lines.push(Line::default());
    lines
}

fn gauges(model: &Model, agent: &AgentView) -> Vec<Gauge> {
    let most = agent.limits.amount();
    let sums = [
        LimitHit::Tokens,
        LimitHit::Cost,
        LimitHit::WorkingSeconds,
        LimitHit::GpuSeconds,
    ];
    let mut gauges: Vec<Gauge> = sums
        .into_iter()
        .map(|limit| Gauge {
            limit,
            used: agent.spent.of(limit),
            most: most.of(limit),
        })
        .collect();
    gauges.push(Gauge {
        limit: LimitHit::Turns,
        used: agent.turns.into(),
        most: agent.limits.turns.into(),
    });
    let turns = model.heard().into_iter().flat_map(|heard| &heard.transcript.said);
    let last = turns.rev().find_map(|said| said.turn.as_ref());
    gauges.push(Gauge {
        limit: LimitHit::Context,
        used: last.map_or(0, |turn| turn.usage.total()),
        most: agent.limits.context_tokens,
    });
    gauges
}

/// All messages as lines.
fn transcript(model: &Model, transcript: &Transcript) -> Laid {
    let mut laid = Laid::new();
    if !transcript.system.is_empty() {
        let mut block = Block::new(model, SYSTEM, SYSTEM_LINES);
        block.title(Tone::Quiet, vec![(Tone::Strong, "system".to_owned())]);
        block.text(Tone::Quiet, &transcript.system);
        laid.extend(block.done());
    }
    for (at, said) in transcript.said.iter().enumerate() {
        let number = number(at + 1);
        laid.extend(match &*said.message {
            Message::User { text } => user(model, number, at == 0, text, said),
            Message::Assistant(_) => assistant(model, number, said),
            Message::Tool { name, text, .. } => tool(model, number, name, text, said),
        });
    }
    laid
}

fn user(model: &Model, number: u32, is_first: bool, text: &str, said: &Said) -> Laid {
    let mut block = Block::new(model, number, LINES);
    let word = if is_first { "task" } else { "notice" };
    block.title(
        Tone::Strong,
        [(Tone::Strong, word.to_owned())]
            .into_iter()
            .chain(omitted(said))
            .collect(),
    );
    block.text(Tone::Plain, text);
    block.done()
}

fn omitted(said: &Said) -> Option<(Tone, String)> {
    let text = "omitted: the model's last request was without it";
    said.omitted.then(|| (Tone::Warning, text.to_owned()))
}

fn assistant(model: &Model, number: u32, said: &Said) -> Laid {
    let Message::Assistant(message) = &*said.message else {
        return Laid::new();
    };
    let mut block = Block::new(model, number, LINES);
    let mut facts = Vec::new();
    if let Some(turn) = &said.turn {
        facts.extend(turn_facts(turn));
    }
    facts.extend(omitted(said));
    block.title(Tone::Working, facts);
    if let Some(spark) = said.turn.as_ref().and_then(|turn| spark(block.pen, turn)) {
        block.line(spark);
    }
    if !message.thinking.trim().is_empty() {
        block.labelled("thought", Tone::Quiet, &message.thinking);
    }
    if !message.text.trim().is_empty() {
        let word = if message.tool_calls.is_empty() {
            "answer"
        } else {
            "text"
        };
        block.labelled(word, Tone::Plain, &message.text);
    }
    for asked in &message.tool_calls {
        let text = call(&format!("{} {}", asked.name, asked.arguments));
        block.labelled("action", Tone::Working, &text);
    }
    block.done()
}

/// `turn 2 · 1.2k in, 80 out · 3.2 s, queued 1.1 s · from the cache`
fn turn_facts(turn: &Turn) -> Vec<(Tone, String)> {
    let usage = turn.usage;
    let mut facts = vec![
        (Tone::Strong, format!("turn {}", turn.number)),
        (
            Tone::Plain,
            format!(
                "{} in, {} out",
                count(usage.prompt_tokens),
                count(usage.completion_tokens)
            ),
        ),
        (Tone::Plain, duration(turn.wall_ms)),
    ];
    if turn.queue_ms > 0 {
        facts.push((Tone::Warning, format!("queued {}", duration(turn.queue_ms))));
    }
    if turn.cached {
        facts.push((Tone::Plain, "from the cache".to_owned()));
    }
    match turn.finish {
        Finish::Stop => {}
        Finish::Length => facts.push((Tone::Warning, "cut at the model's length".to_owned())),
        Finish::Filtered => facts.push((Tone::Warning, "ended by the provider's filter".to_owned())),
    }
    if let Some(limit) = &turn.forced {
        facts.push((Tone::Warning, format!("forced: {limit}")));
    }
    facts
}

/// `entropy ▁▂▁▆▂ mean 0.42, most 2.31 nats`
fn spark(pen: Pen, turn: &Turn) -> Option<Line<'static>> {
    let seen: Vec<f32> = turn.entropy.iter().flatten().copied().collect();
    if seen.is_empty() {
        return None;
    }
    let most = seen.iter().copied().fold(0.0f32, f32::max);
    let mean = seen.iter().sum::<f32>() / seen.len() as f32;
    let columns = SPARK_COLUMNS.min(seen.len()).min(pen.width / 2).max(1);
    let ramp = pen.theme.symbols().ramp;
    let cells = (0..columns).map(|column| {
        let part = &seen[column * seen.len() / columns..((column + 1) * seen.len() / columns).max(1)];
        let height = part.iter().sum::<f32>() / part.len().max(1) as f32 / most.max(f32::MIN_POSITIVE);
        ramp[((height * ramp.len() as f32) as usize).min(ramp.len() - 1)]
    });
    Some(Line::from(vec![
        pen.span(Tone::Quiet, "  entropy "),
        pen.span(Tone::Working, cells.collect::<String>()),
        pen.span(Tone::Quiet, format!(" mean {mean:.2}, most {most:.2} nats")),
    ]))
}

fn tool(model: &Model, number: u32, name: &str, text: &str, said: &Said) -> Laid {
    let mut block = Block::new(model, number, TOOL_LINES);
    let mut facts = vec![(Tone::Strong, "observation".to_owned()), (Tone::Plain, name.to_owned())];
    if said.failed {
        facts.push((Tone::Bad, "failed".to_owned()));
    }
    let retrieved = &said.retrieved;
    for (ids, word) in [(&retrieved.shown, "shown"), (&retrieved.read, "read")] {
        if !ids.is_empty() {
            facts.push((
                Tone::Plain,
                format!("{} {word}", counted(ids.len() as u64, "chunk", "chunks")),
            ));
        }
    }
    if retrieved.tokens > 0 {
        facts.push((Tone::Plain, format!("{} tok", count(retrieved.tokens))));
    }
    facts.extend(omitted(said));
    block.title(Tone::Good, facts);
    block.text(if said.failed { Tone::Bad } else { Tone::Plain }, text);
    block.done()
}

/// What the model writes at this moment.
fn writing(model: &Model, agent: &AgentView, actor: ActorId, number: u32) -> Option<Laid> {
    let folds = model.folds()?;
    if model.past.is_some() || !works(&folds.view, agent) {
        return None;
    }
    let mut block = Block::new(model, number, LINES);
    match model.writing.of(actor) {
        Some(text) => {
            block.title(Tone::Working, vec![(Tone::Working, "writing".to_owned())]);
            block.text(Tone::Plain, text);
        }
        None => {
            let time = duration(model.clock_ms().saturating_sub(agent.since_ms));
            let doing = format!("{} for {time}", activity(&folds.view, agent));
            block.title(Tone::Working, vec![(Tone::Working, doing)]);
        }
    }
    Some(block.done())
}

/// The message that is chosen.
pub(in crate::watch) fn chosen(model: &Model) -> Option<&Said> {
    let Some(Row::Said(block, _)) = &model.spot().chosen else {
        return None;
    };
    let said = &model.heard()?.transcript.said;
    said.get((*block as usize).checked_sub(1)?).map(Arc::as_ref)
}

fn open(model: &mut Model) -> Vec<Wish> {
    if let Some(Row::Said(block, _)) = model.spot().chosen {
        model.turn(Row::Said(block, 0));
    }
    Vec::new()
}

fn copied(model: &Model) -> Option<(String, String)> {
    let Some(Row::Said(block, _)) = &model.spot().chosen else {
        return None;
    };
    if *block == SYSTEM {
        return Some(("system".to_owned(), model.heard()?.transcript.system.to_string()));
    }
    let said = chosen(model)?;
    Some(match &*said.message {
        Message::User { text } => ("task".to_owned(), text.clone()),
        Message::Tool { name, text, .. } => (name.clone(), text.clone()),
        Message::Assistant(message) => {
            let calls = message
                .tool_calls
                .iter()
                .map(|asked| format!("{} {}", asked.name, asked.arguments));
            let parts = [message.thinking.clone(), message.text.clone()]
                .into_iter()
                .chain(calls);
            let parts: Vec<String> = parts.filter(|part| !part.trim().is_empty()).collect();
            ("turn".to_owned(), parts.join("\n"))
        }
    })
}
