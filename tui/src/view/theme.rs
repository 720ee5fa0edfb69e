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
    /// The row or the choice that a key would act on.
    Chosen,
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
    /// In front of the chosen row; two columns.
    pub(crate) cursor: &'static str,
    /// In front of what is folded and of what is open; two columns.
    pub(crate) folded: &'static str,
    pub(crate) unfolded: &'static str,
    /// Between the places of a path; with spaces.
    pub(crate) into: &'static str,
    /// Cells of a timeline: a wait, a model, a tool, subagents, none of an agent's own.
    pub(crate) queued: &'static str,
    pub(crate) model: &'static str,
    pub(crate) tool: &'static str,
    pub(crate) leads: &'static str,
    pub(crate) step: &'static str,
    /// From least to most.
    pub(crate) ramp: [&'static str; 8],
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
    cursor: "▌ ",
    folded: "▸ ",
    unfolded: "▾ ",
    into: " › ",
    queued: "░",
    model: "█",
    tool: "▒",
    leads: "─",
    step: "━",
    ramp: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
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
    cursor: "> ",
    folded: "+ ",
    unfolded: "- ",
    into: " > ",
    queued: ".",
    model: "#",
    tool: "=",
    leads: "-",
    step: "~",
    ramp: [".", ":", "-", "=", "+", "*", "#", "@"],
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

    /// Whether its symbols are more than ASCII.
    pub(crate) fn is_unicode(self) -> bool {
        *self.symbols == UNICODE
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
            Tone::Chosen => Style::new().fg(Color::Cyan).add_modifier(Modifier::BOLD),
        }
    }

    /// The word for how a piece of text looks, where pages are written; empty for ordinary text.
    pub(crate) fn class(self, style: Style) -> &'static str {
        let named = [
            (Tone::Strong, "strong"),
            (Tone::Quiet, "quiet"),
            (Tone::Working, "working"),
            (Tone::Good, "good"),
            (Tone::Warning, "warning"),
            (Tone::Bad, "bad"),
            (Tone::Chosen, "chosen"),
        ];
        let is_plain = style == Style::new();
        let found = named
            .into_iter()
            .find(|(tone, _)| !is_plain && self.style(*tone) == style);
        found.map_or("", |(_, class)| class)
    }
}
