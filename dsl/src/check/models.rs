//! Settings of models read the environment and secrets alone.

use super::fit;
use super::names::{Found, Names, Place, Scope};
use crate::document::Document;
use crate::report::Report;

pub(super) fn check(report: &mut Report, document: &Document) {
    let names = Names::none();
    let scope = Scope::new(&names, Place::Model);
    let mut found = Found::default();
    for model in &document.models {
        for tree in model.base_url.iter().chain(&model.api_key) {
            fit::visit(report, &scope, &mut found, tree);
        }
    }
}
