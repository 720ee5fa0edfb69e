//! Jest's verbose tree under each file, and vitest's verbose lines, which hold the whole path of a test.

use super::text;
use super::{Outcome, Results};

const MARKS: [(&str, Outcome); 9] = [
    ("✓ ", Outcome::Passed),
    ("√ ", Outcome::Passed),
    ("✕ ", Outcome::Failed),
    ("× ", Outcome::Failed),
    ("○ skipped ", Outcome::Skipped),
    ("○ ", Outcome::Skipped),
    ("✎ todo ", Outcome::Skipped),
    ("↓ ", Outcome::Skipped),
    ("□ ", Outcome::Skipped),
];

/// What stands under jest's `●` and is no test.
const HEADINGS: [&str; 5] = [
    "Console",
    "Test suite failed to run",
    "Cannot log after tests",
    "Validation ",
    "Deprecation ",
];

/// The most groups within groups that are followed.
const DEEPEST: usize = 32;

#[derive(Default)]
struct Tree<'a> {
    file: Option<&'a str>,
    failing: bool,
    groups: Vec<(usize, &'a str)>,
    /// Whether the file's tests are over: what its failures say follows.
    over: bool,
}

pub(super) fn read(output: &str, results: &mut Results) {
    let mut tree = Tree::default();
    for line in text::lines(output) {
        let (indent, rest) = text::indent(line.trim_end());
        if let Some((file, failing)) = heading(indent, rest) {
            tree = Tree {
                file: Some(file),
                failing,
                ..Tree::default()
            };
        } else if let Some((name, outcome)) = vitest(rest) {
            results.record(name, outcome);
        } else if let Some(title) = rest.strip_prefix("● ").filter(|_| indent == 2) {
            tree.over = true;
            tree.failure(title, results);
        } else if !tree.over && indent >= 2 && !rest.is_empty() {
            tree.line(indent, rest, results);
        }
    }
}

impl<'a> Tree<'a> {
    /// A line of the tree: a test with its mark, or the title of a group.
    fn line(&mut self, indent: usize, line: &'a str, results: &mut Results) {
        let Some(file) = self.file else { return };
        self.groups.retain(|(outer, _)| *outer < indent);
        match marked(line) {
            Some((name, outcome)) => {
                let mut path: Vec<&str> = self.groups.iter().map(|(_, group)| *group).collect();
                path.push(text::without_duration(name));
                results.record(format!("{file} :: {}", path.join(" > ")), outcome);
            }
            None if self.groups.len() < DEEPEST => self.groups.push((indent, line)),
            None => {}
        }
    }

    /// `● group › name`, which jest prints of failures even when it is not verbose.
    fn failure(&self, title: &str, results: &mut Results) {
        let Some(file) = self.file.filter(|_| self.failing) else {
            return;
        };
        if !HEADINGS.iter().any(|heading| title.starts_with(heading)) {
            results.record(
                format!("{file} :: {}", title.trim_end().replace(" › ", " > ")),
                Outcome::Failed,
            );
        }
    }
}

/// `PASS src/a.test.js (5.2 s)`, `FAIL project src/a.test.js`: the file and whether it failed.
fn heading(indent: usize, line: &str) -> Option<(&str, bool)> {
    let (word, rest) = line.split_once(' ')?;
    let failing = match word {
        "PASS" => false,
        "FAIL" => true,
        _ => return None,
    };
    // Vitest writes two spaces, and the test's whole path.
    if indent != 0 || rest.starts_with(' ') {
        return None;
    }
    let file = text::without_duration(rest).rsplit(' ').next()?;
    let file = file.strip_prefix("./").unwrap_or(file);
    (!file.is_empty()).then_some((file, failing))
}

fn marked(line: &str) -> Option<(&str, Outcome)> {
    MARKS
        .into_iter()
        .find_map(|(mark, outcome)| Some((line.strip_prefix(mark)?, outcome)))
}

/// ` ✓ src/a.test.ts > group > name 3ms` and ` FAIL  src/a.test.ts > group > name`.
fn vitest(line: &str) -> Option<(String, Outcome)> {
    let (path, outcome) = match line.strip_prefix("FAIL  ") {
        Some(path) => (path, Outcome::Failed),
        None => marked(line)?,
    };
    let path = match path.strip_prefix('|') {
        Some(project) => project.split_once("| ")?.1,
        None => path,
    };
    let (file, name) = path.split_once(" > ")?;
    // Of a jest test whose name has ` > ` the first part is no file.
    if file.contains(' ') || !file.contains('.') {
        return None;
    }
    let name = name.strip_suffix(" [skipped]").unwrap_or(name).trim_end();
    let timed = name.rsplit_once(' ').filter(|(_, time)| text::is_duration(time));
    Some((
        format!("{file} :: {}", timed.map_or(name, |(name, _)| name).trim_end()),
        outcome,
    ))
}

#[cfg(test)]
mod tests;
