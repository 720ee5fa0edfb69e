//! Words that must not be in the tree: hosts of package registries, and marks of unfinished work.

use super::Check;
use crate::report::{Finding, Report};
use crate::repository::{Repository, TextFile};
use crate::source;

/// See the module.
pub const CHECK: Check = Check {
    name: "words",
    about: "no file names a package registry's host, and no code is marked unfinished",
    run,
};

/// Cut in two, so that this file passes its own check.
const HOSTS: [&str; 5] = [
    concat!("crates", ".io"),
    concat!("static", ".crates"),
    concat!("pypi", ".org"),
    concat!("registry", ".npmjs.org"),
    concat!("deb", ".debian.org"),
];

/// Written by cargo, which names where packages come from.
const GENERATED: [&str; 1] = ["Cargo.lock"];

/// Macros that say that something is not done.
const UNFINISHED: [&str; 3] = ["todo", "unimplemented", "dbg"];

fn run(repository: &Repository) -> Result<Report, String> {
    let mut files = repository.text_files()?;
    files.retain(|file| !GENERATED.contains(&file.path.as_str()));
    let mut findings: Vec<Finding> = files.iter().flat_map(hosts).collect();
    findings.extend(files.iter().filter(|file| file.is_rust()).flat_map(unfinished));
    Ok(Report::of(format!("{} text files", files.len()), findings))
}

fn hosts(file: &TextFile) -> Vec<Finding> {
    let named = |line: &str| {
        let lowercase = line.to_ascii_lowercase();
        HOSTS.into_iter().find(|host| lowercase.contains(host))
    };
    let lines = file.text.lines().enumerate();
    lines
        .filter_map(|(index, line)| {
            let message = format!(
                "names `{}`: where packages come from is the user's choice",
                named(line)?
            );
            Some(Finding::in_line(&file.path, index + 1, message))
        })
        .collect()
}

fn unfinished(file: &TextFile) -> Vec<Finding> {
    let code = source::code(&file.text);
    source::identifiers(&code)
        .filter(|(offset, word)| UNFINISHED.contains(word) && code[offset + word.len()..].starts_with('!'))
        .map(|(offset, word)| {
            let line = source::line_of(&code, offset);
            Finding::in_line(&file.path, line, format!("`{word}!` must not stay"))
        })
        .collect()
}

#[cfg(test)]
mod tests;
