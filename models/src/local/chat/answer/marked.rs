//! Calls whose arguments stand between marks of their own: a text as it is, any other value as JSON.
//!
//! Nothing is escaped in them. A value ends where the first closing mark stands behind which the call goes on.

use super::super::dialect::{Calls, PAIR};
use super::super::kinds::Kinds;
use super::calls::Call;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};
use troupe_core::port::tool::ToolSpec;

/// A call, as far as it was written.
struct Parts<'a> {
    name: &'a str,
    /// The tool's parameters, where there is such a tool.
    parameters: Option<&'a Value>,
    arguments: Map<String, Value>,
    /// Whether nothing is missing, and nothing follows.
    whole: bool,
}

impl<'a> Parts<'a> {
    fn of(name: &'a str, tools: &'a [ToolSpec]) -> Self {
        let tool = tools.iter().find(|tool| tool.name == name);
        Self {
            name,
            parameters: tool.map(|tool| &tool.parameters),
            arguments: Map::new(),
            whole: false,
        }
    }

    fn kinds(&self, key: &str) -> Kinds {
        self.parameters
            .map_or(Kinds::ALL, |parameters| Kinds::of_parameter(parameters, key))
    }

    fn give(&mut self, key: &str, text: &str) {
        let value = value(text, self.kinds(key));
        self.arguments.insert(key.to_owned(), value);
    }
}

/// Whether nothing is missing of a call.
pub fn is_whole(calls: Calls, tools: &[ToolSpec], inner: &str) -> bool {
    parts(calls, tools, inner).is_some_and(|parts| parts.whole)
}

/// The call between two marks; none where no tool is named.
pub fn read(calls: Calls, tools: &[ToolSpec], inner: &str) -> Option<Call> {
    let parts = parts(calls, tools, inner)?;
    Some(Call {
        id: None,
        name: parts.name.to_owned(),
        arguments: Value::Object(parts.arguments).to_string(),
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
    let fits = |value: &Value| kinds.allow(value) || !kinds.allow_text();
    read.filter(fits).unwrap_or_else(|| Value::from(text))
}

fn parts<'a>(calls: Calls, tools: &'a [ToolSpec], inner: &'a str) -> Option<Parts<'a>> {
    match calls {
        Calls::Functions => function(tools, inner),
        Calls::Pairs => pairs(tools, inner),
        _ => None,
    }
}

/// `<function=name>`, then each `<parameter=key>` with its value, then `</function>`.
fn function<'a>(tools: &'a [ToolSpec], inner: &'a str) -> Option<Parts<'a>> {
    let (name, mut rest) = inner.trim_start().strip_prefix("<function=")?.split_once('>')?;
    let mut parts = Parts::of(name.trim(), tools);
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
        let (key, kinds) = (key.trim(), parts.kinds(key.trim()));
        // A value has lines of its own, unless it stands on the line of its mark.
        let lines = behind.strip_prefix('\n');
        let closed = match lines {
            Some(lines) => closed(lines, "\n</parameter>", kinds, goes_on),
            None => closed(behind, "</parameter>", kinds, goes_on),
        };
        let Some((text, behind)) = closed else {
            let text = lines.unwrap_or(behind);
            let text = text.split("</parameter>").next().unwrap_or_default();
            parts.give(key, text.trim_end());
            return Some(parts);
        };
        parts.give(key, text);
        rest = behind;
    }
}

/// The name, then `<arg_key>key</arg_key>` and `<arg_value>value</arg_value>` in turn.
fn pairs<'a>(tools: &'a [ToolSpec], inner: &'a str) -> Option<Parts<'a>> {
    let [key_opens, key_closes, value_opens, value_closes] = PAIR;
    let end = inner.find(key_opens).unwrap_or(inner.len());
    let (name, mut rest) = (inner[..end].trim(), &inner[end..]);
    // One word: all else is no name, and so no call.
    if name.is_empty() || name.contains(|letter: char| "<>{}()\n".contains(letter)) {
        return None;
    }
    let mut parts = Parts::of(name, tools);
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
        let Some((value, behind)) = closed(text, value_closes, parts.kinds(key), goes_on) else {
            parts.give(key, text.trim_end());
            return Some(parts);
        };
        parts.give(key, value);
        rest = behind;
    }
}

/// The text before the first `mark` behind which the call goes on, and what follows the mark. Where no text belongs,
/// a mark inside of JSON closes nothing.
fn closed<'a>(text: &'a str, mark: &str, kinds: Kinds, goes_on: impl Fn(&str) -> bool) -> Option<(&'a str, &'a str)> {
    let is_open = |value: &str| {
        let read = serde_json::from_str::<IgnoredAny>(value);
        !kinds.allow_text() && !value.trim().is_empty() && read.is_err_and(|error| error.is_eof())
    };
    let mut ends = text
        .match_indices(mark)
        .map(|(at, _)| (&text[..at], &text[at + mark.len()..]));
    ends.find(|(value, behind)| goes_on(behind.trim_start()) && !is_open(value))
}
