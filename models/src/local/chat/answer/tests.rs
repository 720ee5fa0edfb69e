//! Answers of every dialect, taken apart however they are cut.

use super::super::tests::fold;
use super::*;
use proptest::prelude::*;
use troupe_core::message::AssistantMessage;

fn dialect(calls: Calls) -> Dialect {
    Dialect { calls, thinks: true }
}

fn read_in(mut answer: Answer, pieces: &[&str]) -> AssistantMessage {
    let mut deltas: Vec<Delta> = pieces.iter().flat_map(|piece| answer.push(piece)).collect();
    deltas.extend(answer.finish());
    fold(deltas)
}

/// An answer as a line for each of its parts.
fn shown(calls: Calls, text: &str) -> String {
    let message = read_in(Answer::new(dialect(calls), true, false), &[text]);
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
fn what_is_broken_is_not_lost() {
    // The tool will say what is wrong with the arguments; words would pass for the answer.
    insta::assert_snapshot!(shown(Calls::Tagged, "<tool_call>\n{\"name\": \"find\", \"arguments\": {\"q\": }\n</tool_call> Done."), @r#"
    text: "Done."
    call_0: find {"q": }
    "#);
    insta::assert_snapshot!(shown(Calls::Tagged, "<tool_call>\n{\"name\": \"find\", \"argum"), @"call_0: find");
    insta::assert_snapshot!(shown(Calls::Tagged, "<tool_call>find(1)</tool_call>"), @r#"text: "<tool_call>find(1)</tool_call>""#);
    insta::assert_snapshot!(shown(Calls::Tagged, "1 < 2 <tool"), @r#"text: "1 < 2 <tool""#);
    insta::assert_snapshot!(shown(Calls::Listed, "[TOOL_CALLS] [{\"name\": \"find\", \"arguments\": {\"q\""), @r#"call_0: find {"q""#);
    insta::assert_snapshot!(shown(Calls::Bare, "<|python_tag|>print(1)"), @r#"text: "<|python_tag|>print(1)""#);
}

#[test]
fn a_thought_may_be_open_already_and_never_end() {
    let read = |text: &str| read_in(Answer::new(dialect(Calls::Tagged), true, true), &[text]);
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
    let message = read_in(Answer::new(dialect(Calls::Tagged), false, false), &[text]);
    assert_eq!(message.text, text);
}

#[test]
fn no_half_of_a_mark_is_shown() {
    let mut answer = Answer::new(dialect(Calls::Tagged), true, false);
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
                           calls in proptest::sample::select(vec![Calls::Tagged, Calls::Bare, Calls::Listed, Calls::Named])) {
        let answer = || Answer::new(dialect(calls), tools, opened);
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
