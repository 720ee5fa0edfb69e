//! Codes, pages and tests agree.

use crate::manual::{blocks, unused_files};
use crate::memory::Memory;
use crate::spec;
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
    let mut failed = Vec::new();
    for code in codes() {
        let page = explain(code).expect("each code has a page");
        let line_of = |word: &str| page.lines().position(|line| line.starts_with(word));
        let right = line_of("Right").map_or(usize::MAX, |line| line + 1);
        assert_eq!(line_of("Wrong:").is_some(), line_of("Right").is_some(), "{code}");
        for block in blocks(page).iter().filter(|block| block.is_compiled()) {
            let compiled = block.compile();
            let found: Vec<&str> = compiled.diagnostics.iter().map(|d| d.code).collect();
            let expected: &[&str] = if block.line < right { &[code] } else { &[] };
            if found != expected {
                let told: Vec<&str> = compiled.diagnostics.iter().map(|d| d.message.as_str()).collect();
                failed.push(format!("{code}, line {}: {found:?} {told:?}", block.line));
            }
        }
        assert_eq!(unused_files(&blocks(page)), [""; 0], "{code}");
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn every_code_is_produced_by_some_text() {
    let mut found: BTreeSet<&str> = BTreeSet::new();
    for (_, block) in spec::blocks() {
        found.extend(block.compile().diagnostics.iter().map(|d| d.code));
    }
    for page in codes().filter_map(explain) {
        for block in blocks(page).iter().filter(|block| block.is_compiled()) {
            found.extend(block.compile().diagnostics.iter().map(|d| d.code));
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
