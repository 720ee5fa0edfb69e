//! Bodies in, requests or refusals out.

use super::*;
use proptest::prelude::*;
use troupe_core::message::Message;
use troupe_core::port::model::ToolChoice;

fn asked(body: Value) -> Result<Asked, String> {
    read(body.to_string().as_bytes())
        .map_err(|refusal| refusal.object()["error"]["message"].as_str().unwrap().to_owned())
}

/// A request with one question and a further parameter.
fn with(name: &str, value: Value) -> Result<Asked, String> {
    let mut body = json!({ "model": "m", "messages": [{ "role": "user", "content": "Hello?" }] });
    body[name] = value;
    asked(body)
}

#[test]
fn a_conversation_keeps_its_order_and_its_tools() {
    let call = json!({ "id": "c1", "type": "function", "function": { "name": "look", "arguments": "{}" } });
    let body = json!({
        "model": "m",
        "messages": [
            { "role": "system", "content": "Be short." },
            { "role": "user", "content": [{ "type": "text", "text": "What " }, { "type": "text", "text": "is it?" }] },
            { "role": "assistant", "content": null, "tool_calls": [call] },
            { "role": "tool", "tool_call_id": "c1", "content": "an owl" },
            { "role": "developer", "content": "Be kind." },
        ],
        "tools": [{ "type": "function", "function": { "name": "look", "strict": true } }],
    });
    let Asked {
        request,
        choices,
        stream,
        ..
    } = asked(body).unwrap();
    assert_eq!((&*request.system, choices, stream), ("Be short.\n\nBe kind.", 1, false));
    assert_eq!(
        *request.messages[0],
        Message::User {
            text: "What is it?".into()
        }
    );
    let Message::Assistant(message) = &*request.messages[1] else {
        panic!("{request:?}")
    };
    assert_eq!(
        (message.text.as_str(), message.tool_calls[0].name.as_str()),
        ("", "look")
    );
    let answer = Message::Tool {
        id: "c1".into(),
        name: "look".into(),
        text: "an owl".into(),
    };
    assert_eq!(*request.messages[2], answer);
    assert_eq!(
        request.tools[0].parameters,
        json!({ "type": "object", "properties": {} })
    );
}

#[test]
fn settings_go_where_the_port_has_them() {
    let body = json!({
        "model": "m", "messages": [{ "role": "user", "content": "x" }], "n": 2, "stream": true,
        "stream_options": { "include_usage": true }, "temperature": 0.5, "top_p": 0.9, "top_k": 40, "min_p": 0.1,
        "frequency_penalty": -1, "presence_penalty": 1, "repetition_penalty": 1.1, "seed": 7, "stop": "END",
        "max_tokens": 5, "max_completion_tokens": 6, "user": "somebody", "logprobs": false, "store": null,
    });
    let asked = asked(body).unwrap();
    assert_eq!((asked.choices, asked.stream, asked.usage), (2, true, true));
    let expected = Sampling {
        temperature: Some(0.5),
        top_p: Some(0.9),
        top_k: Some(40),
        min_p: Some(0.1),
        repetition_penalty: Some(1.1),
        frequency_penalty: Some(-1.0),
        presence_penalty: Some(1.0),
        seed: Some(7),
        stop: vec!["END".into()],
        max_tokens: Some(6),
    };
    assert_eq!(asked.request.sampling, expected);
}

#[test]
fn the_form_of_an_answer_is_a_type() {
    assert_eq!(
        with("response_format", json!({ "type": "text" }))
            .unwrap()
            .request
            .output,
        Type::String
    );
    let object = with("response_format", json!({ "type": "json_object" }))
        .unwrap()
        .request
        .output;
    assert!(object.check(&json!({ "a": 1 })).is_ok() && object.check(&json!([1])).is_err());
    let schema = json!({ "type": "object", "properties": { "n": { "type": "integer" } }, "required": ["n"] });
    let format = json!({ "type": "json_schema", "json_schema": { "name": "it", "schema": schema } });
    let output = with("response_format", format).unwrap().request.output;
    assert!(output.check(&json!({ "n": 1 })).is_ok() && output.check(&json!({ "n": "x" })).is_err());
}

#[test]
fn calls_may_be_demanded_and_tokens_told() {
    let mut body = json!({
        "model": "m", "messages": [{ "role": "user", "content": "x" }], "logprobs": true, "top_logprobs": 8,
        "tools": [{ "type": "function", "function": { "name": "look" } }], "parallel_tool_calls": false,
        "tool_choice": { "type": "function", "function": { "name": "look" } },
    });
    let one = asked(body.clone()).unwrap();
    let choice = ToolChoice::Named("look".into());
    assert_eq!(
        (one.likely, one.request.calling),
        (Some(8), Calling { choice, single: true })
    );
    body["tool_choice"] = json!("required");
    assert_eq!(
        asked(body.clone()).unwrap().request.calling.choice,
        ToolChoice::Required
    );
    body["top_logprobs"] = json!(9);
    assert_eq!(
        asked(body).unwrap_err(),
        "`top_logprobs`: is 9; 8 are kept of each token"
    );
}

#[test]
fn what_cannot_be_followed_is_refused_by_name() {
    let image = json!([{ "role": "user", "content": [{ "type": "image_url", "image_url": { "url": "x" } }] }]);
    let told = [
        with("logit_bias", json!({ "1": 2 })),
        with("top_logprobs", json!(3)),
        with("temperature", json!(3)),
        with("n", json!(0)),
        with("stop", json!(["", "x"])),
        with("tool_choice", json!("required")),
        with(
            "tool_choice",
            json!({ "type": "function", "function": { "name": "look" } }),
        ),
        with("tool_choice", json!("any")),
        with("messages", json!([])),
        with("messages", image),
        with(
            "messages",
            json!([{ "role": "tool", "tool_call_id": "c9", "content": "x" }]),
        ),
        with("tools", json!([{ "type": "web_search" }])),
        with(
            "response_format",
            json!({ "type": "json_schema", "json_schema": { "schema": { "type": "owl" } } }),
        ),
    ];
    let told: Vec<String> = told.into_iter().map(Result::unwrap_err).collect();
    let starts = [
        "`logit_bias`: is not supported here",
        "`top_logprobs`: needs `logprobs: true`",
        "`temperature`: is 3; it goes from 0 to 2",
        "`n`: is 0",
        "`stop`: takes up to 16 texts",
        "`tool_choice`: is `required`, and there are no `tools`",
        "`tool_choice`: names `look`, which is none of `tools`",
        "`tool_choice`: is `auto`, `none`, `required`, or an object",
        "`messages`: holds nothing to answer",
        "`messages[0].content[0]`: is of the type `image_url`",
        "`messages[0].tool_call_id`: no call `c9`",
        "`tools[0]`: is no `function`",
        "`response_format.json_schema.schema`: ",
    ];
    for (told, start) in told.iter().zip(starts) {
        assert!(told.starts_with(start), "{told}");
    }
    assert!(with("tool_choice", json!("none")).unwrap().request.tools.is_empty());
}

proptest! {
    /// No body makes it panic, and every refusal is an object with a sentence.
    #[test]
    fn any_body_is_read_or_refused(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Err(refusal) = read(&body) {
            prop_assert!(refusal.object()["error"]["message"].is_string());
        }
    }
}
