//! `outputs`: values of the whole run.

use super::fit;
use super::names::{Found, Names, Place, Scope};
use crate::document::Document;
use crate::report::Report;
use troupe_core::types::Type;

/// Checks all outputs; their types come back.
pub(super) fn check(report: &mut Report, document: &Document, names: &Names, found: &mut Found) -> Vec<Type> {
    let scope = Scope::new(names, Place::Run);
    document
        .outputs
        .iter()
        .map(|(_, tree)| {
            tree.as_ref()
                .map_or(Type::Any, |tree| fit::kind(report, &scope, found, tree))
        })
        .collect()
}
