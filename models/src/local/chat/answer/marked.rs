//! Calls whose arguments stand between marks of their own: a text as it is, any other value as JSON.
//!
//! Nothing is escaped in them. A value ends where the first closing mark stands behind which the call goes on.

use super::super::dialect::{Calls, PAIR};
use super::super::kinds::Kinds;
use super::calls::Call;
use serde_json::{Map, Value};
use troupe_core::port::tool::ToolSpec;

/// A call's parts as they stand there.
struct Parts<'a> {
    name: &'a str,
    /// Keys and values.
    arguments: Vec<(&'a str, &'a str)>,
    /// Whether nothing is missing, and nothing follows.
    whole: bool,
}

/// Whether nothing is missing of a call.
pub fn is_whole(calls: Calls, inner: &str) -> bool {
    parts(calls, inner).is_some_and(|parts| parts.whole)
}

/// The call between two marks; none where no tool is named.
pub fn read(calls: Calls, tools: &[ToolSpec], inner: &str) -> Option<Call> {
    let parts = parts(calls, inner)?;
    let tool = tools.iter().find(|tool| tool.name == parts.name);
    let arguments = parts.arguments.into_iter().map(|(key, text)| {
        let kinds = tool.map_or(Kinds::ALL, |tool| Kinds::of_parameter(&tool.parameters, key));
        (key.to_owned(), value(text, kinds))
    });
    Some(Call {
        id: None,
        name: parts.name.to_owned(),
        arguments: Value::Object(arguments.collect::<Map<_, _>>()).to_string(),
    })
}

/// What a text stands for, where values of some kinds belong. What does not belong there stays what it looks like, for
/// the tool to find fault with.
fn value(text: &str, kinds: Kinds) -> Value {
    if kinds == Kinds::TEXT {
        return Value::from(text);
    }
    // Templates write some constants as Python does.
    let read = match text.trim() {
        "True" => Some(Value::Bool(true)),
        "False" => Some(Value::Bool(false)),
        "None" => Some(Value::Null),
        text => serde_json::from_str(text).ok(),
    };
    let fits = |value: &Value| kinds.allow(value) || !kinds.allow(&Value::from(""));
    read.filter(fits).unwrap_or_else(|| Value::from(text))
}

fn parts(calls: Calls, inner: &str) -> Option<Parts<'_>> {
    match calls {
        Calls::Functions => function(inner),
        Calls::Pairs => pairs(inner),
        _ => None,
    }
}

/// `<function=name>`, then each `<parameter=key>` with its value, then `</function>`.
fn function(inner: &str) -> Option<Parts<'_>> {
    let (name, mut rest) = inner.trim_start().strip_prefix("<function=")?.split_once('>')?;
    let mut parts = Parts {
        name: name.trim(),
        arguments: Vec::new(),
        whole: false,
    };
    let goes_on = |behind: &str| behind.starts_with("<parameter=") || behind.starts_with("</function>");
    loop {
        rest = rest.trim_start();
        if let Some(behind) = rest.strip_prefix("</function>") {
            parts.whole = behind.trim().is_empty();
            return Some(parts);
        }
        let Some((key, behind)) = rest.strip_prefix("<parameter=").and_then(|rest| rest.split_once('>')) else {
            return Some(parts);
        };
        // A value has lines of its own, unless it stands on the line of its mark.
        let lines = behind.strip_prefix('\n');
        let closed = match lines {
            Some(lines) => closed(lines, "\n</parameter>", goes_on),
            None => closed(behind, "</parameter>", goes_on),
        };
        let Some((value, behind)) = closed else {
            let value = lines.unwrap_or(behind);
            let value = value.split("</parameter>").next().unwrap_or_default();
            parts.arguments.push((key, value.trim_end()));
            return Some(parts);
        };
        parts.arguments.push((key, value));
        rest = behind;
    }
}

/// The name, then `<arg_key>key</arg_key>` and `<arg_value>value</arg_value>` in turn.
fn pairs(inner: &str) -> Option<Parts<'_>> {
    let [key_opens, key_closes, value_opens, value_closes] = PAIR;
    let end = inner.find(key_opens).unwrap_or(inner.len());
    let (name, mut rest) = (inner[..end].trim(), &inner[end..]);
    // One word: all else is no name, and so no call.
    if name.is_empty() || name.contains(|letter: char| "<>{}()\n".contains(letter)) {
        return None;
    }
    let mut parts = Parts {
        name,
        arguments: Vec::new(),
        whole: false,
    };
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            parts.whole = true;
            return Some(parts);
        }
        let key = rest
            .strip_prefix(key_opens)
            .and_then(|rest| rest.split_once(key_closes));
        let opened = key.and_then(|(key, rest)| Some((key.trim(), rest.trim_start().strip_prefix(value_opens)?)));
        let Some((key, text)) = opened else {
            return Some(parts);
        };
        let goes_on = |behind: &str| behind.is_empty() || behind.starts_with(key_opens);
        let Some((value, behind)) = closed(text, value_closes, goes_on) else {
            parts.arguments.push((key, text.trim_end()));
            return Some(parts);
        };
        parts.arguments.push((key, value));
        rest = behind;
    }
}

/// The text before the first `mark` behind which the call goes on, and what follows the mark.
fn closed<'a>(text: &'a str, mark: &str, goes_on: impl Fn(&str) -> bool) -> Option<(&'a str, &'a str)> {
    let mut ends = text.match_indices(mark).map(|(at, _)| (at, &text[at + mark.len()..]));
    let (at, behind) = ends.find(|(_, behind)| goes_on(behind.trim_start()))?;
    Some((&text[..at], behind))
}
