//! `troupe models rm`: a model that was pulled goes.

use crate::exit::{Exit, Usage};
use crate::settings::Settings;
use crate::{places, report};
use serde_json::json;
use std::io::{self, BufRead as _, IsTerminal as _};
use std::path::{Path, PathBuf};
use troupe_models::local::{Manifest, shelf};

pub(super) fn run(name: &str, yes: bool, settings: &Settings) -> anyhow::Result<Exit> {
    let path = meant(name)?;
    let bytes = size(&path);
    if !yes {
        if settings.json || !io::stdin().is_terminal() {
            return Err(Usage::error(format!(
                "`troupe models rm {name}` removes {}: add --yes",
                path.display()
            )));
        }
        anstream::eprint!("remove {} ({})? [y/N] ", path.display(), report::bytes(bytes));
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer)?;
        if !matches!(answer.trim(), "y" | "Y" | "yes") {
            return Ok(Exit::Cancelled);
        }
    }
    remove(&path)?;
    if settings.json {
        report::print_json(&json!({ "name": name, "path": path, "bytes": bytes }))?;
    } else {
        report::line(&format!("removed local/{name}: {}", report::bytes(bytes)))?;
    }
    Ok(Exit::Succeeded)
}

/// Only what `pull` put there goes: a folder of somebody's own may hold more than the model.
fn meant(name: &str) -> anyhow::Result<PathBuf> {
    let files = shelf::find(name, &places::models(Path::new(".")))?;
    let folder = files.folder().to_owned();
    if !Manifest::read(&folder).is_ok_and(|manifest| manifest.is_some()) {
        let path = files.path().display();
        return Err(Usage::error(format!(
            "local/{name} was not pulled by Troupe: remove {path} yourself"
        )));
    }
    Ok(folder)
}

fn remove(path: &Path) -> io::Result<()> {
    match path.symlink_metadata()?.is_symlink() {
        true => std::fs::remove_file(path),
        false => std::fs::remove_dir_all(path),
    }
}

fn size(path: &Path) -> u64 {
    let files = Manifest::read(path).ok().flatten().unwrap_or_default().files;
    files.values().map(|sum| sum.bytes).sum()
}
