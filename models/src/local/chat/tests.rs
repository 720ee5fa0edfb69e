//! What the tests of this folder's parts share, and the whole of them.

use super::*;
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;
use troupe_core::message::{AssistantMessage, Message, ToolCall};
use troupe_core::port::model::{Delta, Fold};
use troupe_core::port::tool::ToolSpec;
use troupe_core::types::Type;

pub fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("src/local/fixtures/chat")
        .join(name)
}

/// What `fixtures/chat/make.py` wrote.
pub fn expected() -> Value {
    serde_json::from_slice(&std::fs::read(fixture("expected.json")).unwrap()).unwrap()
}

pub fn vocabulary() -> Vocabulary {
    Vocabulary::read(&fixture("")).unwrap()
}

/// The template of a family with its special tokens.
pub fn template(family: &str) -> Template {
    let source = match family {
        "chatml" => Source::default(),
        family => Source::from(std::fs::read_to_string(fixture(&format!("{family}.jinja"))).unwrap()),
    };
    Template::new(&source, special_texts(&expected()["templates"][family])).unwrap()
}

pub fn tool(name: &str, parameters: Value) -> ToolSpec {
    ToolSpec {
        name: name.to_owned(),
        description: String::new(),
        parameters,
        result: Type::Any,
    }
}

pub fn search() -> ToolSpec {
    let properties = json!({
        "keywords": { "type": "array", "items": { "type": "string" } },
        "top_k": { "type": "integer", "minimum": 1, "maximum": 20 },
    });
    tool(
        "keyword_search",
        json!({ "type": "object", "properties": properties, "required": ["keywords"] }),
    )
}

pub fn ask(text: &str, tools: Vec<ToolSpec>, output: Type) -> ModelRequest {
    ModelRequest {
        system: "You are terse.".into(),
        messages: vec![Arc::new(Message::User { text: text.to_owned() })],
        tools: tools.into(),
        branch: None,
        calling: troupe_core::port::model::Calling::default(),
        output,
        sampling: troupe_core::sampling::Sampling::default(),
        forced: false,
    }
}

/// A case of the fixtures, in the form of OpenAI's API, as a request.
pub fn request(case: &Value) -> ModelRequest {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut request = ask("", Vec::new(), Type::String);
    request.system = "".into();
    request.messages.clear();
    for message in list(&case["messages"]) {
        let content = text(&message["content"]);
        let call = |call: Value| ToolCall {
            id: text(&call["id"]),
            name: text(&call["function"]["name"]),
            arguments: call["function"]["arguments"].to_string(),
        };
        let message = match message["role"].as_str().unwrap() {
            "system" => {
                request.system = content.into();
                continue;
            }
            "user" => Message::User { text: content },
            "tool" => Message::Tool {
                id: text(&message["tool_call_id"]),
                name: text(&message["name"]),
                text: content,
            },
            _ => Message::Assistant(Arc::new(AssistantMessage {
                text: content,
                thinking: text(&message["reasoning_content"]),
                tool_calls: list(&message["tool_calls"]).into_iter().map(call).collect(),
            })),
        };
        request.messages.push(Arc::new(message));
    }
    let tools = list(&case["tools"]).into_iter().map(|tool| ToolSpec {
        name: text(&tool["function"]["name"]),
        description: text(&tool["function"]["description"]),
        parameters: tool["function"]["parameters"].clone(),
        result: Type::Any,
    });
    request.tools = tools.collect();
    request
}

/// A whole answer from its deltas.
pub fn fold(deltas: impl IntoIterator<Item = Delta>) -> AssistantMessage {
    let mut fold = Fold::default();
    deltas.into_iter().for_each(|delta| fold.push(delta));
    let reply = fold.finish(0);
    Arc::unwrap_or_clone(reply.message)
}

/// A folder of a model with the fixture's tokenizer and a template.
fn folder(family: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| std::fs::write(folder.path().join(name), text).unwrap();
    write(
        "tokenizer.json",
        std::fs::read_to_string(fixture("tokenizer.json")).unwrap(),
    );
    let template = std::fs::read_to_string(fixture(&format!("{family}.jinja"))).unwrap();
    let expected = expected();
    let made = &expected["templates"][family];
    let config = json!({ "chat_template": template, "bos_token": { "content": made["bos_token"] }, "eos_token": made["eos_token"] });
    write("tokenizer_config.json", config.to_string());
    write(
        "generation_config.json",
        json!({ "eos_token_id": [900, 902] }).to_string(),
    );
    folder
}

#[test]
fn a_folder_is_read_whole() {
    let folder = folder("qwen3");
    let chat = Chat::read(folder.path()).unwrap();
    let end = chat.vocabulary().token("<|im_end|>").unwrap();
    assert!(
        chat.eos().contains(&end) && chat.eos().contains(&900),
        "{:?}",
        chat.eos()
    );
    let request = request(&expected()["cases"][4]);
    let tokens = chat.prompt(&request).unwrap();
    let bytes: Vec<u8> = tokens
        .iter()
        .flat_map(|token| chat.vocabulary().word(*token).bytes.clone())
        .collect();
    assert_eq!(
        json!(String::from_utf8(bytes).unwrap()),
        expected()["templates"]["qwen3"]["prompts"][8]
    );
    assert_eq!(tokens[0], chat.vocabulary().token("<|im_start|>").unwrap());
}

#[test]
fn what_the_model_wrote_comes_back_as_it_was() {
    // A call is written, taken apart, shown again: the prompt goes on as the answer did, so that its cache serves on.
    for (family, call) in [
        (
            "qwen3",
            "<tool_call>\n{\"name\": \"keyword_search\", \"arguments\": {\"keywords\": [\"é\"], \"top_k\": 3}}\n</tool_call>",
        ),
        (
            "qwen3-coder",
            "<tool_call>\n<function=keyword_search>\n<parameter=keywords>\n[\"é\"]\n</parameter>\n<parameter=top_k>\n3\n</parameter>\n</function>\n</tool_call>",
        ),
        (
            "llama3",
            "{\"name\": \"keyword_search\", \"parameters\": {\"keywords\": [\"é\"], \"top_k\": 3}}",
        ),
    ] {
        let folder = folder(family);
        let chat = Chat::read(folder.path()).unwrap();
        let mut request = ask("Who?", vec![search()], Type::String);
        let mut tokens = chat.prompt(&request).unwrap();
        let written = chat.vocabulary().encode(call).unwrap();
        let (mut writer, mut answer, mut constraint) = (
            chat.writer(),
            chat.answer(&request),
            chat.constrain(&request).unwrap().unwrap(),
        );
        let mut deltas = Vec::new();
        for token in &written {
            constraint.take(*token).unwrap();
            deltas.extend(
                writer
                    .push(chat.vocabulary(), *token)
                    .map_or(Vec::new(), |text| answer.push(&text)),
            );
        }
        deltas.extend(answer.finish());
        request
            .messages
            .push(Arc::new(Message::Assistant(Arc::new(fold(deltas)))));
        let found = Message::Tool {
            id: "call_0".into(),
            name: "keyword_search".into(),
            text: "Otters.".into(),
        };
        request.messages.push(Arc::new(found));
        tokens.extend(written);
        assert!(chat.prompt(&request).unwrap().starts_with(&tokens), "{family}");
    }
}

#[test]
fn files_that_are_wrong_are_named() {
    let broken = |name: &str, text: &str| {
        let folder = folder("qwen2");
        std::fs::write(folder.path().join(name), text).unwrap();
        let error = Chat::read(folder.path()).err().unwrap();
        error.replace(folder.path().to_str().unwrap(), "FOLDER")
    };
    insta::assert_snapshot!(broken("tokenizer_config.json", "{"), @"FOLDER/tokenizer_config.json: EOF while parsing an object at line 1 column 1");
    insta::assert_snapshot!(broken("chat_template.jinja", "{% if %}"), @"FOLDER: the chat template cannot be read: unexpected end of block (line 1)");
    insta::assert_snapshot!(broken("generation_config.json", "{\"eos_token_id\": 100000}"), @"FOLDER: 100000 ends answers, but the vocabulary has 919 tokens only");
}
