//! Mocha's spec reporter: suites by their indent, and a mark before each test. `node --test` prints alike.

use super::text;
use super::{Outcome, Results};

/// The marks of tests, of mocha's and of node's own reporter.
const MARKS: [(&str, Outcome); 7] = [
    ("✔ ", Outcome::Passed),
    ("✓ ", Outcome::Passed),
    ("√ ", Outcome::Passed),
    ("✖ ", Outcome::Failed),
    ("✗ ", Outcome::Failed),
    ("﹣ ", Outcome::Skipped),
    ("- ", Outcome::Skipped),
];

/// The most suites within suites that are followed.
const DEEPEST: usize = 32;

pub(super) fn read(output: &str, results: &mut Results) {
    let mut suites: Vec<(usize, &str)> = Vec::new();
    // After its totals mocha lists the failures once more, each under its suites.
    let mut over = false;
    for line in text::lines(output) {
        let (indent, rest) = text::indent(line.trim_end());
        if rest.is_empty() {
            continue;
        }
        if is_total(rest) {
            over = true;
        } else if indent == 0 && rest.starts_with("> ") {
            // npm says which script it runs: another run begins.
            over = false;
            suites.clear();
        } else if over {
            continue;
        } else if let Some((name, outcome)) = test(rest) {
            // Node closes a suite with a line like a test's.
            let closes = suites.contains(&(indent, name));
            suites.retain(|(outer, _)| *outer < indent);
            if closes {
                continue;
            }
            record(&suites, name, outcome, results);
        } else if indent >= 2 || rest.starts_with("▶ ") {
            suites.retain(|(outer, _)| *outer < indent);
            if suites.len() < DEEPEST {
                suites.push((indent, rest.strip_prefix("▶ ").unwrap_or(rest)));
            }
        }
    }
}

fn record(suites: &[(usize, &str)], name: &str, outcome: Outcome, results: &mut Results) {
    let mut path: Vec<&str> = suites.iter().map(|(_, suite)| *suite).collect();
    path.push(name);
    results.record(path.join(" > "), outcome);
}

/// `✔ name (12ms)`, `- name`, and the numbered failures, as `1) name`.
fn test(line: &str) -> Option<(&str, Outcome)> {
    let marked = MARKS
        .into_iter()
        .find_map(|(mark, outcome)| Some((line.strip_prefix(mark)?, outcome)));
    if let Some((name, outcome)) = marked {
        let bare = name.strip_suffix(" # SKIP").or_else(|| name.strip_suffix(" # TODO"));
        let outcome = if bare.is_some() { Outcome::Skipped } else { outcome };
        return Some((text::without_duration(bare.unwrap_or(name)), outcome));
    }
    let (number, name) = line.split_once(") ")?;
    let numbered = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    numbered.then_some((name, Outcome::Failed))
}

/// `12 passing (34ms)`, `1 failing`, and node's `ℹ tests 5`.
fn is_total(line: &str) -> bool {
    let mut words = line.split(' ');
    match (words.next(), words.next()) {
        (Some(number), Some("passing" | "failing")) => number.bytes().all(|byte| byte.is_ascii_digit()),
        (Some("ℹ"), Some("tests")) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
