//! CTest's progress lines: `1/3 Test #1: name ......   Passed    0.01 sec`.

use super::text;
use super::{Outcome, Results};

pub(super) fn read(output: &str, results: &mut Results) {
    for line in text::lines(output) {
        if let Some((name, outcome)) = progress(line.trim()) {
            results.record(name, outcome);
        }
    }
}

fn progress(line: &str) -> Option<(&str, Outcome)> {
    let (count, rest) = line.split_once("Test ")?;
    let counts = |letter: char| letter.is_ascii_digit() || letter == '/' || letter == ' ';
    let (number, rest) = rest.trim_start().strip_prefix('#')?.split_once(": ")?;
    if !count.chars().all(counts) || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // Dots fill the column, and a long name leaves room for three; a name may itself have dots.
    let (name, word) = rest.trim_start().split_once(" ..")?;
    let word = word.trim_start_matches('.').trim_start();
    let outcome = if word.starts_with("Passed") {
        Outcome::Passed
    } else if word.starts_with("***Skipped") || word.contains("(Disabled)") {
        Outcome::Skipped
    } else {
        // `***Failed`, `***Timeout`, `***Not Run`, and `***Exception` after what happened.
        word.contains("***").then_some(Outcome::Failed)?
    };
    Some((name.trim_end(), outcome))
}

#[cfg(test)]
mod tests;
