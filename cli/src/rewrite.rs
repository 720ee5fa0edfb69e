//! Files that a command writes anew: shown as a diff, replaced as a whole.

use anyhow::Context as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;

/// Lines around a change that a diff shows.
const AROUND: usize = 3;

/// What changes, as a unified diff; empty when nothing does.
pub fn diff(name: &str, before: &str, after: &str) -> String {
    if before == after {
        return String::new();
    }
    similar::TextDiff::from_lines(before, after)
        .unified_diff()
        .context_radius(AROUND)
        .header(&format!("a/{name}"), &format!("b/{name}"))
        .to_string()
}

/// Puts a text in the place of a file's: all of it or nothing, with the file's permissions.
pub fn replace(file: &Path, text: &str) -> anyhow::Result<()> {
    // A link stays a link: what it leads to is replaced.
    let file = fs::canonicalize(file).with_context(|| format!("{} cannot be found", file.display()))?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let beside = file.with_file_name(format!(".{name}.{}.new", std::process::id()));
    let written = write_beside(&file, &beside, text);
    if written.is_err() {
        // Best effort: the error that is told is the first one.
        drop(fs::remove_file(&beside));
    }
    written.with_context(|| format!("{} cannot be written", file.display()))
}

fn write_beside(file: &Path, beside: &Path, text: &str) -> std::io::Result<()> {
    let mut new = OpenOptions::new().write(true).create_new(true).open(beside)?;
    new.write_all(text.as_bytes())?;
    new.set_permissions(fs::metadata(file)?.permissions())?;
    new.sync_all()?;
    fs::rename(beside, file)
}
