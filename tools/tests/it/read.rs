//! `read_chunk` against A-RAG's acceptance list.

use crate::support::{Folder, call, call_having_read, chunks};
use serde_json::{Value, json};
use troupe_core::port::ErrorKind;

fn statuses(result: &Value) -> Vec<(String, String)> {
    let chunks = result["chunks"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    chunks
        .iter()
        .map(|chunk| (text(&chunk["id"]), text(&chunk["status"])))
        .collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected
        .iter()
        .map(|(id, status)| ((*id).to_owned(), (*status).to_owned()))
        .collect()
}

#[test]
fn a09_new_repeated_unknown_and_doubled_ids_in_order() {
    let (_folder, corpus) = chunks(&["zero words here", "one", "two words"]);
    let arguments = json!({ "chunk_ids": ["2", "9", "1", "2", 0] });
    let output = call_having_read(&corpus, "read_chunk", arguments, &["1"]).unwrap();
    let expected = [
        ("2", "read"),
        ("9", "not_found"),
        ("1", "already_read"),
        ("2", "already_read"),
        ("0", "read"),
    ];
    assert_eq!(statuses(&output.result), pairs(&expected));
    assert_eq!(output.result["chunks"][0]["text"], json!("two words"));
    assert_eq!(output.result["chunks"][2]["text"], json!(null));
    assert_eq!(output.retrieved.read, ["2", "0"]);
    assert_eq!(output.retrieved.tokens, 5);
    assert!(output.retrieved.shown.is_empty());
    insta::assert_snapshot!(output.text, @"
    ================================================================================
    Chunk 2
    --------------------------------------------------------------------------------
    two words
    ================================================================================

    There is no chunk 9. Use ids as the searches list them.

    ================================================================================
    Chunk 1 was already read; its text is above.
    ================================================================================

    ================================================================================
    Chunk 2 was already read; its text is above.
    ================================================================================

    ================================================================================
    Chunk 0
    --------------------------------------------------------------------------------
    zero words here
    ================================================================================
    ");
}

#[test]
fn a09_an_empty_list_a_single_id_and_a_plain_text() {
    let (_folder, corpus) = chunks(&["zero"]);
    let read = |arguments| call(&corpus, "read_chunk", arguments).unwrap();
    let empty = read(json!({ "chunk_ids": [] }));
    assert_eq!(
        (empty.text.as_str(), empty.result),
        ("No chunk ids were given.", json!({ "chunks": [] }))
    );
    for arguments in [
        json!({ "chunk_id": "0" }),
        json!({ "chunk_id": 0 }),
        json!({ "chunk_ids": "0" }),
    ] {
        assert_eq!(read(arguments).retrieved.read, ["0"]);
    }
    let error = call(&corpus, "read_chunk", json!({})).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Invalid);
    insta::assert_snapshot!(error.message, @r#"read_chunk: `chunk_ids` is missing. Call it like this: {"chunk_ids": ["24", "25"]}"#);
}

#[test]
fn a10_what_was_read_belongs_to_the_caller() {
    let (_folder, corpus) = chunks(&["zero"]);
    let arguments = json!({ "chunk_ids": ["0"] });
    for _ in 0..2 {
        let output = call(&corpus, "read_chunk", arguments.clone()).unwrap();
        assert_eq!(output.retrieved.read, ["0"], "the tool itself remembers nothing");
    }
    let again = call_having_read(&corpus, "read_chunk", arguments, &["0"]).unwrap();
    assert_eq!((again.retrieved.read.len(), again.retrieved.tokens), (0, 0));
}

#[test]
fn a11_everything_behind_the_first_colon_is_text() {
    let chunks =
        r#"["7:He said: go: now", "paper-x:free: id", {"id": 3, "text": "an object"}, {"id": "k:1", "text": "x"}]"#;
    let folder = Folder::new(&[("chunks.json", chunks)]);
    let opened = folder.open(&["*.json"]);
    assert_eq!(opened.warnings, Vec::<String>::new());
    let found: Vec<(&str, &str)> = opened.corpus.chunks().map(|chunk| (chunk.id, chunk.text)).collect();
    assert_eq!(
        found,
        [
            ("7", "He said: go: now"),
            ("paper-x", "free: id"),
            ("3", "an object"),
            ("k:1", "x")
        ]
    );
}
