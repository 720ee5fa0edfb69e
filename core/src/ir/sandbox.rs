//! Where commands run: declared sandboxes, and a command's own.

use crate::expression::Template;
use crate::id::SandboxIndex;
use crate::port::sandbox::{Network, Resources, Rights};

/// A sandbox that agents and steps share or have each for themselves.
#[derive(Debug, Clone, PartialEq)]
pub struct Sandbox {
    /// The name in the workflow.
    pub name: String,
    /// What it is; may read `inputs` and `env`.
    pub place: PlaceTemplate,
    /// Who meets in it.
    pub share: Share,
}

/// Who meets in a sandbox.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Share {
    /// Nobody: each agent has one from its first call to the end of the run, each step one for as long as it works.
    #[default]
    Agent,
    /// All agents and steps of the run, from the first call to the end of the run.
    Run,
}

/// A sandbox before its expressions are evaluated.
#[derive(Debug, Clone, PartialEq)]
pub struct PlaceTemplate {
    /// The image that it starts from.
    pub image: Template,
    /// Where commands start.
    pub directory: String,
    /// What it may reach.
    pub network: Network,
    /// What its commands may do to it.
    pub rights: Rights,
    /// What it may use.
    pub resources: Resources,
}

/// Where the command of a step runs.
#[derive(Debug, Clone, PartialEq)]
pub enum Quarters {
    /// In a sandbox that is made for it and gone afterwards.
    Own(PlaceTemplate),
    /// In a declared one.
    Declared(SandboxIndex),
}
