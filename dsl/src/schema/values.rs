//! What keys take: texts, expressions, numbers, durations, types, names.

use super::Drawing;
use super::keys::{IDENTIFIER, LABEL};
use crate::language::{Mapping, Names, Takes};
use crate::shorthand::TYPE_WORDS;
use crate::standard;
use serde_json::json;
use troupe_core::Value;

/// No `${{` anywhere.
const NO_MARKS: &str = r"^(?![\s\S]*\$\{\{)";
/// A type that is more than a word: a list, an object or a union, closed where it was opened.
const COMPOUND_TYPE: &str = r"^[^?$]*[\[{|][^?$]*$";

impl Drawing {
    pub(super) fn value(&mut self, takes: &'static Takes) -> Value {
        match takes {
            Takes::Version => json!({ "enum": [1, "1"], "default": 1 }),
            Takes::Boolean => json!({ "type": "boolean" }),
            Takes::Text => self.definition("text", |_| {
                unmarked("plain text is wanted here: there are no expressions")
            }),
            Takes::Expression => self.definition("expression", |_| {
                unmarked("this is an expression already, and takes no `${{ }}` around it")
            }),
            // Text may look like a number or a boolean.
            Takes::Template => json!({ "type": ["string", "number", "boolean"] }),
            Takes::Integer(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
            Takes::Number(least, most) => json!({ "type": "number", "minimum": least, "maximum": most }),
            Takes::Duration => self.definition("duration", |_| duration()),
            Takes::Type => self.definition("type", |_| kind()),
            Takes::Value | Takes::Data => json!({}),
            Takes::Words(words) => json!({ "enum": words }),
            Takes::Name(names) => name(*names),
            Takes::Mapping(mapping) => self.mapping(mapping),
            Takes::Each(inner) => json!({ "type": ["object", "null"], "additionalProperties": self.value(inner) }),
            Takes::List(inner) => json!({ "type": "array", "items": self.value(inner) }),
            Takes::Or([Takes::Type, Takes::Mapping(mapping)]) => self.declaration(mapping),
            Takes::Or(parts) => {
                let parts: Vec<Value> = parts.iter().map(|part| self.value(part)).collect();
                json!({ "anyOf": parts })
            }
        }
    }

    /// A type, or a mapping with more: any key of that mapping tells which.
    fn declaration(&mut self, mapping: &'static Mapping) -> Value {
        let keys: Vec<Value> = mapping.names().map(|key| json!({ "required": [key] })).collect();
        json!({
            "if": { "type": "object", "anyOf": keys },
            "then": self.mapping(mapping),
            "else": self.value(&Takes::Type),
        })
    }
}

fn unmarked(message: &str) -> Value {
    json!({
        "type": ["string", "number", "boolean"],
        "pattern": NO_MARKS,
        "patternErrorMessage": message,
    })
}

fn duration() -> Value {
    json!({
        "anyOf": [
            { "type": "number", "minimum": 0.001, "maximum": 366 * 86_400 },
            {
                "type": "string",
                "pattern": r"^([0-9]+\.?[0-9]*|\.[0-9]+)\s*(ms|s|m|h|d)?$",
                "patternErrorMessage": "seconds as a number, or a number with ms, s, m, h or d: 500ms, 30s, 5m, 2h, 3d",
            },
        ],
        "examples": ["30s", "5m", "2h"],
    })
}

/// A type in shorthand, as text or as lists and mappings of YAML, or a JSON Schema.
fn kind() -> Value {
    let itself = || json!({ "$ref": "#/$defs/type" });
    json!({
        "anyOf": [
            { "enum": TYPE_WORDS },
            {
                "type": "string",
                "pattern": COMPOUND_TYPE,
                "patternErrorMessage": "a type: string, integer, number, boolean, any, file, [T], {field: T}, T | null, low | high",
            },
            { "type": "array", "items": itself(), "minItems": 1, "maxItems": 1 },
            {
                "type": "object",
                "properties": { "schema": {
                    "type": ["object", "string"],
                    "description": "A JSON Schema of draft 2020-12.",
                } },
                "required": ["schema"],
                "additionalProperties": false,
            },
            { "type": "object", "additionalProperties": itself() },
        ],
    })
}

fn name(names: Names) -> Value {
    let label = LABEL.trim_end_matches('$');
    let inner = label.trim_start_matches('^');
    match names {
        Names::Agent => text(LABEL, "the name of an agent"),
        Names::Step => text(IDENTIFIER, "the name of a step"),
        Names::Model => {
            let mut drawn = text(
                &format!(r"^({inner}|[^/\s]+/\S.*)$"),
                "an alias from `models`, or `provider/name`",
            );
            drawn["examples"] = json!(["builtin/reader", "openai/gpt-5-mini"]);
            drawn
        }
        Names::Grant => text(
            &format!(r"{label}(\.\S+)?$"),
            "a corpus, a sandbox, a server, or a tool of one: `corpus.tool`",
        ),
        Names::Tool => text(
            &format!(r"{label}\.\S+$"),
            "a tool is named with its corpus, sandbox or server: `corpus.tool`",
        ),
        Names::Workflow => {
            let mut drawn = text(NO_MARKS, "the path of a workflow file, or `std/NAME`");
            let known: Vec<String> = standard::names().map(|name| format!("std/{name}")).collect();
            drawn["examples"] = json!(known);
            drawn
        }
        Names::Choice | Names::File | Names::Pattern => {
            text(NO_MARKS, "plain text is wanted here: there are no expressions")
        }
    }
}

fn text(pattern: &str, message: &str) -> Value {
    json!({ "type": "string", "pattern": pattern, "patternErrorMessage": message })
}
