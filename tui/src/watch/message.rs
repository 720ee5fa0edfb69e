//! All that can happen to the screens.

use super::source::News;
use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEventKind};

/// What `update` takes.
#[derive(Debug)]
pub enum Message {
    /// Somebody did something at the terminal.
    Input(Input),
    /// A source found something out.
    News(News),
    /// It is now so late: milliseconds since the Unix epoch.
    Tick(u64),
}

/// What people do at a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// A key, with Ctrl held or not.
    Key {
        /// Which.
        code: KeyCode,
        /// Whether Ctrl was held.
        ctrl: bool,
    },
    /// The terminal has another size.
    Resize {
        /// Columns.
        width: u16,
        /// Rows.
        height: u16,
    },
    /// The wheel was turned by so many rows.
    Wheel(i8),
    /// A row of the screen was pressed on.
    Press {
        /// From the top.
        row: u16,
    },
}

impl Input {
    /// A key alone.
    pub fn key(code: KeyCode) -> Self {
        Self::Key { code, ctrl: false }
    }

    /// What a terminal's event means; nothing for those that mean nothing here.
    pub(crate) fn of(event: &Event) -> Option<Self> {
        match event {
            Event::Key(KeyEvent {
                code, modifiers, kind, ..
            }) if *kind != KeyEventKind::Release => Some(Self::Key {
                code: *code,
                ctrl: modifiers.contains(KeyModifiers::CONTROL),
            }),
            Event::Resize(width, height) => Some(Self::Resize {
                width: *width,
                height: *height,
            }),
            Event::Mouse(mouse) => match mouse.kind {
                MouseEventKind::ScrollUp => Some(Self::Wheel(-3)),
                MouseEventKind::ScrollDown => Some(Self::Wheel(3)),
                MouseEventKind::Down(MouseButton::Left) => Some(Self::Press { row: mouse.row }),
                _ => None,
            },
            _ => None,
        }
    }
}
