//! Maven's surefire, as text: a line a class, and one for each test that failed. Gradle's lines are read too.

use super::text;
use super::{Outcome, Results};

pub(super) fn read(output: &str, results: &mut Results) {
    let mut class = None;
    for line in text::lines(output) {
        let line = ["[INFO] ", "[ERROR] ", "[WARNING] "]
            .iter()
            .find_map(|level| line.strip_prefix(level))
            .unwrap_or(line);
        let line = line.trim_end();
        if let Some((name, outcome)) = totals(line) {
            class = Some(name);
            results.record(name, outcome);
        } else if let Some(name) = failed(line, class) {
            results.record(name, Outcome::Failed);
        } else if let Some((name, outcome)) = gradle(line) {
            results.record(name, outcome);
        }
    }
}

/// `Tests run: 3, Failures: 1, Errors: 0, Skipped: 1, Time elapsed: 0.05 s <<< FAILURE! -- in org.example.CalculatorTest`;
/// before version 3 one dash. The totals of all classes name none.
fn totals(line: &str) -> Option<(&str, Outcome)> {
    let rest = line.strip_prefix("Tests run: ")?;
    let (numbers, class) = rest.rsplit_once(" in ")?;
    let mut counts = numbers.split(", ").map(|part| {
        let number = part.rsplit(' ').next().unwrap_or(part);
        number.parse::<u64>().ok()
    });
    let (run, failures, errors, skipped) = (counts.next()??, counts.next()??, counts.next()??, counts.next()??);
    let outcome = match (failures, errors) {
        (0, 0) if run > skipped => Outcome::Passed,
        (0, 0) => Outcome::Skipped,
        _ => Outcome::Failed,
    };
    Some((class.trim(), outcome))
}

/// `org.example.CalculatorTest.fails -- Time elapsed: 0.01 s <<< FAILURE!`; older: `fails(org.example.CalculatorTest)
/// Time elapsed: …`, and `fails  Time elapsed: …`, of the class before.
fn failed(line: &str, class: Option<&str>) -> Option<String> {
    if !line.ends_with("<<< FAILURE!") && !line.ends_with("<<< ERROR!") {
        return None;
    }
    let name = line
        .split_once("Time elapsed:")?
        .0
        .trim_end()
        .trim_end_matches(['-', ' ']);
    let method = class
        .and_then(|class| name.strip_prefix(class))
        .and_then(|method| method.strip_prefix('.'));
    match (
        class,
        method,
        name.strip_suffix(')').and_then(|open| open.rsplit_once('(')),
    ) {
        (Some(class), Some(method), _) => Some(format!("{class}::{method}")),
        (_, _, Some((method, class))) if class.contains('.') => Some(format!("{class}::{method}")),
        // A class whose preparation failed is told of by its totals.
        (Some(class), ..) if name == class => None,
        (Some(class), ..) => Some(format!("{class}::{name}")),
        (None, ..) => None,
    }
}

/// `CalculatorTest > adds() PASSED`.
fn gradle(line: &str) -> Option<(&str, Outcome)> {
    let (name, word) = line.rsplit_once(' ')?;
    let outcome = match word {
        "PASSED" => Outcome::Passed,
        "FAILED" => Outcome::Failed,
        "SKIPPED" => Outcome::Skipped,
        _ => return None,
    };
    let (class, _) = name.split_once(" > ")?;
    // `> Task :test FAILED` has no class.
    (!class.is_empty() && !class.contains(' ')).then_some((name, outcome))
}

#[cfg(test)]
mod tests;
