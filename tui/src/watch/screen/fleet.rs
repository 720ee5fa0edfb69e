//! The fleet: all runs of a workspace, live and past.

use super::gauge::dollars;
use super::{Screen, Subject};
use crate::text;
use crate::view::{Pen, Tone, padded};
use crate::watch::keymap::{Binding, Command, binding, char};
use crate::watch::model::{Model, Spot};
use crate::watch::page::{Page, Row};
use crate::watch::source::{Details, RunRow, Wish};
use crate::words::{count, counted, duration};
use ratatui::text::Line;
use std::cmp::Ordering;
use troupe_core::port::journal::RunStatus;

pub(super) static SCREEN: Screen = Screen {
    name: "runs",
    about: "all runs of the workspace",
    of: Subject::Workspace,
    follows: false,
    page,
    keys,
    open,
    text: copied,
};

/// Which of two runs comes first.
type Order = fn(&RunRow, &RunRow) -> Ordering;

const ORDERS: [(&str, Order); 5] = [
    ("newest", |one, other| other.started_ms.cmp(&one.started_ms)),
    ("last heard of", |one, other| other.updated_ms.cmp(&one.updated_ms)),
    ("status", |one, other| rank(one).cmp(&rank(other))),
    ("workflow", |one, other| one.workflow.cmp(&other.workflow)),
    ("tokens", |one, other| other.tokens.cmp(&one.tokens)),
];

/// What wants a look comes first.
fn rank(row: &RunRow) -> u8 {
    match (row.standing.status, row.standing.interrupted) {
        (_, true) => 1,
        (RunStatus::Waiting, _) => 0,
        (RunStatus::Running, _) => 2,
        (RunStatus::Failed, _) => 3,
        (RunStatus::Cancelled, _) => 4,
        (RunStatus::Succeeded, _) => 5,
    }
}

fn keys(model: &Model) -> Vec<Binding> {
    let mut keys = Vec::new();
    if model.fleet.rows.as_ref().is_some_and(|rows| !rows.is_empty()) {
        keys.push(binding(
            [(ratatui::crossterm::event::KeyCode::Enter, false)],
            Command::Open,
            "look into",
            "look into the chosen run",
        ));
        keys.push(binding([char('s')], Command::Order, "sort", "the next order"));
        keys.push(binding(
            [char('S')],
            Command::Reverse,
            "",
            "the order the other way round",
        ));
    }
    keys
}

/// The runs that the filter admits, in the chosen order.
pub(in crate::watch) fn listed<'a>(rows: &'a [RunRow], spot: &Spot) -> Vec<&'a RunRow> {
    let admitted = |row: &&RunRow| {
        spot.filter.is_empty()
            || spot.admits(&format!(
                "{} {} {}",
                row.run.as_str(),
                row.workflow,
                row.standing.word()
            ))
    };
    let mut listed: Vec<&RunRow> = rows.iter().filter(admitted).collect();
    let (_, order) = ORDERS[spot.order % ORDERS.len()];
    listed.sort_by(|one, other| order(one, other));
    if spot.reversed {
        listed.reverse();
    }
    listed
}

fn page(model: &Model) -> Page<'_> {
    let Some(rows) = &model.fleet.rows else {
        return Page::nothing("reading the workspace");
    };
    let spot = model.spot();
    let listed = listed(rows, spot);
    let name = listed
        .iter()
        .map(|row| text::width(row.run.as_str()))
        .max()
        .unwrap_or(0)
        .clamp(12, 24);
    let flow = listed
        .iter()
        .map(|row| text::width(&row.workflow))
        .max()
        .unwrap_or(0)
        .clamp(8, 24);
    Page {
        head: head(model, rows, listed.len(), (name, flow)),
        rows: listed.iter().map(|row| Row::Run(row.run.clone())).collect(),
        nothing: match spot.filter.is_empty() {
            true => "no run yet; `troupe run FILE` starts one".to_owned(),
            false => format!("no run with `{}`", spot.filter),
        },
        paint: Box::new(move |at, pen| {
            let row = listed[at];
            line(pen, model, row, model.fleet.details.get(&row.run), (name, flow))
        }),
    }
}

fn head(model: &Model, rows: &[RunRow], listed: usize, (name, flow): (usize, usize)) -> Vec<Line<'static>> {
    let pen = model.pen();
    let spot = model.spot();
    let is = |row: &RunRow, status: RunStatus| row.standing.status == status && !row.standing.interrupted;
    let mut facts = vec![(Tone::Plain, counted(rows.len() as u64, "run", "runs"))];
    let kinds = [
        (RunStatus::Running, Tone::Working),
        (RunStatus::Waiting, Tone::Warning),
        (RunStatus::Failed, Tone::Bad),
    ];
    for (status, tone) in kinds {
        let n = rows.iter().filter(|row| is(row, status)).count() as u64;
        if n > 0 {
            facts.push((tone, format!("{} {}", count(n), status.word())));
        }
    }
    let interrupted = rows.iter().filter(|row| row.standing.interrupted).count() as u64;
    if interrupted > 0 {
        facts.push((Tone::Warning, format!("{} interrupted", count(interrupted))));
    }
    if listed < rows.len() {
        facts.push((Tone::Quiet, format!("{} shown", count(listed as u64))));
    }
    let (order, _) = ORDERS[spot.order % ORDERS.len()];
    let way = if spot.reversed { ", reversed" } else { "" };
    let sorted = pen.span(Tone::Quiet, format!("by {order}{way}"));
    let titles = format!(
        "  {:name$}  {:flow$}  {:11}  {}",
        "RUN",
        "WORKFLOW",
        "STATUS",
        figure_titles(pen.width)
    );
    vec![pen.row(pen.facts(facts), vec![sorted]), pen.line(Tone::Quiet, &titles)]
}

/// Which figures there is room for.
fn is_wide(width: usize) -> bool {
    width >= 100
}

fn figure_titles(width: usize) -> &'static str {
    match is_wide(width) {
        true => "STEPS  AGENTS   TOKENS     COST        AGE       TOOK",
        false => "STEPS  TOKENS        AGE",
    }
}

/// `01K… wide-research  ● running  2/4   12  1.2M tok  $0.25  3 m 02 s`
fn line(pen: Pen, model: &Model, row: &RunRow, details: Option<&Details>, columns: (usize, usize)) -> Line<'static> {
    let symbols = pen.theme.symbols();
    let (symbol, tone) = match (row.standing.status, row.standing.interrupted) {
        (_, true) => (symbols.skipped, Tone::Warning),
        (RunStatus::Running, _) => (symbols.working, Tone::Working),
        (RunStatus::Waiting, _) => (symbols.waiting, Tone::Warning),
        (RunStatus::Succeeded, _) => (symbols.succeeded, Tone::Good),
        (RunStatus::Failed, _) => (symbols.failed, Tone::Bad),
        (RunStatus::Cancelled, _) => (symbols.skipped, Tone::Warning),
    };
    let steps = details
        .map(|details| format!("{}/{}", details.steps_over, details.steps))
        .unwrap_or_default();
    let cost = details.filter(|details| details.cost_micros > 0);
    let cost = cost.map(|details| dollars(details.cost_micros)).unwrap_or_default();
    let now_ms = model.now_ms;
    let age = duration(now_ms.saturating_sub(row.started_ms));
    let ended = if row.standing.is_live() { now_ms } else { row.updated_ms };
    let took = duration(ended.saturating_sub(row.started_ms));
    let tokens = count(row.tokens);
    let figures = match is_wide(pen.width + crate::watch::page::MARGIN) {
        true => format!(
            "{steps:>5}  {:>6}  {tokens:>7}  {cost:>7}  {age:>9}  {took:>9}",
            row.agents
        ),
        false => format!("{steps:>5}  {tokens:>6}  {age:>9}"),
    };
    let left = vec![
        pen.span(Tone::Plain, padded(row.run.as_str(), columns.0, symbols.cut)),
        pen.span(Tone::Plain, "  "),
        pen.span(Tone::Strong, padded(&row.workflow, columns.1, symbols.cut)),
        pen.span(Tone::Plain, "  "),
        pen.span(tone, format!("{symbol} {:11}", row.standing.word())),
        pen.span(Tone::Plain, figures),
    ];
    Line::from(pen.cut(left, pen.width))
}

fn open(model: &mut Model) -> Vec<Wish> {
    if let Some(Row::Run(run)) = model.spot().chosen.clone() {
        model.enter_run(run);
    }
    Vec::new()
}

fn copied(model: &Model) -> Option<(String, String)> {
    match &model.spot().chosen {
        Some(Row::Run(run)) => Some(("run".to_owned(), run.as_str().to_owned())),
        _ => None,
    }
}
