//! The grammar of an answer, in the language of `llguidance` (Lark, with JSON Schemas in it).
//!
//! JSON is written as Python writes it, `{"a": 1, "b": 2}`: models were trained on calls of that form, templates render
//! it, and where nothing is left to choose no forward pass is needed.

mod marked;

use super::super::dialect::{ARGUMENTS, Calls, Dialect, THINK, THOUGHT};
use serde_json::{Value, json};
use std::fmt::Write as _;
use troupe_core::port::model::{ModelRequest, ToolChoice};
use troupe_core::port::tool::ToolSpec;
use troupe_core::types::Type;

/// What an answer may look like, beside what the request asks for.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// How the model writes.
    pub dialect: Dialect,
    /// Whether the prompt ended inside of a thought.
    pub opened: bool,
    /// Whether a thought may come first.
    pub thinking: bool,
}

/// The grammar of the answer to a request; none where any text will do.
pub fn grammar(request: &ModelRequest, shape: Shape) -> Option<String> {
    let answer = answer(request);
    let calls = shape.dialect.calls;
    let body = match (&answer, request.tools.is_empty()) {
        (None, true) => return None,
        (_, false) if request.calling.choice != ToolChoice::Auto => "called",
        (None, false) if calls == Calls::Bare => "(TEXT | called)",
        (None, false) => "(TEXT | words behind)",
        (Some(_), true) => "answer",
        (Some(_), false) => "(answer | called)",
    };
    let mut rules = Rules(String::from("%llguidance {}\n"));
    if shape.opened {
        rules.add("start", &format!("thought BLANK? {body}"));
    } else if shape.thinking {
        rules.add("start", &format!("({} thought BLANK?)? {body}", literal(THINK)));
    } else {
        rules.add("start", body);
    }
    if shape.opened || shape.thinking {
        rules.add(&format!("thought[suffix={}]", literal(THOUGHT)), ANYTHING);
        rules.add("BLANK", r"/[ \n]{1,3}/");
    }
    if !request.tools.is_empty() {
        if body.contains("words") || body.contains("TEXT") {
            rules.words(calls);
        }
        rules.calls(calls, request);
    }
    if let (Some(schema), true) = (answer, body.contains("answer")) {
        rules.add("answer", &format!("%json {schema}"));
    }
    Some(rules.0)
}

const ANYTHING: &str = r"/(.|\n)*/";

/// A text that stands for itself. The language reads texts as JSON does.
fn literal(text: &str) -> String {
    Value::from(text).to_string()
}

/// The grammar as it grows.
struct Rules(String);

impl Rules {
    fn add(&mut self, name: &str, body: &str) {
        let _ = writeln!(self.0, "{name}: {body}");
    }

    /// An answer in words, and words before a call: the mark of calls is never a part of them.
    fn words(&mut self, calls: Calls) {
        let opening = literal(calls.opening());
        // A message of this dialect that begins with a brace is a call.
        let first = if calls == Calls::Bare {
            r"/[^{ \n](.|\n)*/"
        } else {
            r"/(.|\n)+/"
        };
        self.add("TEXT", &format!("{first} & ~({ANYTHING} {opening} {ANYTHING})"));
        if calls != Calls::Bare {
            self.add(&format!("words[suffix={opening}]"), ANYTHING);
        }
    }

    /// Calls with their marks (`called`), and all that follows the first mark (`behind`).
    fn calls(&mut self, calls: Calls, request: &ModelRequest) {
        let opening = literal(calls.opening());
        let (one, further, last) = match calls {
            Calls::Tagged | Calls::Functions => (
                r#""\n" call "\n</tool_call>""#,
                format!(r#""\n" {opening} "\n" call "\n</tool_call>""#),
                "",
            ),
            Calls::Pairs => (
                r#"call "</tool_call>""#,
                format!(r#""\n"? {opening} call "</tool_call>""#),
                "",
            ),
            // Templates of this dialect refuse more than one.
            Calls::Bare => ("call", String::new(), ""),
            Calls::Listed => (r#"" "? "[" call"#, r#"", " call"#.to_owned(), r#" "]""#),
            Calls::Named => ("call", format!("{opening} call"), ""),
        };
        let behind = match request.calling.single || further.is_empty() {
            true => format!("{one}{last}"),
            false => format!("{one} ({further})*{last}"),
        };
        let optional = if calls == Calls::Bare { "?" } else { "" };
        self.add("called", &format!("{opening}{optional} behind"));
        self.add("behind", &behind);
        let may_be = |tool: &&ToolSpec| match &request.calling.choice {
            ToolChoice::Named(name) => tool.name == *name,
            ToolChoice::Auto | ToolChoice::Required => true,
        };
        let tools: Vec<&ToolSpec> = request.tools.iter().filter(may_be).collect();
        let each: Vec<String> = (0..tools.len()).map(|at| format!("call_{at}")).collect();
        self.add("call", &each.join(" | "));
        for (at, tool) in tools.into_iter().enumerate() {
            if matches!(calls, Calls::Functions | Calls::Pairs) {
                self.marked(calls, at, tool);
                continue;
            }
            let name = Value::from(tool.name.as_str());
            let (before, after) = match calls {
                Calls::Named => (literal(&format!("{}{ARGUMENTS}", tool.name)), String::new()),
                _ => (
                    literal(&format!("{{\"name\": {name}, \"{}\": ", calls.arguments())),
                    literal("}"),
                ),
            };
            self.add(
                &format!("call_{at}"),
                format!("{before} arguments_{at} {after}").trim_end(),
            );
            self.add(&format!("arguments_{at}"), &format!("%json {}", parameters(tool)));
        }
    }
}

/// The schema of the answer; none where any text will do.
pub fn answer(request: &ModelRequest) -> Option<Value> {
    match request.output {
        Type::String | Type::File | Type::Any => None,
        _ => Some(spaced(request.output.json_schema(), false)),
    }
}

/// The schema of a tool's arguments. Tools come from anywhere, and check their arguments themselves: what cannot be
/// held to is left to them.
pub fn parameters(tool: &ToolSpec) -> Value {
    let mut schema = tool.parameters.clone();
    if !schema.is_object() {
        schema = json!({});
    }
    schema["type"] = json!("object");
    // An argument that the schema does not know helps nobody.
    let open = [
        "additionalProperties",
        "patternProperties",
        "unevaluatedProperties",
        "allOf",
        "anyOf",
        "oneOf",
        "$ref",
    ];
    if open.iter().all(|key| schema.get(key).is_none()) {
        schema["additionalProperties"] = json!(false);
    }
    spaced(schema, true)
}

/// A schema whose JSON is written with Python's blanks.
fn spaced(schema: Value, lenient: bool) -> Value {
    let mut schema = if schema.is_object() {
        schema
    } else {
        json!({ "allOf": [schema] })
    };
    schema["x-guidance"] = json!({
        "whitespace_flexible": false,
        "item_separator": ", ",
        "key_separator": ": ",
        "lenient": lenient,
    });
    schema
}
