//! Python's unittest, verbose: `test_x (module.Class) ... ok`, and the headings of its failures.

use super::text;
use super::{Outcome, Results};

/// Stands for a module that could not be imported: no test.
const UNIMPORTED: &str = "_FailedTest";

const WORDS: [(&str, Outcome); 6] = [
    ("ok", Outcome::Passed),
    ("FAIL", Outcome::Failed),
    ("ERROR", Outcome::Failed),
    ("skipped", Outcome::Skipped),
    ("expected failure", Outcome::Passed),
    ("unexpected success", Outcome::Failed),
];

pub(super) fn read(output: &str, results: &mut Results) {
    // The test whose result has not come: a docstring or output of the test may stand between.
    let mut started = None;
    for line in text::lines(output) {
        let line = line.trim();
        if let Some(name) = line
            .strip_prefix("FAIL: ")
            .or_else(|| line.strip_prefix("ERROR: "))
            .and_then(test_name)
        {
            results.record(name, Outcome::Failed);
        } else if let Some((name, word)) = line.split_once(" ... ").map(|(title, word)| (test_name(title), word)) {
            let name = name.or_else(|| started.take());
            match (name, outcome(word)) {
                (Some(name), Some(outcome)) => results.record(name, outcome),
                (name, _) => started = name,
            }
        } else if let Some(name) = test_name(line.strip_suffix(" ...").unwrap_or(line)) {
            started = Some(name);
        } else if let Some(outcome) = outcome(line)
            && let Some(name) = started.take()
        {
            results.record(name, outcome);
        }
    }
}

fn outcome(word: &str) -> Option<Outcome> {
    WORDS
        .into_iter()
        .find(|(known, _)| *known == word || is_skip(known, word))
        .map(|(_, outcome)| outcome)
}

/// `skipped 'reason'`.
fn is_skip(known: &str, word: &str) -> bool {
    known == "skipped"
        && word
            .strip_prefix(known)
            .is_some_and(|reason| reason.starts_with(" '") || reason.starts_with(" \""))
}

/// `test_x (module.Class)`, of that or of `test_x (module.Class.test_x)`, which Python 3.11 and later print: a test is
/// to have one name under all of them. The parameters of a subtest, in brackets after it, are left out.
fn test_name(title: &str) -> Option<String> {
    let (method, rest) = title.split_once(" (")?;
    let (path, _) = rest.split_once(')')?;
    let plain = |text: &str| {
        !text.is_empty()
            && text
                .chars()
                .all(|letter| letter.is_alphanumeric() || "_.".contains(letter))
    };
    if !plain(method) || !plain(path) || !path.contains('.') || path.contains(UNIMPORTED) {
        return None;
    }
    let class = path
        .strip_suffix(method)
        .and_then(|class| class.strip_suffix('.'))
        .unwrap_or(path);
    Some(format!("{method} ({class})"))
}

#[cfg(test)]
mod tests;
