//! The live view: owns the terminal's last lines while a run works, and gives them back at its end.

use crate::text;
use crate::view::{Screen, Theme};
use crate::window::{Window, terminal_size};
use crate::writing::{NOTHING, Writing};
use ratatui::backend::Backend;
use ratatui::buffer::Buffer;
use ratatui::layout::Position;
use ratatui::text::Line;
use ratatui::{Terminal, TerminalOptions, Viewport};
use std::io::{self, Stderr};
use troupe_core::view::RunView;

/// Rows of the view in a high terminal; a low one gives two thirds of its rows.
const HEIGHT_MAX: u16 = 16;
/// Lines that stay on the screen after a run.
const FINAL_LINES_MAX: usize = 24;

/// How the terminal may be written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiveOptions {
    /// Whether it shows colours, and the user wants them (`NO_COLOR`).
    pub colour: bool,
    /// Whether it shows more than ASCII.
    pub unicode: bool,
}

/// One run, drawn over and over on the same lines. Dropping it, by a panic too, leaves the last picture, the
/// cursor visible below it.
pub struct Live<B: Backend> {
    terminal: Terminal<B>,
    theme: Theme,
    picture: Buffer,
    open: bool,
}

impl Live<Window<Stderr>> {
    /// A view on stderr, which must be a terminal. Uses neither stdin nor stdout, nor the terminal's raw mode.
    pub fn on_stderr(options: LiveOptions) -> io::Result<Self> {
        let height = height_in(terminal_size()?.height);
        Self::of_height(Window::new(io::stderr(), height, terminal_size), height, options)
    }
}

impl<B: Backend> Live<B> {
    /// A view on any ratatui backend, beginning at its cursor's line.
    pub fn on(backend: B, options: LiveOptions) -> Result<Self, B::Error> {
        let height = height_in(backend.size()?.height);
        Self::of_height(backend, height, options)
    }

    fn of_height(backend: B, height: u16, options: LiveOptions) -> Result<Self, B::Error> {
        let viewport = Viewport::Inline(height);
        Ok(Self {
            terminal: Terminal::with_options(backend, TerminalOptions { viewport })?,
            theme: Theme::new(options.colour, options.unicode),
            picture: Buffer::default(),
            open: true,
        })
    }

    /// Draws the run as it is at `now_ms` (milliseconds since the Unix epoch). `writing` is what models
    /// write at this moment; its end is shown.
    pub fn draw(&mut self, view: &RunView, now_ms: u64, writing: &Writing) -> Result<(), B::Error> {
        let theme = self.theme;
        let frame = self.terminal.draw(|frame| {
            let area = frame.area();
            let screen = Screen {
                view,
                now_ms,
                writing,
                theme,
                width: area.width.into(),
            };
            paint(frame.buffer_mut(), &screen.lines(area.height.into()));
        })?;
        self.picture = frame.buffer.clone();
        self.park()
    }

    /// Prints a line above the view, wrapped where it is wider than the terminal.
    pub fn note(&mut self, line: &str) -> Result<(), B::Error> {
        self.terminal.autoresize()?;
        let columns = self.terminal.get_frame().area().width;
        let lines: Vec<Line<'_>> = text::wrap(line, columns.into()).into_iter().map(Line::from).collect();
        self.print(&lines)?;
        let picture = std::mem::take(&mut self.picture);
        self.terminal.draw(|frame| {
            if frame.area().as_size() == picture.area.as_size() {
                frame.buffer_mut().content.clone_from(&picture.content);
            }
        })?;
        self.picture = picture;
        self.park()
    }

    /// Ends the view: a summary of steps and agents stays where it was, and the cursor stands below it.
    pub fn finish(mut self, view: &RunView) -> Result<(), B::Error> {
        self.close(view)
    }

    fn close(&mut self, view: &RunView) -> Result<(), B::Error> {
        self.terminal.autoresize()?;
        let screen = Screen {
            view,
            now_ms: view.updated_ms,
            writing: &NOTHING,
            theme: self.theme,
            width: self.terminal.get_frame().area().width.into(),
        };
        self.print(&screen.lines(FINAL_LINES_MAX))?;
        self.terminal.clear()?;
        let top = self.terminal.get_frame().area().as_position();
        self.terminal.set_cursor_position(top)?;
        self.open = false;
        self.terminal.show_cursor()?;
        self.terminal.backend_mut().flush()
    }

    fn print(&mut self, lines: &[Line<'_>]) -> Result<(), B::Error> {
        let height = u16::try_from(lines.len()).unwrap_or(u16::MAX);
        self.terminal.insert_before(height, |buffer| paint(buffer, lines))
    }

    /// Leaves the cursor where foreign output does the least harm: at the start of the last row.
    fn park(&mut self) -> Result<(), B::Error> {
        let bottom = self.terminal.get_frame().area().bottom().saturating_sub(1);
        self.terminal.set_cursor_position(Position { x: 0, y: bottom })?;
        self.terminal.backend_mut().flush()
    }
}

impl<B: Backend> Drop for Live<B> {
    fn drop(&mut self) {
        if self.open {
            // Nobody is left to tell when the terminal is gone.
            let _ = self.park();
            let _ = self.terminal.backend_mut().append_lines(1);
            let _ = self.terminal.show_cursor();
            let _ = self.terminal.backend_mut().flush();
        }
    }
}

/// Rows of the view in a terminal of `rows` rows.
fn height_in(rows: u16) -> u16 {
    (rows - rows / 3).clamp(1, HEIGHT_MAX)
}

fn paint(buffer: &mut Buffer, lines: &[Line<'_>]) {
    let area = buffer.area;
    for (y, line) in (area.top()..area.bottom()).zip(lines) {
        buffer.set_line(area.left(), y, line, area.width);
    }
}

#[cfg(test)]
pub(crate) mod tests;
