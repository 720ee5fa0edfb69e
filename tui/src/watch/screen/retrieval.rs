//! What a run searched for, what it was shown, what it read, and what its answers cite.

use super::{Screen, Subject};
use crate::text;
use crate::view::{Pen, Tone, call, padded};
use crate::watch::folds::Folds;
use crate::watch::keymap::{Binding, Command, binding, char};
use crate::watch::model::{Choice, Model, Overlay, Then};
use crate::watch::page::{Page, Row};
use crate::watch::source::{Wanted, Wish};
use crate::watch::tree::number;
use crate::words::{count, counted, duration};
use ratatui::text::Line;
use std::collections::BTreeSet;
use std::sync::Arc;
use troupe_core::view::{Chunk, Search, Seeker};

pub(super) static SCREEN: Screen = Screen {
    name: "retrieval",
    about: "what was searched, shown, read and cited",
    of: Subject::Run,
    follows: false,
    page,
    keys,
    open,
    text: copied,
};

const ID_COLUMNS: usize = 32;
const SEEKER_COLUMNS: usize = 22;

fn keys(model: &Model) -> Vec<Binding> {
    let enter = (ratatui::crossterm::event::KeyCode::Enter, false);
    let other = if is_by_chunk(model) { "searches" } else { "by chunk" };
    vec![
        binding(
            [enter, char('c')],
            Command::Open,
            "chunk",
            "the full text of a chunk, and its file",
        ),
        binding(
            [char('s')],
            Command::Order,
            other,
            "searches in order, or chunks by use",
        ),
    ]
}

fn is_by_chunk(model: &Model) -> bool {
    model.spot().order % 2 == 1
}

fn page(model: &Model) -> Page<'_> {
    let Some(folds) = model.folds() else {
        return Page::nothing("reading the run");
    };
    match is_by_chunk(model) {
        true => chunks(model, folds),
        false => searches(model, folds),
    }
}

fn head(model: &Model, folds: &Folds, titles: String) -> Vec<Line<'static>> {
    let pen = model.pen();
    let retrieval = &folds.retrieval;
    let some = |count: fn(&Chunk) -> u32| retrieval.chunks.values().filter(|chunk| count(chunk) > 0).count() as u64;
    let facts = [
        counted(retrieval.searches.len() as u64, "call", "calls"),
        format!("{} shown", counted(some(|chunk| chunk.shown), "chunk", "chunks")),
        format!("{} read", count(some(|chunk| chunk.read))),
        format!("{} cited", count(some(|chunk| chunk.cited))),
        format!(
            "{} tok",
            count(retrieval.searches.iter().map(|search| search.tokens).sum())
        ),
    ];
    vec![
        Line::from(pen.facts(facts.map(|fact| (Tone::Plain, fact)))),
        pen.line(Tone::Quiet, &titles),
    ]
}

fn who(folds: &Folds, by: Seeker) -> String {
    match by {
        Seeker::Agent(actor) => folds
            .view
            .agents
            .get(actor.at())
            .map_or_else(String::new, |agent| agent.address.clone()),
        Seeker::Item(step, item) => folds.view.place(&folds.workflow, step, item),
    }
}

fn searches<'a>(model: &'a Model, folds: &'a Folds) -> Page<'a> {
    let spot = model.spot();
    let found: Vec<(u32, &Search)> = (0u32..)
        .zip(&folds.retrieval.searches)
        .filter(|(_, search)| {
            spot.filter.is_empty()
                || spot.admits(&format!(
                    "{} {} {}",
                    who(folds, search.by),
                    search.tool,
                    search.arguments
                ))
        })
        .collect();
    let titles = format!("  {:>9}  {:SEEKER_COLUMNS$}  WHAT", "WHEN", "WHO");
    Page {
        head: head(model, folds, titles),
        rows: found.iter().map(|(at, _)| Row::Search(*at)).collect(),
        nothing: "nothing was searched".to_owned(),
        paint: Box::new(move |at, pen| search_line(pen, folds, found[at].1)),
    }
}

/// `   3.2 s  …/seeker[2]   keyword_search keywords: [cost]     5 shown  0 read   830 tok`
fn search_line(pen: Pen, folds: &Folds, search: &Search) -> Line<'static> {
    let symbols = pen.theme.symbols();
    let when = duration(search.at_ms.saturating_sub(folds.view.started_ms));
    let who = text::tail(&who(folds, search.by), SEEKER_COLUMNS, symbols.cut);
    let asked = call(&format!("{} {}", search.tool, search.arguments));
    let mut left = vec![
        pen.span(Tone::Quiet, format!("{when:>9}  ")),
        pen.span(Tone::Plain, padded(&who, SEEKER_COLUMNS, symbols.cut)),
        pen.span(Tone::Plain, "  "),
        pen.foreign(Tone::Plain, &asked),
    ];
    let figures = match &search.failure {
        Some(failure) => {
            left.push(pen.foreign(Tone::Bad, &format!("{}{failure}", symbols.dot)));
            vec![pen.span(Tone::Bad, "failed")]
        }
        None => vec![pen.span(
            Tone::Quiet,
            format!(
                "{} shown {} read {:>6} tok",
                search.shown.len(),
                search.read.len(),
                count(search.tokens)
            ),
        )],
    };
    pen.row(left, figures)
}

fn chunks<'a>(model: &'a Model, folds: &'a Folds) -> Page<'a> {
    let spot = model.spot();
    let mut found: Vec<(&Arc<str>, &Chunk)> = folds
        .retrieval
        .chunks
        .iter()
        .filter(|(id, _)| spot.admits(id))
        .collect();
    found.sort_by_key(|(_, chunk)| std::cmp::Reverse((chunk.cited, chunk.read, chunk.shown)));
    let titles = format!("  {:ID_COLUMNS$}  SHOWN   READ  CITED", "CHUNK");
    Page {
        head: head(model, folds, titles),
        rows: found.iter().map(|(id, _)| Row::Chunk((*id).clone())).collect(),
        nothing: "no chunk was seen".to_owned(),
        paint: Box::new(move |at, pen| {
            let (id, chunk) = found[at];
            let id = padded(id, ID_COLUMNS, pen.theme.symbols().cut);
            let tone = if chunk.cited > 0 { Tone::Good } else { Tone::Plain };
            let figures = format!("  {:>5}  {:>5}  {:>5}", chunk.shown, chunk.read, chunk.cited);
            pen.row(vec![pen.span(tone, id), pen.span(Tone::Plain, figures)], Vec::new())
        }),
    }
}

fn open(model: &mut Model) -> Vec<Wish> {
    let ids = match &model.spot().chosen {
        Some(Row::Chunk(id)) => vec![id.clone()],
        Some(Row::Search(at)) => {
            let search = model
                .folds()
                .and_then(|folds| folds.retrieval.searches.get(*at as usize));
            search
                .map(|search| search.read.iter().chain(&search.shown).cloned().collect())
                .unwrap_or_default()
        }
        _ => Vec::new(),
    };
    open_one(model, ids)
}

/// Opens a chunk, or asks which.
pub(in crate::watch) fn open_one(model: &mut Model, mut ids: Vec<Arc<str>>) -> Vec<Wish> {
    let mut known = BTreeSet::new();
    ids.retain(|id| known.insert(id.clone()));
    let Some(run) = model.spot().run.clone() else {
        return Vec::new();
    };
    match ids.as_slice() {
        [] => Vec::new(),
        [only] => vec![Wish::Begin(Wanted::Chunk {
            run,
            chunk: only.to_string(),
        })],
        several => {
            let options = several.iter().map(|id| (id.to_string(), Then::Chunk(id.to_string())));
            model.overlay = Some(Overlay::Choose(Choice {
                title: "which chunk?".to_owned(),
                text: String::new(),
                options: options.collect(),
                at: 0,
            }));
            Vec::new()
        }
    }
}

fn copied(model: &Model) -> Option<(String, String)> {
    match model.spot().chosen.as_ref()? {
        Row::Chunk(id) => Some(("chunk".to_owned(), id.to_string())),
        Row::Search(at) => {
            let search = model.folds()?.retrieval.searches.get(*at as usize)?;
            Some((
                format!("call {}", number(*at as usize) + 1),
                format!("{} {}", search.tool, search.arguments),
            ))
        }
        _ => None,
    }
}
