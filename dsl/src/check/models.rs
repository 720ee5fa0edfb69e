//! Settings of models, corpora and servers read the environment and secrets alone.

use super::fit;
use super::names::{Found, Names, Place, Scope};
use crate::document::Document;
use crate::report::Report;

pub(super) fn check(report: &mut Report, document: &Document) {
    let names = Names::none();
    let scope = Scope::new(&names, Place::Model);
    let mut found = Found::default();
    for model in &document.shared.models {
        for tree in model.base_url.iter().chain(&model.api_key) {
            fit::words(report, &scope, &mut found, tree);
        }
    }
    for corpus in &document.shared.corpora {
        for encoder in corpus.embedder.iter().chain(&corpus.reranker) {
            for tree in encoder.base_url.iter().chain(&encoder.api_key) {
                fit::words(report, &scope, &mut found, tree);
            }
        }
    }
    for (_, tree) in document.shared.servers.iter().flat_map(|server| &server.env) {
        fit::words(report, &scope, &mut found, tree);
    }
}
