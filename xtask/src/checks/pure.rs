//! The core has no IO, no clock, no randomness, no threads and no async runtime: seen in its text.
//!
//! `core/clippy.toml` says the same to clippy, which knows types; this check needs no build.

use super::Check;
use crate::report::{Finding, Report};
use crate::repository::{Repository, TextFile};
use crate::source;

/// See the module.
pub const CHECK: Check = Check {
    name: "pure",
    about: "the core's sources name no IO, clock, randomness, thread or async runtime",
    run,
};

const CORE: &str = "core/src/";
/// Ports are async traits; nothing else in the core is async.
const PORTS: &str = "core/src/port/";

/// Parts of the standard library that the core must not name, and what to do instead.
const STANDARD: [(&str, &str); 9] = [
    ("fs", "files reach the core as inputs"),
    ("net", "the network is behind a port"),
    ("process", "processes are effects"),
    ("env", "the environment reaches a run as an input"),
    ("thread", "the runtime owns threads"),
    ("io", "the core reads and writes nothing"),
    ("Instant", "time is an input"),
    ("SystemTime", "time is an input"),
    ("RandomState", "randomness reaches the core as a seed"),
];

/// Words that must not stand anywhere in the core's code.
const WORDS: [(&str, &str); 13] = [
    ("tokio", "the runtime lives in troupe-agents"),
    ("async_std", "the runtime lives in troupe-agents"),
    ("sqlx", "storage is behind a port"),
    ("reqwest", "the network is behind a port"),
    ("rand", "randomness reaches the core as a seed"),
    ("getrandom", "randomness reaches the core as a seed"),
    ("await", "nothing waits while state changes"),
    ("println", "views are data; the command line prints"),
    ("print", "views are data; the command line prints"),
    ("eprintln", "views are data; the command line prints"),
    ("eprint", "views are data; the command line prints"),
    ("thread_local", "state lives in the run"),
    ("include_str", "files reach the core as inputs"),
];

fn run(repository: &Repository) -> Result<Report, String> {
    let mut files = repository.rust_files()?;
    files.retain(|file| file.path.starts_with(CORE) && !file.is_test());
    if files.is_empty() {
        return Err(format!("there are no files in {CORE}"));
    }
    let findings = files.iter().flat_map(impurities).collect();
    Ok(Report::of(format!("{} files of the core", files.len()), findings))
}

fn impurities(file: &TextFile) -> Vec<Finding> {
    let code = source::code(&file.text);
    let words: Vec<(usize, &str)> = source::identifiers(&code).collect();
    let mut findings = Vec::new();
    let mut find = |offset: usize, what: &str, reason: &str| {
        let line = source::line_of(&code, offset);
        findings.push(Finding::in_line(
            &file.path,
            line,
            format!("`{what}` in the core: {reason}"),
        ));
    };
    for (at, &(offset, word)) in words.iter().enumerate() {
        if word == "std" {
            let end = path_end(&code, offset);
            let named = words[at + 1..].iter().take_while(|(offset, _)| *offset < end);
            for (offset, part) in named {
                if let Some((_, reason)) = STANDARD.iter().find(|(name, _)| name == part) {
                    find(*offset, &format!("std … {part}"), reason);
                }
            }
        } else if word == "async" && !file.path.starts_with(PORTS) {
            find(offset, word, "only ports are async");
        } else if let Some((_, reason)) = WORDS.iter().find(|(name, _)| *name == word)
            && is_impure_use(&code, offset, word)
        {
            find(offset, word, reason);
        }
    }
    findings
}

/// `print` and its kin are macros, the crates are paths; a field that happens to have such a name is fine.
fn is_impure_use(code: &str, offset: usize, word: &str) -> bool {
    let after = code[offset + word.len()..].trim_start();
    let imported = code[..offset].trim_end().ends_with("use");
    word == "await" || after.starts_with('!') || after.starts_with("::") || imported
}

/// Where the path that starts at `from` ends, with everything in its braces.
fn path_end(code: &str, from: usize) -> usize {
    let mut depth = 0_usize;
    for (offset, c) in code[from..].char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ':' | '_' => {}
            c if c.is_alphanumeric() => {}
            _ if depth > 0 => {}
            _ => return from + offset,
        }
    }
    code.len()
}

#[cfg(test)]
mod tests;
