//! Lines of any runner: a word or a sign at one end of a line says how a test ended, and the rest is its name.
//!
//! Such lines are `PASS adds`, `[OK] adds (12 ms)`, `ok adds`, `++++ adds PASSED`, `adds: FAIL`, `adds [✔]`. What counts
//! tests in place of naming one, such as `3 passed`, is passed over.

use super::{Outcome, Results, text};

/// Signs, and words in capitals: they stand for themselves at both ends of a line. Longer ones come before those that
/// they begin with.
const PLAIN: [(&str, Outcome); 17] = [
    ("NOT OK", Outcome::Failed),
    ("PASSED", Outcome::Passed),
    ("PASS", Outcome::Passed),
    ("OK", Outcome::Passed),
    ("FAILED", Outcome::Failed),
    ("FAIL", Outcome::Failed),
    ("ERROR", Outcome::Failed),
    ("SKIPPED", Outcome::Skipped),
    ("SKIP", Outcome::Skipped),
    ("PENDING", Outcome::Skipped),
    ("✓", Outcome::Passed),
    ("✔", Outcome::Passed),
    ("√", Outcome::Passed),
    ("✗", Outcome::Failed),
    ("✘", Outcome::Failed),
    ("✕", Outcome::Failed),
    ("✖", Outcome::Failed),
];

/// Words of prose too: they count where they stand first, or set off from what is before them.
const SET_OFF: [(&str, Outcome); 10] = [
    ("not ok", Outcome::Failed),
    ("ok", Outcome::Passed),
    ("Ok", Outcome::Passed),
    ("passed", Outcome::Passed),
    ("pass", Outcome::Passed),
    ("failed", Outcome::Failed),
    ("fail", Outcome::Failed),
    ("skipped", Outcome::Skipped),
    ("skip", Outcome::Skipped),
    ("pending", Outcome::Skipped),
];

/// What stands around an outcome.
const AROUND: [char; 14] = [' ', '\t', '[', ']', '(', ')', ':', '.', '-', '=', '*', '+', '>', '|'];
/// What sets a word off from the name before it.
const OFF: [&str; 6] = ["...", ":", " -", "[", "(", "="];
/// What follows the number of a line that counts.
const COUNTED: [&str; 12] = [
    "test",
    "example",
    "spec",
    "assertion",
    "check",
    "case",
    "suite",
    "file",
    "success",
    "fail",
    "pass",
    "of",
];

pub(super) fn read(output: &str, results: &mut Results) {
    for line in text::lines(output) {
        let line = timeless(line.trim());
        if let Some((name, outcome)) = first(line).or_else(|| last(line)) {
            let name = timeless(name);
            if names(name) {
                results.record(name, outcome);
            }
        }
    }
}

/// A line that begins with its outcome.
fn first(line: &str) -> Option<(&str, Outcome)> {
    let rest = line.trim_start_matches(AROUND);
    let (word, outcome) = known().find(|(word, _)| rest.strip_prefix(word).is_some_and(|rest| is_apart(word, rest)))?;
    let rest = rest.strip_prefix(word)?.trim_start_matches(AROUND);
    // As TAP numbers its lines.
    let numbered = rest.split_once(" - ").filter(|(number, _)| is_number(number));
    let (name, directive) = match numbered.map_or(rest, |(_, name)| name).split_once("# ") {
        Some((name, directive)) => (name, directive.to_ascii_uppercase()),
        None => (numbered.map_or(rest, |(_, name)| name), String::new()),
    };
    let is_skipped = directive.starts_with("SKIP") || directive.starts_with("TODO");
    Some((name.trim(), if is_skipped { Outcome::Skipped } else { outcome }))
}

/// A line that ends with its outcome.
fn last(line: &str) -> Option<(&str, Outcome)> {
    let before = line.trim_end_matches([' ', '\t', ']', ')', '.', '!']);
    let of = |words: &'static [(&str, Outcome)]| {
        words.iter().find_map(|(word, outcome)| {
            let name = before.strip_suffix(word)?;
            let ends_apart = name.chars().next_back().is_none_or(|letter| !letter.is_alphanumeric());
            ends_apart.then_some((name, *outcome))
        })
    };
    let set_off = || of(&SET_OFF).filter(|(name, _)| is_set_off(name));
    let (name, outcome) = of(&PLAIN).or_else(set_off)?;
    Some((name.trim_matches(AROUND), outcome))
}

/// Whether a name is set off from the word behind it.
fn is_set_off(name: &str) -> bool {
    let bare = name.trim_end();
    OFF.iter().any(|off| bare.ends_with(off)) || name.ends_with("  ") || name.ends_with('\t')
}

fn known() -> impl Iterator<Item = (&'static str, Outcome)> {
    PLAIN.into_iter().chain(SET_OFF)
}

/// Whether what follows a word is no more of it.
fn is_apart(word: &str, rest: &str) -> bool {
    let is_sign = !word.is_ascii();
    is_sign || rest.starts_with(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != '-')
}

/// Whether a text names a test and does not count some.
fn names(name: &str) -> bool {
    let mut words = name.trim_start_matches('(').split_whitespace();
    let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let counts = is_number(first) && (second.is_empty() || COUNTED.iter().any(|it| second.starts_with(it)));
    let sums = first
        .split_once('=')
        .is_some_and(|(_, count)| is_number(count.trim_end_matches([')', ','])));
    !counts && !sums && name.chars().any(char::is_alphabetic)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A text without the times at its end: they differ from run to run.
fn timeless(line: &str) -> &str {
    let mut rest = line.trim_end();
    loop {
        let shorter = without_time(rest);
        if shorter == rest {
            return rest;
        }
        rest = shorter;
    }
}

fn without_time(line: &str) -> &str {
    for (open, close) in [('(', ')'), ('[', ']'), ('<', '>')] {
        let inner = line.strip_suffix(close).and_then(|line| line.rsplit_once(open));
        if let Some((before, _)) = inner.filter(|(_, inner)| is_time(inner)) {
            return before.trim_end();
        }
    }
    let mut ends = line.rmatch_indices(' ').take(2).map(|(at, _)| line.split_at(at));
    let timed = ends.find(|(_, end)| is_time(end));
    timed.map_or(line, |(before, _)| before.trim_end().trim_end_matches(" in"))
}

/// Whether a text is a time such as `12ms`, `0.3 sec` or `1,2 seconds`.
fn is_time(text: &str) -> bool {
    const UNITS: [&str; 12] = [
        "ms", "µs", "us", "ns", "s", "sec", "secs", "second", "seconds", "m", "min", "minutes",
    ];
    let text = text.trim().trim_start_matches(['<', '~']).trim_start();
    let digits = text.trim_end_matches(|letter: char| letter.is_alphabetic());
    let number = digits.trim_end();
    let is_number = number
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b',');
    let unit = text.get(digits.len()..).unwrap_or_default();
    is_number && number.starts_with(|letter: char| letter.is_ascii_digit()) && UNITS.contains(&unit)
}

#[cfg(test)]
mod tests;
