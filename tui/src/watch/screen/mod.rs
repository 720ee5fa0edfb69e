//! The screens: one file each, and one line in [`SCREENS`].

mod agent;
mod block;
mod build;
mod environments;
mod fleet;
mod frame;
mod gauge;
mod passage;
mod retrieval;
mod run;
mod timeline;

pub(super) use agent::chosen as chosen_said;
pub(super) use frame::{body_row, draw, layout};
pub(super) use retrieval::open_one as open_chunk;

use super::keymap::Binding;
use super::model::Model;
use super::page::Page;
use super::source::Wish;

/// All screens. Those of one subject are beside each other, and reached by their numbers in this order.
static SCREENS: [&Screen; 8] = [
    &fleet::SCREEN,
    &environments::SCREEN,
    &build::SCREEN,
    &run::SCREEN,
    &timeline::SCREEN,
    &retrieval::SCREEN,
    &agent::SCREEN,
    &passage::SCREEN,
];

/// A screen, as functions of a model.
pub(super) struct Screen {
    /// Its word in paths and tabs.
    pub(super) name: &'static str,
    /// A sentence about it.
    pub(super) about: &'static str,
    /// What it is about.
    pub(super) of: Subject,
    /// Whether it begins at its end, and stays there while that grows.
    pub(super) follows: bool,
    /// What it shows.
    pub(super) page: fn(&Model) -> Page<'_>,
    /// Its own keys.
    pub(super) keys: fn(&Model) -> Vec<Binding>,
    /// Looks into the chosen row.
    pub(super) open: fn(&mut Model) -> Vec<Wish>,
    /// The chosen row as a text, with its title: what is copied or given to a pager.
    pub(super) text: fn(&Model) -> Option<(String, String)>,
}

impl std::fmt::Debug for Screen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl PartialEq for Screen {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// What a screen is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    /// A workspace.
    Workspace,
    /// A build of an environment.
    Build,
    /// A run.
    Run,
    /// An agent of a run.
    Agent,
    /// A text.
    Text,
}

/// Where everything begins.
pub(super) fn first() -> &'static Screen {
    &fleet::SCREEN
}

/// Where looking at a run begins.
pub(super) fn of_run() -> &'static Screen {
    &run::SCREEN
}

/// What shows an agent.
pub(super) fn of_agent() -> &'static Screen {
    &agent::SCREEN
}

/// What shows a text.
pub(super) fn of_text() -> &'static Screen {
    &passage::SCREEN
}

/// What shows a build.
pub(super) fn of_build() -> &'static Screen {
    &build::SCREEN
}

/// Whether a screen shows environments, made or in the making.
pub(super) fn is_of_environments(screen: &Screen) -> bool {
    *screen == environments::SCREEN || *screen == build::SCREEN
}

/// The screens of the same subject, this one among them.
pub(super) fn beside(screen: &'static Screen) -> impl Iterator<Item = &'static Screen> {
    SCREENS.into_iter().filter(|other| other.of == screen.of)
}

/// Nothing to look into.
fn stay(_: &mut Model) -> Vec<Wish> {
    Vec::new()
}

/// No keys of its own.
fn no_keys(_: &Model) -> Vec<Binding> {
    Vec::new()
}
