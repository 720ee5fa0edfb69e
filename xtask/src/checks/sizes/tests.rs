//! Files and functions at the bounds.

use super::{check_file, check_first_line, check_functions, check_name};
use crate::report::Report;
use crate::repository::TextFile;

/// Findings and notes of one part of the check on one file.
fn check(part: fn(&TextFile, &mut Report), path: &str, text: &str) -> (Vec<String>, Vec<String>) {
    let mut report = Report::default();
    part(&TextFile::new(path, text), &mut report);
    let places = |findings: Vec<crate::report::Finding>| findings.into_iter().map(|finding| finding.place).collect();
    (places(report.findings), places(report.notes))
}

fn none() -> (Vec<String>, Vec<String>) {
    (vec![], vec![])
}

fn found(place: &str) -> (Vec<String>, Vec<String>) {
    (vec![place.to_owned()], vec![])
}

fn noted(place: &str) -> (Vec<String>, Vec<String>) {
    (vec![], vec![place.to_owned()])
}

#[test]
fn files_stop_at_the_hard_bound() {
    let lines = |count: usize| "x\n".repeat(count);
    assert_eq!(check(check_file, "a.rs", &lines(300)), none());
    assert_eq!(check(check_file, "a.rs", &lines(301)), noted("a.rs"));
    assert_eq!(check(check_file, "a.rs", &lines(600)), noted("a.rs"));
    assert_eq!(check(check_file, "a.rs", &lines(601)), found("a.rs"));
}

#[test]
fn functions_stop_at_the_hard_bound() {
    let function = |count: usize| format!("\nfn f() {{\n{}}}\n", "x;\n".repeat(count - 2));
    assert_eq!(check(check_functions, "a.rs", &function(70)), none());
    assert_eq!(check(check_functions, "a.rs", &function(71)), noted("a.rs:2"));
    assert_eq!(check(check_functions, "a.rs", &function(120)), noted("a.rs:2"));
    assert_eq!(check(check_functions, "a.rs", &function(121)), found("a.rs:2"));
}

#[test]
fn the_first_line_says_what_a_file_owns() {
    assert_eq!(check(check_first_line, "a.rs", "//! Owns a.\n"), none());
    for text in ["", "//!\n//! late", "// not it\n//! late", "use a;\n", "\n//! late\n"] {
        assert_eq!(check(check_first_line, "a.rs", text), found("a.rs:1"), "{text:?}");
    }
}

#[test]
fn names_that_say_nothing_are_found_as_whole_words() {
    for path in ["core/src/utility.rs", "core/src/database.rs", "core/src/commonly.rs"] {
        assert_eq!(check(check_name, path, ""), none());
    }
    for path in ["core/src/utils.rs", "core/src/run_manager.rs", "core/src/common/mod.rs"] {
        assert_eq!(check(check_name, path, ""), found(path));
    }
}
