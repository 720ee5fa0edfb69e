//! Calls whose arguments stand between marks of their own.
//!
//! What does not stand there as JSON is held to less than its whole schema: a text to its length or its choices, and to
//! being free of what closes it.

use super::super::super::dialect::{Calls, PAIR};
use super::super::super::kinds::Kinds;
use super::{ANYTHING, Rules, literal, parameters};
use serde_json::Value;
use troupe_core::port::tool::ToolSpec;

/// The longest text whose length is counted: a grammar of more letters takes its time.
const LENGTH_MAX: u64 = 2000;
/// What a key is that the schema does not name.
const KEY: &str = "/[^<>\\n]+/";

impl Rules {
    /// The call of a tool: its name, and its arguments in the order of the schema.
    pub(super) fn marked(&mut self, calls: Calls, at: usize, tool: &ToolSpec) {
        let schema = parameters(tool);
        let mut items = Vec::new();
        let (name, end) = match calls {
            Calls::Functions => (
                literal(&format!("<function={}>\n", tool.name)),
                Some(literal("</function>")),
            ),
            _ => (format!("{} \"\\n\"?", literal(&tool.name)), None),
        };
        items.push(name);
        let is_required = |key: &str| {
            let required = schema["required"].as_array();
            required.is_some_and(|required| required.iter().any(|name| name == key))
        };
        for (place, (key, inner)) in schema["properties"].as_object().into_iter().flatten().enumerate() {
            let rule = format!("argument_{at}_{place}");
            self.argument(calls, &rule, &literal_key(calls, key), inner, &schema);
            items.push(if is_required(key) { rule } else { format!("{rule}?") });
        }
        if schema.get("additionalProperties") != Some(&Value::Bool(false)) {
            let rule = format!("further_{at}");
            let inner = schema.get("additionalProperties").cloned().unwrap_or_default();
            self.argument(calls, &rule, &any_key(calls), &inner, &schema);
            items.push(format!("{rule}*"));
        }
        items.extend(end);
        self.add(&format!("call_{at}"), &items.join(" "));
    }

    /// A key with its value.
    fn argument(&mut self, calls: Calls, rule: &str, key: &str, schema: &Value, root: &Value) {
        let closing = match calls {
            Calls::Functions => "\n</parameter>\n",
            _ => PAIR[3],
        };
        let (value, closing) = (format!("{rule}_value"), literal(closing));
        let behind = if calls == Calls::Pairs { " \"\\n\"?" } else { "" };
        let kinds = Kinds::of(schema, root);
        let choices = schema["enum"].as_array().filter(|_| kinds == Kinds::TEXT);
        if let Some(choices) = choices {
            let each: Vec<String> = choices.iter().filter_map(Value::as_str).map(literal).collect();
            self.add(&value, &format!("({}) {closing}", each.join(" | ")));
        } else if kinds.allow(&Value::from("")) {
            let letters = letters(schema).filter(|_| kinds == Kinds::TEXT);
            let letters = letters.unwrap_or_else(|| ANYTHING.to_owned());
            self.add(&format!("{value}[suffix={closing}]"), &letters);
        } else {
            self.add(&value, &format!("json_{rule} {closing}"));
            self.add(&format!("json_{rule}"), &format!("%json {}", inner(schema, root)));
        }
        self.add(rule, &format!("{key} {value}{behind}"));
    }
}

/// The marks around a key, up to its value.
fn literal_key(calls: Calls, key: &str) -> String {
    let [key_opens, key_closes, value_opens, _] = PAIR;
    match calls {
        Calls::Functions => literal(&format!("<parameter={key}>\n")),
        _ => format!(
            "{} \"\\n\"? {}",
            literal(&format!("{key_opens}{key}{key_closes}")),
            literal(value_opens)
        ),
    }
}

fn any_key(calls: Calls) -> String {
    let [key_opens, key_closes, value_opens, _] = PAIR.map(literal);
    match calls {
        Calls::Functions => format!(r#""<parameter=" {KEY} ">\n""#),
        _ => format!(r#"{key_opens} {KEY} {key_closes} "\n"? {value_opens}"#),
    }
}

/// The letters of a text whose length is bounded.
fn letters(schema: &Value) -> Option<String> {
    let bound = |key: &str| schema.get(key).and_then(Value::as_u64);
    let (least, most) = (
        bound("minLength"),
        bound("maxLength").filter(|most| *most <= LENGTH_MAX),
    );
    let least = least.filter(|least| *least <= LENGTH_MAX);
    match (least, most) {
        (None | Some(0), None) => None,
        (least, Some(most)) => Some(format!(r"/(.|\n){{{},{most}}}/", least.unwrap_or(0).min(most))),
        (Some(least), None) => Some(format!(r"/(.|\n){{{least},}}/")),
    }
}

/// The schema of a value that is JSON, with all that its references lead to.
fn inner(schema: &Value, root: &Value) -> Value {
    let mut schema = super::spaced(schema.clone(), true);
    for key in ["$defs", "definitions"] {
        if let Some(shared) = root.get(key) {
            schema[key] = shared.clone();
        }
    }
    schema
}
