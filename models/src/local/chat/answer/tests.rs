//! Answers of every dialect, taken apart however they are cut.

use super::super::tests::{ask, fold, template, tool};
use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};
use troupe_core::message::{AssistantMessage, Message, ToolCall};
use troupe_core::port::model::ModelRequest;
use troupe_core::types::Type;

fn dialect(calls: Calls) -> Dialect {
    Dialect { calls, thinks: true }
}

/// One whose parameters are texts, other values, and what may be either.
fn tools() -> Arc<[ToolSpec]> {
    let parameters = json!({
        "type": "object",
        "properties": {
            "text": { "type": "string" },
            "count": { "type": "integer" },
            "exact": { "anyOf": [{ "type": "boolean" }, { "type": "null" }] },
            "deep": { "$ref": "#/$defs/deep" },
            "maybe": { "type": ["string", "null"] },
        },
        "$defs": { "deep": { "type": "object" } },
    });
    let tools = ["find", "stop"].map(|name| tool(name, parameters.clone()));
    tools.to_vec().into()
}

fn reader(calls: Calls, opened: bool) -> Answer {
    Answer::new(dialect(calls), tools(), opened)
}

fn read_in(mut answer: Answer, pieces: &[&str]) -> AssistantMessage {
    let mut deltas: Vec<Delta> = pieces.iter().flat_map(|piece| answer.push(piece)).collect();
    deltas.extend(answer.finish());
    fold(deltas)
}

/// An answer as a line for each of its parts.
fn shown(calls: Calls, text: &str) -> String {
    let message = read_in(reader(calls, false), &[text]);
    let calls = message
        .tool_calls
        .iter()
        .map(|call| format!("{}: {} {}", call.id, call.name, call.arguments));
    let parts = [("thought", &message.thinking), ("text", &message.text)].into_iter();
    let parts = parts
        .filter(|(_, text)| !text.is_empty())
        .map(|(kind, text)| format!("{kind}: {text:?}"));
    parts.chain(calls).collect::<Vec<_>>().join("\n")
}

#[test]
fn tagged_calls() {
    let text = "<think>\nSearch first.\n</think>\n\nI look.\n<tool_call>\n{\"name\": \"find\", \"arguments\": {\"q\": \"a </tool_call> b\"}}\n\
                </tool_call>\n<tool_call>\n{\"name\": \"stop\"}\n</tool_call>\n";
    insta::assert_snapshot!(shown(Calls::Tagged, text), @r#"
    thought: "Search first."
    text: "I look."
    call_0: find {"q":"a </tool_call> b"}
    call_1: stop {}
    "#);
}

#[test]
fn bare_calls() {
    insta::assert_snapshot!(shown(Calls::Bare, "{\"name\": \"find\", \"parameters\": {\"q\": 1}}"), @r#"call_0: find {"q":1}"#);
    insta::assert_snapshot!(shown(Calls::Bare, "<|python_tag|>{\"name\": \"find\", \"parameters\": {}}"), @"call_0: find {}");
    // An answer that is JSON, and one that has a name.
    insta::assert_snapshot!(shown(Calls::Bare, "{\"names\": [\"otter\"]}"), @r#"text: "{\"names\": [\"otter\"]}""#);
    insta::assert_snapshot!(shown(Calls::Bare, "{\"name\": \"otter\"}"), @r#"text: "{\"name\": \"otter\"}""#);
}

#[test]
fn listed_and_named_calls() {
    insta::assert_snapshot!(shown(Calls::Listed, "[TOOL_CALLS] [{\"name\": \"find\", \"arguments\": {\"q\": [1]}, \"id\": \"abcdefgh1\"}, {\"name\": \"stop\", \"arguments\": {}}]"), @r#"
    abcdefgh1: find {"q":[1]}
    call_1: stop {}
    "#);
    insta::assert_snapshot!(shown(Calls::Named, "Well.[TOOL_CALLS]find[ARGS]{\"q\": 1}[TOOL_CALLS]stop[CALL_ID]abcdefgh2[ARGS]{}"), @r#"
    text: "Well."
    call_0: find {"q": 1}
    abcdefgh2: stop {}
    "#);
}

#[test]
fn calls_with_marks_around_their_arguments() {
    let text = "<think>\nHm.\n</think>\n\nI look.\n\n<tool_call>\n<function=find>\n<parameter=text>\n\na <b>\n</tool_call>\n\n</parameter>\n\
                <parameter=count>\n3\n</parameter>\n<parameter=exact>\nTrue\n</parameter>\n<parameter=maybe>\n5\n</parameter>\n</function>\n</tool_call>\n\
                <tool_call>\n<function=stop>\n</function>\n</tool_call>";
    insta::assert_snapshot!(shown(Calls::Functions, text), @r#"
    thought: "Hm."
    text: "I look."
    call_0: find {"text":"\na <b>\n</tool_call>\n","count":3,"exact":true,"maybe":"5"}
    call_1: stop {}
    "#);
    let text = "<tool_call>find\n<arg_key>text</arg_key>\n<arg_value>5</arg_value>\n<arg_key>deep</arg_key>\n<arg_value>{\"a\": [1, \"é\"]}</arg_value>\n\
                <arg_key>count</arg_key>\n<arg_value>many</arg_value>\n</tool_call>\n<tool_call>stop<arg_key>maybe</arg_key><arg_value>null</arg_value></tool_call>";
    insta::assert_snapshot!(shown(Calls::Pairs, text), @r#"
    call_0: find {"text":"5","deep":{"a":[1,"é"]},"count":"many"}
    call_1: stop {"maybe":null}
    "#);
}

#[test]
fn what_is_broken_is_not_lost() {
    // The tool will say what is wrong with the arguments; words would pass for the answer.
    insta::assert_snapshot!(shown(Calls::Tagged, "<tool_call>\n{\"name\": \"find\", \"arguments\": {\"q\": }\n</tool_call> Done."), @r#"
    text: "Done."
    call_0: find {"q": }
    "#);
    insta::assert_snapshot!(shown(Calls::Tagged, "<tool_call>\n{\"name\": \"find\", \"argum"), @"call_0: find");
    insta::assert_snapshot!(shown(Calls::Tagged, "<tool_call>find(1)</tool_call>"), @r#"text: "<tool_call>find(1)</tool_call>""#);
    insta::assert_snapshot!(shown(Calls::Tagged, "1 < 2 <tool"), @r#"text: "1 < 2 <tool""#);
    insta::assert_snapshot!(shown(Calls::Functions, "<tool_call>\n<function=find>\n<parameter=count>\n3\n</parameter>\n<parameter=text>\nwell,"), @r#"call_0: find {"count":3,"text":"well,"}"#);
    insta::assert_snapshot!(shown(Calls::Functions, "<tool_call>{}</tool_call>"), @r#"text: "<tool_call>{}</tool_call>""#);
    insta::assert_snapshot!(shown(Calls::Pairs, "<tool_call>find\n<arg_key>text</arg_key>\n<arg_value>well,"), @r#"call_0: find {"text":"well,"}"#);
    insta::assert_snapshot!(shown(Calls::Listed, "[TOOL_CALLS] [{\"name\": \"find\", \"arguments\": {\"q\""), @r#"call_0: find {"q""#);
    insta::assert_snapshot!(shown(Calls::Bare, "<|python_tag|>print(1)"), @r#"text: "<|python_tag|>print(1)""#);
}

#[test]
fn a_thought_may_be_open_already_and_never_end() {
    let read = |text: &str| read_in(reader(Calls::Tagged, true), &[text]);
    let message = read("Hm.\n</think>\n\nYes, <think> is a mark.");
    assert_eq!(
        (message.thinking.as_str(), message.text.as_str()),
        ("Hm.", "Yes, <think> is a mark.")
    );
    let message = read("Hm, ");
    assert_eq!((message.thinking.as_str(), message.text.as_str()), ("Hm,", ""));
}

#[test]
fn without_tools_a_call_is_words() {
    let text = "See <tool_call>{\"name\": \"find\"}</tool_call>.";
    let message = read_in(Answer::new(dialect(Calls::Tagged), Arc::default(), false), &[text]);
    assert_eq!(message.text, text);
}

#[test]
fn no_half_of_a_mark_is_shown() {
    let mut answer = reader(Calls::Tagged, false);
    let mut push = |piece: &str| fold(answer.push(piece)).text;
    assert_eq!(
        ["<", "b> a ", "<tool_", "box> b", "<tool_call", ">"].map(&mut push),
        ["", "<b> a", "", " <tool_box> b", "", ""]
    );
}

/// Pieces of which answers are made, right and wrong.
fn text() -> impl Strategy<Value = String> {
    let pieces = [
        "<think>",
        "</think>",
        "<tool_call>",
        "</tool_call>",
        "<function=find>",
        "<parameter=text>\n",
        "\n</parameter>",
        "</function>",
        "<arg_key>count",
        "</arg_key>",
        "<arg_value>1",
        "</arg_value>",
        "[TOOL_CALLS]",
        "[ARGS]",
        "<|python_tag|>",
        "{\"name\": \"f\", ",
        "\"arguments\": {\"a\": 1}}",
        "\"parameters\": {}}",
        "{",
        "}",
        "[",
        "]",
        "<",
        "\n",
        " ",
        "find",
        "é",
        "</tool",
        "\"",
    ];
    proptest::collection::vec(proptest::sample::select(pieces.to_vec()), 0..14).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn cuts_change_nothing(text in text(), cuts in proptest::collection::vec(1usize..9, 1..8), tools: bool, opened: bool,
                           calls in proptest::sample::select(vec![Calls::Tagged, Calls::Functions, Calls::Pairs, Calls::Bare, Calls::Listed, Calls::Named])) {
        let answer = || Answer::new(dialect(calls), if tools { self::tools() } else { Arc::default() }, opened);
        let mut rest = text.as_str();
        let mut pieces = Vec::new();
        for length in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let end = rest.char_indices().nth(*length).map_or(rest.len(), |(at, _)| at);
            let (piece, behind) = rest.split_at(end);
            pieces.push(piece);
            rest = behind;
        }
        prop_assert_eq!(read_in(answer(), &pieces), read_in(answer(), &[&text]));
    }
}

/// What calls may hold: texts with marks, lines and letters of all kinds.
fn arguments() -> impl Strategy<Value = Value> {
    let text = || {
        prop_oneof![
            "[ -~\n\té東<>&\"'{}]{0,24}",
            Just("</tool_call>\n".to_owned()),
            Just("True".to_owned())
        ]
    };
    let deep = proptest::collection::btree_map("[a-z<]{1,4}", text(), 0..3);
    let fields = (
        proptest::option::of(text()),
        proptest::option::of(any::<i32>()),
        proptest::option::of(any::<Option<bool>>()),
        proptest::option::of(deep),
    );
    fields.prop_map(|(text, count, exact, deep)| {
        let fields = [
            ("text", text.map(Value::from)),
            ("count", count.map(Value::from)),
            ("exact", exact.map(|exact| json!(exact))),
            ("deep", deep.map(|deep| json!(deep))),
        ];
        let given = fields
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_owned(), value?)));
        Value::Object(given.collect())
    })
}

proptest! {
    /// What a template shows of calls, its model's reader reads.
    #[test]
    fn calls_come_back_as_they_were_shown(
        calls in proptest::collection::vec((proptest::sample::select(vec!["find", "stop"]), arguments()), 1..4),
        family in proptest::sample::select(vec!["qwen3", "qwen3-coder", "glm4"]),
        words in "[a-z]{0,5}",
    ) {
        let call = |(at, (name, arguments)): (usize, &(&str, Value))| ToolCall {
            id: format!("call_{at}"),
            name: (*name).to_owned(),
            arguments: arguments.to_string(),
        };
        let said = AssistantMessage {
            text: words.clone(),
            thinking: String::new(),
            tool_calls: calls.iter().enumerate().map(call).collect(),
        };
        let user = Arc::new(Message::User { text: "Who?".into() });
        let request = ModelRequest {
            tools: tools(),
            messages: vec![Arc::clone(&user), Arc::new(Message::Assistant(Arc::new(said))), user],
            ..ask("", Vec::new(), Type::String)
        };
        let template = template(family);
        let shown = template.render(&request, true).unwrap();
        let (begin, end) = match family {
            "glm4" => ("<|assistant|>", "<|user|>"),
            _ => ("<|im_start|>assistant", "<|im_end|>"),
        };
        let (text, _) = shown.split_once(begin).and_then(|(_, text)| text.split_once(end)).unwrap();
        let mut answer = Answer::new(template.dialect(), tools(), false);
        let mut deltas = answer.push(text);
        deltas.extend(answer.finish());
        let read = fold(deltas);
        let got: Vec<(String, Value)> = read
            .tool_calls
            .iter()
            .map(|call| (call.name.clone(), serde_json::from_str(&call.arguments).unwrap()))
            .collect();
        let wanted: Vec<(String, Value)> = calls.iter().map(|(name, arguments)| ((*name).to_owned(), arguments.clone())).collect();
        prop_assert_eq!((read.text.as_str(), got), (words.as_str(), wanted), "{}", text);
    }
}
