//! How reports read.

use super::{Finding, Report};

#[test]
fn a_clean_report_is_one_line() {
    let report = Report::of("3 files", vec![]);
    assert!(report.passes());
    assert_eq!(report.render("sizes"), "sizes: 3 files: ok\n");
}

#[test]
fn notes_fail_nothing_and_findings_do() {
    let mut report = Report::of("3 files", vec![]);
    report.notes.push(Finding::at("a.rs", "is long"));
    assert!(report.passes());
    report.findings.push(Finding::in_line("b.rs", 7, "is wrong"));
    assert!(!report.passes());
    assert_eq!(
        report.render("sizes"),
        "note: a.rs: is long\nb.rs:7: is wrong\nsizes: 3 files: 1 finding\n"
    );
}

#[test]
fn a_check_that_could_not_be_made_does_not_pass() {
    assert!(!Report::impossible("no cargo".to_owned()).passes());
}
