//! `keyword_search` against A-RAG's acceptance list.

use crate::support::{call, chunks, ids, keyword, scores, sentences};
use serde_json::json;
use troupe_core::port::ErrorKind;

fn scored(corpus: &std::sync::Arc<troupe_tools::Corpus>, keywords: &[&str]) -> Vec<(String, f64)> {
    scores(&keyword(corpus, keywords, 20))
}

fn pairs(expected: &[(&str, f64)]) -> Vec<(String, f64)> {
    expected.iter().map(|(id, score)| ((*id).to_owned(), *score)).collect()
}

#[test]
fn a01_case_substrings_and_literal_phrases() {
    let (_folder, corpus) = chunks(&["The PARTY began.", "State of the Art", "art state", "nothing here"]);
    assert_eq!(scored(&corpus, &["aRt"]), pairs(&[("0", 3.0), ("1", 3.0), ("2", 3.0)]));
    assert_eq!(scored(&corpus, &["the art"]), pairs(&[("1", 7.0)]));
    assert_eq!(scored(&corpus, &["the  art"]), pairs(&[]));
}

#[test]
fn a02_occurrences_do_not_overlap() {
    let (_folder, corpus) = chunks(&["aaaa", "aaaaa", "abababa"]);
    assert_eq!(scored(&corpus, &["aa"]), pairs(&[("0", 4.0), ("1", 4.0)]));
    assert_eq!(scored(&corpus, &["aba"]), pairs(&[("2", 6.0)]));
    assert_eq!(scored(&corpus, &["a"]), pairs(&[("1", 5.0), ("0", 4.0), ("2", 4.0)]));
}

#[test]
fn a03_ties_keep_corpus_order_and_each_keyword_counts_alone() {
    let (_folder, corpus) = chunks(&["one fox", "a hen and a fox", "two fox", "hen hen hen", "dog"]);
    let expected = pairs(&[("3", 9.0), ("1", 6.0), ("0", 3.0), ("2", 3.0)]);
    assert_eq!(scored(&corpus, &["fox", "hen"]), expected);
    // a keyword given twice counts twice, an empty one not at all
    assert_eq!(scored(&corpus, &["dog", "dog", ""]), pairs(&[("4", 6.0)]));
}

#[test]
fn a04_a_match_across_a_sentence_end_has_a_placeholder_and_no_tokens() {
    let (_folder, corpus) = chunks(&["It was Acme Inc. The firm grew.", "Other words."]);
    let output = keyword(&corpus, &["Inc. The"], 5);
    insta::assert_snapshot!(output.text, @"
    Chunk 0
    (the match lies across the end of a sentence; read the chunk to see it)
    ");
    assert_eq!(scores(&output), pairs(&[("0", 8.0)]));
    assert_eq!(sentences(&output, 0), Vec::<String>::new());
    assert_eq!(
        (output.retrieved.tokens, output.retrieved.shown),
        (0, vec!["0".to_owned()])
    );
}

#[test]
fn a05_five_sentences_in_text_order() {
    let text = "A fox one. Two fox! No match here. Fox three? Four\nfox five. Six fox. Seven FOX. Eight fox";
    let (_folder, corpus) = chunks(&[text, "Ein fox."]);
    let output = keyword(&corpus, &["fox"], 5);
    assert_eq!(
        sentences(&output, 0),
        ["A fox one", "Two fox", "Fox three", "fox five", "Six fox"]
    );
    insta::assert_snapshot!(output.text, @"
    Chunk 0
    ... A fox one ... Two fox ... Fox three ... fox five ... Six fox ...

    Chunk 1
    ... Ein fox ...
    ");
    // words of the six shown sentences
    assert_eq!(output.retrieved.tokens, 13);
}

#[test]
fn a06_top_k_is_brought_into_range() {
    let texts: Vec<String> = (0..30).map(|n| format!("fox {n}")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let (_folder, corpus) = chunks(&texts);
    let count = |top_k: serde_json::Value| {
        ids(&call(
            &corpus,
            "keyword_search",
            json!({ "keywords": ["fox"], "top_k": top_k }),
        )
        .unwrap())
        .len()
    };
    let asked = [
        json!(null),
        json!(0),
        json!(-3),
        json!(1),
        json!(7),
        json!(21),
        json!(1_000_000_000),
        json!("5"),
    ];
    assert_eq!(asked.map(count), [5, 1, 1, 1, 7, 20, 20, 5]);
    assert_eq!([json!(3.9), json!(" 12 "), json!("-1")].map(count), [3, 12, 1]);
    let error = call(
        &corpus,
        "keyword_search",
        json!({ "keywords": ["fox"], "top_k": "many" }),
    )
    .unwrap_err();
    assert_eq!(error.kind, ErrorKind::Invalid);
}

#[test]
fn a12_length_is_in_characters_and_folding_shifts_nothing() {
    let (_folder, corpus) = chunks(&[
        "İstanbul'da İİİ çay. Straße am Fluß.",
        "ΟΔΟΣ και οδος. Ünlü ÜNLÜ.",
        "plain strasse in istanbul",
        "日本語の文。日本語",
    ]);
    assert_eq!(scored(&corpus, &["İİ"]), pairs(&[("0", 2.0)]));
    assert_eq!(scored(&corpus, &["çay"]), pairs(&[("0", 3.0)]));
    assert_eq!(sentences(&keyword(&corpus, &["fluß"], 5), 0), ["Straße am Fluß"]);
    assert_eq!(scored(&corpus, &["STRASSE"]), pairs(&[("2", 7.0)]));
    assert_eq!(
        scored(&corpus, &["Οδός".trim_end_matches('ς'), "οδοσ"]),
        pairs(&[("1", 8.0)])
    );
    assert_eq!(scored(&corpus, &["ünlü"]), pairs(&[("1", 8.0)]));
    assert_eq!(scored(&corpus, &["日本"]), pairs(&[("3", 4.0)]));
    assert_eq!(scored(&corpus, &["istanbul"]), pairs(&[("2", 8.0)]));
}

#[test]
fn nothing_found_echoes_the_keywords() {
    let (_folder, corpus) = chunks(&["some text"]);
    let output = keyword(&corpus, &["zebra", "okapi"], 5);
    insta::assert_snapshot!(output.text, @r#"No chunk contains any of the keywords ["zebra", "okapi"]."#);
    assert_eq!((output.retrieved.tokens, output.retrieved.shown.len()), (0, 0));
    assert_eq!(output.result, json!({ "chunks": [] }));
    insta::assert_snapshot!(keyword(&corpus, &[], 5).text, @"No chunk contains any of the keywords [].");
}

#[test]
fn the_score_is_a_number_in_the_result_and_not_in_the_text() {
    let (_folder, corpus) = chunks(&["unique zebra"]);
    let output = keyword(&corpus, &["zebra"], 5);
    assert_eq!(
        output.result,
        json!({ "chunks": [{ "id": "0", "score": 5, "sentences": ["unique zebra"] }] })
    );
    assert!(!output.text.contains('5'));
}

#[test]
fn wrong_arguments_are_answered_with_a_right_call() {
    let (_folder, corpus) = chunks(&["some zebra"]);
    let refused = |arguments| {
        let error = call(&corpus, "keyword_search", arguments).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Invalid);
        error.message
    };
    insta::assert_snapshot!(refused(json!({})), @r#"keyword_search: `keywords` is missing. Call it like this: {"keywords": ["Marie Curie", "polonium"], "top_k": 5}"#);
    insta::assert_snapshot!(refused(json!({ "keywords": [["a"]] })), @r#"keyword_search: `keywords` must be a list of strings. Call it like this: {"keywords": ["Marie Curie", "polonium"], "top_k": 5}"#);
    refused(json!({ "keywords": { "a": 1 } }));
    refused(json!(null));
    // a text alone is one keyword, a number its digits
    let one = call(&corpus, "keyword_search", json!({ "keywords": "zebra" })).unwrap();
    assert_eq!(ids(&one), ["0"]);
    let none = call(&corpus, "keyword_search", json!({ "keywords": [1815] })).unwrap();
    insta::assert_snapshot!(none.text, @r#"No chunk contains any of the keywords ["1815"]."#);
}
