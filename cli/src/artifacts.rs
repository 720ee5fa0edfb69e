//! The files that a run's commands gave, for people: as lines, as JSON, and as files in a folder.

use crate::exit::Usage;
use crate::report::{bytes, plural};
use anyhow::Context as _;
use serde_json::json;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use troupe_core::Value;
use troupe_core::id::RunId;
use troupe_core::port::artifact::Artifacts as _;
use troupe_core::view::ItemArtifacts;
use troupe_store::Artifacts;

/// Files of one item that are told one by one.
const TOLD: usize = 10;

/// A line for each, and how they are got at.
pub fn lines(run: &RunId, artifacts: &[ItemArtifacts]) -> Vec<String> {
    let mut lines = Vec::new();
    for item in artifacts {
        let files = &item.given.files;
        let place = place(item);
        for file in files.iter().take(TOLD) {
            let within = file.files.map(|files| format!(" in {}", plural(files, "file")));
            let (path, size, within) = (&file.path, bytes(file.bytes), within.unwrap_or_default());
            lines.push(format!("  {place}: {path}, {size}{within}"));
        }
        if files.len() > TOLD {
            lines.push(format!("  {place}: and {} more", files.len() - TOLD));
        }
    }
    if !lines.is_empty() {
        lines.insert(0, "artifacts:".to_owned());
        lines.push(format!(
            "`troupe show {run} --artifacts FOLDER` writes them into a folder"
        ));
    }
    lines
}

/// All of them as data.
pub fn object(artifacts: &[ItemArtifacts]) -> Value {
    let items = artifacts.iter().map(|item| {
        let given = &item.given;
        let files = given.files.iter().map(|file| {
            json!({
                "name": file.path, "path": given.path(file), "bytes": file.bytes, "files": file.files, "hash": file.hash,
            })
        });
        json!({ "step": item.step, "item": item.item, "set": given.set, "files": files.collect::<Vec<_>>() })
    });
    items.collect()
}

/// Writes them into a folder, those of each step in a folder of its name, those of its items one further below; gives
/// how many files and bytes that is.
///
/// # Errors
/// When there are none, when the workspace does not have them any more, and when a file is there already.
pub async fn write(workspace: &Path, artifacts: &[ItemArtifacts], to: &Path) -> anyhow::Result<(u64, u64)> {
    if artifacts.is_empty() {
        return Err(Usage::error(
            "the run has no artifacts: a `run` step names the files that it gives under `artifacts`",
        ));
    }
    let store = Artifacts::of(workspace);
    let mut written = (0, 0);
    for (index, item) in artifacts.iter().enumerate() {
        let set = &item.given.set;
        let from = store.find(set).await?.with_context(|| {
            format!(
                "the artifacts of {} are not in this workspace any more (set {set})",
                place(item)
            )
        })?;
        let mut folder = to.join(&item.step);
        folder.extend(item.item.as_ref().map(|item| folder_name(item, index)));
        copy(&from, &folder, &mut written)?;
    }
    Ok(written)
}

fn place(item: &ItemArtifacts) -> String {
    match &item.item {
        Some(name) => format!("{}[{name}]", item.step),
        None => item.step.clone(),
    }
}

/// A key as a folder's name: one that could lead elsewhere is told by its position.
fn folder_name(key: &str, index: usize) -> PathBuf {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ');
    match !key.starts_with('.') && !key.is_empty() && key.chars().all(is_plain) {
        true => key.into(),
        false => format!("item-{index}").into(),
    }
}

fn copy(from: &Path, to: &Path, written: &mut (u64, u64)) -> anyhow::Result<()> {
    let unwritten = |path: &Path| format!("{} cannot be written", path.display());
    fs::create_dir_all(to).with_context(|| unwritten(to))?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            copy(&from, &to, written)?;
            continue;
        }
        if to.symlink_metadata().is_ok() {
            return Err(Usage::error(format!(
                "{} is there already: name another folder",
                to.display()
            )));
        }
        let bytes = fs::copy(&from, &to).with_context(|| unwritten(&to))?;
        // Whoever gets it may do with it what they like.
        let mode = fs::metadata(&from)?.permissions().mode() | 0o200;
        fs::set_permissions(&to, Permissions::from_mode(mode)).with_context(|| unwritten(&to))?;
        *written = (written.0 + 1, written.1 + bytes);
    }
    Ok(())
}
