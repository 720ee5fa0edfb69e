//! Codes, pages and tests agree.

use crate::memory::{Memory, compiled};
use crate::spec::blocks;
use std::collections::BTreeSet;
use std::path::PathBuf;
use troupe_dsl::{Folder, codes, compile, explain};

fn pages() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/errors")
}

#[test]
fn every_code_has_a_page_and_every_page_a_code() {
    let known: BTreeSet<String> = codes().map(str::to_owned).collect();
    let written: BTreeSet<String> = std::fs::read_dir(pages())
        .expect("the pages are there")
        .map(|entry| entry.expect("they can be listed").path())
        .filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned()))
        .filter(|name| name.starts_with('T'))
        .collect();
    assert_eq!(known, written);
    for code in codes() {
        let page = explain(code).expect("each code has a page");
        assert!(
            page.starts_with(&format!("# {code}: ")),
            "{code}: the title names the code"
        );
        assert!(page.len() > 150, "{code}: the page explains something");
    }
    assert_eq!(explain("t0101"), explain("T0101"));
    assert_eq!(explain("T9999"), None);
}

/// The YAML blocks of a page. Those after the word "Right" must be free of the code.
#[test]
fn the_examples_of_a_page_are_wrong_and_right_as_it_says() {
    for code in codes() {
        let page = explain(code).expect("each code has a page");
        let (wrong, right) = page.split_once("\nRight").unwrap_or((page, ""));
        let examples = |text: &str| -> Vec<String> {
            text.split("```yaml\n")
                .skip(1)
                .filter_map(|rest| Some(rest.split_once("```")?.0.to_owned()))
                .collect()
        };
        for example in examples(wrong) {
            let found: Vec<&str> = compiled(&example).diagnostics.iter().map(|d| d.code).collect();
            assert_eq!(found, [code], "{code}, wrong:\n{example}");
        }
        for example in examples(right) {
            let found: Vec<String> = compiled(&example)
                .diagnostics
                .iter()
                .map(|d| format!("{} {}", d.code, d.message))
                .collect();
            assert!(found.is_empty(), "{code}, right:\n{example}\n{found:?}");
        }
    }
}

#[test]
fn every_code_is_produced_by_some_text() {
    let mut found: BTreeSet<&str> = BTreeSet::new();
    for block in blocks() {
        found.extend(compiled(&block.text).diagnostics.iter().map(|d| d.code));
    }
    for code in codes() {
        let page = explain(code).expect("each code has a page");
        for block in page.split("```yaml\n").skip(1) {
            let text = block.split("```").next().unwrap_or("");
            found.extend(compiled(text).diagnostics.iter().map(|d| d.code));
        }
    }
    // What no text in a manual can show.
    found.extend(
        compile("w", b"\xff", &Memory::default())
            .diagnostics
            .iter()
            .map(|d| d.code),
    );
    found.extend(
        compile("w", &vec![b'a'; 5 << 20], &Memory::default())
            .diagnostics
            .iter()
            .map(|d| d.code),
    );
    found.extend(compile("w", b"", &Folder::new(".")).diagnostics.iter().map(|d| d.code));
    let all: BTreeSet<&str> = codes().collect();
    let missing: Vec<&&str> = all.difference(&found).collect();
    assert!(missing.is_empty(), "no test produces {missing:?}");
}
