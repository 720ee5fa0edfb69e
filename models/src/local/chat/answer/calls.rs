//! The text of tool calls, read as leniently as it takes: a call that a model got wrong must reach its tool's answer,
//! which tells the model so, and must not pass for words.

use super::super::dialect::{ARGUMENTS, Calls};
use super::marked;
use serde::de::IgnoredAny;
use serde_json::{Deserializer, Value};
use troupe_core::port::tool::ToolSpec;

/// A call as it was written.
#[derive(Debug, PartialEq, Eq)]
pub struct Call {
    /// The id that the model gave it, if any.
    pub id: Option<String>,
    /// The tool's name.
    pub name: String,
    /// The arguments: JSON text, hopefully.
    pub arguments: String,
}

/// Whether nothing is missing of the text before a closing mark.
pub fn is_whole(calls: Calls, tools: &[ToolSpec], inner: &str) -> bool {
    match calls {
        Calls::Functions | Calls::Pairs => marked::is_whole(calls, tools, inner),
        _ => serde_json::from_str::<IgnoredAny>(inner).is_ok(),
    }
}

/// Whether a message begins as a bare call does, with `{"name":`. None while that is open.
pub fn is_bare(message: &str) -> Option<bool> {
    let mut rest = message;
    for part in ["{", "\"name\"", ":"] {
        rest = rest.trim_start();
        match rest.strip_prefix(part) {
            Some(behind) => rest = behind,
            None => return (!part.starts_with(rest)).then_some(false),
        }
    }
    Some(true)
}

/// The calls in the text behind an opening mark; none where no tool is named in it.
pub fn read(calls: Calls, tools: &[ToolSpec], inner: &str) -> Vec<Call> {
    match calls {
        Calls::Named => named(inner),
        Calls::Functions | Calls::Pairs => marked::read(calls, tools, inner).into_iter().collect(),
        Calls::Tagged | Calls::Bare | Calls::Listed => match values(inner) {
            Some(values) => values.iter().filter_map(|value| call(calls, value)).collect(),
            None => broken(calls, inner).into_iter().collect(),
        },
    }
}

/// The JSON values in a row, with what models put between them; lists are opened.
fn values(text: &str) -> Option<Vec<Value>> {
    let mut values = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let mut stream = Deserializer::from_str(rest).into_iter::<Value>();
        match stream.next()?.ok()? {
            Value::Array(items) => values.extend(items),
            value => values.push(value),
        }
        rest = rest[stream.byte_offset()..].trim_start_matches(|c: char| c.is_whitespace() || c == ';' || c == ',');
    }
    Some(values)
}

fn call(calls: Calls, value: &Value) -> Option<Call> {
    let name = value["name"].as_str()?;
    let given = ["arguments", "parameters"].iter().find_map(|key| value.get(key));
    let arguments = match given {
        // Some models write the arguments as a text that holds JSON.
        Some(Value::String(text)) => text.clone(),
        Some(given) => given.to_string(),
        // An answer may be an object with a name.
        None if calls == Calls::Bare => return None,
        None => "{}".to_owned(),
    };
    Some(Call {
        id: value["id"].as_str().map(str::to_owned),
        name: name.to_owned(),
        arguments,
    })
}

/// A call of which something is missing: its name, and all that stands behind the key of the arguments.
fn broken(calls: Calls, text: &str) -> Option<Call> {
    let (_, name) = text.split_once("\"name\"")?;
    let name = name.trim_start().strip_prefix(':')?.trim_start();
    let name = Deserializer::from_str(name).into_iter::<String>().next()?.ok()?;
    let keys = ["\"arguments\"", "\"parameters\""];
    let behind = keys
        .iter()
        .find_map(|key| text.split_once(key))
        .map(|(_, behind)| behind.trim_start());
    let arguments = behind.and_then(|behind| behind.strip_prefix(':'));
    if arguments.is_none() && calls == Calls::Bare {
        return None;
    }
    Some(Call {
        id: None,
        name,
        arguments: arguments.unwrap_or_default().trim().to_owned(),
    })
}

/// Calls of the form `name[ARGS]{…}`, with what newer models put in between (`[CALL_ID]…`), and marks between them.
fn named(text: &str) -> Vec<Call> {
    let mut calls = Vec::new();
    let mut rest = text;
    while let Some((head, behind)) = rest.split_once(ARGUMENTS) {
        let head = head.trim().trim_start_matches(Calls::Named.opening());
        let (name, id) = match head.split_once("[CALL_ID]") {
            Some((name, id)) => (name, Some(id.trim().to_owned())),
            None => (head, None),
        };
        // A mark may stand in a text of the arguments. Arguments that are no JSON end where the answer does.
        let mut stream = Deserializer::from_str(behind).into_iter::<IgnoredAny>();
        let end = match stream.next() {
            Some(Ok(_)) => stream.byte_offset(),
            _ => behind.len(),
        };
        calls.push(Call {
            id,
            name: name.trim().to_owned(),
            arguments: behind[..end].trim().to_owned(),
        });
        rest = &behind[end..];
    }
    calls
}
