//! What a screen gives to be drawn: lines that stand still, and rows among which somebody moves.

use super::model::Model;
use crate::view::Pen;
use ratatui::text::Line;
use std::sync::Arc;
use troupe_core::id::{ActorId, RunId};

/// Columns in front of every row, for the mark of the chosen one.
pub(super) const MARGIN: usize = 2;

/// A row that can be chosen, by what it shows: it stays chosen when rows come and go around it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Row {
    Run(RunId),
    Step(u32),
    /// A run that an item of a step started, by its position there.
    Child(u32, u32),
    Agent(ActorId),
    /// The agents of a step that have no row.
    RestOfStep(u32),
    /// The subagents of a lead that have no row.
    RestOfLead(ActorId),
    /// A line of a message of a transcript.
    Said(u32, u32),
    Search(u32),
    Chunk(Arc<str>),
    Environment(String),
    /// A build of an environment, by its name.
    Build(String),
    /// Builds that are over and have no row.
    RestOfBuilds,
    /// A line of a text.
    Line(u32),
}

/// A screen's content. Rows are painted one by one, as far as they are on the screen.
pub(super) struct Page<'a> {
    /// Lines on top that do not move.
    pub(super) head: Vec<Line<'static>>,
    /// What can be chosen, in order.
    pub(super) rows: Vec<Row>,
    /// Paints the row at a position.
    pub(super) paint: Box<dyn Fn(usize, Pen) -> Line<'static> + 'a>,
    /// What there is to say when there is no row.
    pub(super) nothing: String,
}

impl Page<'_> {
    /// A page without rows that says why.
    pub(super) fn nothing(why: impl Into<String>) -> Self {
        Self {
            head: Vec::new(),
            rows: Vec::new(),
            paint: Box::new(|_, _| Line::default()),
            nothing: why.into(),
        }
    }
}

impl Model {
    /// What can be chosen on the screen, and how many lines stand above it.
    pub(super) fn rows(&self) -> (Vec<Row>, usize) {
        let page = (self.spot().screen.page)(self);
        (page.rows, page.head.len())
    }

    /// What whole lines are made with.
    pub(super) fn pen(&self) -> Pen {
        Pen {
            theme: self.theme,
            width: self.size.0.into(),
        }
    }

    /// What rows are made with.
    pub(super) fn row_pen(&self) -> Pen {
        Pen {
            width: usize::from(self.size.0).saturating_sub(MARGIN),
            ..self.pen()
        }
    }
}
