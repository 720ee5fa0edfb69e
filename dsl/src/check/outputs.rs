//! `outputs`: values of the whole run.

use super::fit;
use super::names::{Found, Names, Place, Scope};
use crate::document::Document;
use crate::report::Report;

pub(super) fn check(report: &mut Report, document: &Document, names: &Names, found: &mut Found) {
    let scope = Scope::new(names, Place::Run);
    for (_, tree) in &document.outputs {
        if let Some(tree) = tree {
            fit::visit(report, &scope, found, tree);
        }
    }
}
