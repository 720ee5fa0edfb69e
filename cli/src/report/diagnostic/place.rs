//! Where a label points to, in the terms of programs that open files.

use std::path::{Component, Path, PathBuf};
use troupe_core::diagnostic::{Label, SourceFile};

/// A stretch of a file. Lines and columns count from 1, columns in characters; the end is the first
/// character that does not belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// The file, with `/` between folders.
    pub path: &'a str,
    /// Where it begins.
    pub line: usize,
    /// Where it begins in its line.
    pub column: usize,
    /// Where it ends.
    pub end_line: usize,
    /// Where it ends in its line.
    pub end_column: usize,
}

impl<'a> Place<'a> {
    /// The place of a label in its file.
    pub fn of(path: &'a str, file: Option<&SourceFile>, label: &Label) -> Self {
        let at = |offset| file.map_or((1, 1), |file| file.line_column(offset));
        let ((line, column), (end_line, end_column)) = (at(label.span.start), at(label.span.end));
        Self {
            path,
            line,
            column,
            end_line,
            end_column,
        }
    }
}

/// How `path` is called by somebody in the folder `here`: both are absolute.
pub fn shown(path: &Path, here: &Path) -> String {
    let path = plain(path);
    let path = path.strip_prefix(here).map_or(path.as_path(), |inside| inside);
    path.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/")
}

/// How a file is called that the workflow at `path` names: it lies beside the workflow, unless it lies
/// nowhere.
pub fn beside(path: &Path, name: &str, here: &Path) -> String {
    let folder = path.parent().unwrap_or(here);
    let candidates = [folder.join(name), here.join(name)];
    candidates
        .iter()
        .find(|candidate| candidate.is_file())
        .map_or_else(|| name.to_owned(), |found| shown(found, here))
}

/// The path without `.` and `..`, by its text alone.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}
