//! Google Test: `[       OK ] Suite.Test (0 ms)`.

use std::collections::BTreeSet;

use super::text;
use super::{Outcome, Results};

const START: &str = "[ RUN      ] ";

const ENDINGS: [(&str, Outcome); 3] = [
    ("[       OK ] ", Outcome::Passed),
    ("[  FAILED  ] ", Outcome::Failed),
    ("[  SKIPPED ] ", Outcome::Skipped),
];

pub(super) fn read(output: &str, results: &mut Results) {
    let mut running = BTreeSet::new();
    for line in text::lines(output) {
        if let Some(at) = line.find(START) {
            running.insert(line.get(at + START.len()..).unwrap_or_default().trim());
        } else if let Some((name, outcome)) = ended(line) {
            running.remove(name);
            results.record(name, outcome);
        }
    }
    // What never ended took the process down.
    for name in running {
        results.record(name, Outcome::Failed);
    }
}

/// A test that ended, by its mark anywhere in the line: the test may have printed without a line's end.
fn ended(line: &str) -> Option<(&str, Outcome)> {
    ENDINGS.into_iter().find_map(|(mark, outcome)| {
        let rest = line.get(line.find(mark)? + mark.len()..)?;
        // `Suite.Test (0 ms)`, `Suite/P.Test/0, where GetParam() = 2 (0 ms)`.
        let name = rest.split([' ', ',']).next()?;
        // The totals have a number there: `[  FAILED  ] 2 tests, listed below:`.
        name.contains('.').then_some((name, outcome))
    })
}

#[cfg(test)]
mod tests;
