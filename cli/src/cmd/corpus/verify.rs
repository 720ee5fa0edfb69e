//! `troupe corpus verify`: indexes read through and compared with what was written.

use super::Meant;
use crate::exit::Exit;
use crate::report;
use crate::settings::Settings;
use crate::wire::{self, corpora};
use serde_json::json;

pub(super) fn run(meant: &Meant, settings: &Settings) -> anyhow::Result<Exit> {
    let mut exit = Exit::Succeeded;
    let mut all = Vec::new();
    for corpus in &meant.corpora {
        let encoders = wire::encoders(corpus, &meant.loaded.folder)?;
        let faults = troupe_tools::verify(&meant.options(corpus), &encoders).map_err(corpora::told)?;
        if !faults.is_empty() {
            exit = Exit::Failed;
        }
        if settings.json {
            all.push(json!({ "corpus": corpus.name, "faults": faults }));
        } else if faults.is_empty() {
            report::line(&format!("{}: sound", corpus.name))?;
        } else {
            report::line(&format!("{}: {}", corpus.name, faults.join("\n  ")))?;
            settings.say("`troupe corpus build --rebuild` makes an index anew");
        }
    }
    if settings.json {
        report::print_json(&json!({ "corpora": all }))?;
    }
    Ok(exit)
}
