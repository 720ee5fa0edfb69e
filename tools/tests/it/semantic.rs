//! `semantic_search` against A-RAG's acceptance list.

use crate::support::{Scripted, call, chunks, chunks_embedded, ids, scores, semantic, sentences};
use serde_json::json;
use troupe_core::port::ErrorKind;

#[test]
fn a07_a_pool_of_three_sentences_a_chunk_can_crowd_out_others() {
    let a = "sentence a one. sentence a two. sentence a three. sentence a four. sentence a five. sentence a six";
    let embedder = Scripted::new(&[
        ("sentence a one", 0.85),
        ("sentence a two", 0.90),
        ("sentence a three", 0.88),
        ("sentence a four", 0.89),
        ("sentence a five", 0.86),
        ("sentence a six", 0.87),
        ("sentence b one", 0.84),
    ]);
    let (_folder, corpus) = chunks_embedded(&[a, "sentence b one."], embedder);
    assert_eq!(scores(&semantic(&corpus, "query", 2)), [("0".to_owned(), 0.9)]);
}

#[test]
fn a07_chunks_rank_by_their_best_sentence_and_show_all_pooled_ones_in_text_order() {
    let embedder = Scripted::new(&[
        ("sentence a one", 0.90),
        ("sentence a two", 0.79),
        ("sentence b one", 0.77),
        ("sentence b two", 0.80),
        ("sentence c one", 0.78),
        ("sentence c two", 0.76),
        ("sentence d one", 0.75),
    ]);
    let texts = [
        "sentence a one. Sentence nobody knows. sentence a two",
        "sentence b one! sentence b two!",
        "sentence c one? sentence c two?",
        "sentence d one",
    ];
    let (_folder, corpus) = chunks_embedded(&texts, embedder);
    let output = semantic(&corpus, "query", 2);
    assert_eq!(scores(&output), [("0".to_owned(), 0.9), ("1".to_owned(), 0.8)]);
    assert_eq!(sentences(&output, 1), ["sentence b one", "sentence b two"]);
    insta::assert_snapshot!(output.text, @"
    Chunk 0 (similarity 0.900)
    ... sentence a one ... sentence a two ...

    Chunk 1 (similarity 0.800)
    ... sentence b one ... sentence b two ...
    ");
    assert_eq!(
        (output.retrieved.tokens, output.retrieved.shown),
        (12, vec!["0".to_owned(), "1".to_owned()])
    );
}

#[test]
fn a08_a_corpus_smaller_than_the_pool_and_a_query_that_means_nothing() {
    let (_folder, corpus) = chunks(&["The fox jumps over the dog.", "Rivers flow into the sea."]);
    assert_eq!(ids(&semantic(&corpus, "a fox jumps over dogs", 20)), ["0", "1"]);
    let nothing = semantic(&corpus, "??", 5);
    insta::assert_snapshot!(nothing.text, @r#"No chunk comes near in meaning to "??"."#);
    assert_eq!((nothing.result, nothing.retrieved.tokens), (json!({ "chunks": [] }), 0));
}

#[test]
fn a08_a_corpus_without_a_long_sentence_gives_the_empty_message() {
    let (_folder, corpus) = chunks(&["Short. Words. Here."]);
    assert_eq!(corpus.sentences(), 0);
    insta::assert_snapshot!(semantic(&corpus, "short words", 5).text, @r#"No chunk comes near in meaning to "short words"."#);
}

#[test]
fn a_sentence_that_occurs_twice_is_shown_once_where_it_comes_first() {
    let embedder = Scripted::new(&[("the same words", 0.9), ("other words between", 0.8)]);
    let (_folder, corpus) = chunks_embedded(&["the same words. other words between. the same words."], embedder);
    assert_eq!(
        sentences(&semantic(&corpus, "query", 1), 0),
        ["the same words", "other words between"]
    );
}

#[test]
fn ties_keep_corpus_order() {
    let embedder = Scripted::new(&[("equal words", 0.5), ("equal things", 0.5), ("better things", 0.6)]);
    let (_folder, corpus) = chunks_embedded(
        &["equal words", "equal things", "better things", "equal words"],
        embedder,
    );
    assert_eq!(ids(&semantic(&corpus, "query", 20)), ["2", "0", "1", "3"]);
}

#[test]
fn wrong_arguments_are_answered_with_a_right_call() {
    let (_folder, corpus) = chunks(&["some zebra"]);
    let error = call(&corpus, "semantic_search", json!({ "query": " " })).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Invalid);
    insta::assert_snapshot!(error.message, @r#"semantic_search: `query` must be a string that is not empty. Call it like this: {"query": "who discovered radioactive elements", "top_k": 5}"#);
    assert!(call(&corpus, "semantic_search", json!({ "query": ["a"] })).is_err());
    assert!(call(&corpus, "semantic_search", json!({ "top_k": 5 })).is_err());
}
