//! Random answers that a grammar allows: whatever is chosen fits.

mod marked;

use super::super::answer::Answer;
use super::super::dialect::Calls;
use super::super::tests::{ask, fold, search, tool, vocabulary};
use super::super::writer::Writer;
use super::*;
use serde_json::json;
use std::sync::{Arc, LazyLock};
use troupe_core::message::AssistantMessage;
use troupe_core::port::model::Calling;
use troupe_core::port::tool::ToolSpec;
use troupe_core::types::{Schema, Type};

const KINDS: [Calls; 6] = [
    Calls::Tagged,
    Calls::Functions,
    Calls::Pairs,
    Calls::Bare,
    Calls::Listed,
    Calls::Named,
];

static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(vocabulary);

fn dialect(calls: Calls) -> Dialect {
    Dialect { calls, thinks: true }
}

fn end() -> u32 {
    VOCABULARY.token("<|im_end|>").unwrap()
}

fn grammars(calls: Calls) -> Grammars {
    Grammars::new(
        &VOCABULARY,
        dialect(calls),
        &[end(), VOCABULARY.token("<|endoftext|>").unwrap()],
    )
    .unwrap()
}

/// Numbers without a pattern, the same for each seed.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }
}

/// Writes an answer of allowed tokens, chosen at random, with a liking for marks and ends, and for the tokens of `phrases`.
fn written(constraint: &mut Constraint, dialect: Dialect, random: &mut Random, phrases: &[&str]) -> String {
    let marks: Vec<u32> = dialect.marks().filter_map(|mark| VOCABULARY.token(mark)).collect();
    let mut liked = marks.clone();
    liked.push(end());
    let mut writer = Writer::new(&VOCABULARY, &marks);
    let mut text = String::new();
    let mut phrase: Vec<u32> = Vec::new();
    while !constraint.is_done() {
        let mut next = constraint.forced();
        if next.is_empty() {
            if phrase.is_empty() && !phrases.is_empty() && random.below(3) == 0 {
                phrase = VOCABULARY.encode(phrases[random.below(phrases.len())]).unwrap();
                phrase.reverse();
            }
            let mask = constraint.mask().unwrap();
            let mut allowed: Vec<u32> = mask.tokens().collect();
            if random.below(3) == 0 && liked.iter().any(|token| mask.allows(*token)) {
                allowed.retain(|token| liked.contains(token));
            }
            let wanted = phrase.pop().filter(|token| mask.allows(*token));
            next.push(wanted.unwrap_or_else(|| allowed[random.below(allowed.len())]));
        }
        for token in next {
            constraint.take(token).unwrap();
            text.extend(writer.push(&VOCABULARY, token));
        }
        assert!(text.len() < 20_000, "the answer does not end: {text}");
    }
    text.extend(writer.finish());
    text
}

/// Types whose random values end soon.
fn output() -> Type {
    let schema = json!({
        "type": "object",
        "properties": {
            "rows": { "type": "array", "maxItems": 3, "items": { "$ref": "#/$defs/row" } },
            "kind": { "enum": ["low", "high"] },
            "note": { "anyOf": [{ "type": "string", "maxLength": 9 }, { "type": "null" }] },
        },
        "required": ["rows", "kind"],
        "additionalProperties": false,
        "$defs": { "row": {
            "type": "object",
            "properties": { "n": { "type": "integer", "minimum": -5, "maximum": 500 }, "sure": { "type": "boolean" } },
            "required": ["n"],
            "additionalProperties": false,
        } },
    });
    Type::Schema(Arc::new(Schema::parse(schema).unwrap()))
}

fn tools() -> Vec<ToolSpec> {
    let texts = json!({ "type": "array", "items": { "type": "string", "maxLength": 12 }, "maxItems": 2 });
    let parameters = json!({
        "type": "object",
        "properties": {
            "keywords": texts,
            "kind": { "enum": ["low", "high"] },
            "note": { "type": "string", "minLength": 2, "maxLength": 9 },
            "top_k": { "type": "integer", "minimum": 1, "maximum": 20 },
        },
        "required": ["keywords", "note"],
    });
    vec![
        tool("keyword_search", parameters),
        tool("read \"all\"", json!({ "type": "object", "properties": {} })),
    ]
}

fn answered(calls: Calls, request: &ModelRequest, opened: bool, seed: u64) -> AssistantMessage {
    answered_with(calls, request, opened, &mut Random(seed), &[]).0
}

/// A random answer to `request`, taken apart: it was checked that each call is one of a tool, with arguments that fit.
fn answered_with(
    calls: Calls,
    request: &ModelRequest,
    opened: bool,
    random: &mut Random,
    phrases: &[&str],
) -> (AssistantMessage, String) {
    let dialect = dialect(calls);
    let mut constraint = grammars(calls).constrain(request, opened, true).unwrap().unwrap();
    let text = written(&mut constraint, dialect, random, phrases);
    let mut answer = Answer::new(dialect, Arc::clone(&request.tools), opened);
    let mut deltas = answer.push(&text);
    deltas.extend(answer.finish());
    let message = fold(deltas);
    for call in &message.tool_calls {
        let called = request.tools.iter().find(|tool| tool.name == call.name).expect(&text);
        let arguments = serde_json::from_str(&call.arguments).expect(&text);
        let fits = Type::Schema(Arc::new(Schema::parse(called.parameters.clone()).unwrap()));
        fits.check(&arguments).expect(&text);
    }
    (message, text)
}

#[test]
fn answers_fit_their_type_whatever_is_chosen() {
    let request = ask("", Vec::new(), output());
    for seed in 1..20 {
        let message = answered(Calls::Tagged, &request, seed % 2 == 0, seed);
        let value = serde_json::from_str(&message.text).expect(&message.text);
        request.output.check(&value).expect(&message.text);
    }
}

#[test]
fn calls_fit_their_tools_whatever_is_chosen() {
    for calls in KINDS {
        for output in [Type::String, output()] {
            let request = ask("", tools(), output);
            let mut called = 0;
            for seed in 1..20 {
                let message = answered(calls, &request, seed % 2 == 0, seed);
                called += message.tool_calls.len();
                if message.tool_calls.is_empty() && request.output != Type::String {
                    let value = serde_json::from_str(&message.text).expect(&message.text);
                    request.output.check(&value).expect(&message.text);
                }
            }
            assert!(called > 3, "{calls:?}: {called}");
        }
    }
}

#[test]
fn free_text_is_free() {
    assert!(
        grammars(Calls::Tagged)
            .constrain(&ask("", Vec::new(), Type::String), false, true)
            .unwrap()
            .is_none()
    );
}

#[test]
fn grammars_in_full() {
    let tools = || vec![tool("stop", json!({ "type": "object", "properties": {} }))];
    let grammar = |calls, output, opened| {
        let shape = Shape {
            dialect: dialect(calls),
            opened,
            thinking: calls == Calls::Tagged,
        };
        lark::grammar(&ask("", tools(), output), shape).unwrap()
    };
    insta::assert_snapshot!(grammar(Calls::Tagged, Type::String, false), @r#"
    %llguidance {}
    start: ("<think>" thought BLANK?)? (TEXT | words behind)
    thought[suffix="</think>"]: /(.|\n)*/
    BLANK: /[ \n]{1,3}/
    TEXT: /(.|\n)+/ & ~(/(.|\n)*/ "<tool_call>" /(.|\n)*/)
    words[suffix="<tool_call>"]: /(.|\n)*/
    called: "<tool_call>" behind
    behind: "\n" call "\n</tool_call>" ("\n" "<tool_call>" "\n" call "\n</tool_call>")*
    call: call_0
    call_0: "{\"name\": \"stop\", \"arguments\": " arguments_0 "}"
    arguments_0: %json {"type":"object","properties":{},"additionalProperties":false,"x-guidance":{"whitespace_flexible":false,"item_separator":", ","key_separator":": ","lenient":true}}
    "#);
    insta::assert_snapshot!(grammar(Calls::Bare, Type::Integer, true), @r#"
    %llguidance {}
    start: thought BLANK? (answer | called)
    thought[suffix="</think>"]: /(.|\n)*/
    BLANK: /[ \n]{1,3}/
    called: "<|python_tag|>"? behind
    behind: call
    call: call_0
    call_0: "{\"name\": \"stop\", \"parameters\": " arguments_0 "}"
    arguments_0: %json {"type":"object","properties":{},"additionalProperties":false,"x-guidance":{"whitespace_flexible":false,"item_separator":", ","key_separator":": ","lenient":true}}
    answer: %json {"type":"integer","x-guidance":{"whitespace_flexible":false,"item_separator":", ","key_separator":": ","lenient":false}}
    "#);
    insta::assert_snapshot!(grammar(Calls::Listed, Type::String, false), @r#"
    %llguidance {}
    start: (TEXT | words behind)
    TEXT: /(.|\n)+/ & ~(/(.|\n)*/ "[TOOL_CALLS]" /(.|\n)*/)
    words[suffix="[TOOL_CALLS]"]: /(.|\n)*/
    called: "[TOOL_CALLS]" behind
    behind: " "? "[" call (", " call)* "]"
    call: call_0
    call_0: "{\"name\": \"stop\", \"arguments\": " arguments_0 "}"
    arguments_0: %json {"type":"object","properties":{},"additionalProperties":false,"x-guidance":{"whitespace_flexible":false,"item_separator":", ","key_separator":": ","lenient":true}}
    "#);
    insta::assert_snapshot!(grammar(Calls::Named, Type::String, false), @r#"
    %llguidance {}
    start: (TEXT | words behind)
    TEXT: /(.|\n)+/ & ~(/(.|\n)*/ "[TOOL_CALLS]" /(.|\n)*/)
    words[suffix="[TOOL_CALLS]"]: /(.|\n)*/
    called: "[TOOL_CALLS]" behind
    behind: call ("[TOOL_CALLS]" call)*
    call: call_0
    call_0: "stop[ARGS]" arguments_0
    arguments_0: %json {"type":"object","properties":{},"additionalProperties":false,"x-guidance":{"whitespace_flexible":false,"item_separator":", ","key_separator":": ","lenient":true}}
    "#);
}

#[test]
fn what_leaves_no_choice_is_forced() {
    let mut constraint = grammars(Calls::Tagged)
        .constrain(&ask("", vec![search()], Type::Boolean), false, false)
        .unwrap()
        .unwrap();
    constraint.take(VOCABULARY.token("<tool_call>").unwrap()).unwrap();
    let forced = constraint.forced();
    let text: Vec<u8> = forced
        .iter()
        .flat_map(|token| VOCABULARY.word(*token).bytes.clone())
        .collect();
    assert_eq!(
        String::from_utf8(text).unwrap(),
        "\n{\"name\": \"keyword_search\", \"arguments\": {\"keywords\":"
    );
}

#[test]
fn a_fork_goes_its_own_way() {
    let mut one = grammars(Calls::Tagged)
        .constrain(&ask("", Vec::new(), Type::Boolean), false, false)
        .unwrap()
        .unwrap();
    let mut other = one.fork();
    let [yes, no] = ["true", "false"].map(|text| VOCABULARY.encode(text).unwrap());
    yes.iter().for_each(|token| one.take(*token).unwrap());
    assert!(one.is_done() && !other.is_done());
    no.iter().for_each(|token| other.take(*token).unwrap());
    assert!(other.is_done());
    assert_eq!(
        one.mask().unwrap().tokens().collect::<Vec<_>>(),
        [VOCABULARY.token("<|endoftext|>").unwrap(), end()]
    );
}

#[test]
fn a_token_that_is_not_allowed_is_an_error() {
    let mut constraint = grammars(Calls::Tagged)
        .constrain(&ask("", Vec::new(), Type::Boolean), false, false)
        .unwrap()
        .unwrap();
    let error = constraint.take(end()).unwrap_err();
    assert!(error.contains(&format!("token {} is not allowed", end())), "{error}");
    assert!(!constraint.is_done() && constraint.mask().is_err());
}

#[test]
fn a_mask_leaves_the_allowed_logits_alone() {
    let mut constraint = grammars(Calls::Tagged)
        .constrain(&ask("", Vec::new(), output()), false, true)
        .unwrap()
        .unwrap();
    constraint
        .forced()
        .iter()
        .for_each(|token| constraint.take(*token).unwrap());
    let mask = constraint.mask().unwrap();
    // A table of words is often padded.
    let mut logits = vec![1.0f32; VOCABULARY.size() + 40];
    mask.apply(&mut logits);
    let allowed: Vec<u32> = (0..)
        .zip(&logits)
        .filter(|(_, logit)| **logit == 1.0)
        .map(|(token, _)| token)
        .collect();
    assert_eq!(allowed, mask.tokens().collect::<Vec<_>>());
    assert!(!allowed.is_empty() && allowed.iter().all(|token| mask.allows(*token)));
}

#[test]
fn what_cannot_be_held_to_is_told_with_its_part() {
    let refused = |tools: Vec<ToolSpec>, output: Value| {
        let output = Type::Schema(Arc::new(Schema::parse(output).unwrap()));
        let error = grammars(Calls::Tagged)
            .constrain(&ask("", tools, output), false, false)
            .err()
            .unwrap();
        assert_eq!(error.kind, ErrorKind::Invalid);
        error.message
    };
    let overlapping = json!({ "oneOf": [{ "type": "integer" }, { "type": "number" }] });
    insta::assert_snapshot!(refused(Vec::new(), json!({ "type": "object", "properties": { "n": overlapping } })), @"no grammar can be made of the `output` type, at properties.n: oneOf constraints are not supported. Enable 'coerce_one_of' option to approximate oneOf with anyOf");
    insta::assert_snapshot!(refused(vec![search()], json!({ "type": "object", "not": { "required": ["a"] } })), @r#"no grammar can be made of the `output` type: Unimplemented keys: ["not"]"#);
    let impossible = tool(
        "impossible",
        json!({ "type": "object", "properties": { "n": { "type": "integer", "minimum": 3, "maximum": 2 } }, "required": ["n"] }),
    );
    insta::assert_snapshot!(refused(vec![search(), impossible], json!({ "type": "integer" })), @"no grammar can be made of the parameters of the tool `impossible`, at properties.n: Unsatisfiable schema: minimum (3) is greater than maximum (2)");
}

#[test]
fn a_call_may_be_demanded() {
    for calls in KINDS {
        for (choice, single) in [
            (ToolChoice::Required, false),
            (ToolChoice::Required, true),
            (ToolChoice::Named("read \"all\"".to_owned()), true),
        ] {
            let mut request = ask("", tools(), Type::String);
            request.calling = Calling { choice, single };
            for seed in 1..12 {
                let message = answered(calls, &request, false, seed);
                let made = message.tool_calls.len();
                assert!(
                    message.text.is_empty() && made > 0 && !(single && made > 1),
                    "{message:?}"
                );
                if matches!(request.calling.choice, ToolChoice::Named(_)) {
                    assert_eq!(message.tool_calls[0].name, "read \"all\"");
                }
            }
        }
    }
    let mut request = ask("", tools(), Type::String);
    request.calling.choice = ToolChoice::Named("stop".to_owned());
    let error = grammars(Calls::Tagged).constrain(&request, false, false).err().unwrap();
    assert_eq!(error.message, "`stop` is to be called, and is no tool on offer");
}
