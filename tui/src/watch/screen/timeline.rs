//! A run along time: when steps and agents worked, and what they waited for.

use super::run::{copied, keys, nothing, open};
use super::{Screen, Subject};
use crate::census::{Census, works};
use crate::outline;
use crate::view::{self, Pen, Symbols, Tone, label, padded, tree};
use crate::watch::folds::Folds;
use crate::watch::model::Model;
use crate::watch::page::{Page, Row};
use crate::watch::tree::{Branch, branches};
use crate::words::duration;
use crate::writing::NOTHING;
use ratatui::text::{Line, Span};
use troupe_core::view::{Doing, StepStatus, Stretch};

pub(super) static SCREEN: Screen = Screen {
    name: "timeline",
    about: "the run along time: waiting apart from work",
    of: Subject::Run,
    follows: false,
    page,
    keys,
    open,
    text: copied,
};

const LABEL_COLUMNS: usize = 24;
const TIME_COLUMNS: usize = 10;
const MARKS: usize = 4;

/// The time that the columns show.
#[derive(Clone, Copy)]
struct Scale {
    from_ms: u64,
    to_ms: u64,
    columns: usize,
}

impl Scale {
    fn of(model: &Model, folds: &Folds, width: usize) -> Self {
        let view = &folds.view;
        let to_ms = if view.status.is_over() {
            view.updated_ms
        } else {
            model.clock_ms()
        };
        Self {
            from_ms: view.started_ms,
            to_ms: to_ms.max(view.started_ms + 1),
            columns: width.saturating_sub(LABEL_COLUMNS + TIME_COLUMNS + 1),
        }
    }

    fn length_ms(self) -> u64 {
        self.to_ms.saturating_sub(self.from_ms).max(1)
    }

    /// The column of a moment, and how far into it that is, in thousandths.
    fn thousandths(self, at_ms: u64) -> u64 {
        let since = u128::from(at_ms.clamp(self.from_ms, self.to_ms) - self.from_ms);
        let columns = self.columns as u128 * 1_000;
        u64::try_from(since * columns / u128::from(self.length_ms())).unwrap_or(0)
    }
}

fn page(model: &Model) -> Page<'_> {
    let Some(folds) = model.folds() else {
        return Page::nothing("reading the run");
    };
    let view = &folds.view;
    let census = Census::of(view);
    let branches = branches(view, &census, model.spot());
    Page {
        head: head(model, folds, &census),
        rows: branches.iter().map(|branch| branch.row.clone()).collect(),
        nothing: nothing(model),
        paint: Box::new(move |at, pen| line(model, folds, pen, &branches[at])),
    }
}

fn head(model: &Model, folds: &Folds, census: &Census) -> Vec<Line<'static>> {
    let pen = model.pen();
    let symbols = pen.theme.symbols();
    let screen = view::Screen {
        view: &folds.view,
        now_ms: model.clock_ms(),
        writing: &NOTHING,
        theme: model.theme,
        width: pen.width,
    };
    let legend = [Doing::Queueing, Doing::Thinking, Doing::Acting, Doing::Leading].map(|doing| {
        let (symbol, tone) = cell(symbols, doing);
        [
            pen.span(tone, symbol.repeat(2)),
            pen.span(Tone::Quiet, format!(" {}   ", doing.word())),
        ]
    });
    let step = [
        pen.span(Tone::Quiet, symbols.step.repeat(2)),
        pen.span(Tone::Quiet, " step"),
    ];
    let legend: Vec<Span<'static>> = legend.into_iter().flatten().chain(step).collect();
    let scale = Scale::of(model, folds, model.row_pen().width);
    vec![
        screen.line(census, &outline::Row::Run),
        pen.row(legend, Vec::new()),
        axis(pen, scale),
    ]
}

/// Times over the columns.
fn axis(pen: Pen, scale: Scale) -> Line<'static> {
    let mut text = " ".repeat(LABEL_COLUMNS + crate::watch::page::MARGIN);
    let step = scale.columns / MARKS;
    if step > TIME_COLUMNS {
        for mark in 0..MARKS {
            let ms = scale.length_ms() * mark as u64 / MARKS as u64;
            text.push_str(&padded(&duration(ms), step, ""));
        }
    }
    pen.line(Tone::Quiet, &text)
}

fn cell(symbols: &'static Symbols, doing: Doing) -> (&'static str, Tone) {
    match doing {
        Doing::Queueing => (symbols.queued, Tone::Warning),
        Doing::Thinking => (symbols.model, Tone::Working),
        Doing::Acting => (symbols.tool, Tone::Good),
        Doing::Leading => (symbols.leads, Tone::Quiet),
    }
}

fn line(model: &Model, folds: &Folds, pen: Pen, branch: &Branch) -> Line<'static> {
    let view = &folds.view;
    let scale = Scale::of(model, folds, pen.width);
    let symbols = pen.theme.symbols();
    let (name, cells, took): (String, Vec<Span<'static>>, Option<u64>) = match &branch.row {
        Row::Step(step) => {
            let step = &view.steps[*step as usize];
            let ended = step.ended_ms.unwrap_or(scale.to_ms);
            let cells = step
                .started_ms
                .map(|started| step_cells(pen, scale, started, ended, step.status));
            let took = step.started_ms.map(|started| ended.saturating_sub(started));
            (step.name.clone(), cells.unwrap_or_default(), took)
        }
        Row::Child(step, child) => {
            let child = &view.steps[*step as usize].children[*child as usize];
            let ended = child.ended_ms.unwrap_or(scale.to_ms);
            let cells = step_cells(pen, scale, child.started_ms, ended, StepStatus::Running);
            let took = ended.saturating_sub(child.started_ms);
            (
                format!("{}.{}", tree(symbols, &branch.rails), child.name),
                cells,
                Some(took),
            )
        }
        Row::Agent(actor) => {
            let agent = &view.agents[actor.at()];
            let until = if works(view, agent) {
                scale.to_ms
            } else {
                agent.ended_ms.unwrap_or(scale.to_ms)
            };
            let cells = agent_cells(pen, scale, folds.timeline.agent(*actor), until);
            let name = format!("{}{}", tree(symbols, &branch.rails), label(view, agent));
            (name, cells, Some(until.saturating_sub(agent.started_ms)))
        }
        _ => {
            let text = match branch.rest.total() {
                0 => format!("  {} all of them are shown", symbols.cut),
                _ => format!("{}{} {}", tree(symbols, &branch.rails), symbols.cut, branch.rest.more()),
            };
            return pen.line(Tone::Quiet, &text);
        }
    };
    let mut spans = vec![pen.span(Tone::Plain, padded(&name, LABEL_COLUMNS, symbols.cut))];
    spans.extend(cells);
    let took = took.map(duration).unwrap_or_default();
    let mut line = pen.row(spans, vec![pen.span(Tone::Plain, format!("{took:>TIME_COLUMNS$}"))]);
    line.spans.retain(|span| !span.content.is_empty());
    line
}

fn step_cells(pen: Pen, scale: Scale, from_ms: u64, to_ms: u64, status: StepStatus) -> Vec<Span<'static>> {
    let from = usize::try_from(scale.thousandths(from_ms) / 1_000)
        .unwrap_or(0)
        .min(scale.columns);
    let to = usize::try_from(scale.thousandths(to_ms).div_ceil(1_000))
        .unwrap_or(0)
        .clamp(from, scale.columns);
    let length = (to - from).max(1).min(scale.columns - from);
    let tone = match status {
        StepStatus::Failed => Tone::Bad,
        StepStatus::InDoubt => Tone::Warning,
        StepStatus::Running => Tone::Working,
        _ => Tone::Quiet,
    };
    vec![
        Span::raw(" ".repeat(from)),
        pen.span(tone, pen.theme.symbols().step.repeat(length)),
    ]
}

/// For every column what most of its time went to.
fn agent_cells(pen: Pen, scale: Scale, stretches: &[Stretch], until_ms: u64) -> Vec<Span<'static>> {
    const KINDS: [Doing; 4] = [Doing::Queueing, Doing::Thinking, Doing::Acting, Doing::Leading];
    let mut weights = vec![[0u64; KINDS.len()]; scale.columns];
    for stretch in stretches {
        let kind = KINDS.iter().position(|kind| *kind == stretch.doing).unwrap_or(0);
        let from = scale.thousandths(stretch.from_ms);
        // What takes no time on this scale is seen all the same.
        let to = scale.thousandths(stretch.to_ms.unwrap_or(until_ms)).max(from + 1);
        let columns = usize::try_from(from / 1_000).unwrap_or(0)..scale.columns;
        for column in columns.take_while(|column| (*column as u64) * 1_000 < to) {
            let (begins, ends) = (column as u64 * 1_000, (column as u64 + 1) * 1_000);
            weights[column][kind] += ends.min(to).saturating_sub(begins.max(from));
        }
    }
    let mut spans: Vec<Span<'static>> = Vec::new();
    let (mut last, mut length) = (None, 0);
    let mut end = |last: Option<usize>, length: usize| match last {
        _ if length == 0 => {}
        None => spans.push(Span::raw(" ".repeat(length))),
        Some(kind) => {
            let (symbol, tone) = cell(pen.theme.symbols(), KINDS[kind]);
            spans.push(pen.span(tone, symbol.repeat(length)));
        }
    };
    for weight in &weights {
        let most = (0..KINDS.len())
            .filter(|kind| weight[*kind] > 0)
            .max_by_key(|kind| weight[*kind]);
        if most != last {
            end(last, length);
            (last, length) = (most, 0);
        }
        length += 1;
    }
    if last.is_some() {
        end(last, length);
    }
    spans
}
