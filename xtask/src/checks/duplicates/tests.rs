//! Versions that are excused, and those that are not.

use super::{compare, versions};

const TREE: &str = "\
syn v2.0.119
syn v3.0.10
tokio v1.54.1
tokio v1.54.1
rand v0.9.5
rand v0.10.4
thiserror-impl v1.0.0 (proc-macro)
";

#[test]
fn one_version_with_two_sets_of_features_is_no_duplicate() {
    let names: Vec<&str> = versions(TREE).into_keys().collect();
    assert_eq!(names, ["rand", "syn"]);
}

#[test]
fn each_duplicate_needs_a_reason() {
    let found = versions(TREE);
    assert!(compare(&found, "# why\n\nrand: a uses 0.9\nsyn: macros\n").passes());
    let report = compare(&found, "syn:\nlog: gone\nrand: a uses 0.9");
    let places: Vec<&str> = report.findings.iter().map(|finding| finding.place.as_str()).collect();
    assert_eq!(places, ["xtask/duplicates.txt:1", "xtask/duplicates.txt:2", "syn"]);
    assert!(report.findings[2].message.contains("v2.0.119 and v3.0.10"));
}
