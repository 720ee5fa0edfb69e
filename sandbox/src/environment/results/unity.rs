//! Unity, the test library for C: `file.c:12:test_name:PASS`, and the `TEST(group, name) PASS` of its fixtures.

use super::text;
use super::{Outcome, Results};

pub(super) fn read(output: &str, results: &mut Results) {
    for line in text::lines(output) {
        let line = without_test_number(line.trim());
        if let Some((name, outcome)) = plain(line).or_else(|| fixture(line)) {
            results.record(name, outcome);
        }
    }
}

/// `dir/file.c:12:test_name:FAIL: message` → `file.c::test_name`. The directory is where the compiler ran, which is
/// another wherever the repository lies.
fn plain(line: &str) -> Option<(String, Outcome)> {
    let mut parts = line.splitn(4, ':');
    let (path, number, name, word) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let numbered = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let named = !name.is_empty() && !name.contains(' ');
    let file = path.rsplit(['/', '\\']).next()?;
    (numbered && named && file.contains('.')).then_some((format!("{file}::{name}"), outcome(word)?))
}

/// `TEST(group, name) PASS`, and of failures `TEST(group, name)path/file.c:12::FAIL: message`.
fn fixture(line: &str) -> Option<(String, Outcome)> {
    let rest = line
        .strip_prefix("TEST(")
        .or_else(|| line.strip_prefix("IGNORE_TEST("))?;
    let (name, rest) = rest.split_once(')')?;
    let (group, name) = name.split_once(',')?;
    let ignored = line.starts_with("IGNORE");
    let outcome = match outcome(rest.trim_start()) {
        _ if ignored => Outcome::Skipped,
        Some(outcome) => outcome,
        None if rest.contains(":FAIL") => Outcome::Failed,
        None if rest.contains(":IGNORE") => Outcome::Skipped,
        None => return None,
    };
    Some((format!("{}::{}", group.trim(), name.trim()), outcome))
}

fn outcome(word: &str) -> Option<Outcome> {
    let word = word.split([':', ' ']).next()?;
    match word {
        "PASS" => Some(Outcome::Passed),
        "FAIL" => Some(Outcome::Failed),
        "IGNORE" => Some(Outcome::Skipped),
        _ => None,
    }
}

/// A line without the `3: ` that `ctest -V` writes before what test 3 prints.
fn without_test_number(line: &str) -> &str {
    match line.split_once(": ") {
        Some((number, rest)) if number.bytes().all(|byte| byte.is_ascii_digit()) => rest,
        _ => line,
    }
}

#[cfg(test)]
mod tests;
