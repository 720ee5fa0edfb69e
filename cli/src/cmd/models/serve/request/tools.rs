//! The tools of a chat, and which of them an answer calls.

use super::Refusal;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use troupe_core::port::model::ToolChoice;
use troupe_core::port::tool::ToolSpec;
use troupe_core::types::Type;

/// A tool.
#[derive(Deserialize)]
pub struct Tool {
    r#type: String,
    function: Option<Function>,
}

#[derive(Deserialize)]
struct Function {
    name: String,
    description: Option<String>,
    parameters: Option<Value>,
}

/// The tools on offer, as far as `choice` leaves them, and whether one is to be called.
pub fn read(tools: Vec<Tool>, choice: Option<&Value>) -> Result<(Arc<[ToolSpec]>, ToolChoice), Refusal> {
    let specs = tools.into_iter().enumerate().map(|(at, tool)| match tool.function {
        Some(function) if tool.r#type == "function" => Ok(ToolSpec {
            name: function.name,
            description: function.description.unwrap_or_default(),
            parameters: function
                .parameters
                .unwrap_or_else(|| json!({ "type": "object", "properties": {} })),
            result: Type::Any,
        }),
        _ => Err(Refusal::parameter(
            format!("tools[{at}]"),
            "is no `function`; others are not supported here",
        )),
    });
    let specs: Vec<ToolSpec> = specs.collect::<Result<_, _>>()?;
    let choice = match choice {
        None | Some(Value::Null) => ToolChoice::Auto,
        Some(Value::String(word)) if word == "auto" => ToolChoice::Auto,
        Some(Value::String(word)) if word == "none" => return Ok((Arc::default(), ToolChoice::Auto)),
        Some(Value::String(word)) if word == "required" => ToolChoice::Required,
        Some(choice) => match choice["function"]["name"].as_str() {
            Some(name) if choice["type"] == "function" => ToolChoice::Named(name.to_owned()),
            _ => {
                let what = "is `auto`, `none`, `required`, or an object of the type `function` with the name of one";
                return Err(Refusal::parameter("tool_choice", what));
            }
        },
    };
    let missing = match &choice {
        ToolChoice::Required if specs.is_empty() => Some("is `required`, and there are no `tools`".to_owned()),
        ToolChoice::Named(name) if specs.iter().all(|tool| tool.name != *name) => {
            Some(format!("names `{name}`, which is none of `tools`"))
        }
        _ => None,
    };
    match missing {
        Some(what) => Err(Refusal::parameter("tool_choice", what)),
        None => Ok((specs.into(), choice)),
    }
}
