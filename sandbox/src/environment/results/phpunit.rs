//! PHPUnit: the lines of `--testdox` under each class, its numbered failures, and its JUnit file; Pest prints alike.

use super::text;
use super::{Outcome, Results, junit};

const MARKS: [(&str, Outcome); 14] = [
    ("✔ ", Outcome::Passed),
    ("✓ ", Outcome::Passed),
    ("[x] ", Outcome::Passed),
    ("✘ ", Outcome::Failed),
    ("⨯ ", Outcome::Failed),
    ("[ ] ", Outcome::Failed),
    ("↩ ", Outcome::Skipped),
    ("∅ ", Outcome::Skipped),
    ("→ ", Outcome::Skipped),
    ("- ", Outcome::Skipped),
    // Risky, and with warnings, deprecations or notices: the assertions held.
    ("☢ ", Outcome::Passed),
    ("⚠ ", Outcome::Passed),
    ("△ ", Outcome::Passed),
    ("! ", Outcome::Passed),
];

pub(super) fn read(output: &str, results: &mut Results) {
    junit::read(output, results);
    let documented = !results.tests.is_empty();
    let mut class = None;
    let mut failed = Vec::new();
    for line in text::lines(output) {
        let (indent, rest) = text::indent(line.trim_end());
        if let Some(name) = numbered(rest).filter(|_| indent == 0) {
            failed.push(name);
        } else if let Some(name) = heading(indent, rest) {
            class = Some(name);
        } else if let (Some(class), Some((name, outcome))) = (class, marked(rest).filter(|_| matches!(indent, 1 | 2))) {
            results.record(format!("{class} > {}", without_seconds(name)), outcome);
        }
    }
    // The list of failures repeats what stands above it, under other names.
    if !documented && results.tests.is_empty() {
        for name in failed {
            results.record(name, Outcome::Failed);
        }
    }
}

/// `Calculator (Tests\Calculator)`, `Tests\CalculatorTest`, and Pest's `PASS  Tests\Unit\CalculatorTest`.
fn heading(indent: usize, line: &str) -> Option<&str> {
    let class = |name: &str| {
        !name.is_empty()
            && name
                .chars()
                .all(|letter| letter.is_alphanumeric() || "_\\".contains(letter))
    };
    let pest = ["PASS  ", "FAIL  ", "WARN  "]
        .into_iter()
        .find_map(|word| line.strip_prefix(word))
        .map(str::trim);
    if let Some(name) = pest.filter(|name| class(name)) {
        return Some(name);
    }
    if indent != 0 {
        return None;
    }
    let bracketed = line
        .strip_suffix(')')
        .and_then(|open| open.rsplit_once(" ("))
        .map(|(_, name)| name);
    bracketed
        .or_else(|| Some(line).filter(|name| name.contains('\\')))
        .filter(|name| class(name))
}

/// `1) Tests\CalculatorTest::testFails`, and `… with data set "two" (2)`, of which the values are left out.
fn numbered(line: &str) -> Option<&str> {
    let (number, name) = line.split_once(") ")?;
    let counted = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let bare = name
        .find(" with data set ")
        .and_then(|_| name.rsplit_once(" ("))
        .map_or(name, |(bare, _)| bare);
    (counted && name.contains("::")).then_some(bare)
}

fn marked(line: &str) -> Option<(&str, Outcome)> {
    MARKS
        .into_iter()
        .find_map(|(mark, outcome)| Some((line.strip_prefix(mark)?, outcome)))
}

/// The name without the time that Pest writes at the line's end, after many spaces, or PHPUnit in `[1.23 ms]`.
fn without_seconds(name: &str) -> &str {
    let name = name.trim_end();
    let bracketed = name.strip_suffix(']').and_then(|open| open.rsplit_once(" ["));
    let timed = bracketed
        .or_else(|| name.rsplit_once("  "))
        .filter(|(_, time)| text::is_duration(time));
    timed.map_or(name, |(name, _)| name.trim_end())
}

#[cfg(test)]
mod tests;
