//! The palette: every symbol and colour of the screens, in one place. `tui/STYLE.md` says when to use which.

use ratatui::style::{Color, Modifier, Style};

/// How a terminal may be written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Theme {
    colour: bool,
    symbols: &'static Symbols,
}

/// What a piece of text means; the palette decides how it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Ordinary text.
    Plain,
    /// Names that lead the eye.
    Strong,
    /// What may be overlooked: lines of the tree, units, things not due.
    Quiet,
    /// At work.
    Working,
    /// Went well.
    Good,
    /// Needs a look: a limit, a retry, a wait for a person.
    Warning,
    /// Went wrong.
    Bad,
}

/// The symbols of a character set; each is one column wide unless its name says more.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Symbols {
    pub(crate) waiting: &'static str,
    pub(crate) working: &'static str,
    pub(crate) succeeded: &'static str,
    pub(crate) skipped: &'static str,
    pub(crate) failed: &'static str,
    pub(crate) bar_done: &'static str,
    pub(crate) bar_left: &'static str,
    /// Stands for text that was cut; up to three columns.
    pub(crate) cut: &'static str,
    /// Between facts; with a space on both sides.
    pub(crate) dot: &'static str,
    /// Tree lines, two columns each.
    pub(crate) through: &'static str,
    pub(crate) gap: &'static str,
    pub(crate) branch: &'static str,
    pub(crate) last: &'static str,
}

const UNICODE: Symbols = Symbols {
    waiting: "○",
    working: "●",
    succeeded: "✓",
    skipped: "–",
    failed: "✗",
    bar_done: "█",
    bar_left: "░",
    cut: "…",
    dot: " · ",
    through: "│ ",
    gap: "  ",
    branch: "├ ",
    last: "└ ",
};

const ASCII: Symbols = Symbols {
    waiting: "o",
    working: "*",
    succeeded: "+",
    skipped: "-",
    failed: "x",
    bar_done: "#",
    bar_left: ".",
    cut: "...",
    dot: " | ",
    through: "| ",
    gap: "  ",
    branch: "|-",
    last: "`-",
};

impl Theme {
    /// The palette for a terminal that shows colours or not, and more than ASCII or not.
    pub(crate) fn new(colour: bool, unicode: bool) -> Self {
        let symbols = if unicode { &UNICODE } else { &ASCII };
        Self { colour, symbols }
    }

    /// Its symbols.
    pub(crate) fn symbols(self) -> &'static Symbols {
        self.symbols
    }

    /// How text of a tone looks. Only the 16 colours that every terminal has and people choose themselves.
    pub(crate) fn style(self, tone: Tone) -> Style {
        if !self.colour {
            return Style::new();
        }
        match tone {
            Tone::Plain => Style::new(),
            Tone::Strong => Style::new().add_modifier(Modifier::BOLD),
            Tone::Quiet => Style::new().add_modifier(Modifier::DIM),
            Tone::Working => Style::new().fg(Color::Cyan),
            Tone::Good => Style::new().fg(Color::Green),
            Tone::Warning => Style::new().fg(Color::Yellow),
            Tone::Bad => Style::new().fg(Color::Red),
        }
    }
}
