//! What is written on the wire.

use super::*;
use crate::catalog::LengthParameter;
use crate::wire::chat_completions::names::WireNames;
use crate::wire::chat_completions::request::encode;
use insta::assert_snapshot;
use serde_json::json;
use troupe_core::Value;
use troupe_core::message::{AssistantMessage, ToolCall};
use troupe_core::port::model::{Calling, ToolChoice};
use troupe_core::port::tool::ToolSpec;
use troupe_core::sampling::Sampling;

fn body(request: &ModelRequest, quirks: Quirks, refused: Refused) -> Value {
    let options = ModelOptions::new("openai", "test-model");
    let endpoint = Endpoint::at("http://localhost:1/v1/", CALL, None).expect("an address");
    let model = ChatCompletions::new(&options, endpoint, quirks);
    let bytes = encode(&model.shared, request, &WireNames::new(&request.tools), refused);
    serde_json::from_slice(&bytes).expect("JSON")
}

fn search(name: &str) -> ToolSpec {
    ToolSpec {
        name: name.into(),
        description: "Finds chunks.".into(),
        parameters: json!({ "type": "object", "properties": { "keywords": { "type": "array" } } }),
        result: Type::Any,
    }
}

fn typed() -> Type {
    Type::Object([("supported".to_owned(), Type::Boolean)].into_iter().collect())
}

#[test]
fn a_plain_question() {
    assert_snapshot!(body(&question(), Quirks::COMMON, Refused::default()), @r#"{"model":"test-model","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"What is A-RAG?"}],"stream":true,"stream_options":{"include_usage":true},"temperature":0.5,"max_tokens":100}"#);
}

#[test]
fn a_conversation_with_tools() {
    let mut request = question();
    request.tools = Arc::new([search("papers.keyword_search")]);
    let call = |id: &str, arguments: &str| ToolCall {
        id: id.into(),
        name: "papers.keyword_search".into(),
        arguments: arguments.into(),
    };
    request
        .messages
        .push(Arc::new(Message::Assistant(Arc::new(AssistantMessage {
            text: String::new(),
            thinking: "not sent back".into(),
            tool_calls: vec![call("a", "{\"keywords\": []}"), call("b", "{broken")],
        }))));
    request.messages.push(Arc::new(Message::Tool {
        id: "a".into(),
        name: "papers.keyword_search".into(),
        text: "nothing".into(),
    }));
    let body = body(&request, Quirks::COMMON, Refused::default());
    assert_snapshot!(serde_json::to_string_pretty(&body["messages"]).expect("JSON"), @r#"
    [
      {
        "role": "system",
        "content": "Be brief."
      },
      {
        "role": "user",
        "content": "What is A-RAG?"
      },
      {
        "role": "assistant",
        "content": null,
        "tool_calls": [
          {
            "id": "a",
            "type": "function",
            "function": {
              "name": "papers_keyword_search",
              "arguments": "{\"keywords\": []}"
            }
          },
          {
            "id": "b",
            "type": "function",
            "function": {
              "name": "papers_keyword_search",
              "arguments": "{}"
            }
          }
        ]
      },
      {
        "role": "tool",
        "tool_call_id": "a",
        "content": "nothing"
      }
    ]
    "#);
    assert_snapshot!(body["tools"], @r#"[{"type":"function","function":{"name":"papers_keyword_search","description":"Finds chunks.","parameters":{"type":"object","properties":{"keywords":{"type":"array"}}}}}]"#);
    assert_eq!(body["tool_choice"], "auto");
    assert!(body.get("parallel_tool_calls").is_none());
    request.calling = Calling {
        choice: ToolChoice::Named("papers.keyword_search".into()),
        single: true,
    };
    let body = self::body(&request, Quirks::COMMON, Refused::default());
    assert_snapshot!(body["tool_choice"], @r#"{"type":"function","function":{"name":"papers_keyword_search"}}"#);
    assert_eq!(body["parallel_tool_calls"], false);
}

#[test]
fn a_typed_answer_is_asked_for_with_its_schema() {
    let mut request = question();
    request.output = typed();
    assert_snapshot!(body(&request, Quirks::COMMON, Refused::default())["response_format"], @r#"{"type":"json_schema","json_schema":{"name":"answer","strict":true,"schema":{"type":"object","properties":{"supported":{"type":"boolean"}},"required":["supported"],"additionalProperties":false}}}"#);
}

#[test]
fn the_schema_goes_beside_tools_only_where_that_works() {
    let mut request = question();
    request.output = typed();
    request.tools = Arc::new([search("keyword_search")]);
    let beside = Quirks {
        schema_beside_tools: true,
        ..Quirks::COMMON
    };
    assert!(
        body(&request, Quirks::COMMON, Refused::default())
            .get("response_format")
            .is_none()
    );
    assert!(
        body(&request, beside, Refused::default())
            .get("response_format")
            .is_some()
    );
}

#[test]
fn what_is_said_of_sampling_goes_along() {
    let mut request = question();
    request.sampling = Sampling {
        top_p: Some(0.9),
        top_k: Some(20),
        min_p: Some(0.05),
        repetition_penalty: Some(1.1),
        frequency_penalty: Some(0.2),
        presence_penalty: Some(0.3),
        seed: Some(7),
        stop: vec!["END".to_owned()],
        ..Sampling::default()
    };
    assert_snapshot!(body(&request, Quirks::COMMON, Refused::default()), @r#"{"model":"test-model","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"What is A-RAG?"}],"stream":true,"stream_options":{"include_usage":true},"top_p":0.9,"top_k":20,"min_p":0.05,"repetition_penalty":1.1,"frequency_penalty":0.2,"presence_penalty":0.3,"seed":7,"stop":["END"]}"#);
}

#[test]
fn the_length_parameter_has_two_names() {
    let newer = Quirks {
        length_parameter: LengthParameter::MaxCompletionTokens,
        ..Quirks::COMMON
    };
    let names = |quirks, refused| {
        let body = body(&question(), quirks, refused);
        ["max_tokens", "max_completion_tokens"].map(|name| body.get(name).is_some())
    };
    assert_eq!(names(Quirks::COMMON, Refused::default()), [true, false]);
    assert_eq!(names(newer, Refused::default()), [false, true]);
    assert_eq!(names(Quirks::COMMON, Refused::LENGTH_PARAMETER), [false, true]);
    assert_eq!(names(newer, Refused::LENGTH_PARAMETER), [true, false]);
}

#[test]
fn names_on_the_wire_lead_back() {
    let tools = [search("a.find"), search("a_find"), search("ä"), search(&"x".repeat(90))];
    let names = WireNames::new(&tools);
    let wire: Vec<String> = tools.iter().map(|tool| names.to_wire(&tool.name)).collect();
    for (tool, wire) in tools.iter().zip(&wire) {
        assert_eq!(names.own_name(wire), tool.name);
        assert!(wire.len() <= 64);
    }
    assert_eq!(wire[..3], ["a_find_2", "a_find", "_"]);
}

#[test]
fn addresses() {
    let url = |base: &str| {
        Endpoint::at(base, CALL, None)
            .map(|endpoint| endpoint.url.to_string())
            .map_err(|e| e.message)
    };
    assert_eq!(
        url("http://localhost:8000/v1").as_deref(),
        Ok("http://localhost:8000/v1/chat/completions")
    );
    assert_eq!(
        url("https://host/v1/chat/completions/").as_deref(),
        Ok("https://host/v1/chat/completions")
    );
    assert_eq!(
        url("http://host/v1?version=2").as_deref(),
        Ok("http://host/v1/chat/completions?version=2")
    );
    for wrong in ["", "localhost:8000", "ftp://host/v1", "http://"] {
        assert!(url(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_key_that_no_header_carries_is_refused_without_being_shown() {
    let error = Endpoint::at("http://localhost/v1", CALL, Some("sk-a\nb")).expect_err("an error");
    assert_eq!(error.kind, ErrorKind::Denied);
    assert!(!format!("{error:?}").contains("sk-a"));
}
