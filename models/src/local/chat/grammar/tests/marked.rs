//! Calls between marks: what their grammar allows is what their reader reads.

use super::{Random, VOCABULARY, answered_with, dialect, end, grammars};
use crate::local::chat::answer::Answer;
use crate::local::chat::dialect::Calls;
use crate::local::chat::tests::{ask, fold, tool};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::Arc;
use troupe_core::message::AssistantMessage;
use troupe_core::port::model::{ModelRequest, ToolChoice};
use troupe_core::port::tool::ToolSpec;
use troupe_core::types::Type;

/// What closes something, and might be taken for the end of a value that holds it.
const NASTY: [&str; 12] = [
    "\n</parameter>",
    "\n</parameter>\n",
    "\n</parameter></function>",
    "</parameter>",
    "\n<parameter=note>\n",
    "</function>",
    "\n</tool_call>",
    "</arg_value>",
    "<arg_key>",
    "</arg_key>\n<arg_value>",
    "\n",
    "\"",
];

fn parameters() -> Value {
    json!({
        "type": "object",
        "properties": {
            "note": { "type": "string", "minLength": 3, "maxLength": 40 },
            "text": { "type": "string" },
            "colour": { "$ref": "#/$defs/colour" },
            "fixed": { "const": "as it is" },
            "count": { "type": "integer" },
            "deep": { "type": "object", "properties": { "a": { "$ref": "#/properties/text" }, "n": { "$ref": "#/$defs/numbers" } },
                      "required": ["a"], "additionalProperties": false },
            "maybe": { "type": ["string", "null"], "maxLength": 9 },
        },
        "required": ["note", "deep"],
        "additionalProperties": { "type": "array", "items": { "type": "string", "maxLength": 30 }, "maxItems": 2 },
        "$defs": { "colour": { "enum": ["red", "</parameter"] }, "numbers": { "type": "array", "items": { "type": "boolean" }, "maxItems": 2 } },
    })
}

fn request() -> ModelRequest {
    let closed = json!({ "type": "object", "properties": { "text": { "type": "string" } } });
    let tools: Vec<ToolSpec> = vec![tool("write", parameters()), tool("stop", closed)];
    let mut request = ask("", tools, Type::String);
    request.calling.choice = ToolChoice::Required;
    request
}

/// A call as its family writes it, arguments in the order of the schema.
fn shown(calls: Calls, name: &str, arguments: &Value) -> String {
    let given = arguments.as_object().unwrap().iter().map(|(key, value)| {
        let value = value.as_str().map_or_else(|| python(value), str::to_owned);
        match calls {
            Calls::Functions => format!("<parameter={key}>\n{value}\n</parameter>\n"),
            _ => format!("<arg_key>{key}</arg_key>\n<arg_value>{value}</arg_value>\n"),
        }
    });
    let given: String = given.collect();
    match calls {
        Calls::Functions => format!("<tool_call>\n<function={name}>\n{given}</function>\n</tool_call>"),
        _ => format!("<tool_call>{name}\n{given}</tool_call>"),
    }
}

/// JSON with Python's blanks.
fn python(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(python).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) => {
            let fields = fields.iter();
            let fields: Vec<String> = fields
                .map(|(key, value)| format!("{}: {}", json!(key), python(value)))
                .collect();
            format!("{{{}}}", fields.join(", "))
        }
        other => other.to_string(),
    }
}

fn read(calls: Calls, request: &ModelRequest, text: &str) -> AssistantMessage {
    let mut answer = Answer::new(dialect(calls), Arc::clone(&request.tools), false);
    let mut deltas = answer.push(text);
    deltas.extend(answer.finish());
    fold(deltas)
}

#[test]
fn what_is_allowed_is_read_as_it_was_written() {
    let request = request();
    for calls in [Calls::Functions, Calls::Pairs] {
        for seed in 1..60 {
            let (message, text) = answered_with(calls, &request, false, &mut Random(seed), &NASTY);
            assert!(message.text.is_empty() && !message.tool_calls.is_empty(), "{text}");
            for call in &message.tool_calls {
                let arguments: Value = serde_json::from_str(&call.arguments).unwrap();
                for (key, value) in arguments.as_object().unwrap() {
                    let Some(value) = value.as_str() else { continue };
                    let whole = match calls {
                        Calls::Functions => format!("<parameter={key}>\n{value}\n</parameter>\n"),
                        _ => format!("<arg_value>{value}</arg_value>"),
                    };
                    assert!(text.contains(&whole), "{whole:?} in {text:?}");
                }
            }
        }
    }
}

/// A text that does not hold what closes it.
fn free(calls: Calls) -> impl Strategy<Value = String> {
    let closes = match calls {
        Calls::Functions => "\n</parameter>",
        _ => "</arg_value>",
    };
    let piece = prop_oneof![
        proptest::sample::select(NASTY.to_vec()).prop_map(str::to_owned),
        "[ -~é東\t]{0,6}",
        Just("17".to_owned())
    ];
    let text = proptest::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat());
    text.prop_filter("it closes itself", move |text| !text.contains(closes))
}

fn case() -> impl Strategy<Value = (Calls, Value)> {
    proptest::sample::select(vec![Calls::Functions, Calls::Pairs]).prop_flat_map(|calls| {
        let deep = prop_oneof![
            "[ -~é]{0,8}",
            proptest::sample::select(NASTY.to_vec()).prop_map(str::to_owned)
        ];
        let further =
            "[a-z][a-z ]{0,5}[a-z]".prop_filter("it is named", |key| parameters()["properties"].get(key).is_none());
        let fields = (
            free(calls).prop_filter("of its length", |text| (3..=40).contains(&text.chars().count())),
            proptest::option::of(free(calls)),
            proptest::option::of(proptest::sample::select(vec!["red", "</parameter"])),
            proptest::option::of(any::<i32>()),
            proptest::collection::vec(deep, 1..3),
            proptest::option::of(further),
        );
        fields.prop_map(move |(note, text, colour, count, deep, further)| {
            let given = [
                ("note".to_owned(), Some(json!(note))),
                ("text".to_owned(), text.map(Value::from)),
                ("colour".to_owned(), colour.map(Value::from)),
                ("fixed".to_owned(), colour.map(|_| json!("as it is"))),
                ("count".to_owned(), count.map(Value::from)),
                ("deep".to_owned(), Some(json!({ "a": deep[0] }))),
                (further.clone().unwrap_or_default(), further.map(|_| json!(deep))),
            ];
            let given = given.into_iter().filter_map(|(key, value)| Some((key, value?)));
            (calls, Value::Object(given.collect()))
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn what_calls_may_hold_is_allowed_and_comes_back((calls, arguments) in case()) {
        let request = request();
        let text = shown(calls, "write", &arguments);
        let mut constraint = grammars(calls).constrain(&request, false, false).unwrap().unwrap();
        for token in VOCABULARY.encode(&text).unwrap().into_iter().chain([end()]) {
            prop_assert!(constraint.take(token).is_ok(), "{text}");
        }
        let calls = read(calls, &request, &text).tool_calls;
        let got: Vec<Value> = calls.iter().map(|call| serde_json::from_str(&call.arguments).unwrap()).collect();
        prop_assert_eq!(got, [arguments], "{}", text);
    }
}

#[test]
fn a_key_that_is_named_is_no_further_one() {
    let request = request();
    for (calls, text) in [
        (
            Calls::Functions,
            "<tool_call>\n<function=write>\n<parameter=note>\nabc\n</parameter>\n<parameter=deep>\n{\"a\": \"\"}\n</parameter>\n<parameter=count>\n[]",
        ),
        (
            Calls::Pairs,
            "<tool_call>write\n<arg_key>note</arg_key>\n<arg_value>abc</arg_value>\n<arg_key>deep</arg_key>\n<arg_value>{\"a\": \"\"}</arg_value>\n<arg_key>count</arg_key>\n<arg_value>[]",
        ),
    ] {
        let mut constraint = grammars(calls).constrain(&request, false, false).unwrap().unwrap();
        let taken = VOCABULARY
            .encode(text)
            .unwrap()
            .into_iter()
            .all(|token| constraint.take(token).is_ok());
        assert!(!taken, "{calls:?}");
    }
}

#[test]
fn a_schema_may_lead_into_itself() {
    let parameters = json!({
        "type": "object",
        "properties": {
            "tree": { "type": "array", "maxItems": 1, "items": { "$ref": "#/properties/tree" } },
            "again": { "type": "array", "maxItems": 1, "items": { "$ref": "#" } },
        },
        "required": ["tree"],
    });
    let mut request = ask("", vec![tool("grow", parameters)], Type::String);
    request.calling.choice = ToolChoice::Required;
    for calls in [Calls::Functions, Calls::Pairs] {
        let arguments = json!({ "tree": [[[]]], "again": [{ "tree": [] }] });
        let text = shown(calls, "grow", &arguments);
        let mut constraint = grammars(calls).constrain(&request, false, false).unwrap().unwrap();
        for token in VOCABULARY.encode(&text).unwrap() {
            constraint.take(token).unwrap();
        }
        let read = read(calls, &request, &text);
        assert_eq!(
            serde_json::from_str::<Value>(&read.tool_calls[0].arguments).unwrap(),
            arguments
        );
    }
}
