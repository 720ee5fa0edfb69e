//! Moving: among rows, into what they show, and back.

use crate::watch::keymap::{self, Move};
use crate::watch::model::{Model, Overlay, Spot};
use crate::watch::page::Row;
use crate::watch::screen::{self, Screen};
use crate::watch::source::{Passage, Wish};
use troupe_core::id::{ActorId, RunId};

/// Moves the choice, in an overlay or on the screen.
pub(super) fn go(model: &mut Model, go: Move) {
    let bindings = keymap::below(model).len();
    match &mut model.overlay {
        Some(Overlay::Help(top)) => {
            *top = match go {
                Move::Up => top.saturating_sub(1),
                _ => (*top + 1).min(bindings.saturating_sub(1)),
            };
        }
        Some(Overlay::Choose(choice)) => {
            let options = choice.options.len().max(1);
            choice.at = match go {
                Move::Up => (choice.at + options - 1) % options,
                _ => (choice.at + 1) % options,
            };
        }
        Some(Overlay::Prompt { .. }) => {}
        None => among_rows(model, go),
    }
}

fn among_rows(model: &mut Model, go: Move) {
    let (rows, head) = model.rows();
    let rows = rows.len();
    let height = screen::layout(model, head).body.max(1);
    let rows_of = |count: usize| isize::try_from(count).unwrap_or(isize::MAX);
    let distance = match go {
        Move::Up => -1,
        Move::Down => 1,
        Move::HalfUp => -rows_of(height / 2),
        Move::HalfDown => rows_of(height / 2),
        Move::PageUp => -rows_of(height),
        Move::PageDown => rows_of(height),
        Move::Top => -rows_of(rows),
        Move::Bottom => rows_of(rows),
    };
    by(model, distance);
    model.spot_mut().follows = go == Move::Bottom;
}

/// Moves the choice by so many rows.
pub(super) fn by(model: &mut Model, distance: isize) {
    let (rows, _) = model.rows();
    let spot = model.spot_mut();
    spot.follows = false;
    spot.position = spot
        .position
        .saturating_add_signed(distance)
        .min(rows.len().saturating_sub(1));
    spot.chosen = rows.get(spot.position).cloned();
}

/// Chooses the row that was pressed on; the chosen one is looked into.
pub(super) fn press(model: &mut Model, row: u16) -> Vec<Wish> {
    if model.overlay.is_some() {
        return Vec::new();
    }
    let (rows, head) = model.rows();
    let Some(at) = screen::body_row(model, head, row).map(|at| at + model.spot().top) else {
        return Vec::new();
    };
    let Some(pressed) = rows.get(at) else {
        return Vec::new();
    };
    let spot = model.spot_mut();
    if spot.chosen.as_ref() == Some(pressed) {
        return (spot.screen.open)(model);
    }
    (spot.chosen, spot.position, spot.follows) = (Some(pressed.clone()), at, false);
    Vec::new()
}

/// Back to where somebody came from; a filter is taken away first.
pub(super) fn back(model: &mut Model) {
    if !model.spot().filter.is_empty() {
        model.spot_mut().filter.clear();
        return;
    }
    if model.spots.len() < 2 {
        return;
    }
    model.spots.pop();
    forget(model);
}

/// Forgets what no screen shows any more.
fn forget(model: &mut Model) {
    let run = model.spot().run.clone();
    if model
        .run
        .as_ref()
        .is_some_and(|known| Some(&known.facts.run) != run.as_ref())
    {
        model.run = None;
        model.past = None;
        model.writing.clear();
    }
    if model.spot().actor.is_none() {
        model.transcript = None;
    }
    if model.spot().screen.of != screen::Subject::Text {
        model.passage = None;
    }
}

pub(super) fn tab(model: &mut Model, at: usize) {
    if let Some(screen) = screen::beside(model.spot().screen).nth(at) {
        show(model, screen);
    }
}

pub(super) fn next_tab(model: &mut Model) {
    let screen = model.spot().screen;
    let mut after = screen::beside(screen).skip_while(|other| **other != *screen).skip(1);
    if let Some(next) = after.next().or_else(|| screen::beside(screen).next()) {
        show(model, next);
    }
}

/// Another screen of the same subject: the same row stays chosen where there is one.
fn show(model: &mut Model, screen: &'static Screen) {
    let spot = model.spot_mut();
    if *spot.screen != *screen {
        spot.screen = screen;
        (spot.order, spot.reversed, spot.top) = (0, false, 0);
        spot.filter.clear();
    }
}

/// The runs whose rows are on the screen.
pub(super) fn visible(model: &Model) -> Vec<RunId> {
    let (rows, head) = model.rows();
    let height = screen::layout(model, head).body;
    let shown = rows.iter().skip(model.spot().top).take(height);
    shown
        .filter_map(|row| match row {
            Row::Run(run) => Some(run.clone()),
            _ => None,
        })
        .collect()
}

impl Model {
    fn enter(&mut self, mut spot: Spot) {
        spot.follows = spot.screen.follows;
        self.spots.push(spot);
    }

    /// Looks at a run.
    pub(in crate::watch) fn enter_run(&mut self, run: RunId) {
        (self.past, self.transcript) = (None, None);
        self.writing.clear();
        if self.run.as_ref().is_some_and(|known| known.facts.run != run) {
            self.run = None;
        }
        self.enter(Spot::new(screen::of_run(), Some(run), None));
    }

    /// Looks at an agent of the run.
    pub(in crate::watch) fn enter_agent(&mut self, actor: ActorId) {
        let run = self.spot().run.clone();
        self.transcript = None;
        self.enter(Spot::new(screen::of_agent(), run, Some(actor)));
    }

    /// Looks at a build of an environment.
    pub(in crate::watch) fn enter_build(&mut self, build: String) {
        let mut spot = Spot::new(screen::of_build(), None, None);
        spot.build = Some(build);
        self.enter(spot);
    }

    /// Looks at a text.
    pub(in crate::watch) fn enter_text(&mut self, passage: Passage) {
        let (run, actor) = (self.spot().run.clone(), self.spot().actor);
        self.passage = Some(passage);
        self.enter(Spot::new(screen::of_text(), run, actor));
    }
}
