//! Minitest, verbose (`Class#test_x = 0.00 s = .`), and test-unit, verbose (a letter after each test of a class).

use super::text;
use super::{Outcome, Results};

pub(super) fn read(output: &str, results: &mut Results) {
    // Of minitest, the test that began and prints; of test-unit, the class, and the test that prints.
    let mut started: Option<&str> = None;
    let mut class: Option<&str> = None;
    let mut method: Option<&str> = None;
    for line in text::lines(output) {
        let line = line.trim_end();
        if let Some((name, outcome)) = minitest(line) {
            let name = if name.is_empty() { started.take() } else { Some(name) };
            if let Some(name) = name {
                results.record(name, outcome);
            }
        } else if let Some((name, _)) = line.split_once(" = ").filter(|(name, _)| is_test(name)) {
            started = Some(name);
        } else if let Some(name) = heading(line) {
            class = Some(name);
        } else if let Some((name, word)) = test_unit(line) {
            method = Some(name);
            record(class, &mut method, word, results);
        } else if method.is_some() && letter(line).is_some() {
            record(class, &mut method, line, results);
        }
    }
}

/// `Class#test_x = 0.00 s = F`, or `0.00 s = F` alone after what the test printed.
fn minitest(line: &str) -> Option<(&str, Outcome)> {
    let (rest, mark) = line.rsplit_once(" s = ")?;
    let outcome = match mark {
        "." => Outcome::Passed,
        "F" | "E" => Outcome::Failed,
        "S" => Outcome::Skipped,
        _ => return None,
    };
    let (before, time) = rest.rsplit_once(' ').unwrap_or(("", rest));
    if time.is_empty() || !time.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return None;
    }
    // What stands between may be what the test printed on this line.
    let name = before
        .rsplit_once(" =")
        .map(|(name, _)| name)
        .filter(|name| is_test(name));
    Some((name.unwrap_or_default(), outcome))
}

fn is_test(name: &str) -> bool {
    name.split_once('#')
        .is_some_and(|(class, method)| !class.is_empty() && !class.starts_with(' ') && method.starts_with("test_"))
}

/// `CalculatorTest: `, the class whose tests follow.
fn heading(line: &str) -> Option<&str> {
    let name = line.trim_start().strip_suffix(':')?;
    let plain = name.starts_with(|first: char| first.is_uppercase())
        && name
            .chars()
            .all(|letter| letter.is_alphanumeric() || "_:".contains(letter));
    plain.then_some(name)
}

/// `  test_adds:\t\t.: (0.000275)`: the test and what stands after its tabs.
fn test_unit(line: &str) -> Option<(&str, &str)> {
    let (name, word) = line.trim_start().split_once(":\t")?;
    let plain = name.starts_with("test") && name.chars().all(|letter| !letter.is_control());
    plain.then_some((name, word.trim_start_matches('\t')))
}

fn record(class: Option<&str>, method: &mut Option<&str>, word: &str, results: &mut Results) {
    let (Some(class), Some(name), Some(outcome)) = (class, *method, letter(word)) else {
        return;
    };
    results.record(format!("{class}#{name}"), outcome);
    *method = None;
}

/// The letter of test-unit: alone, or before a time as in `.: (0.0001)`. `O` is an omission, `N` a notification.
fn letter(word: &str) -> Option<Outcome> {
    let (mark, rest) = word.split_at_checked(1)?;
    if !rest.is_empty() && !rest.starts_with(": (") {
        return None;
    }
    match mark {
        "." | "N" => Some(Outcome::Passed),
        "F" | "E" => Some(Outcome::Failed),
        "O" | "P" => Some(Outcome::Skipped),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
