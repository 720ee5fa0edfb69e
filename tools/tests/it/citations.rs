//! What `verify_citations` tells of an answer.

use crate::support::{call_having_read, chunks};
use serde_json::{Value, json};
use troupe_core::port::ErrorKind;
use troupe_core::port::tool::Readers;
use troupe_tools::{Face, tool};

fn verify(answer: Value, read: &[&str]) -> (Value, String) {
    let (_folder, corpus) = chunks(&["Otters swim.", "Cats climb.", "Owls fly."]);
    let output = call_having_read(&corpus, "verify_citations", json!({ "answer": answer }), read).unwrap();
    assert!(output.retrieved.is_empty(), "to be told of a chunk is not to read it");
    (output.result, output.text)
}

#[test]
fn each_citation_has_a_level_a_claim_and_the_text_of_its_chunk() {
    let answer = json!("Otters swim [0]. Cats [sic] climb [1]. Cows fly [77]. See [a](b).");
    let (result, text) = verify(answer, &["0"]);
    assert_eq!(
        result,
        json!({
            "citations": [
                { "id": "0", "level": "read", "claim": "Otters swim", "text": "Otters swim." },
                { "id": "1", "level": "never_read", "claim": "Cats [sic] climb", "text": "Cats climb." },
                { "id": "77", "level": "not_in_index", "claim": "Cows fly", "text": null },
            ],
            "counts": { "not_in_index": 1, "never_read": 1, "read": 1 },
        })
    );
    insta::assert_snapshot!(text, @"
    3 citations: 1 not_in_index, 1 never_read, 1 read.
    [0] read: Otters swim
    [1] never_read: Cats [sic] climb
    [77] not_in_index: Cows fly
    ");
}

#[test]
fn fields_of_an_object_cite_too() {
    let answer = json!({ "rows": [{ "claim": "Owls fly", "chunk": 2 }, { "claim": "Cows fly", "chunk_ids": ["x"] }] });
    let (result, _) = verify(answer, &["2"]);
    assert_eq!(
        result["counts"],
        json!({ "not_in_index": 1, "never_read": 0, "read": 1 })
    );
    assert_eq!(result["citations"][1]["claim"], "Cows fly");
}

#[test]
fn what_was_read_and_is_gone_was_read() {
    let (result, _) = verify(json!("Cows fly [gone]."), &["gone"]);
    assert_eq!(
        result["citations"][0],
        json!({ "id": "gone", "level": "read", "claim": "Cows fly", "text": null })
    );
}

#[test]
fn an_answer_without_citations_is_told_so_and_none_is_refused() {
    let (result, text) = verify(json!({ "n": 1 }), &[]);
    assert_eq!(result["citations"], json!([]));
    assert_eq!(text, "The answer cites no chunk.");
    let (_folder, corpus) = chunks(&["Otters swim."]);
    let refused = call_having_read(&corpus, "verify_citations", json!({}), &[]).unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Invalid);
}

#[test]
fn it_alone_is_told_what_everybody_read() {
    let (_folder, corpus) = chunks(&["Otters swim."]);
    let readers = |name: &str| tool(&corpus, name, &Face::faithful("")).unwrap().readers();
    assert_eq!(readers("verify_citations"), Readers::Everybody);
    assert_eq!(readers("read_chunk"), Readers::Caller);
}
