//! Packages that are built in more than one version, each with the reason why that cannot be helped yet.

use super::Check;
use crate::report::{Finding, Report};
use crate::repository::Repository;
use std::collections::{BTreeMap, BTreeSet};

/// See the module.
pub const CHECK: Check = Check {
    name: "duplicates",
    about: "a package is built in one version, or xtask/duplicates.txt says why not",
    run,
};

/// `name: reason` a line; `#` begins a comment.
const ALLOWED: &str = include_str!("../../duplicates.txt");
const ALLOWED_PATH: &str = "xtask/duplicates.txt";

fn run(repository: &Repository) -> Result<Report, String> {
    let tree = repository.cargo(&[
        "tree",
        "--workspace",
        "-d",
        "-e",
        "normal,build",
        "--prefix",
        "none",
        "--depth",
        "0",
        "--format",
        "{p}",
    ])?;
    Ok(compare(&versions(&tree), ALLOWED))
}

/// Packages with more than one version in the output of `cargo tree -d`, which also lists one version that
/// is built with two sets of features.
fn versions(tree: &str) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut found: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for line in tree.lines() {
        let mut words = line.split_whitespace();
        if let (Some(name), Some(version)) = (words.next(), words.next()) {
            found.entry(name).or_default().insert(version);
        }
    }
    found.retain(|_, versions| versions.len() > 1);
    found
}

fn compare(found: &BTreeMap<&str, BTreeSet<&str>>, allowed: &str) -> Report {
    let mut report = Report::of(format!("{} packages in several versions", found.len()), Vec::new());
    let mut explained = BTreeSet::new();
    for (index, line) in allowed.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, reason) = line.split_once(':').unwrap_or((line, ""));
        let message = if reason.trim().is_empty() {
            format!("`{name}` has no reason: write `{name}: reason`")
        } else if !found.contains_key(name) {
            format!("`{name}` is built in one version now: remove the line")
        } else {
            explained.insert(name);
            continue;
        };
        report.findings.push(Finding::in_line(ALLOWED_PATH, index + 1, message));
    }
    for (name, versions) in found.iter().filter(|(name, _)| !explained.contains(*name)) {
        let versions: Vec<&str> = versions.iter().copied().collect();
        let message = format!(
            "is built as {}; `cargo tree --workspace -i {name}@<version>` shows by whom. Agree on one version, or say why not in {ALLOWED_PATH}",
            versions.join(" and ")
        );
        report.findings.push(Finding::at(*name, message));
    }
    report
}

#[cfg(test)]
mod tests;
