//! `go test`, as text (`-v`) and as events (`-json`). A test is named without its package, as Go itself names it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::text;
use super::{Outcome, Results};

/// What stands before the name of a test that ended.
const ENDINGS: [(&str, Outcome); 3] = [
    ("--- PASS: ", Outcome::Passed),
    ("--- FAIL: ", Outcome::Failed),
    ("--- SKIP: ", Outcome::Skipped),
];

/// Reads `go test -v`.
pub(super) fn read_text(output: &str, results: &mut Results) {
    let mut running = BTreeSet::new();
    for line in text::lines(output) {
        if let Some(name) = line.strip_prefix("=== RUN ") {
            running.insert(name.trim());
        } else if let Some((name, outcome)) = ended(line, &running) {
            running.remove(name);
            results.record(name, outcome);
        } else if line.starts_with("ok  \t") {
            // The package passed, so whatever it began did: its last line may have been lost in a test's output.
            for name in std::mem::take(&mut running) {
                results.record(name, Outcome::Passed);
            }
        }
    }
    fail(running, results);
}

/// `--- PASS: TestX (0.00s)`, indented below other tests, or after what the test printed without a line's end; the
/// latter only for a test that began.
fn ended<'a>(line: &'a str, running: &BTreeSet<&str>) -> Option<(&'a str, Outcome)> {
    ENDINGS.into_iter().find_map(|(start, outcome)| {
        let at = line.find(start)?;
        let (name, time) = line.get(at + start.len()..)?.rsplit_once(" (")?;
        let alone = line.get(..at)?.bytes().all(|byte| byte == b' ');
        (time.trim_end().ends_with("s)") && (alone || running.contains(name))).then_some((name, outcome))
    })
}

/// A test that began and never ended took the process down or was in it when it went.
fn fail<'a>(running: impl IntoIterator<Item = &'a str>, results: &mut Results) {
    for name in running {
        results.record(name, Outcome::Failed);
    }
}

/// Reads `go test -json`; `go doc test2json` tells of the fields of its events.
pub(super) fn read_events(output: &str, results: &mut Results) {
    let mut running: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    // The lines are whole: a cut line would be no JSON.
    for line in output.lines().filter(|line| line.starts_with('{')) {
        // What the tests print is most of the log, and rarely names an outcome.
        if line.contains("\"Action\":\"output\"") && !ENDINGS.iter().any(|(start, _)| line.contains(start)) {
            continue;
        }
        let Ok(event) = serde_json::from_str::<Value>(line) else {
            continue;
        };
        let field = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
        let (action, test, began) = (
            field("Action"),
            field("Test"),
            running.entry(field("Package").to_owned()).or_default(),
        );
        match (action, test) {
            ("pass", "") => {
                for test in std::mem::take(began) {
                    results.record(test, Outcome::Passed);
                }
            }
            (_, "") => {}
            ("run", _) => {
                began.insert(test.to_owned());
            }
            ("pass", _) => close(test, Outcome::Passed, began, results),
            ("fail", _) => close(test, Outcome::Failed, began, results),
            ("skip", _) => close(test, Outcome::Skipped, began, results),
            // Before Go 1.20 a test that printed no line's end got no event of its own.
            ("output", _) => {
                let names = began.get(test).map(String::as_str).into_iter().collect();
                if let Some((_, outcome)) = ended(field("Output"), &names).filter(|(name, _)| *name == test) {
                    close(test, outcome, began, results);
                }
            }
            _ => {}
        }
    }
    fail(running.values().flatten().map(String::as_str), results);
}

fn close(test: &str, outcome: Outcome, began: &mut BTreeSet<String>, results: &mut Results) {
    began.remove(test);
    results.record(test, outcome);
}

#[cfg(test)]
mod tests;
