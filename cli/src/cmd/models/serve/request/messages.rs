//! The messages of a chat, as its clients write them.

use super::Refusal;
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::Arc;
use troupe_core::message::{AssistantMessage, Message, ToolCall};

/// One message.
#[derive(Deserialize)]
#[serde(tag = "role", rename_all = "snake_case")]
pub enum Entry {
    System {
        content: Content,
    },
    /// OpenAI's newer word for the same.
    Developer {
        content: Content,
    },
    User {
        content: Content,
    },
    Assistant {
        content: Option<Content>,
        /// What servers of thinking models add, and their clients send back.
        reasoning_content: Option<String>,
        tool_calls: Option<Vec<Call>>,
    },
    Tool {
        tool_call_id: String,
        content: Content,
    },
}

/// A text, or parts of one.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Deserialize)]
pub struct Part {
    r#type: String,
    text: Option<String>,
}

#[derive(Deserialize)]
pub struct Call {
    id: String,
    function: CalledFunction,
}

#[derive(Deserialize)]
struct CalledFunction {
    name: String,
    arguments: String,
}

/// The system prompt, and the transcript. What systems and developers say becomes one prompt, in its order: the port
/// has one place for it.
pub fn read(entries: Vec<Entry>) -> Result<(String, Vec<Arc<Message>>), Refusal> {
    let mut system: Vec<String> = Vec::new();
    let mut messages = Vec::new();
    let mut called: HashMap<String, String> = HashMap::new();
    for (at, entry) in entries.into_iter().enumerate() {
        let text = |content: Content| text(content, at);
        messages.push(Arc::new(match entry {
            Entry::System { content } | Entry::Developer { content } => {
                system.push(text(content)?);
                continue;
            }
            Entry::User { content } => Message::User { text: text(content)? },
            Entry::Assistant {
                content,
                reasoning_content,
                tool_calls,
            } => {
                let calls = tool_calls.unwrap_or_default().into_iter().map(|call| ToolCall {
                    id: call.id,
                    name: call.function.name,
                    arguments: call.function.arguments,
                });
                let tool_calls: Vec<ToolCall> = calls.collect();
                called.extend(tool_calls.iter().map(|call| (call.id.clone(), call.name.clone())));
                Message::Assistant(Arc::new(AssistantMessage {
                    text: content.map(text).transpose()?.unwrap_or_default(),
                    thinking: reasoning_content.unwrap_or_default(),
                    tool_calls,
                }))
            }
            Entry::Tool {
                tool_call_id: id,
                content,
            } => {
                let unknown = || {
                    Refusal::parameter(
                        format!("messages[{at}].tool_call_id"),
                        format!("no call `{id}` comes before it"),
                    )
                };
                let name = called.get(&id).cloned().ok_or_else(unknown)?;
                Message::Tool {
                    name,
                    text: text(content)?,
                    id,
                }
            }
        }));
    }
    if messages.is_empty() {
        return Err(Refusal::parameter("messages", "holds nothing to answer"));
    }
    Ok((system.join("\n\n"), messages))
}

fn text(content: Content, at: usize) -> Result<String, Refusal> {
    let parts = match content {
        Content::Text(text) => return Ok(text),
        Content::Parts(parts) => parts,
    };
    let texts = parts
        .into_iter()
        .enumerate()
        .map(|(part, Part { r#type, text })| match text {
            Some(text) if r#type == "text" => Ok(text),
            _ => {
                let place = format!("messages[{at}].content[{part}]");
                Err(Refusal::parameter(
                    place,
                    format!("is of the type `{type}`; only text is read here"),
                ))
            }
        });
    texts.collect()
}
