//! Pure functions from a run's view to lines of text: one file per kind of row.

mod agent;
mod pen;
mod run;
mod step;
mod theme;

pub(crate) use agent::{activity, call, label, tree};
pub(crate) use pen::Pen;
pub(crate) use theme::{Symbols, Theme, Tone};

use crate::census::Census;
use crate::outline::{self, Row};
use crate::text;
use crate::writing::Writing;
use ratatui::text::{Line, Span};
use troupe_core::view::RunView;

/// What the live view is drawn from.
#[derive(Clone, Copy)]
pub(crate) struct Screen<'a> {
    /// The run.
    pub(crate) view: &'a RunView,
    /// The present, in milliseconds since the Unix epoch.
    pub(crate) now_ms: u64,
    /// What models are writing at this moment, by agent.
    pub(crate) writing: &'a Writing,
    /// The palette.
    pub(crate) theme: Theme,
    /// Columns.
    pub(crate) width: usize,
}

impl Screen<'_> {
    /// At most `height` lines, each at most as wide as the screen.
    pub(crate) fn lines(&self, height: usize) -> Vec<Line<'static>> {
        let census = Census::of(self.view);
        let rows = outline::rows(self.view, &census, height);
        rows.iter().map(|row| self.line(&census, row)).collect()
    }

    /// One row.
    pub(crate) fn line(&self, census: &Census, row: &Row) -> Line<'static> {
        match row {
            Row::Run => run::headline(self, census),
            Row::Failure => run::failure(self),
            Row::Step(at) => step::line(self, &self.view.steps[*at], &census.steps[*at]),
            Row::MoreSteps(tally) => step::more(self, *tally),
            Row::Agent(actor, rails) => agent::line(self, census, *actor, rails),
            Row::MoreAgents(tally, rails) => agent::more(self, *tally, rails),
        }
    }

    /// What lines are made with.
    pub(crate) fn pen(&self) -> Pen {
        Pen {
            theme: self.theme,
            width: self.width,
        }
    }

    /// A piece of text that is safe already.
    fn span(&self, tone: Tone, safe: impl Into<String>) -> Span<'static> {
        self.pen().span(tone, safe)
    }

    /// A piece of foreign text, no wider than the screen.
    fn foreign(&self, tone: Tone, text: &str) -> Span<'static> {
        self.pen().foreign(tone, text)
    }

    /// The time that something took or takes.
    fn elapsed(&self, started_ms: u64, ended_ms: Option<u64>) -> u64 {
        let present = if self.view.status.is_over() {
            self.view.updated_ms
        } else {
            self.now_ms
        };
        ended_ms.unwrap_or(present).saturating_sub(started_ms)
    }

    /// `left` cut to what `right` leaves, and `right` at the edge.
    fn row(&self, left: Vec<Span<'static>>, right: Vec<Span<'static>>) -> Line<'static> {
        self.pen().row(left, right)
    }
}

/// `text` in exactly so many columns, cut or filled up on the right.
pub(crate) fn padded(text: &str, columns: usize, cut: &str) -> String {
    let head = text::head(text, columns, cut);
    let fill = columns.saturating_sub(text::width(&head));
    head + &" ".repeat(fill)
}
