//! One build of an environment: what it stands on, its attempts, and what its commands print.

use super::{Screen, Subject, no_keys};
use crate::text;
use crate::view::{Pen, Symbols, Tone};
use crate::watch::model::Model;
use crate::watch::page::{Page, Row};
use crate::watch::source::{BuildRow, Passage, Wish};
use crate::watch::tree::number;
use crate::words::{counted, duration};
use ratatui::text::{Line, Span};
use std::collections::BTreeSet;
use troupe_core::port::pool::Environment;
use troupe_core::view::{AttemptView, BuildView};

pub(super) static SCREEN: Screen = Screen {
    name: "build",
    about: "a build of an environment: its attempts, and what its commands print",
    of: Subject::Build,
    follows: true,
    page,
    keys: no_keys,
    open,
    text: copied,
};

/// Attempts that have a line.
const ATTEMPTS: usize = 5;
/// Images of a line of descent that are named.
const LINEAGE: usize = 4;
/// Lines of the log that are shown.
const LINES: usize = 500;

fn page(model: &Model) -> Page<'_> {
    let Some(row) = model.build() else {
        return match model.builds {
            None => Page::nothing("reading the builds"),
            Some(_) => Page::nothing("nothing is left of this build but what it made"),
        };
    };
    let width = model.row_pen().width;
    let mut lines: Vec<String> = log(model)
        .lines()
        .flat_map(|line| text::wrap(line, width))
        .filter(|line| model.spot().admits(line))
        .collect();
    lines.drain(..lines.len().saturating_sub(LINES));
    Page {
        head: head(model, row),
        rows: (0..lines.len()).map(|line| Row::Line(number(line))).collect(),
        nothing: "nothing was printed yet".to_owned(),
        paint: Box::new(move |at, pen| {
            let tone = if lines[at].starts_with(MARK) {
                Tone::Quiet
            } else {
                Tone::Plain
            };
            pen.line(tone, &lines[at])
        }),
    }
}

/// How a line of the log begins that tells which command comes.
const MARK: &str = "== ";

/// What its commands printed last.
fn log(model: &Model) -> &str {
    let of = model.spot().build.as_ref();
    let log = model.build_log.as_ref().filter(|(name, _)| Some(name) == of);
    log.map_or("", |(_, text)| text.as_str())
}

fn head(model: &Model, row: &BuildRow) -> Vec<Line<'static>> {
    let (pen, view) = (model.pen(), &row.view);
    let symbols = pen.theme.symbols();
    let mut facts = vec![(Tone::Strong, view.instance.clone())];
    if !view.repository.is_empty() && view.repository != view.instance {
        facts.push((Tone::Plain, view.repository.clone()));
    }
    if let Some(asked_by) = &view.asked_by {
        facts.push((Tone::Quiet, format!("for {asked_by}")));
    }
    let time = pen.span(Tone::Quiet, duration(elapsed(row, model.now_ms)));
    let mut lines = vec![pen.row(pen.facts(facts), vec![time])];
    if let Some(attempt) = view.attempts.last() {
        lines.push(pen.row(lineage(pen, attempt, model.environments.as_deref()), Vec::new()));
    }
    let hidden = view.attempts.len().saturating_sub(ATTEMPTS);
    if hidden > 0 {
        let more = counted(hidden as u64, "earlier attempt", "earlier attempts");
        lines.push(pen.line(Tone::Quiet, &format!("{} {more}", symbols.cut)));
    }
    let shown = view.attempts.iter().skip(hidden);
    lines.extend(shown.map(|attempt| attempt_line(pen, row, attempt, model.now_ms)));
    if view.attempts.is_empty() || view.ending.is_some() || !row.at_work {
        let (symbol, tone, words) = standing(symbols, row);
        lines.push(pen.line(tone, &format!("{symbol} {words}")));
    }
    lines.push(Line::default());
    lines
}

/// `debian:13 › troupe-env/requests:1a › troupe-env/requests:2b`
fn lineage(pen: Pen, attempt: &AttemptView, pool: Option<&[Environment]>) -> Vec<Span<'static>> {
    let symbols = pen.theme.symbols();
    let mut images = vec![attempt.image.as_str()];
    let mut next = Some(attempt.from.as_str()).filter(|from| *from != attempt.image);
    let mut seen = BTreeSet::from([attempt.image.as_str()]);
    while let Some(image) = next.filter(|image| seen.insert(image)) {
        images.push(image);
        let known = pool.and_then(|pool| pool.iter().find(|one| one.image == image));
        next = known.map(|one| one.parent.as_deref().unwrap_or(&one.base));
    }
    images.reverse();
    let skipped = images.len().saturating_sub(LINEAGE);
    if skipped > 0 {
        // Where all began and what comes of it say most.
        images.splice(1..=skipped, [symbols.cut]);
    }
    let mut spans = Vec::new();
    for image in images {
        if !spans.is_empty() {
            spans.push(pen.span(Tone::Quiet, symbols.into));
        }
        spans.push(pen.foreign(Tone::Plain, image));
    }
    spans
}

fn attempt_line(pen: Pen, row: &BuildRow, attempt: &AttemptView, now_ms: u64) -> Line<'static> {
    let symbols = pen.theme.symbols();
    let (symbol, tone) = match (attempt.ended_ms, row.at_work) {
        (None, true) => (symbols.working, Tone::Working),
        (None, false) => (symbols.skipped, Tone::Warning),
        (Some(_), _) if attempt.verified => (symbols.succeeded, Tone::Good),
        (Some(_), _) => (symbols.failed, Tone::Bad),
    };
    let mut left = vec![
        pen.span(tone, format!("{symbol} ")),
        pen.foreign(Tone::Strong, &name(&row.view, attempt)),
        pen.span(Tone::Quiet, symbols.into),
    ];
    let command = attempt.commands.last();
    let end_ms = if row.at_work { now_ms } else { row.view.updated_ms };
    let mut time = duration(attempt.ended_ms.unwrap_or(end_ms).saturating_sub(attempt.started_ms));
    match (&attempt.reason, command) {
        (Some(reason), _) => {
            if let Some(verdict) = &attempt.verdict {
                left.push(pen.foreign(tone, verdict));
                left.push(pen.span(Tone::Quiet, symbols.dot));
            }
            left.push(pen.foreign(Tone::Plain, reason));
        }
        (None, Some(command)) => {
            let for_ms = command.ended_ms.unwrap_or(end_ms).saturating_sub(command.started_ms);
            left.push(pen.span(tone, format!("{} ", command.command)));
            left.push(pen.span(Tone::Quiet, duration(for_ms)));
        }
        (None, None) => left.push(pen.span(Tone::Quiet, "begins")),
    }
    time = format!("{time:>10}");
    pen.row(left, vec![pen.span(Tone::Quiet, time)])
}

/// `attempt 2 of 5 from scratch`, `reuse as it is`
fn name(view: &BuildView, attempt: &AttemptView) -> String {
    let way = attempt.way.words();
    match attempt.number {
        Some(_) if view.attempts_max < 2 => way.to_owned(),
        Some(number) => format!("attempt {number} of {} {way}", view.attempts_max),
        None => way.to_owned(),
    }
}

/// Milliseconds that it took or takes.
pub(super) fn elapsed(row: &BuildRow, now_ms: u64) -> u64 {
    let end_ms = if row.at_work { now_ms } else { row.view.updated_ms };
    end_ms.saturating_sub(row.view.started_ms)
}

/// Where a build stands: a symbol, its tone, and words.
pub(super) fn standing(symbols: &Symbols, row: &BuildRow) -> (&'static str, Tone, String) {
    let at = || match row.view.attempts.last() {
        None => "fetching the sources".to_owned(),
        Some(attempt) => {
            let command = attempt.commands.last();
            let command = command.map(|command| format!("{}{}", command.command, symbols.dot));
            format!("{}{}", command.unwrap_or_default(), name(&row.view, attempt))
        }
    };
    match (&row.view.ending, row.at_work) {
        (Some(ending), _) if ending.verified => (symbols.succeeded, Tone::Good, ending.reason.clone()),
        (Some(ending), _) => (symbols.failed, Tone::Bad, ending.reason.clone()),
        (None, true) => (symbols.working, Tone::Working, at()),
        (None, false) => (symbols.skipped, Tone::Warning, format!("interrupted in {}", at())),
    }
}

fn open(model: &mut Model) -> Vec<Wish> {
    let Some(row) = model.build() else {
        return Vec::new();
    };
    let title = row.view.instance.clone();
    let text = details(&row.view);
    model.enter_text(Passage {
        title,
        file: None,
        text,
    });
    Vec::new()
}

fn copied(model: &Model) -> Option<(String, String)> {
    let view = &model.build()?.view;
    let text = format!("{}\n# printed last\n{}\n", details(view), log(model));
    Some((view.instance.clone(), text))
}

/// Everything that was noted of a build.
fn details(view: &BuildView) -> String {
    let mut text = format!("instance    {}\nrepository  {}\n", view.instance, view.repository);
    if let Some(asked_by) = &view.asked_by {
        text.push_str(&format!("asked by    {asked_by}\n"));
    }
    for attempt in &view.attempts {
        text.push_str(&format!("\n# {}\n", name(view, attempt)));
        text.push_str(&format!(
            "from        {}\nimage       {}\n",
            attempt.from, attempt.image
        ));
        for reason in &attempt.reasons {
            text.push_str(&format!("because     {reason}\n"));
        }
        for command in &attempt.commands {
            let ended = match (command.ended_ms, command.code) {
                (Some(ended_ms), code) => {
                    let took = duration(ended_ms.saturating_sub(command.started_ms));
                    let code = code.map_or_else(|| "given up".to_owned(), |code| format!("exit code {code}"));
                    format!("{took}, {code}")
                }
                (None, _) => "at work".to_owned(),
            };
            text.push_str(&format!("{:35} {ended}\n", command.command.to_string()));
        }
        if let Some(verdict) = &attempt.verdict {
            text.push_str(&format!("verdict     {verdict}\n"));
        }
        if let Some(reason) = &attempt.reason {
            text.push_str(&format!("it came to  {reason}\n"));
        }
    }
    if let Some(ending) = &view.ending {
        text.push_str(&format!("\n# the end\n{}\n", ending.reason));
        if let Some(image) = &ending.image {
            text.push_str(&format!("image       {image}\n"));
        }
    }
    text
}
