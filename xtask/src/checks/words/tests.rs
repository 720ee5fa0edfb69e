//! Words that are found and those that are not.

use super::{HOSTS, hosts, unfinished};
use crate::repository::TextFile;

fn file(text: &str) -> TextFile {
    TextFile::new("a.rs", text)
}

#[test]
fn every_host_is_found_in_any_case() {
    for host in HOSTS {
        let findings = hosts(&file(&format!("fine\nhttps://{}/x\n", host.to_uppercase())));
        assert_eq!(findings.len(), 1, "{host}");
        assert_eq!(findings[0].place, "a.rs:2");
    }
    assert_eq!(hosts(&file("crates and io, pypi, npm")), []);
}

#[test]
fn marks_of_unfinished_work_are_found_in_code_only() {
    let text = "// todo!() in words\nlet a = \"dbg!(x)\";\nlet todo = 1;\n todo!();\n(unimplemented!(), dbg!(x))";
    let places: Vec<String> = unfinished(&file(text))
        .into_iter()
        .map(|finding| finding.place)
        .collect();
    assert_eq!(places, ["a.rs:4", "a.rs:5", "a.rs:5"]);
}
