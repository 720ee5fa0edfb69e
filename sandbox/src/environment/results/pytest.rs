//! Pytest: the lines of its short summary (`-rA`) and of its verbose progress (`-v`).

use super::text;
use super::{Outcome, Results};

/// The words that pytest ends a test with. An expected failure is as good as a pass, and so is an unexpected pass,
/// which pytest calls `FAILED` where the project is strict.
const WORDS: [(&str, Outcome); 6] = [
    ("PASSED", Outcome::Passed),
    ("FAILED", Outcome::Failed),
    ("ERROR", Outcome::Failed),
    ("SKIPPED", Outcome::Skipped),
    ("XFAIL", Outcome::Passed),
    ("XPASS", Outcome::Passed),
];

/// Between the parts of a test's identifier. A name without it is a file that could not be collected: no test.
const PART: &str = "::";

pub(super) fn read(output: &str, results: &mut Results) {
    // The summary tells where a skip stands and not which test it was; it counts only if no progress line does.
    let mut places = Vec::new();
    let mut started = None;
    for line in text::lines(output) {
        let line = line.trim_end();
        if let Some((name, outcome)) = summary(line).or_else(|| progress(line)).or_else(|| subtest(line)) {
            results.record(name, outcome);
            started = None;
        } else if let Some(place) = line.strip_prefix("SKIPPED [").and_then(skip_place) {
            places.push(place);
        } else if let Some(name) = line.split(' ').next().filter(|name| name.contains(".py::")) {
            // With `-s` the test prints between its name and its word.
            started = Some(identifier(line).unwrap_or(name));
        } else if let (Some(name), Some((_, outcome))) = (started, ending(without_percent(line))) {
            results.record(name, outcome);
            started = None;
        }
    }
    if !results.tests.values().any(|outcome| *outcome == Outcome::Skipped) {
        for place in places {
            results.record(place, Outcome::Skipped);
        }
    }
}

/// `PASSED tests/a.py::test_x`, `FAILED tests/a.py::test_x - message`, and xdist's `[gw0] [ 10%] PASSED …`.
fn summary(line: &str) -> Option<(&str, Outcome)> {
    let line = match line.strip_prefix("[gw") {
        Some(worker) => worker.split_once("%] ")?.1,
        None => line,
    };
    let (word, rest) = line.split_once(' ')?;
    let (_, outcome) = WORDS.into_iter().find(|(known, _)| *known == word)?;
    Some((identifier(rest)?, outcome))
}

/// `tests/a.py::test_x PASSED   [ 10%]`, `tests/a.py::test_x SKIPPED (reason)`.
fn progress(line: &str) -> Option<(&str, Outcome)> {
    let (before, outcome) = ending(without_percent(line))?;
    let name = identifier(before.trim_end())?;
    // Anything else that holds `::` and ends in a word of pytest's is prose.
    line.starts_with(name).then_some((name, outcome))
}

/// `SUBFAILED[message] tests/a.py::test_x - …` and `SUBFAIL tests/a.py::test_x - …`: a part failed, so the test did.
fn subtest(line: &str) -> Option<(&str, Outcome)> {
    let rest = line.strip_prefix("SUBFAIL")?;
    let start = rest
        .find("] ")
        .map_or_else(|| rest.find(' ').map(|at| at + 1), |at| Some(at + 2))?;
    Some((identifier(rest.get(start..)?)?, Outcome::Failed))
}

/// `3] tests/a.py:12: reason` → `tests/a.py:12`.
fn skip_place(rest: &str) -> Option<&str> {
    let place = rest.split_once("] ")?.1;
    let (file, after) = place.split_once(".py:")?;
    let digits = after
        .find(|letter: char| !letter.is_ascii_digit())
        .unwrap_or(after.len());
    place.get(..file.len() + ".py:".len() + digits)
}

/// The identifier that a text begins with. Only within brackets, which hold the parameters, may it have spaces.
///
/// Where a parameter has ` - ` in it the identifier is cut there, as the data sets of issues cut it: a message follows a
/// name in the same way. Tests that differ only behind it share a name.
fn identifier(text: &str) -> Option<&str> {
    let space = text.find(' ').unwrap_or(text.len());
    let end = match text.find('[') {
        Some(bracket) if bracket < space => text.find(" - ").or_else(|| Some(text.rfind(']')? + 1))?,
        _ => space,
    };
    text.get(..end).filter(|name| name.contains(PART))
}

fn without_percent(line: &str) -> &str {
    let Some(open) = line.strip_suffix("%]") else {
        return line;
    };
    open.rsplit_once('[').map_or(line, |(before, _)| before.trim_end())
}

/// What stands before the word at the end of a line, or before the word and its reason in brackets.
fn ending(line: &str) -> Option<(&str, Outcome)> {
    let bare = WORDS
        .into_iter()
        .find_map(|(word, outcome)| Some((line.strip_suffix(word)?, outcome)));
    bare.or_else(|| {
        let reasoned = line.strip_suffix(')')?;
        ["SKIPPED (", "XFAIL (", "XPASS ("].into_iter().find_map(|word| {
            let at = reasoned.find(word)?;
            let outcome = if word.starts_with('S') {
                Outcome::Skipped
            } else {
                Outcome::Passed
            };
            Some((reasoned.get(..at)?, outcome))
        })
    })
}

#[cfg(test)]
mod tests;
