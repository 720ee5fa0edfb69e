//! Whatever users write comes back, markers and their look-alikes included.

use super::{LONGEST_INLINE, Unrestored, hide, mentioned, restore};
use crate::blob::{Blob, digest};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::json;
use troupe_core::Value;
use troupe_core::port::blob::Digest;

fn restored(mut value: Value, blobs: &[Blob]) -> Result<Value, Unrestored> {
    let contents: Vec<(Digest, String)> = blobs
        .iter()
        .map(|blob| {
            let content = Blob::content(&blob.hash, &blob.bytes).unwrap();
            (blob.hash, String::from_utf8(content).unwrap())
        })
        .collect();
    let find = |hash: &Digest| {
        contents
            .iter()
            .find(|(known, _)| known == hash)
            .map(|(_, text)| text.as_str())
    };
    restore(&mut value, &find)?;
    Ok(value)
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "\u{10}{0,4}[b\u{10}\\\\u0-9a-f]{0,70}",
        "\u{10}b[0-9a-f]{64}",
        "[a-z\u{10}]{1,20}".prop_map(|text| text.repeat(LONGEST_INLINE)),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(text(), inner, 0..4).prop_map(|fields| fields.into_iter().collect()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn restoring_undoes_hiding(original in value()) {
        let mut hidden = original.clone();
        let mut blobs = Vec::new();
        let changed = hide(&mut hidden, &mut blobs);
        prop_assert_eq!(changed, hidden != original);
        let mentioned: Vec<Digest> = mentioned(hidden.to_string().as_bytes()).collect();
        prop_assert!(blobs.iter().all(|blob| mentioned.contains(&blob.hash)));
        prop_assert_eq!(restored(hidden, &blobs), Ok(original));
    }
}

#[test]
fn only_long_strings_move() {
    let inline = "x".repeat(LONGEST_INLINE);
    let mut value = json!({ "inline": inline, "moved": inline.clone() + "x" });
    let mut blobs = Vec::new();
    assert!(hide(&mut value, &mut blobs));
    assert_eq!(value["inline"], inline);
    assert_eq!(value["moved"], format!("\u{10}b{}", blobs[0].hash));
    assert_eq!(blobs.len(), 1);
}

#[test]
fn marks_without_meaning_are_refused() {
    let hash = digest(b"elsewhere");
    let missing = json!([format!("\u{10}b{hash}")]);
    assert_eq!(restored(missing, &[]), Err(Unrestored::Missing(hash)));
    let upper = format!("\u{10}b{}", hash.to_string().to_uppercase());
    for malformed in ["\u{10}", "\u{10}c", "\u{10}b0123", &upper] {
        assert_eq!(restored(json!(malformed), &[]), Err(Unrestored::Malformed));
    }
}
