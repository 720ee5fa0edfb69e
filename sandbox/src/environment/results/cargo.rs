//! `cargo test`: the lines of libtest, under the file that cargo says it runs.

use super::text;
use super::{Outcome, Results};

/// What libtest adds to the names of tests that end otherwise than others.
const NOTES: [&str; 4] = [" - should panic", " - compile fail", " - compile", " - no run"];

pub(super) fn read(output: &str, results: &mut Results) {
    let mut file = None;
    // The test that began and has not ended: it may print before its result, or take the process down with it.
    let mut started: Option<&str> = None;
    for line in text::lines(output) {
        let line = line.trim_end();
        if let Some(next) = heading(line.trim_start()) {
            end(&mut started, file, Outcome::Failed, results);
            file = next;
        } else if let Some((name, word)) = line.strip_prefix("test ").and_then(|rest| rest.split_once(" ... ")) {
            end(&mut started, file, Outcome::Failed, results);
            started = Some(name);
            if let Some(outcome) = outcome(word) {
                end(&mut started, file, outcome, results);
            }
        } else if let Some(name) = line.strip_prefix("test ").and_then(|rest| rest.strip_suffix(" ...")) {
            end(&mut started, file, Outcome::Failed, results);
            started = Some(name);
        } else if let Some(name) = line
            .strip_prefix("---- ")
            .and_then(|rest| rest.strip_suffix(" stdout ----"))
        {
            results.record(named(file, name), Outcome::Failed);
        } else if started.is_some()
            && let Some(outcome) = outcome(line)
        {
            end(&mut started, file, outcome, results);
        }
    }
    end(&mut started, file, Outcome::Failed, results);
}

fn end(started: &mut Option<&str>, file: Option<&str>, outcome: Outcome, results: &mut Results) {
    if let Some(name) = started.take() {
        results.record(named(file, name), outcome);
    }
}

/// The file that cargo begins to run: `Running tests/x.rs (target/…)`, `Running unittests src/lib.rs (target/…)`.
/// The names of documentation tests begin with their file, so none stands before them.
fn heading(line: &str) -> Option<Option<&str>> {
    if line.strip_prefix("Doc-tests ").is_some_and(|name| !name.contains(' ')) {
        return Some(None);
    }
    let (target, program) = line.strip_prefix("Running ")?.split_once(" (")?;
    program
        .ends_with(')')
        .then(|| Some(target.strip_prefix("unittests ").unwrap_or(target)))
}

fn outcome(word: &str) -> Option<Outcome> {
    match word {
        "ok" => Some(Outcome::Passed),
        "FAILED" => Some(Outcome::Failed),
        "ignored" => Some(Outcome::Skipped),
        _ if word.starts_with("ignored, ") => Some(Outcome::Skipped),
        // `ok <0.003s>`, with `--report-time`.
        _ if word.starts_with("ok <") => Some(Outcome::Passed),
        _ if word.starts_with("FAILED <") => Some(Outcome::Failed),
        _ if word.starts_with("bench: ") => Some(Outcome::Passed),
        _ => None,
    }
}

fn named(file: Option<&str>, name: &str) -> String {
    let name = NOTES.iter().find_map(|note| name.strip_suffix(note)).unwrap_or(name);
    file.map_or_else(|| name.to_owned(), |file| format!("{file}::{name}"))
}

#[cfg(test)]
mod tests;
