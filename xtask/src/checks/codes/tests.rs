//! Codes without pages, pages without codes.

use super::compare;
use crate::repository::TextFile;

fn places(files: &[TextFile]) -> Vec<String> {
    let report = compare(files).expect("there are codes");
    report
        .findings
        .into_iter()
        .map(|finding| format!("{}: {}", finding.place, finding.message))
        .collect()
}

fn source(text: &str) -> TextFile {
    TextFile::new("dsl/src/code.rs", text)
}

fn page(code: &str) -> TextFile {
    TextFile::new(&format!("docs/errors/{code}.md"), &format!("# {code}: a title\n"))
}

#[test]
fn codes_and_pages_agree() {
    // As a name, as text, and in a comment that does not count.
    let code = source("T0101 = 1, // like T9999\n\"T0102\" => x, XT0103, T010");
    let readme = TextFile::new("docs/errors/README.md", "All pages.");
    assert_eq!(places(&[code, page("T0101"), page("T0102"), readme]), [""; 0]);
}

#[test]
fn each_side_misses_the_other() {
    let wrong_title = TextFile::new("docs/errors/T0103.md", "# T0104\n");
    assert_eq!(
        places(&[source("T0101 T0103"), page("T0102"), wrong_title]),
        [
            "dsl/src/code.rs: `T0101` has no page: write docs/errors/T0101.md",
            "docs/errors/T0102.md: `T0102` is no code in dsl/src/code.rs",
            "docs/errors/T0103.md:1: its title does not name `T0103`",
        ]
    );
}

#[test]
fn no_codes_at_all_is_no_pass() {
    assert!(compare(&[]).is_err());
    assert!(compare(&[source("// T0101")]).is_err());
}
