//! Which questions are the same.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

use super::*;
use serde_json::json;

fn tool(arguments: Value) -> Digest {
    let question = ToolQuestion {
        version: VERSION,
        tool: "papers.keyword_search@1",
        arguments: sorted(&arguments),
        read: &BTreeSet::new(),
        round: 1,
    };
    digest(&question).unwrap()
}

#[test]
fn the_order_of_fields_is_nothing() {
    let one = json!({ "a": 1, "b": { "c": [1, { "d": 2, "e": 3 }], "f": null } });
    let other = json!({ "b": { "f": null, "c": [1, { "e": 3, "d": 2 }] }, "a": 1 });
    assert_ne!(one.to_string(), other.to_string());
    assert_eq!(tool(one), tool(other));
}

#[test]
fn everything_else_is_something() {
    let asked = [
        json!({ "a": 1 }),
        json!({ "a": "1" }),
        json!({ "a": 1.5 }),
        json!({ "a": [1] }),
        json!({ "a": [1, 2] }),
        json!({ "a": [2, 1] }),
        json!({ "b": 1 }),
        json!({}),
    ];
    let digests: BTreeSet<Digest> = asked.iter().cloned().map(tool).collect();
    assert_eq!(digests.len(), asked.len());
}

#[test]
fn a_question_is_spelled_the_same_for_ever() {
    // A change here makes all that was kept unreachable: `VERSION` goes up with it.
    let spelled = r#"{"version":1,"tool":"papers.keyword_search@1","arguments":{"keywords":["x"],"top_k":5},"read":[],"round":1}"#;
    let asked = tool(json!({ "top_k": 5, "keywords": ["x"] }));
    assert_eq!(asked, Digest(*blake3::hash(spelled.as_bytes()).as_bytes()));
}
