//! Lines of text in tones, cut to a width: what every row of every screen is made with.

use super::theme::{Theme, Tone};
use crate::text;
use ratatui::text::{Line, Span};

/// A palette and the columns that a line may have.
#[derive(Clone, Copy)]
pub(crate) struct Pen {
    /// The palette.
    pub(crate) theme: Theme,
    /// Columns.
    pub(crate) width: usize,
}

impl Pen {
    /// A piece of text that is safe already.
    pub(crate) fn span(&self, tone: Tone, safe: impl Into<String>) -> Span<'static> {
        Span::styled(safe.into(), self.theme.style(tone))
    }

    /// A piece of foreign text, no wider than the screen.
    pub(crate) fn foreign(&self, tone: Tone, text: &str) -> Span<'static> {
        self.span(tone, text::head(text, self.width, self.theme.symbols().cut))
    }

    /// A whole line of foreign text.
    pub(crate) fn line(&self, tone: Tone, text: &str) -> Line<'static> {
        Line::from(self.foreign(tone, text))
    }

    /// Facts with a dot between them.
    pub(crate) fn facts(&self, facts: impl IntoIterator<Item = (Tone, String)>) -> Vec<Span<'static>> {
        let mut spans = Vec::new();
        for (tone, fact) in facts {
            if !spans.is_empty() {
                spans.push(self.span(Tone::Quiet, self.theme.symbols().dot));
            }
            spans.push(self.foreign(tone, &fact));
        }
        spans
    }

    /// `left` cut to what `right` leaves, and `right` at the edge; on a narrow screen `left` has it all.
    pub(crate) fn row(&self, left: Vec<Span<'static>>, right: Vec<Span<'static>>) -> Line<'static> {
        const LEFT_MIN: usize = 28;
        let right_width: usize = right.iter().map(Span::width).sum();
        let (room, right) = match self.width.checked_sub(right_width + 1) {
            Some(room) if room >= LEFT_MIN && right_width > 0 => (room, right),
            _ => (self.width, Vec::new()),
        };
        let mut left = self.cut(left, room);
        if !right.is_empty() {
            let used: usize = left.iter().map(Span::width).sum();
            left.push(Span::raw(" ".repeat(room - used + 1)));
            left.extend(right);
        }
        Line::from(left)
    }

    /// The beginning of some pieces in so many columns.
    pub(crate) fn cut(&self, spans: Vec<Span<'static>>, columns: usize) -> Vec<Span<'static>> {
        let mut room = columns;
        let mut kept = Vec::with_capacity(spans.len());
        for span in spans {
            let width = span.width();
            if width <= room {
                room -= width;
                kept.push(span);
            } else {
                let text = text::head(&span.content, room, self.theme.symbols().cut);
                kept.push(Span::styled(text, span.style));
                break;
            }
        }
        kept
    }

    /// How much of something is used: `███░░░░░░░`.
    pub(crate) fn bar(&self, part: u64, whole: u64, columns: u64) -> String {
        let symbols = self.theme.symbols();
        let share = u128::from(part) * u128::from(columns) / u128::from(whole.max(1));
        let done = usize::try_from(share.min(columns.into())).unwrap_or(0);
        let left = usize::try_from(columns).unwrap_or(0) - done;
        symbols.bar_done.repeat(done) + &symbols.bar_left.repeat(left)
    }
}
