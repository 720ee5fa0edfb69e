//! What a model says, in the dialect's words: a whole answer, or its pieces.

use super::likely::Likely;
use serde_json::{Value, json};
use std::hash::{BuildHasher as _, RandomState};
use troupe_agents::{Clock as _, SystemClock};
use troupe_core::message::{Finish, Reply, Usage};
use troupe_core::port::model::Delta;

/// What all pieces of a completion begin with.
#[derive(Debug, Clone)]
pub struct Heading {
    id: String,
    created: u64,
    model: String,
}

impl Heading {
    /// A completion of `model` that begins now.
    pub fn new(model: &str) -> Self {
        let now_ms = SystemClock.now_ms();
        Self {
            id: format!("chatcmpl-{:016x}", RandomState::new().hash_one(now_ms)),
            created: now_ms / 1000,
            model: model.to_owned(),
        }
    }

    fn object(&self, kind: &str) -> Value {
        json!({ "id": self.id, "object": kind, "created": self.created, "model": self.model })
    }

    /// The whole completion.
    pub fn completion(&self, replies: &[Reply], likely: Option<&Likely>) -> Value {
        let mut usage = Usage::default();
        for (at, reply) in replies.iter().enumerate() {
            // The prompt is the same for all of them, and is counted once.
            usage.completion_tokens += reply.usage.completion_tokens;
            if at == 0 {
                (usage.prompt_tokens, usage.cached_tokens) = (reply.usage.prompt_tokens, reply.usage.cached_tokens);
            }
        }
        let mut object = self.object("chat.completion");
        object["choices"] = replies
            .iter()
            .enumerate()
            .map(|(at, reply)| choice(at, reply, likely))
            .collect();
        object["usage"] = counted(&usage);
        object
    }

    /// A piece of the answer `index`.
    pub fn piece(&self, index: usize, delta: &Value, finish: Option<&str>, likely: Option<&Value>) -> Value {
        let mut object = self.object("chat.completion.chunk");
        object["choices"] = json!([{ "index": index, "delta": delta, "finish_reason": finish, "logprobs": likely }]);
        object
    }

    /// The last piece, where the usage was asked for.
    pub fn last(&self, usage: &Usage) -> Value {
        let mut object = self.object("chat.completion.chunk");
        object["choices"] = json!([]);
        object["usage"] = counted(usage);
        object
    }
}

fn choice(index: usize, reply: &Reply, likely: Option<&Likely>) -> Value {
    let message = &reply.message;
    let calls = message.tool_calls.iter().map(|call| {
        json!({ "id": call.id, "type": "function", "function": { "name": call.name, "arguments": call.arguments } })
    });
    let calls: Vec<Value> = calls.collect();
    let reason = reason(reply.finish, !calls.is_empty());
    let silent = message.text.is_empty() && !calls.is_empty();
    let mut said = json!({ "role": "assistant", "content": (!silent).then_some(&message.text), "refusal": null });
    if !message.thinking.is_empty() {
        said["reasoning_content"] = message.thinking.as_str().into();
    }
    if !calls.is_empty() {
        said["tool_calls"] = calls.into();
    }
    let likely = likely.map(|likely| likely.told(reply.recording.tokens()));
    json!({ "index": index, "message": said, "finish_reason": reason, "logprobs": likely })
}

/// Why an answer ended.
pub fn reason(finish: Finish, calls: bool) -> &'static str {
    match finish {
        Finish::Length => "length",
        Finish::Filtered => "content_filter",
        Finish::Stop if calls => "tool_calls",
        Finish::Stop => "stop",
    }
}

fn counted(usage: &Usage) -> Value {
    json!({
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total(),
        "prompt_tokens_details": { "cached_tokens": usage.cached_tokens },
    })
}

/// The part of a piece that a delta is; none for what is told at the end.
pub fn delta(delta: &Delta) -> Option<Value> {
    match delta {
        Delta::Text(text) => Some(json!({ "content": text })),
        Delta::Thinking(text) => Some(json!({ "reasoning_content": text })),
        Delta::ToolCall {
            position,
            id,
            name,
            arguments,
        } => {
            let mut call = json!({ "index": position, "function": { "arguments": arguments } });
            if let Some(name) = name {
                call["function"]["name"] = name.as_str().into();
                call["type"] = "function".into();
                call["id"] = id.clone().unwrap_or_else(|| format!("call_{position}")).into();
            }
            Some(json!({ "tool_calls": [call] }))
        }
        Delta::Token(_) | Delta::Usage(_) | Delta::Finish(_) | Delta::Queued(_) | Delta::Void => None,
    }
}
