//! The kinds of JSON values that a schema allows.

use serde_json::Value;

/// A set of kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kinds(u8);

/// References are followed so far: a schema may contain itself.
const DEPTH: usize = 8;

/// What a schema's reference leads to.
fn target<'a>(schema: &Value, root: &'a Value) -> Option<&'a Value> {
    let reference = schema.get("$ref")?.as_str()?;
    root.pointer(reference.strip_prefix('#')?)
}

/// What stands at the end of a schema's references; the schema where it has none.
pub fn followed<'a>(schema: &'a Value, root: &'a Value) -> &'a Value {
    let ways = std::iter::successors(Some(schema), |schema| target(schema, root));
    ways.take(DEPTH).last().unwrap_or(schema)
}

impl Kinds {
    const NONE: Self = Self(0);
    const NULL: Self = Self(1);
    const BOOLEAN: Self = Self(2);
    const NUMBER: Self = Self(4);
    /// Texts.
    pub const TEXT: Self = Self(8);
    const ARRAY: Self = Self(16);
    const OBJECT: Self = Self(32);
    /// Whatever there is.
    pub const ALL: Self = Self(63);

    /// Those of the parameter `key` of a tool with these parameters.
    pub fn of_parameter(parameters: &Value, key: &str) -> Self {
        let own = parameters["properties"].get(key);
        let other = || parameters.get("additionalProperties");
        own.or_else(other)
            .map_or(Self::ALL, |schema| Self::of(schema, parameters))
    }

    /// Those that a schema allows; `root` is what its references lead into. More than the schema allows where it says
    /// so in another way than by types, constants and references.
    pub fn of(schema: &Value, root: &Value) -> Self {
        Self::within(schema, root, DEPTH)
    }

    fn within(schema: &Value, root: &Value, depth: usize) -> Self {
        let Some(left) = depth.checked_sub(1) else {
            return Self::ALL;
        };
        let several = |key: &str| schema.get(key).and_then(Value::as_array);
        let any = |key: &str, kinds: &dyn Fn(&Value) -> Self| {
            several(key).map_or(Self::ALL, |parts| parts.iter().map(kinds).fold(Self::NONE, Self::or))
        };
        let deeper = |part: &Value| Self::within(part, root, left);
        let named = match schema.get("type") {
            Some(Value::Array(names)) => names.iter().map(Self::named).fold(Self::NONE, Self::or),
            Some(name) => Self::named(name),
            None => Self::ALL,
        };
        let target = target(schema, root);
        let all = several("allOf").into_iter().flatten().map(deeper);
        [
            named,
            schema.get("const").map_or(Self::ALL, Self::of_value),
            any("enum", &Self::of_value),
            any("anyOf", &deeper),
            any("oneOf", &deeper),
            target.map_or(Self::ALL, deeper),
        ]
        .into_iter()
        .chain(all)
        .fold(Self::ALL, Self::and)
    }

    fn named(name: &Value) -> Self {
        match name.as_str() {
            Some("null") => Self::NULL,
            Some("boolean") => Self::BOOLEAN,
            Some("integer" | "number") => Self::NUMBER,
            Some("string") => Self::TEXT,
            Some("array") => Self::ARRAY,
            Some("object") => Self::OBJECT,
            _ => Self::ALL,
        }
    }

    fn of_value(value: &Value) -> Self {
        match value {
            Value::Null => Self::NULL,
            Value::Bool(_) => Self::BOOLEAN,
            Value::Number(_) => Self::NUMBER,
            Value::String(_) => Self::TEXT,
            Value::Array(_) => Self::ARRAY,
            Value::Object(_) => Self::OBJECT,
        }
    }

    fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether a value is of one of them.
    pub fn allow(self, value: &Value) -> bool {
        self.and(Self::of_value(value)) != Self::NONE
    }

    /// Whether a text is.
    pub fn allow_text(self) -> bool {
        self.and(Self::TEXT) != Self::NONE
    }
}
