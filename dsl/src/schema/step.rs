//! What holds of a step as a whole: one verb, and the keys that go with it.

use crate::language::{STEP, VERBS};
use serde_json::json;
use troupe_core::{Object, Value};

/// Keys that need another one beside them.
const BESIDE: [(&str, &str); 6] = [
    ("agent", "prompt"),
    ("discuss", "prompt"),
    ("as", "for_each"),
    ("parallel", "for_each"),
    ("key", "for_each"),
    ("on_deadline", "deadline"),
];

pub(super) fn rules() -> Value {
    let beside = BESIDE
        .iter()
        .map(|(key, other)| json!({ "if": { "required": [key] }, "then": { "required": [other] } }));
    let owned = STEP.keys.iter().filter(|key| !key.verbs.is_empty()).map(|key| {
        let verbs: Vec<Value> = key.verbs.iter().map(|verb| one(verb)).collect();
        let then = match verbs.as_slice() {
            [verb] => verb.clone(),
            _ => json!({ "anyOf": verbs }),
        };
        json!({ "if": { "required": [key.name] }, "then": then })
    });
    json!({
        "oneOf": VERBS.iter().map(|verb| one(verb)).collect::<Vec<_>>(),
        "allOf": beside.chain(owned).collect::<Vec<_>>(),
        "defaultSnippets": VERBS.iter().map(|verb| snippet(verb)).collect::<Vec<_>>(),
    })
}

fn one(verb: &str) -> Value {
    json!({ "required": [verb] })
}

/// The beginning of a step, for completion.
fn snippet(verb: &str) -> Value {
    let beside = BESIDE.iter().filter(|(key, _)| *key == verb).map(|(_, other)| *other);
    let keys = std::iter::once(verb).chain(beside).enumerate();
    let body: Object = keys
        .map(|(at, key)| (key.to_owned(), Value::from(format!("${}", at + 1))))
        .collect();
    let about = STEP.key(verb).map_or("", |key| key.about);
    json!({ "label": verb, "description": about, "body": body })
}
