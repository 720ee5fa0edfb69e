//! `troupe models verify`: whether a model's files are what they should be.

use super::Progress;
use crate::exit::Exit;
use crate::report::plural;
use crate::settings::Settings;
use crate::{places, report};
use serde_json::json;
use std::path::Path;
use troupe_models::local::{Manifest, shelf, verify};

pub(super) fn run(name: &str, settings: &Settings) -> anyhow::Result<Exit> {
    let files = shelf::find(name, &places::models(Path::new(".")))?;
    let manifest = Manifest::read(files.folder()).ok().flatten();
    let total = manifest.map_or(0, |manifest| manifest.files.values().map(|sum| sum.bytes).sum());
    let progress = Progress::new(name, total, settings);
    let mut done = 0;
    let verified = verify::verify(name, &files, &mut |bytes| {
        done += bytes;
        progress.at(done);
    });
    progress.done();
    if settings.json {
        report::print_json(&json!({
            "name": name, "checksums": verified.sums, "tensors": verified.tensors, "faults": verified.faults,
        }))?;
    } else if verified.faults.is_empty() {
        let sums = match verified.sums {
            0 => "no checksums were kept of it".to_owned(),
            n => plural(n as u64, "checksum"),
        };
        report::line(&format!(
            "local/{name} is whole: {sums}, {}",
            plural(verified.tensors as u64, "tensor")
        ))?;
    } else {
        report::line(&verified.faults.join("\n"))?;
    }
    Ok(if verified.faults.is_empty() {
        Exit::Succeeded
    } else {
        Exit::Failed
    })
}
