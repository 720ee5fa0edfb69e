//! Titles and pages.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

use super::*;
use crate::test_corpus::chunks;

#[test]
fn a_title_is_a_heading_or_the_first_sentence() {
    assert_eq!(title("\n  ## The method ##\nWe do."), "The method ##");
    assert_eq!(title("We do. And more."), "We do");
    assert_eq!(title("#hashtag first. More."), "#hashtag first");
    assert_eq!(title("..."), "...");
    assert_eq!(title(""), "");
    let long = "word ".repeat(40);
    assert_eq!(shortened(&long).chars().count(), 100);
    assert_eq!(shortened("two\n lines"), "two lines");
    assert_eq!(document_title(r#"{"title": " A study "}"#).as_deref(), Some("A study"));
    assert_eq!(document_title(r#"{"title": ""}"#), None);
    assert_eq!(document_title("{}"), None);
}

#[test]
fn a_page_has_fifty_lines() {
    let texts: Vec<String> = (0..120).map(|n| format!("# Entry {n}\nSome words here.")).collect();
    let (_folder, corpus) = chunks(&texts, None);
    let parts = || (0..120u32).map(|chunk| chunk..chunk + 1).collect();
    let last = listed(&corpus, "The corpus", true, parts(), 3);
    let lines: Vec<&str> = last.text.lines().collect();
    assert_eq!(lines.len(), 21);
    assert_eq!(
        lines[..2],
        ["The corpus: 120 documents, page 3 of 3.", "100: Entry 100 (6 tokens)"]
    );
    assert_eq!(last.result["pages"], json!(3));
    assert_eq!(last.result["entries"][19]["id"], json!("119"));
    assert_eq!(last.retrieved.tokens, 40);
    let beyond = listed(&corpus, "The corpus", true, parts(), 9);
    assert_eq!(beyond.text, "The corpus: 120 documents, page 9 of 3.");
    assert_eq!(beyond.retrieved.tokens, 0);
}

#[test]
fn a_document_counts_its_chunks() {
    let texts = ["# One\nwords", "more words here", "# Two\nwords"].map(str::to_owned);
    let (_folder, corpus) = chunks(&texts, None);
    let all = listed(&corpus, "The corpus", true, vec![0..2, 2..3], 1);
    insta::assert_snapshot!(all.text, @"
    The corpus: 2 documents, page 1 of 1.
    0: One (2 chunks, 6 tokens)
    2: Two (3 tokens)
    ");
    let one = listed(&corpus, "Document 0", false, vec![0..1, 1..2], 1);
    insta::assert_snapshot!(one.text, @"
    Document 0: 2 chunks, page 1 of 1.
    0: One (3 tokens)
    1: more words here (3 tokens)
    ");
}
