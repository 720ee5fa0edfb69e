//! What the arguments and the environment come to, decided once.

use crate::args::{Global, When};
use crate::telemetry;
use std::io::IsTerminal;
use std::path::PathBuf;

/// Resolved settings.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `--workspace`.
    pub workspace: Option<PathBuf>,
    /// Whether stderr takes colours.
    pub colour: bool,
    /// Whether stderr is a terminal that can be drawn on.
    pub terminal: bool,
    /// One JSON value on stdout.
    pub json: bool,
    /// Nothing on stderr but errors.
    pub quiet: bool,
    /// Whether a run of this process is shown on full screens.
    pub watch: bool,
    /// Where telemetry goes.
    pub telemetry: telemetry::Options,
}

impl Settings {
    /// What stands before a warning on stderr.
    pub fn warning_mark(&self) -> String {
        let style = anstyle::AnsiColor::Yellow.on_default().bold();
        if self.colour {
            format!("{style}warning:{style:#} ")
        } else {
            "warning: ".into()
        }
    }

    /// What stands before an error on stderr.
    pub fn error_mark(&self) -> String {
        let style = anstyle::AnsiColor::Red.on_default().bold();
        if self.colour {
            format!("{style}error:{style:#} ")
        } else {
            "error: ".into()
        }
    }

    /// Says something on stderr, unless asked to be quiet.
    pub fn say(&self, line: impl std::fmt::Display) {
        if !self.quiet {
            anstream::eprintln!("{line}");
        }
    }
}

/// Looks at the terminal and the environment.
pub fn resolve(global: &Global) -> Settings {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_terminal = std::io::stderr().is_terminal();
    let colour = match global.color {
        When::Always => true,
        When::Never => false,
        When::Auto => is_terminal && !set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb"),
    };
    let choice = if colour {
        anstream::ColorChoice::Always
    } else {
        anstream::ColorChoice::Never
    };
    choice.write_global();
    let draws = is_terminal && !set("CI") && std::env::var_os("TERM").is_some_and(|term| term != "dumb");
    Settings {
        workspace: global.workspace.clone(),
        colour,
        terminal: draws,
        json: global.json,
        quiet: global.quiet,
        watch: false,
        telemetry: telemetry::Options::read(&|name| std::env::var(name).ok()),
    }
}
