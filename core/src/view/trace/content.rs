//! What was written, in the form that the conventions give messages: a role, and parts.

use crate::Value;
use crate::message::{AssistantMessage, Finish};
use serde_json::json;

/// Why a model stopped, in the conventions' words.
pub(super) fn finish_reason(finish: Finish, message: &AssistantMessage) -> &'static str {
    match finish {
        Finish::Length => "length",
        Finish::Filtered => "content_filter",
        Finish::Stop if message.tool_calls.is_empty() => "stop",
        Finish::Stop => "tool_call",
    }
}

/// A prompt.
pub(super) fn user(text: &str) -> Value {
    json!({ "role": "user", "parts": [{ "type": "text", "content": text }] })
}

/// What a tool gave back to a model.
pub(super) fn tool(id: &str, text: &str) -> Value {
    json!({ "role": "tool", "parts": [{ "type": "tool_call_response", "id": id, "response": text }] })
}

/// What a model wrote.
pub(super) fn assistant(message: &AssistantMessage, finish: Finish) -> Value {
    let mut parts = Vec::new();
    if !message.thinking.is_empty() {
        parts.push(json!({ "type": "reasoning", "content": message.thinking }));
    }
    if !message.text.is_empty() {
        parts.push(json!({ "type": "text", "content": message.text }));
    }
    parts.extend(message.tool_calls.iter().map(|call| {
        let arguments: Value = serde_json::from_str(&call.arguments).unwrap_or_else(|_| call.arguments.clone().into());
        json!({ "type": "tool_call", "id": call.id, "name": call.name, "arguments": arguments })
    }));
    json!([{ "role": "assistant", "parts": parts, "finish_reason": finish_reason(finish, message) }])
}
