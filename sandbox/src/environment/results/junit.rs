//! JUnit's XML, as most runners can write it: `<testcase classname="…" name="…">` with what went wrong inside.
//!
//! There is no standard; the elements are those that the schema of Jenkins' xunit plugin and surefire's share.

use super::markup::{Tag, Tags, decoded};
use super::{Outcome, Results};

pub(super) fn read(output: &str, results: &mut Results) {
    let mut case: Option<(String, Outcome)> = None;
    for tag in Tags::new(output) {
        match tag {
            Tag::Open {
                name: "testcase",
                attributes,
                closed,
            } => {
                case = test_case(&attributes);
                if closed {
                    record(&mut case, results);
                }
            }
            Tag::Open {
                name: "failure" | "error",
                ..
            } => set(&mut case, Outcome::Failed),
            // Pytest writes an expected failure so, which is as good as a pass.
            Tag::Open {
                name: "skipped",
                attributes,
                ..
            } if attributes.contains(&("type", "pytest.xfail")) => {}
            Tag::Open { name: "skipped", .. } => set(&mut case, Outcome::Skipped),
            Tag::Close { name: "testcase" } => record(&mut case, results),
            Tag::Open { .. } | Tag::Close { .. } => {}
        }
    }
    // A document that was cut short still tells of a failure that it came to.
    if case.as_ref().is_some_and(|(_, outcome)| *outcome == Outcome::Failed) {
        record(&mut case, results);
    }
}

fn record(case: &mut Option<(String, Outcome)>, results: &mut Results) {
    if let Some((name, outcome)) = case.take() {
        results.record(name, outcome);
    }
}

fn set(case: &mut Option<(String, Outcome)>, outcome: Outcome) {
    if let Some((_, known)) = case.as_mut().filter(|(_, known)| *known != Outcome::Failed) {
        *known = outcome;
    }
}

/// `class::name`, and how the attributes alone say that it ended: Google Test and CTest mark tests that were not run
/// by their status, without an element.
fn test_case(attributes: &[(&str, &str)]) -> Option<(String, Outcome)> {
    let attribute = |wanted: &str| {
        attributes
            .iter()
            .find(|(name, _)| *name == wanted)
            .map(|(_, value)| decoded(value))
    };
    let name = attribute("name")?;
    // PHPUnit writes the class as PHP does in `class`, and with dots in `classname`.
    let class = attribute("class")
        .or_else(|| attribute("classname"))
        .filter(|class| !class.is_empty() && *class != name);
    let status = attribute("status").unwrap_or_default();
    let outcome = if matches!(status.as_str(), "notrun" | "disabled") {
        Outcome::Skipped
    } else {
        Outcome::Passed
    };
    Some((
        class.map_or_else(|| name.clone(), |class| format!("{class}::{name}")),
        outcome,
    ))
}

#[cfg(test)]
mod tests;
