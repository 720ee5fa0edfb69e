//! A run: its steps as lanes, its agents as trees, what went wrong on top with the way out, and its limits.

use super::gauge::{self, Gauge};
use super::{Screen, Subject};
use crate::census::{Census, works};
use crate::outline::{self, Rail};
use crate::text;
use crate::view::{self, Tone, label};
use crate::watch::folds::Folds;
use crate::watch::keymap::{Binding, Command, binding, char};
use crate::watch::model::Model;
use crate::watch::page::{Page, Row};
use crate::watch::source::{Wanted, Wish};
use crate::watch::tree::{Branch, branches};
use crate::words::{count, counted, duration};
use crate::writing::NOTHING;
use ratatui::text::{Line, Span};
use troupe_core::id::StepIndex;
use troupe_core::limits::LimitHit;
use troupe_core::port::journal::RunStatus;
use troupe_core::view::{AgentStatus, ChildView, RunView};

pub(super) static SCREEN: Screen = Screen {
    name: "run",
    about: "the run: its steps, agents and limits",
    of: Subject::Run,
    follows: false,
    page,
    keys,
    open,
    text: copied,
};

pub(super) fn keys(model: &Model) -> Vec<Binding> {
    let enter = (ratatui::crossterm::event::KeyCode::Enter, false);
    let mut keys = Vec::new();
    match &model.spot().chosen {
        Some(Row::Agent(_)) => keys.push(binding([enter], Command::Open, "transcript", "the agent's transcript")),
        Some(Row::Child(..)) => keys.push(binding([enter], Command::Open, "look into", "the run that it started")),
        Some(Row::Step(_)) => keys.push(binding([enter], Command::Open, "output", "the step's output")),
        Some(_) => keys.push(binding(
            [enter],
            Command::Open,
            "unfold",
            "show all of them, or fewer again",
        )),
        None => {}
    }
    let about = "fold or unfold what is below the chosen row";
    keys.push(binding([char(' ')], Command::Turn, "fold", about));
    keys
}

fn page(model: &Model) -> Page<'_> {
    let Some(folds) = model.folds() else {
        return Page::nothing("reading the run");
    };
    let view = &folds.view;
    let census = Census::of(view);
    let branches = branches(view, &census, model.spot());
    let writing = match model.past {
        None => &model.writing,
        Some(_) => &NOTHING,
    };
    Page {
        head: head(model, folds, &census),
        rows: branches.iter().map(|branch| branch.row.clone()).collect(),
        nothing: nothing(model),
        paint: Box::new(move |at, pen| {
            let screen = view::Screen {
                view,
                now_ms: model.clock_ms(),
                writing,
                theme: pen.theme,
                width: pen.width,
            };
            line(&screen, &census, &branches[at])
        }),
    }
}

pub(super) fn nothing(model: &Model) -> String {
    match model.spot().filter.as_str() {
        "" => "nothing has begun".to_owned(),
        filter => format!("nothing with `{filter}`"),
    }
}

/// A row of the tree, told as the live view tells it.
pub(super) fn line(screen: &view::Screen<'_>, census: &Census, branch: &Branch) -> Line<'static> {
    let pen = screen.pen();
    let cut = pen.theme.symbols().cut;
    match &branch.row {
        Row::Step(step) => screen.line(census, &outline::Row::Step(*step as usize)),
        Row::Agent(actor) => screen.line(census, &outline::Row::Agent(*actor, branch.rails.clone())),
        Row::Child(step, child) => {
            let child = &screen.view.steps[*step as usize].children[*child as usize];
            child_line(screen, child, &branch.rails)
        }
        _ if branch.rest.total() > 0 => {
            screen.line(census, &outline::Row::MoreAgents(branch.rest, branch.rails.clone()))
        }
        _ => pen.line(Tone::Quiet, &format!("  {cut} all of them are shown")),
    }
}

fn child_line(screen: &view::Screen<'_>, child: &ChildView, rails: &[Rail]) -> Line<'static> {
    let pen = screen.pen();
    let symbols = pen.theme.symbols();
    let (symbol, tone) = match child.status {
        RunStatus::Running | RunStatus::Waiting => (symbols.working, Tone::Working),
        RunStatus::Succeeded => (symbols.succeeded, Tone::Good),
        RunStatus::Failed => (symbols.failed, Tone::Bad),
        RunStatus::Cancelled => (symbols.skipped, Tone::Warning),
    };
    let ended_ms = child.ended_ms.unwrap_or(screen.now_ms);
    let left = vec![
        pen.span(Tone::Quiet, format!("  {}", view::tree(symbols, rails))),
        pen.span(tone, format!("{symbol} ")),
        pen.foreign(Tone::Plain, &format!("run .{}  {}", child.name, child.status.word())),
    ];
    let tokens = count(child.used.usage.total());
    let time = duration(ended_ms.saturating_sub(child.started_ms));
    pen.row(left, vec![pen.span(Tone::Quiet, format!("{tokens:>6} tok {time:>9}"))])
}

/// The lines on top: the run, why it failed and the way out, what it asks, its limits, what is at work.
pub(super) fn head(model: &Model, folds: &Folds, census: &Census) -> Vec<Line<'static>> {
    let (view, pen) = (&folds.view, model.pen());
    let screen = view::Screen {
        view,
        now_ms: model.clock_ms(),
        writing: &NOTHING,
        theme: model.theme,
        width: pen.width,
    };
    let mut lines = vec![screen.line(census, &outline::Row::Run)];
    if view.failure.is_some() {
        lines.push(screen.line(census, &outline::Row::Failure));
        if model.past.is_none() {
            let way = "  R tries again what failed, e edits an output and forks, E opens the file";
            lines.push(pen.line(Tone::Quiet, way));
        }
    }
    lines.extend(asks(model));
    lines.extend(gauge::line(pen, gauges(model, view)));
    lines.extend(at_work(model, view, census));
    lines.push(Line::default());
    lines
}

fn asks(model: &Model) -> Vec<Line<'static>> {
    let pen = model.pen();
    let Some(facts) = model.facts().filter(|_| model.past.is_none()) else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    if facts.standing.interrupted {
        let text = "no process works on it: R goes on with it";
        lines.push(pen.line(Tone::Warning, text));
    }
    if let Some(question) = facts.questions.first() {
        let more = match facts.questions.len() - 1 {
            0 => String::new(),
            more => format!(" ({} more)", count(more as u64)),
        };
        let text = format!("asks at {}: {}{more}; a answers", question.place, question.message);
        lines.push(pen.line(Tone::Warning, &text));
    }
    lines
}

fn gauges(model: &Model, view: &RunView) -> Vec<Gauge> {
    let mut gauges: Vec<Gauge> = [
        LimitHit::Tokens,
        LimitHit::Cost,
        LimitHit::Turns,
        LimitHit::WorkingSeconds,
        LimitHit::GpuSeconds,
    ]
    .into_iter()
    .map(|limit| Gauge {
        limit,
        used: view.spent.of(limit),
        most: view.most.of(limit),
    })
    .collect();
    let until = if view.status.is_over() {
        view.updated_ms
    } else {
        model.clock_ms()
    };
    gauges.push(Gauge {
        limit: LimitHit::Seconds,
        used: until.saturating_sub(view.started_ms),
        most: view.limits.seconds.saturating_mul(1_000),
    });
    gauges.push(Gauge {
        limit: LimitHit::Agents,
        used: view.agents.len() as u64 + u64::from(view.agents_below),
        most: view.limits.agents.into(),
    });
    gauges
}

/// `at work: 4 at models, 2 at tools, 1 leading · longest: seeker[4] keyword_search for 8.4 s`
fn at_work(model: &Model, view: &RunView, census: &Census) -> Option<Line<'static>> {
    if census.live == 0 {
        return None;
    }
    let (mut thinking, mut acting, mut leading) = (0u64, 0u64, 0u64);
    let mut longest: Option<&troupe_core::view::AgentView> = None;
    for agent in view.agents.iter().filter(|agent| works(view, agent)) {
        match agent.status {
            AgentStatus::Thinking => thinking += 1,
            AgentStatus::Acting => acting += 1,
            _ => leading += 1,
        }
        if agent.status != AgentStatus::Leading && longest.is_none_or(|other| agent.since_ms < other.since_ms) {
            longest = Some(agent);
        }
    }
    let kinds = [(thinking, "at models"), (acting, "at tools"), (leading, "leading")];
    let kinds = kinds.iter().filter(|(n, _)| *n > 0);
    let kinds: Vec<String> = kinds.map(|(n, word)| format!("{} {word}", count(*n))).collect();
    let pen = model.pen();
    let mut spans: Vec<Span<'static>> = vec![pen.span(Tone::Working, format!("at work: {}", kinds.join(", ")))];
    if let Some(agent) = longest {
        let time = duration(model.clock_ms().saturating_sub(agent.since_ms));
        let doing = text::head(&view::activity(view, agent), 40, pen.theme.symbols().cut);
        let text = format!("the longest: {} {doing} for {time}", label(view, agent));
        spans.push(pen.span(Tone::Quiet, pen.theme.symbols().dot));
        spans.push(pen.foreign(Tone::Plain, &text));
    }
    Some(pen.row(spans, Vec::new()))
}

pub(super) fn open(model: &mut Model) -> Vec<Wish> {
    let Some(run) = model.spot().run.clone() else {
        return Vec::new();
    };
    match model.spot().chosen.clone() {
        Some(Row::Agent(actor)) => model.enter_agent(actor),
        Some(Row::Child(step, child)) => {
            let children = model.folds().map(|folds| &folds.view.steps[step as usize].children);
            let name = children
                .and_then(|children| children.get(child as usize))
                .map(|child| child.name.clone());
            if let Some(child) = name.and_then(|name| run.child(&name)) {
                model.enter_run(child);
            }
        }
        Some(Row::Step(step)) => {
            let wanted = Wanted::Output {
                run,
                at: model.past.as_ref().map(|past| past.at),
                step: StepIndex(step),
                item: None,
                edit: false,
            };
            return vec![Wish::Begin(wanted)];
        }
        Some(row) => model.turn(row),
        None => {}
    }
    Vec::new()
}

pub(super) fn copied(model: &Model) -> Option<(String, String)> {
    let view = &model.folds()?.view;
    match model.spot().chosen.as_ref()? {
        Row::Agent(actor) => {
            let agent = view.agents.get(actor.at())?;
            let text = match &agent.status {
                AgentStatus::Failed(failure) => failure.to_string(),
                _ if agent.message.text.is_empty() => agent.task.clone(),
                _ => agent.message.text.clone(),
            };
            Some((agent.address.clone(), text))
        }
        Row::Step(step) => {
            let step = view.steps.get(*step as usize)?;
            let failure = step.failure.as_ref().map(ToString::to_string);
            Some((
                step.name.clone(),
                failure.unwrap_or_else(|| counted(step.items.into(), "item", "items")),
            ))
        }
        _ => None,
    }
}
