//! A request as the messages and tools that templates read, in the form of OpenAI's API.

use super::super::dialect::Calls;
use serde_json::{Value, json};
use troupe_core::message::{AssistantMessage, Message};
use troupe_core::port::model::ModelRequest;
use troupe_core::port::tool::ToolSpec;

/// What a template can show. What it cannot is written into messages that it can.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Accepts {
    /// A system prompt; otherwise it becomes the beginning of the first message.
    system: bool,
    /// Two messages of a user in a row; otherwise they are joined.
    in_a_row: bool,
    /// Tools, calls and answers; otherwise they are told in words, as [`Calls::Tagged`] writes them.
    tools: bool,
}

const PROBE: &str = "probe31415";
const FIRST: &str = "probe27182";

/// A conversation of one message.
pub fn one() -> Vec<Value> {
    vec![user(FIRST)]
}

impl Accepts {
    /// Tries with `fill`, the template applied to messages and tools.
    ///
    /// # Errors
    /// A template that does not show one message.
    pub fn tried(fill: impl Fn(&[Value], &[Value]) -> Result<String, String>) -> Result<Self, String> {
        if !fill(&one(), &[])?.contains(FIRST) {
            return Err("the model's chat template does not show a user's message".to_owned());
        }
        let shows = |messages: &[Value], tools: &[Value], texts: &[&str]| {
            fill(messages, tools).is_ok_and(|prompt| texts.iter().all(|text| prompt.contains(text)))
        };
        // A name and an id that no template finds fault with.
        let call = json!({ "type": "function", "id": "probe0001", "function": { "name": PROBE, "arguments": {} } });
        let tool = json!({
            "type": "function",
            "function": { "name": PROBE, "description": "", "parameters": { "type": "object", "properties": {} } },
        });
        let called = [
            user(FIRST),
            json!({ "role": "assistant", "content": "", "tool_calls": [call] }),
            json!({ "role": "tool", "name": PROBE, "tool_call_id": "probe0001", "content": "probe16180" }),
        ];
        Ok(Self {
            system: shows(&[system(PROBE), user(FIRST)], &[], &[PROBE, FIRST]),
            in_a_row: shows(&[user(FIRST), user(PROBE)], &[], &[FIRST, PROBE]),
            tools: shows(&one(), std::slice::from_ref(&tool), &[PROBE]) && shows(&called, &[tool], &["probe16180"]),
        })
    }

    /// Whether it has a place for tools. Where it has none, the model is told of them and of how they are called.
    pub fn shows_tools(self) -> bool {
        self.tools
    }
}

/// The messages and the tools of a request.
pub fn of(request: &ModelRequest, calls: Calls, accepts: Accepts) -> (Vec<Value>, Vec<Value>) {
    let mut tools: Vec<Value> = request.tools.iter().map(tool).collect();
    let mut head = request.system.to_string();
    if !accepts.tools && !tools.is_empty() {
        head = format!("{head}\n\n{}", in_words(&std::mem::take(&mut tools)))
            .trim_start()
            .to_owned();
    }
    let mut messages = Vec::new();
    if !head.is_empty() {
        let message = if accepts.system { system(&head) } else { user(&head) };
        messages.push(message);
    }
    messages.extend(request.messages.iter().map(|message| match &**message {
        Message::User { text } => user(text),
        Message::Assistant(message) if accepts.tools => assistant(message, calls),
        Message::Assistant(message) => json!({ "role": "assistant", "content": written(message) }),
        Message::Tool { id, name, text } if accepts.tools => {
            json!({ "role": "tool", "name": name, "tool_call_id": call_id(id, calls), "content": text })
        }
        Message::Tool { text, .. } => user(&format!("<tool_response>\n{text}\n</tool_response>")),
    }));
    // A system prompt that had to become a message makes two in a row.
    if !accepts.in_a_row || !accepts.system {
        messages = joined(messages);
    }
    (messages, tools)
}

fn system(text: &str) -> Value {
    json!({ "role": "system", "content": text })
}

fn user(text: &str) -> Value {
    json!({ "role": "user", "content": text })
}

/// A tool in the form of OpenAI's API.
fn tool(spec: &ToolSpec) -> Value {
    json!({
        "type": "function",
        "function": { "name": spec.name, "description": spec.description, "parameters": spec.parameters },
    })
}

/// What the model wrote, its thoughts included: the template knows how long they matter.
fn assistant(message: &AssistantMessage, calls: Calls) -> Value {
    let mut written = json!({ "role": "assistant", "content": message.text });
    if !message.thinking.is_empty() {
        written["reasoning_content"] = json!(message.thinking);
    }
    if !message.tool_calls.is_empty() {
        let made = message.tool_calls.iter().map(|call| {
            let function = json!({ "name": call.name, "arguments": object_or_empty(&call.arguments) });
            json!({ "type": "function", "id": call_id(&call.id, calls), "function": function })
        });
        written["tool_calls"] = made.collect();
    }
    written
}

/// Templates look into the arguments of earlier calls, and fail on what a model once wrote that is no JSON object.
fn object_or_empty(arguments: &str) -> Value {
    let read = serde_json::from_str::<Value>(arguments).ok().filter(Value::is_object);
    read.unwrap_or_else(|| json!({}))
}

/// Mistral's templates refuse ids that are not nine letters or digits.
fn call_id(id: &str, calls: Calls) -> String {
    if !matches!(calls, Calls::Listed | Calls::Named) {
        return id.to_owned();
    }
    let letters: String = id.chars().filter(char::is_ascii_alphanumeric).collect();
    let last = &letters[letters.len().saturating_sub(9)..];
    format!("{last:0>9}")
}

/// Messages of the same role in a row as one, where they are text and nothing else.
fn joined(messages: Vec<Value>) -> Vec<Value> {
    let mut joined: Vec<Value> = Vec::new();
    for message in messages {
        match joined.last_mut() {
            Some(last) if last["role"] == "user" && message["role"] == "user" => {
                let texts = [&last["content"], &message["content"]].map(|text| text.as_str().unwrap_or_default());
                last["content"] = json!(texts.join("\n\n"));
            }
            _ => joined.push(message),
        }
    }
    joined
}

/// Tools in words, for templates that have no place for them.
fn in_words(tools: &[Value]) -> String {
    let tools: Vec<String> = tools.iter().map(Value::to_string).collect();
    format!(
        "You may call these functions:\n<tools>\n{}\n</tools>\n\nFor each call, write a JSON object with the function's \
         name and arguments between marks:\n<tool_call>\n{{\"name\": <name>, \"arguments\": <object>}}\n</tool_call>",
        tools.join("\n")
    )
}

/// An answer with its calls in words.
fn written(message: &AssistantMessage) -> String {
    let calls = message.tool_calls.iter().map(|call| {
        let call = json!({ "name": call.name, "arguments": object_or_empty(&call.arguments) });
        format!("<tool_call>\n{call}\n</tool_call>")
    });
    let text = (!message.text.is_empty()).then(|| message.text.clone());
    text.into_iter().chain(calls).collect::<Vec<_>>().join("\n")
}
