//! What runs, and probably not as meant. Looked at only when there is no mistake, of which most
//! lints would be echoes.

mod constant;
mod crash;
mod limits;
mod once;
mod open_fan_out;
mod untrusted;
mod unused;
mod weak;

use super::agents::Agent;
use super::names::{Found, Names};
use super::steps::{Edge, Kind};
use crate::document::{Document, Model};
use crate::report::Report;
use troupe_core::ir::Tool;

/// Everything that is known of a file without mistakes.
pub(super) struct Seen<'a> {
    pub(super) document: &'a Document,
    pub(super) models: &'a [Model],
    pub(super) agents: &'a [Agent],
    pub(super) tools: &'a [Tool],
    pub(super) kinds: &'a [Kind],
    pub(super) names: &'a Names,
    pub(super) edges: &'a [Vec<Edge>],
    pub(super) found: &'a Found,
}

/// Every lint.
const LINTS: [fn(&mut Report, &Seen<'_>); 8] = [
    unused::check,
    constant::check,
    limits::check,
    untrusted::check,
    open_fan_out::check,
    once::check,
    crash::check,
    weak::check,
];

pub(super) fn check(report: &mut Report, seen: &Seen<'_>) {
    LINTS.iter().for_each(|lint| lint(report, seen));
}
