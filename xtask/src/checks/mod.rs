//! The list of checks: a new one is a file here and a line in [`CHECKS`].

mod codes;
mod commands;
mod duplicates;
mod layers;
mod licences;
mod pure;
mod sizes;
mod unused;
mod words;

use crate::report::Report;
use crate::repository::Repository;

/// One rule of the project.
pub struct Check {
    /// What it is called on the command line.
    pub name: &'static str,
    /// What it makes sure of.
    pub about: &'static str,
    /// Makes sure. The error says why it could not.
    pub run: fn(&Repository) -> Result<Report, String>,
}

/// Every check, the quick ones first.
pub const CHECKS: &[Check] = &[
    commands::FORMAT,
    layers::CHECK,
    sizes::CHECK,
    codes::CHECK,
    pure::CHECK,
    words::CHECK,
    unused::CHECK,
    duplicates::CHECK,
    licences::CHECK,
    commands::CLIPPY,
    commands::DOCUMENTATION,
];
