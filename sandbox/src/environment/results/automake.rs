//! Automake's `make check`: `PASS: name`, with a number and a text after it where the tests speak TAP.

use super::text;
use super::{Outcome, Results};

/// The words of automake's test protocol (manual, section "Generalities about Testing").
const WORDS: [(&str, Outcome); 6] = [
    ("PASS: ", Outcome::Passed),
    ("FAIL: ", Outcome::Failed),
    ("SKIP: ", Outcome::Skipped),
    ("XFAIL: ", Outcome::Passed),
    ("XPASS: ", Outcome::Failed),
    ("ERROR: ", Outcome::Failed),
];

pub(super) fn read(output: &str, results: &mut Results) {
    for line in text::lines(output) {
        let found = WORDS
            .into_iter()
            .find_map(|(word, outcome)| Some((line.strip_prefix(word)?.trim_end(), outcome)));
        if let Some((name, outcome)) = found.filter(|(name, _)| is_name(name)) {
            results.record(name, outcome);
        }
    }
}

/// Whether a text is a test's name: one word, or a word and the number of a test point. Compilers and scripts begin
/// their complaints with `ERROR: ` too.
fn is_name(text: &str) -> bool {
    let mut words = text.split(' ');
    words.next().is_some_and(|first| !first.is_empty())
        && words
            .next()
            .is_none_or(|second| !second.is_empty() && second.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests;
