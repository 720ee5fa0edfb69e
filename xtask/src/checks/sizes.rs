//! How long files and functions may be, how a file begins, and what it may not be called.

use super::Check;
use crate::report::{Finding, Report};
use crate::repository::{Repository, TextFile};
use crate::source;

/// See the module.
pub const CHECK: Check = Check {
    name: "sizes",
    about: "files and functions are short, begin with `//!` and have names that say something",
    run,
};

/// Lines a file should have at most, and lines where it stops.
const FILE: Bound = Bound { soft: 300, hard: 600 };
/// The same for functions.
const FUNCTION: Bound = Bound { soft: 70, hard: 120 };

struct Bound {
    soft: usize,
    hard: usize,
}

/// Files that may be longer than the hard stop: path, lines, reason.
const LONG_FILES: [(&str, usize, &str); 0] = [];

/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 9] = [
    "manager", "helper", "helpers", "util", "utils", "common", "base", "misc", "shared",
];

fn run(repository: &Repository) -> Result<Report, String> {
    let files = repository.rust_files()?;
    let mut report = Report::of(format!("{} Rust files", files.len()), Vec::new());
    for file in &files {
        check_name(file, &mut report);
        check_first_line(file, &mut report);
        check_file(file, &mut report);
        check_functions(file, &mut report);
    }
    Ok(report)
}

fn check_name(file: &TextFile, report: &mut Report) {
    let words = file.path.trim_end_matches(".rs").split(['/', '_', '-', '.']);
    for word in words.filter(|word| EMPTY_NAMES.contains(word)) {
        let message = format!("`{word}` says nothing: name the file after what it owns");
        report.findings.push(Finding::at(&file.path, message));
    }
}

fn check_first_line(file: &TextFile, report: &mut Report) {
    let says_something = file
        .text
        .strip_prefix("//!")
        .and_then(|rest| rest.lines().next())
        .is_some_and(|rest| !rest.trim().is_empty());
    if !says_something {
        let message = "begins without a `//!` line that says what it owns";
        report.findings.push(Finding::in_line(&file.path, 1, message));
    }
}

fn check_file(file: &TextFile, report: &mut Report) {
    let lines = file.text.lines().count();
    let exception = LONG_FILES.iter().find(|(path, ..)| *path == file.path);
    let hard = exception.map_or(FILE.hard, |(_, lines, _)| *lines);
    if lines > hard {
        let message = format!("has {lines} lines, and {hard} is where it stops: split it by what it owns");
        report.findings.push(Finding::at(&file.path, message));
    } else if lines > FILE.soft && exception.is_none() {
        report.notes.push(Finding::at(
            &file.path,
            format!("has {lines} lines; aim at {}", FILE.soft),
        ));
    }
}

fn check_functions(file: &TextFile, report: &mut Report) {
    for function in source::functions(&source::code(&file.text)) {
        let source::Function { name, line, length } = function;
        if length > FUNCTION.hard {
            let message = format!("`{name}` has {length} lines, and {} is where it stops", FUNCTION.hard);
            report.findings.push(Finding::in_line(&file.path, line, message));
        } else if length > FUNCTION.soft {
            let message = format!("`{name}` has {length} lines; aim at {}", FUNCTION.soft);
            report.notes.push(Finding::in_line(&file.path, line, message));
        }
    }
}

#[cfg(test)]
mod tests;
