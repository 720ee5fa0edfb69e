//! Servers of the Model Context Protocol: their tools, from the schemas that the file pins.
//!
//! A pinned file holds what the server answers to `tools/list` (MCP, “Tools”): `{"tools": [{"name",
//! "inputSchema", "outputSchema"?, "annotations"?}]}`. Checks never start a server.

use crate::code;
use crate::document::{Document, Pinned};
use crate::report::Report;
use crate::tool_types::{Argument, Signature};
use troupe_core::Value;
use troupe_core::diagnostic::Diagnostic;
use troupe_core::ir::{EffectClass, Tool, ToolSource};
use troupe_core::types::{Schema, Type};

/// The tools of all servers.
pub(super) fn check(report: &mut Report, document: &Document) -> Vec<(Tool, Signature)> {
    let mut tools = Vec::new();
    for server in &document.shared.servers {
        let Some(pinned) = &server.tools else { continue };
        match read(pinned) {
            Ok(found) => tools.extend(found.into_iter().map(|(name, class, signature)| {
                let tool = Tool {
                    path: format!("{}.{name}", server.name.value),
                    source: ToolSource::Mcp {
                        server: server.name.value.clone(),
                        tool: name,
                    },
                    class,
                };
                (tool, signature)
            })),
            Err(reason) => {
                let message = format!("`{}` cannot be used: {reason}", pinned.path.value);
                report.add(
                    Diagnostic::error(code::SERVER_SCHEMAS, pinned.path.span, message)
                        .hint("it holds what the server answers to `tools/list`: `{\"tools\": [{\"name\": …, \"inputSchema\": …}]}`"),
                );
            }
        }
    }
    tools
}

fn read(pinned: &Pinned) -> Result<Vec<(String, EffectClass, Signature)>, String> {
    let answer: Value = serde_json::from_str(&pinned.text).map_err(|error| format!("it is no JSON: {error}"))?;
    let tools = ["/tools", "/result/tools", ""]
        .iter()
        .find_map(|pointer| answer.pointer(pointer).and_then(Value::as_array));
    let tools = tools.ok_or("it has no list of `tools`")?;
    tools.iter().map(tool).collect()
}

fn tool(tool: &Value) -> Result<(String, EffectClass, Signature), String> {
    let name = tool.get("name").and_then(Value::as_str).ok_or("a tool has no `name`")?;
    let schema = |key: &str| {
        let schema = tool.get(key).map(|source| Schema::parse(source.clone()));
        schema.transpose().map_err(|errors| {
            format!(
                "the `{key}` of the tool `{name}`: {}",
                errors.first().map(ToString::to_string).unwrap_or_default()
            )
        })
    };
    let input = schema("inputSchema")?.ok_or_else(|| format!("the tool `{name}` has no `inputSchema`"))?;
    let arguments = match input.shape() {
        Type::Object(fields) => fields
            .iter()
            .map(|(name, kind)| Argument {
                name: name.clone(),
                required: !kind.allows_absence(),
                kind: kind.without(&[Type::Absent]).unwrap_or(Type::Any),
            })
            .collect(),
        _ => Vec::new(),
    };
    let result = match schema("outputSchema")? {
        Some(schema) => Type::Schema(std::sync::Arc::new(schema)),
        // Without a schema the answer is text for a model to read.
        None => Type::Object([("text".to_owned(), Type::String)].into_iter().collect()),
    };
    Ok((name.to_owned(), class(tool), Signature { arguments, result }))
}

/// What the server says of a call (MCP, “ToolAnnotations”); one that says nothing may do anything.
fn class(tool: &Value) -> EffectClass {
    let says = |hint: &str| tool.pointer(&format!("/annotations/{hint}")) == Some(&Value::Bool(true));
    if says("readOnlyHint") {
        EffectClass::Pure
    } else if says("idempotentHint") {
        EffectClass::Idempotent
    } else {
        EffectClass::Once
    }
}
