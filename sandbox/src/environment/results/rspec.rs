//! RSpec's documentation format: groups by their indent, and examples as the lines without deeper ones below them.

use super::text;
use super::{Outcome, Results};

/// What begins the parts that follow the examples.
const ENDINGS: [&str; 4] = ["Pending:", "Failures:", "Finished in ", "Failed examples:"];

/// The most groups within groups that are followed.
const DEEPEST: usize = 32;

pub(super) fn read(output: &str, results: &mut Results) {
    let lines = text::lines(output).take_while(|line| !ENDINGS.iter().any(|ending| line.starts_with(ending)));
    let mut groups: Vec<(usize, &str)> = Vec::new();
    let mut held: Option<(usize, &str)> = None;
    // A group shows itself only by the line after it, so each line waits for the next.
    for line in lines.map(str::trim_end).filter(|line| !line.is_empty()) {
        let (indent, rest) = text::indent(line);
        if let Some((outer, title)) = held {
            if indent <= outer || state(title).is_some() {
                example(&mut groups, outer, title, results);
            } else {
                groups.retain(|(above, _)| *above < outer);
                if groups.len() < DEEPEST {
                    groups.push((outer, title));
                }
            }
        }
        held = Some((indent, rest));
    }
    if let Some((indent, title)) = held {
        example(&mut groups, indent, title, results);
    }
}

fn example(groups: &mut Vec<(usize, &str)>, indent: usize, title: &str, results: &mut Results) {
    groups.retain(|(above, _)| *above < indent);
    // Outside of groups there are no examples: such a line is what the program printed.
    if indent == 0 || groups.is_empty() {
        return;
    }
    let (name, outcome) = state(title).unwrap_or((title, Outcome::Passed));
    let mut path: Vec<&str> = groups.iter().map(|(_, group)| *group).collect();
    path.push(name);
    results.record(path.join(" > "), outcome);
}

/// `fails (FAILED - 1)`, `waits (PENDING: reason)`, and `fails (ERROR - 1)` of other reporters.
fn state(title: &str) -> Option<(&str, Outcome)> {
    let open = title.strip_suffix(')')?;
    if let Some((name, _)) = open.rsplit_once(" (PENDING: ") {
        return Some((name, Outcome::Skipped));
    }
    let (name, number) = open
        .rsplit_once(" (FAILED - ")
        .or_else(|| open.rsplit_once(" (ERROR - "))?;
    number
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then_some((name, Outcome::Failed))
}

#[cfg(test)]
mod tests;
