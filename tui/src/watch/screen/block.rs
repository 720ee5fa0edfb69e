//! One message of a transcript as lines, folded or not.

use super::passage::floor;
use crate::text;
use crate::view::{Pen, Tone};
use crate::watch::model::Model;
use crate::watch::page::Row;
use crate::watch::tree::number;
use ratatui::text::{Line, Span};

/// Lines of a message that was unfolded; the pager shows more.
const UNFOLDED_LINES: usize = 3_000;

/// Lines, and what is chosen with them.
pub(super) type Laid = Vec<(Row, Line<'static>)>;

/// Lines of one message.
pub(super) struct Block {
    pub(super) pen: Pen,
    number: u32,
    is_turned: bool,
    most: usize,
    title: Line<'static>,
    lines: Vec<Line<'static>>,
    more: bool,
}

impl Block {
    pub(super) fn new(model: &Model, number: u32, lines: usize) -> Self {
        let is_turned = model.spot().turned.contains(&Row::Said(number, 0));
        Self {
            pen: model.row_pen(),
            number,
            is_turned,
            most: if is_turned { UNFOLDED_LINES } else { lines },
            title: Line::default(),
            lines: Vec::new(),
            more: false,
        }
    }

    pub(super) fn title(&mut self, tone: Tone, facts: Vec<(Tone, String)>) {
        let symbols = self.pen.theme.symbols();
        let mark = if self.is_turned {
            symbols.unfolded
        } else {
            symbols.folded
        };
        let mut spans: Vec<Span<'static>> = vec![self.pen.span(tone, mark)];
        spans.extend(self.pen.facts(facts));
        self.title = Line::from(self.pen.cut(spans, self.pen.width));
    }

    pub(super) fn line(&mut self, line: Line<'static>) {
        match self.lines.len() < self.most {
            true => self.lines.push(line),
            false => self.more = true,
        }
    }

    pub(super) fn text(&mut self, tone: Tone, text: &str) {
        self.indented("  ", tone, text);
    }

    pub(super) fn labelled(&mut self, label: &str, tone: Tone, text: &str) {
        self.line(Line::from(self.pen.span(Tone::Quiet, format!("  {label}:"))));
        self.indented("    ", tone, text);
    }

    fn indented(&mut self, indent: &str, tone: Tone, text: &str) {
        let columns = self.pen.width.saturating_sub(indent.len()).max(1);
        let room = self.most.saturating_sub(self.lines.len()) + 1;
        // No more of a huge text is looked at than can be shown.
        let end = floor(text, room.saturating_mul(columns).saturating_mul(4));
        self.more |= end < text.len();
        for line in text::wrap(&text[..end], columns) {
            self.line(Line::from(self.pen.span(tone, format!("{indent}{line}"))));
        }
    }

    pub(super) fn done(mut self) -> Laid {
        if self.more {
            let how = if self.is_turned {
                "o shows all of it"
            } else {
                "enter shows more"
            };
            let text = format!("  {} {how}", self.pen.theme.symbols().cut);
            self.lines.push(self.pen.line(Tone::Quiet, &text));
        }
        let block = self.number;
        let lines = std::iter::once(self.title).chain(self.lines).enumerate();
        lines.map(|(at, line)| (Row::Said(block, number(at)), line)).collect()
    }
}
