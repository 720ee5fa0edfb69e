//! The type system: what a value may be, how it reads as JSON Schema, whether a value fits.

mod schema;

pub use schema::{Schema, SchemaError};

use crate::{Object, Value};
use indexmap::IndexMap;
use serde_json::json;
use std::fmt;
use std::sync::Arc;

/// A type of the language. Written in shorthand (`[string | null]`), it becomes JSON Schema for
/// models and is what expressions are checked against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// Anything; weakens every check that meets it.
    Any,
    /// `null`.
    Null,
    /// Nothing at all: a field that a JSON Schema does not require may be this. Only ever a part of
    /// a field's union.
    Absent,
    /// `true` or `false`.
    Boolean,
    /// A whole number of 64 bits.
    Integer,
    /// Any JSON number.
    Number,
    /// Text.
    String,
    /// A path to a file, as text.
    File,
    /// One of these words.
    Enum(Vec<String>),
    /// A list of one type.
    List(Box<Type>),
    /// An object with exactly these fields, all required.
    Object(IndexMap<String, Type>),
    /// Any of these; never nested, never with fewer than two parts.
    Union(Vec<Type>),
    /// What a JSON Schema allows.
    Schema(Arc<Schema>),
}

/// Why a value does not fit a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// Where in the value, such as `$.rows[2].paper`.
    pub path: String,
    /// What the type asks for there.
    pub expected: String,
    /// What is there instead.
    pub found: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {}: expected {}, found {}", self.path, self.expected, self.found)
    }
}

impl Type {
    /// `self | other`, flattened; `any` swallows everything.
    #[must_use]
    pub fn or(self, other: Type) -> Type {
        let mut parts: Vec<Type> = Vec::new();
        for part in [self, other].into_iter().flat_map(Type::into_parts) {
            if part == Type::Any {
                return Type::Any;
            }
            if !parts.contains(&part) {
                parts.push(part);
            }
        }
        if parts.len() == 1 {
            parts.remove(0)
        } else {
            Type::Union(parts)
        }
    }

    fn into_parts(self) -> Vec<Type> {
        match self {
            Type::Union(parts) => parts,
            other => vec![other],
        }
    }

    /// Whether `null` fits.
    pub fn allows_null(&self) -> bool {
        match self {
            Type::Any | Type::Null => true,
            Type::Union(parts) => parts.iter().any(Type::allows_null),
            Type::Schema(schema) => schema.shape().allows_null(),
            _ => false,
        }
    }

    /// Whether a field of this type may be left out.
    pub fn allows_absence(&self) -> bool {
        match self {
            Type::Absent => true,
            Type::Union(parts) => parts.contains(&Type::Absent),
            _ => false,
        }
    }

    /// The type without those of its parts that `drop` names: what is left once a value is known
    /// not to be null, or to be there. None when nothing is left.
    #[must_use]
    pub fn without(&self, drop: &[Type]) -> Option<Type> {
        match self {
            Type::Union(parts) => parts
                .iter()
                .filter(|part| !drop.contains(part))
                .cloned()
                .reduce(Type::or),
            other => (!drop.contains(other)).then(|| other.clone()),
        }
    }

    /// The type as far as expressions see it: a JSON Schema by its shape.
    pub fn shape(&self) -> &Type {
        match self {
            Type::Schema(schema) => schema.shape(),
            other => other,
        }
    }

    /// Whether every value of `self` is also a value of `wider`. `any` is accepted on both sides.
    pub fn fits(&self, wider: &Type) -> bool {
        match (self, wider) {
            (Type::Any, _) | (_, Type::Any) => true,
            (Type::Schema(mine), Type::Schema(theirs)) if mine == theirs => true,
            (Type::Schema(_), _) | (_, Type::Schema(_)) => self.shape().fits(wider.shape()),
            (Type::Union(parts), _) => parts.iter().all(|p| p.fits(wider)),
            (_, Type::Union(parts)) => parts.iter().any(|p| self.fits(p)),
            (Type::Integer, Type::Number) | (Type::Enum(_) | Type::File, Type::String) | (Type::String, Type::File) => {
                true
            }
            (Type::Enum(mine), Type::Enum(theirs)) => mine.iter().all(|word| theirs.contains(word)),
            (Type::List(mine), Type::List(theirs)) => mine.fits(theirs),
            (Type::Object(mine), Type::Object(theirs)) => theirs.iter().all(|(name, t)| {
                mine.get(name)
                    .map_or(t.allows_null() || t.allows_absence(), |m| m.fits(t))
            }),
            _ => self == wider,
        }
    }

    /// Checks a value; the first thing that does not fit is the error.
    pub fn check(&self, value: &Value) -> Result<(), Mismatch> {
        self.check_at(value, &mut String::from("$"))
    }

    fn check_at(&self, value: &Value, path: &mut String) -> Result<(), Mismatch> {
        let fits = match (self, value) {
            (Type::Any, _) | (Type::Null, Value::Null) | (Type::Boolean, Value::Bool(_)) => true,
            (Type::Number, Value::Number(_)) | (Type::String | Type::File, Value::String(_)) => true,
            (Type::Integer, Value::Number(n)) => {
                n.is_i64() || n.is_u64() || n.as_f64().is_some_and(|f| f.fract() == 0.0)
            }
            (Type::Enum(words), Value::String(text)) => words.contains(text),
            (Type::Union(parts), _) => return Self::check_union(self, parts, value, path),
            (Type::List(item), Value::Array(items)) => return Self::check_list(item, items, path),
            (Type::Object(fields), Value::Object(object)) => return Self::check_object(fields, object, path),
            (Type::Schema(schema), value) => return schema.check_at(value, path),
            _ => false,
        };
        if fits { Ok(()) } else { Err(self.mismatch(value, path)) }
    }

    /// In a union the part of the value's own shape explains best what is wrong inside.
    fn check_union(&self, parts: &[Type], value: &Value, path: &mut String) -> Result<(), Mismatch> {
        let mut inner = None;
        for part in parts {
            match part.check_at(value, path) {
                Ok(()) => return Ok(()),
                Err(deeper) if deeper.path.len() > path.len() => inner = Some(deeper),
                Err(_) => {}
            }
        }
        Err(inner.unwrap_or_else(|| self.mismatch(value, path)))
    }

    fn check_list(item: &Type, items: &[Value], path: &mut String) -> Result<(), Mismatch> {
        let length = path.len();
        for (n, value) in items.iter().enumerate() {
            path.push_str(&format!("[{n}]"));
            item.check_at(value, path)?;
            path.truncate(length);
        }
        Ok(())
    }

    fn check_object(fields: &IndexMap<String, Type>, object: &Object, path: &mut String) -> Result<(), Mismatch> {
        let length = path.len();
        for (name, field) in fields {
            path.push('.');
            path.push_str(name);
            match object.get(name) {
                Some(value) => field.check_at(value, path)?,
                None if field.allows_null() || field.allows_absence() => {}
                None => {
                    return Err(Mismatch {
                        path: path.clone(),
                        expected: field.to_string(),
                        found: "nothing".into(),
                    });
                }
            }
            path.truncate(length);
        }
        if let Some(extra) = object.keys().find(|key| !fields.contains_key(*key)) {
            let known = fields.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            return Err(Mismatch {
                path: path.clone(),
                expected: format!("only {known}"),
                found: format!("a field {extra}"),
            });
        }
        Ok(())
    }

    /// A value that fits, with every absent field that may be null written as null, so that
    /// `row.dataset` is there to be looked at whatever the model left out; and every `number` a
    /// floating one.
    #[must_use]
    pub fn complete(&self, value: Value) -> Value {
        match (self, value) {
            // So that a division does not depend on how a model writes its numbers.
            (Type::Number, Value::Number(number)) if !number.is_f64() => {
                let double = number.as_f64().and_then(serde_json::Number::from_f64);
                Value::Number(double.unwrap_or(number))
            }
            (Type::List(item), Value::Array(items)) => {
                Value::Array(items.into_iter().map(|value| item.complete(value)).collect())
            }
            (Type::Object(fields), Value::Object(mut object)) => {
                let whole = fields.iter().filter_map(|(name, field)| {
                    let value = match object.shift_remove(name) {
                        None if field.allows_absence() => return None,
                        value => value.unwrap_or(Value::Null),
                    };
                    Some((name.clone(), field.complete(value)))
                });
                Value::Object(whole.collect())
            }
            (Type::Union(parts), value) => match parts.iter().find(|part| part.check(&value).is_ok()) {
                Some(part) => part.complete(value),
                None => value,
            },
            (_, value) => value,
        }
    }

    fn mismatch(&self, value: &Value, path: &str) -> Mismatch {
        Mismatch {
            path: path.to_owned(),
            expected: self.to_string(),
            found: describe(value),
        }
    }

    /// The type as JSON Schema (draft 2020-12), in the strict form that structured output asks for:
    /// every field required, none besides, absence written as `null`.
    pub fn json_schema(&self) -> Value {
        match self {
            Type::Any => json!({}),
            // Absence is said by `required`, not by a field's own schema.
            Type::Absent => json!(false),
            Type::Schema(schema) => schema.source().clone(),
            Type::Null => json!({ "type": "null" }),
            Type::Boolean => json!({ "type": "boolean" }),
            Type::Integer => json!({ "type": "integer" }),
            Type::Number => json!({ "type": "number" }),
            Type::String | Type::File => json!({ "type": "string" }),
            Type::Enum(words) => json!({ "type": "string", "enum": words }),
            Type::List(item) => json!({ "type": "array", "items": item.json_schema() }),
            Type::Union(_) if self.allows_absence() => self
                .without(&[Type::Absent])
                .map_or(json!(false), |present| present.json_schema()),
            Type::Union(parts) => json!({ "anyOf": parts.iter().map(Type::json_schema).collect::<Vec<_>>() }),
            Type::Object(fields) => {
                let properties: Object = fields.iter().map(|(name, t)| (name.clone(), t.json_schema())).collect();
                let required = fields.iter().filter(|(_, field)| !field.allows_absence());
                let required: Vec<&String> = required.map(|(name, _)| name).collect();
                json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
            }
        }
    }
}

/// A value in a few words, for messages: its kind, and its text when that is short.
pub fn describe(value: &Value) -> String {
    let shown = |kind: &str| {
        let text = value.to_string();
        if text.chars().count() <= 40 {
            format!("{kind} {text}")
        } else {
            format!("a long {kind}")
        }
    };
    match value {
        Value::Null => "null".into(),
        Value::Bool(_) => shown("boolean"),
        Value::Number(n) if n.is_f64() => shown("number"),
        Value::Number(_) => shown("integer"),
        Value::String(_) => shown("string"),
        Value::Array(items) => format!("a list of {}", items.len()),
        Value::Object(fields) => format!("an object of {} fields", fields.len()),
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Any => f.write_str("any"),
            Type::Null => f.write_str("null"),
            Type::Absent => f.write_str("absent"),
            Type::Schema(schema) => schema.shape().fmt(f),
            Type::Boolean => f.write_str("boolean"),
            Type::Integer => f.write_str("integer"),
            Type::Number => f.write_str("number"),
            Type::String => f.write_str("string"),
            Type::File => f.write_str("file"),
            Type::Enum(words) => f.write_str(&words.join(" | ")),
            Type::List(item) => write!(f, "[{item}]"),
            Type::Union(parts) => {
                let parts: Vec<String> = parts.iter().map(Type::to_string).collect();
                f.write_str(&parts.join(" | "))
            }
            Type::Object(fields) => {
                let fields: Vec<String> = fields.iter().map(|(name, t)| format!("{name}: {t}")).collect();
                write!(f, "{{{}}}", fields.join(", "))
            }
        }
    }
}

#[cfg(test)]
mod tests;
