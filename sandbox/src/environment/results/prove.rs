//! Perl's `prove` and `make test`: a line a file, its result after the dots or on the lines below.

use super::text;
use super::{Outcome, Results};

pub(super) fn read(output: &str, results: &mut Results) {
    let mut started: Option<&str> = None;
    for line in text::lines(output) {
        let line = line.trim_end();
        if let Some((file, word)) = dotted(line) {
            match outcome(word) {
                Some(outcome) => {
                    results.record(file, outcome);
                    started = None;
                }
                None => started = Some(file),
            }
        } else if let Some(file) = summary(line) {
            results.record(file, Outcome::Failed);
        } else if let (Some(file), Some(outcome)) = (started, outcome(line)) {
            results.record(file, outcome);
            started = None;
        }
    }
    // A file whose result never came took the harness down.
    if let Some(file) = started {
        results.record(file, Outcome::Failed);
    }
}

/// `t/x.t .. ok`, `t/x.t ......... `.
fn dotted(line: &str) -> Option<(&str, &str)> {
    let (file, rest) = line.split_once(" ..")?;
    let word = rest.trim_start_matches('.');
    let alone = word.is_empty() || word.starts_with(' ');
    (alone && !file.is_empty() && !file.starts_with('#') && !file.contains(' ')).then_some((file, word.trim_start()))
}

fn outcome(word: &str) -> Option<Outcome> {
    let failing = [
        "Dubious, ",
        "Failed ",
        "No subtests run",
        "Result: NOTESTS",
        "Bailout called",
    ];
    if word == "ok" || (word.starts_with("ok ") && word.ends_with(['s', ')'])) {
        // `ok   12 ms ( … CPU)`, with `--timer`.
        Some(Outcome::Passed)
    } else if word.starts_with("skipped") {
        Some(Outcome::Skipped)
    } else if failing.iter().any(|start| word.starts_with(start)) && !word.starts_with("Failed test") {
        Some(Outcome::Failed)
    } else {
        None
    }
}

/// `t/x.t (Wstat: 256 (exited 1) Tests: 3 Failed: 1)`, a file that the summary tells of for more than unexpected passes.
fn summary(line: &str) -> Option<&str> {
    let (file, rest) = line.split_once(" (Wstat: ")?;
    let status = rest.split(' ').next()?;
    let failed = rest.rsplit_once("Failed: ")?.1.strip_suffix(')')?;
    let wrong = status != "0" || failed != "0";
    (wrong && !file.trim_end().contains(' ')).then_some(file.trim_end())
}

#[cfg(test)]
mod tests;
