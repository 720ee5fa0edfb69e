//! `troupe corpus build`: indexes brought up to date.

use super::Meant;
use crate::exit::Exit;
use crate::report;
use crate::settings::Settings;
use crate::wire::corpora;
use serde_json::json;

pub(super) fn run(meant: &Meant, rebuild: bool, settings: &Settings) -> anyhow::Result<Exit> {
    let mut built = Vec::new();
    for corpus in &meant.corpora {
        if rebuild {
            troupe_tools::discard(&meant.options(corpus)).map_err(corpora::told)?;
        }
        let opened = corpora::open(corpus, &meant.loaded.folder, &meant.state, settings)?;
        let (chunks, sentences) = (opened.len(), opened.sentences());
        if settings.json {
            built.push(json!({ "corpus": corpus.name, "chunks": chunks, "sentences": sentences }));
        } else {
            report::line(&format!("{}: {chunks} chunks, {sentences} sentences", corpus.name))?;
        }
    }
    if settings.json {
        report::print_json(&json!({ "corpora": built }))?;
    }
    Ok(Exit::Succeeded)
}
