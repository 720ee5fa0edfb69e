//! What is around every screen: the path and the tabs on top, the moment in time, the keys below, and what asks.

use super::{Screen, Subject, beside};
use crate::text;
use crate::view::{Pen, Tone};
use crate::watch::keymap::{self, Binding};
use crate::watch::model::{Choice, Model, Overlay, Purpose};
use crate::watch::page::Page;
use crate::words::{count, duration};
use ratatui::buffer::Buffer;
use ratatui::text::{Line, Span};

/// Rows that what can be chosen always gets, before lines on top do.
const BODY_MIN: usize = 4;

/// How the rows of a terminal are shared out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::watch) struct Layout {
    title: usize,
    extra: usize,
    head: usize,
    /// Rows for what can be chosen.
    pub(in crate::watch) body: usize,
    footer: usize,
}

/// Shares out the rows below a head of so many lines.
pub(in crate::watch) fn layout(model: &Model, head: usize) -> Layout {
    let height = usize::from(model.size.1);
    let title = usize::from(height >= 3);
    let footer = usize::from(height >= 2);
    let wanted = usize::from(model.past.is_some()) + usize::from(model.trouble.is_some());
    let extra = wanted.min(height.saturating_sub(title + footer + 1));
    let room = height - title - footer - extra;
    let head = head.min(room.saturating_sub(BODY_MIN));
    Layout {
        title,
        extra,
        head,
        body: room - head,
        footer,
    }
}

/// The row of the body at a row of the terminal.
pub(in crate::watch) fn body_row(model: &Model, head: usize, row: u16) -> Option<usize> {
    let layout = layout(model, head);
    let at = usize::from(row).checked_sub(layout.title + layout.extra + layout.head)?;
    (at < layout.body).then_some(at)
}

/// Draws the model's screen.
pub(in crate::watch) fn draw(model: &Model, buffer: &mut Buffer) {
    let page = (model.spot().screen.page)(model);
    let layout = layout(model, page.head.len());
    let mut lines = Vec::with_capacity(usize::from(model.size.1));
    if layout.title > 0 {
        lines.push(title(model));
    }
    lines.extend(extra(model).into_iter().take(layout.extra));
    lines.extend(page.head.iter().take(layout.head).cloned());
    let body = body(model, &page, layout.body);
    let over = overlay(model, layout.body);
    let kept = layout.body - over.len();
    lines.extend(body.into_iter().chain(std::iter::repeat(Line::default())).take(kept));
    lines.extend(over);
    if layout.footer > 0 {
        lines.push(footer(model, &page));
    }
    let area = buffer.area;
    for (y, line) in (area.top()..area.bottom()).zip(&lines) {
        buffer.set_line(area.left(), y, line, area.width);
    }
}

fn body(model: &Model, page: &Page<'_>, height: usize) -> Vec<Line<'static>> {
    let (spot, pen) = (model.spot(), model.row_pen());
    if page.rows.is_empty() {
        return vec![model.pen().line(Tone::Quiet, &format!("  {}", page.nothing))];
    }
    let shown = (spot.top..page.rows.len()).take(height);
    let row = |at: usize| {
        let is_chosen = spot.chosen.as_ref() == Some(&page.rows[at]);
        let mark = match is_chosen {
            true => pen.span(Tone::Chosen, pen.theme.symbols().cursor),
            false => Span::raw("  "),
        };
        let mut line = (page.paint)(at, pen);
        line.spans.insert(0, mark);
        line
    };
    shown.map(row).collect()
}

/// `troupe › runs › 01K… wide-research › timeline       1 run  2 timeline  3 retrieval`
fn title(model: &Model) -> Line<'static> {
    let pen = model.pen();
    let symbols = pen.theme.symbols();
    let mut left = vec![pen.span(Tone::Strong, "troupe")];
    for spot in &model.spots {
        left.push(pen.span(Tone::Quiet, symbols.into));
        left.push(pen.foreign(Tone::Strong, &place(model, spot)));
    }
    pen.row(left, tabs(model.spot().screen, pen))
}

fn place(model: &Model, spot: &crate::watch::model::Spot) -> String {
    let folds = model.folds();
    match (spot.screen.of, &spot.run, spot.actor) {
        (Subject::Workspace, ..) => spot.screen.name.to_owned(),
        (Subject::Agent, _, Some(actor)) => {
            let agent = folds.and_then(|folds| folds.view.agents.get(actor.at()));
            agent.map_or_else(|| spot.screen.name.to_owned(), |agent| agent.address.clone())
        }
        (Subject::Build, ..) => {
            let build = model.build();
            build.map_or_else(|| spot.screen.name.to_owned(), |row| row.view.instance.clone())
        }
        (Subject::Text, ..) => model
            .passage
            .as_ref()
            .map_or_else(String::new, |passage| passage.title.clone()),
        (_, Some(run), _) => run.as_str().to_owned(),
        _ => spot.screen.name.to_owned(),
    }
}

fn tabs(screen: &'static Screen, pen: Pen) -> Vec<Span<'static>> {
    let mut spans = Vec::new();
    if beside(screen).count() < 2 {
        return spans;
    }
    for (number, tab) in (1..).zip(beside(screen)) {
        let tone = if tab == screen { Tone::Chosen } else { Tone::Quiet };
        let mark = if tab == screen { "*" } else { " " };
        spans.push(pen.span(tone, format!("  {number}{mark}{}", tab.name)));
    }
    spans
}

/// The moment that is looked at, and why data may be old.
fn extra(model: &Model) -> Vec<Line<'static>> {
    let pen = model.pen();
    let mut lines = Vec::new();
    if let Some(trouble) = &model.trouble {
        lines.push(pen.line(Tone::Bad, &format!("{} {trouble}", pen.theme.symbols().failed)));
    }
    if let (Some(past), Some(run)) = (&model.past, &model.run) {
        let all = run.history.now.view.events;
        let since = past
            .folds
            .as_ref()
            .map(|folds| folds.view.updated_ms.saturating_sub(folds.view.started_ms));
        let since = since.map(|ms| format!(" ({})", duration(ms))).unwrap_or_default();
        let said = format!("as it was after event {} of {all}{since} ", past.at);
        let room = pen.width.saturating_sub(text::width(&said)).min(60) as u64;
        let left = vec![
            pen.span(Tone::Warning, said),
            pen.span(Tone::Quiet, pen.bar(past.at, all, room)),
        ];
        lines.push(pen.row(left, Vec::new()));
    }
    lines
}

fn footer(model: &Model, page: &Page<'_>) -> Line<'static> {
    let pen = model.pen();
    if let Some(Overlay::Prompt { purpose, text }) = &model.overlay {
        let before = match purpose {
            Purpose::Filter(_) => "search: ",
            Purpose::Comment(_) => "a comment, or nothing: ",
            Purpose::Moment => "to event: ",
            Purpose::Limits(_) => "in all (tokens=500000 cost=5): ",
        };
        let room = pen.width.saturating_sub(before.len() + 1);
        let typed = text::tail(text, room, pen.theme.symbols().cut);
        return Line::from(vec![
            pen.span(Tone::Chosen, before),
            pen.span(Tone::Plain, typed),
            pen.span(Tone::Chosen, "_"),
        ]);
    }
    if let Some(notice) = &model.notice {
        let tone = if notice.bad { Tone::Bad } else { Tone::Good };
        return pen.line(tone, &notice.text);
    }
    let spot = model.spot();
    let mut right = Vec::new();
    if page.rows.len() > 1 {
        let at = count(spot.position as u64 + 1);
        right.push(pen.span(Tone::Quiet, format!("{at}/{}", count(page.rows.len() as u64))));
    }
    if !spot.filter.is_empty() {
        right.insert(0, pen.foreign(Tone::Warning, &format!("with `{}`  ", spot.filter)));
    }
    let used: usize = right.iter().map(Span::width).sum();
    pen.row(
        named_keys(&keymap::keymap(model), pen, pen.width.saturating_sub(used + 1)),
        right,
    )
}

/// As many keys as fit; the last two, which say how to learn of all others and how to leave, always do.
fn named_keys(bindings: &[Binding], pen: Pen, columns: usize) -> Vec<Span<'static>> {
    let unicode = pen.theme.is_unicode();
    let named: Vec<&Binding> = bindings.iter().filter(|binding| !binding.word.is_empty()).collect();
    let of = |binding: &Binding| {
        let key = binding
            .keys
            .first()
            .map_or_else(String::new, |key| keymap::name(*key, unicode));
        [
            pen.span(Tone::Chosen, key),
            pen.span(Tone::Quiet, format!(" {}  ", binding.word)),
        ]
    };
    let width = |spans: &[Span<'static>; 2]| spans.iter().map(Span::width).sum::<usize>();
    let (first, last) = named.split_at(named.len().saturating_sub(2));
    let last: Vec<_> = last.iter().map(|binding| of(binding)).collect();
    let mut room = columns.saturating_sub(last.iter().map(width).sum());
    let mut spans = Vec::new();
    for binding in first {
        let named = of(binding);
        match room.checked_sub(width(&named)) {
            Some(left) => room = left,
            None => break,
        }
        spans.extend(named);
    }
    spans.extend(last.into_iter().flatten());
    pen.cut(spans, columns)
}

/// What is in front of the body, from its bottom up.
fn overlay(model: &Model, height: usize) -> Vec<Line<'static>> {
    match &model.overlay {
        Some(Overlay::Help(top)) => help(model, *top, height),
        Some(Overlay::Choose(choice)) => ask(model, choice, height),
        Some(Overlay::Prompt { .. }) | None => Vec::new(),
    }
}

fn rule(pen: Pen, title: &str) -> Line<'static> {
    let line = pen.theme.symbols().leads;
    let title = text::head(title, pen.width.saturating_sub(6), pen.theme.symbols().cut);
    let rest = pen.width.saturating_sub(4 + text::width(&title));
    Line::from(vec![
        pen.span(Tone::Quiet, format!("{} ", line.repeat(2))),
        pen.span(Tone::Strong, title),
        pen.span(Tone::Quiet, format!(" {}", line.repeat(rest))),
    ])
}

fn help(model: &Model, top: usize, height: usize) -> Vec<Line<'static>> {
    let pen = model.pen();
    let unicode = pen.theme.is_unicode();
    let bare = keymap::below(model);
    let keys = bare.iter().map(|binding| {
        let names: Vec<String> = binding.keys.iter().map(|key| keymap::name(*key, unicode)).collect();
        let left = vec![
            pen.span(Tone::Chosen, format!("  {:22}", names.join(" "))),
            pen.span(Tone::Plain, binding.about),
        ];
        pen.row(left, Vec::new())
    });
    let mut lines = vec![rule(pen, &format!("keys: {}", model.spot().screen.about))];
    lines.extend(keys.skip(top).take(height.saturating_sub(1)));
    lines.truncate(height);
    lines
}

fn ask(model: &Model, choice: &Choice, height: usize) -> Vec<Line<'static>> {
    let pen = model.pen();
    let mut lines = vec![rule(pen, &choice.title)];
    let room = height.saturating_sub(1 + choice.options.len());
    if !choice.text.is_empty() {
        let wrapped = text::wrap(&choice.text, pen.width.saturating_sub(2)).into_iter();
        lines.extend(
            wrapped
                .take(room)
                .map(|line| pen.line(Tone::Plain, &format!("  {line}"))),
        );
    }
    // The chosen one stays on the screen, however low that is.
    let fit = height.saturating_sub(lines.len()).max(1);
    let from = (choice.at + 1).saturating_sub(fit);
    for (at, (option, _)) in choice.options.iter().enumerate().skip(from).take(fit) {
        let (mark, tone) = match at == choice.at {
            true => (pen.theme.symbols().cursor, Tone::Chosen),
            false => ("  ", Tone::Plain),
        };
        lines.push(pen.line(tone, &format!("{mark}{} {option}", at + 1)));
    }
    lines.truncate(height);
    lines
}
