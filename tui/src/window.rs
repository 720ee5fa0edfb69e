//! A few lines at the bottom of what a terminal shows so far, as a ratatui backend.
//!
//! Ratatui's inline viewport asks the terminal where the cursor is. That question goes to stdout, which may be a
//! pipe that somebody parses, and its answer comes through stdin, which belongs to the user's next command; a
//! terminal that does not answer costs two seconds. So this backend never asks: it calls the line where it began
//! row 0, shows as many rows as were asked for, and reaches all of them by relative movements. A line feed on the
//! last row lets the window slide down by one, whether the terminal scrolls or has room left.

use ratatui::backend::{Backend, ClearType, IntoCrossterm, WindowSize};
use ratatui::buffer::{Cell, CellWidth};
use ratatui::crossterm::cursor::{Hide, MoveDown, MoveToColumn, MoveUp, Show};
use ratatui::crossterm::style::{Attribute, Print, SetAttribute, SetStyle};
use ratatui::crossterm::{queue, terminal};
use ratatui::layout::{Position, Size};
use ratatui::style::{Color, Style};
use std::io::{self, BufWriter, Write};

/// The terminal's size when it does not tell.
const SIZE_UNKNOWN: Size = Size { width: 80, height: 24 };

/// The window: `height` rows, or as many as the terminal has.
pub struct Window<W: Write> {
    writer: BufWriter<W>,
    height: u16,
    measure: fn() -> io::Result<Size>,
    at: Position,
    /// The lowest row that has been on the screen: below it may be the terminal's edge, and only line feeds help.
    lowest: u16,
    hidden: bool,
}

impl<W: Write> Window<W> {
    /// A window of `height` rows that begins on the cursor's line. `measure` gives the terminal's size.
    pub fn new(writer: W, height: u16, measure: fn() -> io::Result<Size>) -> Self {
        Self {
            writer: BufWriter::with_capacity(1 << 14, writer),
            height: height.max(1),
            measure,
            at: Position::ORIGIN,
            lowest: 0,
            hidden: false,
        }
    }

    fn go(&mut self, to: Position) -> io::Result<()> {
        if to.y < self.at.y {
            queue!(self.writer, MoveUp(self.at.y - to.y))?;
        }
        let reached = to.y.min(self.lowest);
        if reached > self.at.y {
            queue!(self.writer, MoveDown(reached - self.at.y))?;
        }
        for _ in self.lowest..to.y {
            queue!(self.writer, Print("\r\n"))?;
        }
        self.lowest = self.lowest.max(to.y);
        queue!(self.writer, MoveToColumn(to.x))?;
        self.at = to;
        Ok(())
    }
}

/// The size of the terminal that the process runs in.
pub(crate) fn terminal_size() -> io::Result<Size> {
    match terminal::size() {
        Ok((width, height)) if width > 0 && height > 0 => Ok(Size { width, height }),
        _ => Ok(SIZE_UNKNOWN),
    }
}

/// What differs from the terminal's own style; sequences that only repeat it confuse old terminals.
fn style_of(cell: &Cell) -> Style {
    let own = |colour| (colour != Color::Reset).then_some(colour);
    Style {
        fg: own(cell.fg),
        bg: own(cell.bg),
        add_modifier: cell.modifier,
        ..Style::new()
    }
}

impl<W: Write> Backend for Window<W> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let mut style = Style::new();
        let mut next: Option<Position> = None;
        for (x, y, cell) in content {
            match next {
                Some(next) if next.y == y && next.x == x => {}
                // The second half of a wide character, which is on the screen already.
                Some(next) if next.y == y && next.x == x + 1 => continue,
                _ => self.go(Position { x, y })?,
            }
            if style_of(cell) != style {
                style = style_of(cell);
                queue!(self.writer, SetAttribute(Attribute::Reset))?;
                if style != Style::new() {
                    queue!(self.writer, SetStyle(style.into_crossterm()))?;
                }
            }
            queue!(self.writer, Print(cell.symbol()))?;
            self.at = Position { x, y };
            next = Some(Position {
                x: x + cell.symbol().cell_width().max(1),
                y,
            });
        }
        if style != Style::new() {
            queue!(self.writer, SetAttribute(Attribute::Reset))?;
        }
        Ok(())
    }

    fn append_lines(&mut self, n: u16) -> io::Result<()> {
        for _ in 0..n {
            queue!(self.writer, Print("\r\n"))?;
        }
        let last = self.size()?.height.saturating_sub(1);
        self.at = Position {
            x: 0,
            y: self.at.y.saturating_add(n).min(last),
        };
        self.lowest = self.lowest.max(self.at.y);
        Ok(())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        if !self.hidden {
            queue!(self.writer, Hide)?;
            self.hidden = true;
        }
        Ok(())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        self.hidden = false;
        queue!(self.writer, Show)?;
        self.writer.flush()
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(self.at)
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        self.go(position.into())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.clear_region(ClearType::All)
    }

    /// What is above the window is not ours: `BeforeCursor` is refused.
    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        let kind = match clear_type {
            ClearType::All => {
                self.go(Position::ORIGIN)?;
                terminal::ClearType::FromCursorDown
            }
            ClearType::AfterCursor => terminal::ClearType::FromCursorDown,
            ClearType::CurrentLine => terminal::ClearType::CurrentLine,
            ClearType::UntilNewLine => terminal::ClearType::UntilNewLine,
            ClearType::BeforeCursor => return Err(io::ErrorKind::Unsupported.into()),
        };
        queue!(self.writer, terminal::Clear(kind))
    }

    fn size(&self) -> io::Result<Size> {
        let Size { width, height } = (self.measure)()?;
        // Ratatui never comes back from inserting lines above a viewport on a screen without rows.
        Ok(Size {
            width: width.max(1),
            height: height.clamp(1, self.height),
        })
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize {
            columns_rows: self.size()?,
            pixels: Size::ZERO,
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

#[cfg(test)]
mod tests;
