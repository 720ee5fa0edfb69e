//! The tree: places through every style, bounds, traps.

use super::*;
use crate::report::Report;
use troupe_core::diagnostic::SourceId;

fn read_text(text: &str) -> (Report, Option<Node>) {
    let mut report = Report::new("w.yaml");
    report.sources.files[0].text = text.to_owned();
    let node = read(&mut report, SourceId(0), text);
    (report, node)
}

fn scalar<'a>(node: &'a Node, key: &str) -> (&'a Node, &'a Scalar) {
    let Kind::Map(entries) = &node.kind else {
        panic!("no mapping")
    };
    let entry = entries.iter().find(|entry| entry.key == key).expect("the key is there");
    let Kind::Scalar(scalar) = &entry.value.kind else {
        panic!("no scalar")
    };
    (&entry.value, scalar)
}

/// The file's text under every occurrence of `word` in the scalar at `k`.
fn under(text: &str, word: &str) -> Vec<String> {
    let (_, node) = read_text(text);
    let node = node.expect("the text is YAML");
    let (node, scalar) = scalar(&node, "k");
    let places = node.places(scalar, text);
    scalar
        .text
        .match_indices(word)
        .map(|(at, _)| places.span(at, at + word.len()))
        .map(|span| text[span.start as usize..span.end as usize].to_owned())
        .collect()
}

#[test]
fn places_are_found_through_every_style() {
    for text in [
        "k: a WORD b WORD\n",
        "é: ü\nk: ä WORD ö WORD\n",
        "k: 'it''s WORD and ''WORD'\n",
        "k: \"tab\\t \\u00e9 \\\" WORD \\x41 WORD\"\n",
        "k: |\n  one WORD\n\n    two WORD\n",
        "k: >-\n  one\n  WORD\n\n  WORD\n",
        "k: one\n  WORD\n  two WORD\n",
        "k: \"one\n  WORD \\\n  two WORD\"\n",
    ] {
        assert_eq!(under(text, "WORD"), ["WORD", "WORD"], "{text}");
        let windows = text.replace('\n', "\r\n");
        assert_eq!(under(&windows, "WORD"), ["WORD", "WORD"], "{windows}");
    }
}

#[test]
fn an_escape_that_the_text_does_not_show_costs_linear_time() {
    let text = format!("k: \"{}WORD\"\n", "\\N\\a\\_".repeat(200_000));
    assert_eq!(under(&text, "WORD").len(), 1);
}

#[test]
fn plain_scalars_mean_what_yaml_1_2_says() {
    let plain = |text: &str| {
        let (_, node) = read_text(&format!("k: {text}\n"));
        scalar(&node.unwrap(), "k").1.plain()
    };
    assert_eq!(plain("~"), Plain::Null);
    assert_eq!(plain("true"), Plain::Boolean(true));
    assert_eq!(plain("-12"), Plain::Integer(-12));
    assert_eq!(plain("1.5e3"), Plain::Number(1500.0));
    for text in [
        "yes",
        "012",
        "0x1f",
        "1_000",
        "'1'",
        "1.2.3",
        ".inf",
        "1e999",
        "99999999999999999999",
    ] {
        let kind = plain(text);
        assert!(matches!(kind, Plain::Text | Plain::Number(_)), "{text}: {kind:?}");
    }
    assert_eq!(plain("'1'"), Plain::Text);
    assert_eq!(plain("012"), Plain::Text);
}

#[test]
fn the_span_of_a_collection_ends_with_its_last_part() {
    let text = "k:\n  - a\n  - b\n\n# comment\nl: {x: 1}\n";
    let (_, node) = read_text(text);
    let Some(Node {
        kind: Kind::Map(entries),
        ..
    }) = node
    else {
        panic!("a mapping")
    };
    let shown = |at: usize| &text[entries[at].value.span.start as usize..entries[at].value.span.end as usize];
    assert_eq!(shown(0), "- a\n  - b");
    assert_eq!(shown(1), "{x: 1}");
}

#[test]
fn quotes_are_the_ones_with_fewest_escapes() {
    assert_eq!(quoted("a: b"), "'a: b'");
    assert_eq!(quoted("it's"), "\"it's\"");
    assert_eq!(quoted("it's \"so\""), "'it''s \"so\"'");
}

#[test]
fn the_span_of_quoted_text_ends_with_its_quote() {
    let text = "k: \"a \\\" b\"   # c\nl: 'it''s' # d\n";
    let (_, node) = read_text(text);
    let node = node.expect("it is YAML");
    let shown = |key: &str| {
        let span = scalar(&node, key).0.span;
        &text[span.start as usize..span.end as usize]
    };
    assert_eq!(shown("k"), "\"a \\\" b\"");
    assert_eq!(shown("l"), "'it''s'");
}
