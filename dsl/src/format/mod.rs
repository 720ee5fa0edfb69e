//! Formatting: the same tree and the same comments, laid out in one way.
//!
//! The text is changed, never written anew: white space is all that formatting touches. What comes
//! out is read again, and when it says anything else than before, the text stays as it was.

mod comments;
mod emit;
mod layout;

use crate::report::Report;
use crate::yaml::{self, Entry, Kind, Node};
use crate::{Compiled, Refused};
use troupe_core::diagnostic::{SourceFile, SourceId};

/// How often a layout is laid out again until it stays the same.
const MAX_ROUNDS: usize = 4;

/// Lays out a YAML file: two spaces a level, items of a list under their key, one space after `:`,
/// `-` and `,`, `{ a: b }` and `[a, b]`, at most one blank line in a row. Comments, quotes and the
/// order stay. A text that cannot be laid out without a change of its meaning comes back as it is.
///
/// # Errors
/// [`Refused`] with all diagnostics when the text is not YAML; `name` is the file's name in them.
pub fn format(name: &str, bytes: &[u8]) -> Result<String, Refused> {
    let read = Read::of(name, bytes)?;
    let Some(root) = &read.root else { return Ok(read.text) };
    let before = comments::of(&read.text, root);
    let mut text = read.text.clone();
    for _ in 0..MAX_ROUNDS {
        let Some((next, tree)) = laid_out(&text) else { break };
        if !same(root, &tree) || comments::of(&next, &tree) != before {
            break;
        }
        if next == text {
            return Ok(text);
        }
        text = next;
    }
    Ok(read.text)
}

/// One round: the text laid out, and its tree.
fn laid_out(text: &str) -> Option<(String, Node)> {
    let tree = tree(text)?;
    let next = emit::emit(text, &layout::Layout::of(text, &tree))?;
    let tree = self::tree(&next)?;
    Some((next, tree))
}

fn tree(text: &str) -> Option<Node> {
    let mut report = Report::new("");
    let root = yaml::read(&mut report, SourceId(0), text);
    root.filter(|_| !report.has_errors())
}

/// A file that is YAML.
pub(crate) struct Read {
    /// With line feeds alone at the ends of lines.
    pub(crate) text: String,
    /// None in a file without anything but comments.
    pub(crate) root: Option<Node>,
}

impl Read {
    pub(crate) fn of(name: &str, bytes: &[u8]) -> Result<Self, Refused> {
        let mut report = Report::new(name);
        let text = yaml::decode(&mut report, bytes).map(|text| text.replace("\r\n", "\n"));
        let Some(text) = text else { return Err(refused(report)) };
        report.sources.files[0] = SourceFile {
            name: name.to_owned(),
            text: text.clone(),
        };
        let root = yaml::read(&mut report, SourceId(0), &text);
        // An empty file is an error of a workflow, and none of its layout.
        let blank = |line: &str| line.trim_start().is_empty() || line.trim_start().starts_with('#');
        if report.has_errors() && !text.lines().all(blank) {
            return Err(refused(report));
        }
        Ok(Self { text, root })
    }
}

pub(crate) fn refused(report: Report) -> Refused {
    let (diagnostics, sources) = report.finish();
    Refused(Box::new(Compiled {
        workflow: None,
        diagnostics,
        sources,
    }))
}

/// Whether two trees say the same in the same order and in the same style.
pub(crate) fn same(one: &Node, other: &Node) -> bool {
    match (&one.kind, &other.kind) {
        (Kind::Scalar(a), Kind::Scalar(b)) => a.text == b.text && a.style == b.style,
        (Kind::List(a), Kind::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Kind::Map(a), Kind::Map(b)) => {
            let entry = |(a, b): (&Entry, &Entry)| a.key == b.key && same(&a.value, &b.value);
            a.len() == b.len() && a.iter().zip(b).all(entry)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
