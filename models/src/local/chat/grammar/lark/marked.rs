//! Calls whose arguments stand between marks of their own.
//!
//! What does not stand there as JSON is held to less than its whole schema: a text to its length or its choices, and to
//! being free of what closes it.

use super::super::super::dialect::{Calls, PAIR};
use super::super::super::kinds::{Kinds, followed};
use super::{ANYTHING, Rules, literal, parameters};
use serde_json::{Value, json};
use troupe_core::port::tool::ToolSpec;

/// The longest text whose length is counted: a grammar of more letters takes its time.
const LENGTH_MAX: u64 = 2000;
/// What a key is that the schema does not name, unless it does.
const KEY: &str = r"/[^<>\s]([^<>\n]*[^<>\s])?/";

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
        let named: Vec<(&String, &Value)> = schema["properties"].as_object().into_iter().flatten().collect();
        for (place, (key, inner)) in named.iter().enumerate() {
            let rule = format!("argument_{at}_{place}");
            self.argument(calls, &rule, &literal(key), inner, &schema);
            items.push(if is_required(key) { rule } else { format!("{rule}?") });
        }
        if schema.get("additionalProperties") != Some(&Value::Bool(false)) {
            let rule = format!("further_{at}");
            let others = named.iter().map(|(key, _)| format!(" & ~{}", literal(key)));
            self.add(&format!("KEY_{at}"), &format!("{KEY}{}", others.collect::<String>()));
            let inner = schema.get("additionalProperties").cloned().unwrap_or_default();
            self.argument(calls, &rule, &format!("KEY_{at}"), &inner, &schema);
            items.push(format!("{rule}*"));
        }
        items.extend(end);
        self.add(&format!("call_{at}"), &items.join(" "));
    }

    /// A key with its value.
    fn argument(&mut self, calls: Calls, rule: &str, key: &str, schema: &Value, root: &Value) {
        let marks = Marks::of(calls);
        let (value, closing) = (format!("{rule}_value"), literal(marks.closes));
        let kinds = Kinds::of(schema, root);
        let held_to = followed(schema, root);
        if let Some(choices) = choices(held_to).filter(|_| kinds == Kinds::TEXT) {
            self.add(&value, &format!("({}) {closing}", choices.join(" | ")));
        } else if kinds.allow_text() {
            let letters = letters(held_to).filter(|_| kinds == Kinds::TEXT);
            let letters = letters.map_or_else(
                || ANYTHING.to_owned(),
                // The least length must not make the mark a part of the text.
                |letters| format!("{letters} & ~({ANYTHING} {closing} {ANYTHING})"),
            );
            self.add(&format!("{value}[suffix={closing}]"), &letters);
        } else {
            self.add(&value, &format!("json_{rule} {closing}"));
            self.add(&format!("json_{rule}"), &format!("%json {}", inner(schema, root)));
        }
        let [before, behind, after] = [&marks.before, &marks.behind, &marks.after];
        self.add(rule, &format!("{before} {key} {behind} {value} {after}"));
    }
}

/// What stands around a key and its value.
struct Marks {
    before: String,
    behind: String,
    /// The mark that ends the value, as it stands there.
    closes: &'static str,
    after: String,
}

impl Marks {
    fn of(calls: Calls) -> Self {
        let [key_opens, key_closes, value_opens, value_closes] = PAIR;
        let line = literal("\n");
        match calls {
            Calls::Functions => Self {
                before: literal("<parameter="),
                behind: literal(">\n"),
                // Whatever follows: behind this mark the reader looks for the next one, on its line too.
                closes: "\n</parameter>",
                after: line,
            },
            _ => Self {
                before: literal(key_opens),
                behind: format!("{} {line}? {}", literal(key_closes), literal(value_opens)),
                closes: value_closes,
                after: format!("{line}?"),
            },
        }
    }
}

/// The texts that a schema leaves to choose from, where it names them.
fn choices(schema: &Value) -> Option<Vec<String>> {
    let named = schema["enum"].as_array().map(Vec::as_slice);
    let named = named.or_else(|| schema.get("const").map(std::slice::from_ref))?;
    Some(named.iter().filter_map(Value::as_str).map(literal).collect())
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

/// The schema of a value that is JSON. Its references lead into the tool's parameters, which come with it.
fn inner(schema: &Value, root: &Value) -> Value {
    let mut inner = super::spaced(led_into(schema), true);
    inner["$defs"] = json!({ ROOT: led_into(root) });
    inner
}

/// Where the parameters stand in the schema of one of them.
const ROOT: &str = "parameters";

/// A schema whose references lead to where the parameters stand then.
fn led_into(schema: &Value) -> Value {
    match schema {
        Value::Object(fields) => {
            // It says how a whole grammar is written, and stands at its head.
            let fields = fields.iter().filter(|(key, _)| *key != "x-guidance");
            let fields = fields.map(
                |(key, field)| match field.as_str().and_then(|text| text.strip_prefix('#')) {
                    Some(way) if key == "$ref" => (key.clone(), json!(format!("#/$defs/{ROOT}{way}"))),
                    _ => (key.clone(), led_into(field)),
                },
            );
            Value::Object(fields.collect())
        }
        Value::Array(items) => items.iter().map(led_into).collect(),
        other => other.clone(),
    }
}
