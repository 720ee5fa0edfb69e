//! The Test Anything Protocol, versions 12 to 14, with subtests, and as tape writes it.
//!
//! A test point is `ok 1 - name` or `not ok 1 - name`, with `# SKIP` or `# TODO` after it; the points of a subtest stand
//! four spaces deeper, before the point of their parent (<https://testanything.org/tap-version-14-specification.html>).
//! Tape names a test by a comment, and its points are single assertions.

use super::text;
use super::{Outcome, Results};

/// The spaces of a level, and the most levels that are followed.
const LEVEL: usize = 4;
const DEEPEST: usize = 16;

/// Between the names of a subtest and of its parent.
const BELOW: &str = " > ";

struct Point<'a> {
    name: &'a str,
    number: &'a str,
    outcome: Outcome,
}

pub(super) fn read(output: &str, results: &mut Results) {
    let mut document = Document::default();
    for line in text::lines(output) {
        let (indent, rest) = text::indent(line);
        if rest.starts_with("TAP version ") && indent == 0 {
            document.end(results);
        } else if let Some(point) = point(rest).filter(|_| indent % LEVEL == 0 && indent / LEVEL < DEEPEST) {
            document.point(indent / LEVEL, &point, results);
        } else if indent == 0 {
            document.line(rest, results);
        }
    }
    document.end(results);
}

/// What is known in the midst of a document.
#[derive(Default)]
struct Document<'a> {
    /// The points of each open level below the top whose parent has not come.
    open: Vec<Vec<(String, Outcome)>>,
    /// The last comment: of tape, the name of a test.
    comment: Option<&'a str>,
    /// Whether the points are assertions of the test that the comment names; decided at the first point.
    grouped: Option<bool>,
    planned: bool,
}

impl<'a> Document<'a> {
    /// A line that is no point: a plan or a comment, or of no account.
    fn line(&mut self, line: &'a str, results: &mut Results) {
        if line
            .strip_prefix("1..")
            .is_some_and(|count| count.starts_with(|digit: char| digit.is_ascii_digit()))
        {
            self.planned = true;
        }
        let Some(comment) = line.strip_prefix("# ").filter(|_| !self.planned) else {
            return;
        };
        if let Some(name) = comment.strip_prefix("SKIP ").filter(|_| self.grouped != Some(false)) {
            results.record(name, Outcome::Skipped);
        } else {
            self.comment = Some(comment.strip_prefix("TODO ").unwrap_or(comment).trim_end());
        }
    }

    fn point(&mut self, level: usize, point: &Point<'a>, results: &mut Results) {
        let dashed = point.name == "-" || point.name.starts_with("- ");
        let bare = if dashed {
            point.name.get(1..).unwrap_or_default().trim_start()
        } else {
            point.name
        };
        let name = if bare.is_empty() { point.number } else { bare };
        // Tape writes a comment first, no dash, and its plan last.
        let grouped = *self
            .grouped
            .get_or_insert(!dashed && !bare.is_empty() && self.comment.is_some() && !self.planned);
        if let (true, Some(test)) = (grouped, self.comment) {
            results.record(test, point.outcome);
            return;
        }
        let below = if self.open.len() > level {
            self.open.split_off(level)
        } else {
            Vec::new()
        };
        // A level that was left out has no parent to name it.
        let children = below.into_iter().flatten();
        let mut found = Vec::new();
        let mut told = false;
        for (child, outcome) in children {
            told |= point.outcome != Outcome::Failed || outcome == Outcome::Failed;
            found.push((format!("{name}{BELOW}{child}"), outcome));
        }
        // A parent tells what its children told, unless it failed by itself.
        if !told {
            found.push((name.to_owned(), point.outcome));
        }
        if level == 0 {
            found
                .into_iter()
                .for_each(|(name, outcome)| results.record(name, outcome));
            return;
        }
        self.open.resize_with(level, Vec::new);
        if let Some(siblings) = self.open.last_mut() {
            siblings.append(&mut found);
        }
    }

    /// The end of a document: what is left has no parent, as when its process died.
    fn end(&mut self, results: &mut Results) {
        for (name, outcome) in std::mem::take(self).open.into_iter().flatten() {
            results.record(name, outcome);
        }
    }
}

/// The test point of a line without its indent.
fn point(line: &str) -> Option<Point<'_>> {
    let (passed, rest) = match line.strip_prefix("not ok") {
        Some(rest) => (false, rest),
        None => (true, line.strip_prefix("ok")?),
    };
    if !rest.is_empty() && !rest.starts_with(' ') {
        return None;
    }
    let rest = rest.trim();
    let digits = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
    let (number, rest) = rest.split_at_checked(digits)?;
    let (name, directive) = directive(rest.trim_start());
    // A subtest of TAP 14 may open a block on its own line.
    let name = name.strip_suffix(" {").unwrap_or(name).trim();
    let outcome = match directive {
        true => Outcome::Skipped,
        false if passed => Outcome::Passed,
        false => Outcome::Failed,
    };
    // A line that is only `ok` is what `prove` and others say of a file.
    (!number.is_empty() || !name.is_empty()).then_some(Point {
        name: text::without_duration(name),
        number,
        outcome,
    })
}

/// The name, and whether a directive follows it that makes the outcome not count: `# SKIP reason`, `# TODO reason`.
fn directive(text: &str) -> (&str, bool) {
    let Some(at) = text.rfind("# ") else { return time(text) };
    let (name, comment) = (
        text.get(..at).unwrap_or_default(),
        text.get(at + 2..).unwrap_or_default(),
    );
    let word = comment.get(..4).unwrap_or_default();
    if word.eq_ignore_ascii_case("skip") || word.eq_ignore_ascii_case("todo") {
        (name, true)
    } else {
        time(text)
    }
}

/// The name without the time that node-tap writes after it, as in `ok 1 - name # time=3ms`.
fn time(text: &str) -> (&str, bool) {
    let timed = text.rsplit_once(" # time=");
    (
        timed
            .filter(|(_, time)| text::is_duration(time))
            .map_or(text, |(name, _)| name),
        false,
    )
}

#[cfg(test)]
mod tests;
