//! JSON Schema (draft 2020-12) as a type: the schema decides about values, its shape about expressions.

use super::{Mismatch, Type, describe};
use crate::Value;
use indexmap::IndexMap;
use std::fmt;

/// A JSON Schema with the type that expressions see of it.
#[derive(Clone)]
pub struct Schema {
    source: Value,
    shape: Type,
    validator: jsonschema::Validator,
}

/// Why a JSON Schema cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{reason}", place(path))]
pub struct SchemaError {
    /// Where in the schema: keys and positions from its root.
    pub path: Vec<String>,
    /// What is wrong there.
    pub reason: String,
}

/// The place before a reason.
fn place(path: &[String]) -> String {
    match path {
        [] => String::new(),
        path => format!("{}: ", path.join(".")),
    }
}

/// Levels of schemas inside each other, references followed, until a shape is `any`.
const MAX_DEPTH: usize = 32;
/// Parts of a shape until the rest is `any`: references can double a schema at every level.
const MAX_PARTS: usize = 2_000;

impl Schema {
    /// Reads a schema. It must be valid and stand on its own: references lead into its own `$defs`.
    /// Otherwise everything comes back that is wrong with it, as far as the library tells.
    pub fn parse(source: Value) -> Result<Self, Vec<SchemaError>> {
        // The library reads references before it validates, so that they are looked at first.
        check_references(&source, &mut Vec::new()).map_err(|error| vec![error])?;
        let invalid = |path: &str, error: &jsonschema::ValidationError<'_>| SchemaError {
            path: path.split('/').skip(1).map(str::to_owned).collect(),
            reason: format!("the JSON Schema is not valid: {error}"),
        };
        if let Ok(meta) = jsonschema::meta::validator_for(&source) {
            let errors = meta.iter_errors(&source);
            let errors: Vec<SchemaError> = errors
                .map(|error| invalid(error.instance_path().as_str(), &error))
                .collect();
            if !errors.is_empty() {
                return Err(errors);
            }
        }
        // What is found only now has its place in the schema.
        let validator = jsonschema::draft202012::new(&source)
            .map_err(|error| vec![invalid(error.schema_path().as_str(), &error)])?;
        let shape = Shaper {
            root: &source,
            parts_left: MAX_PARTS,
        }
        .shape(&source, MAX_DEPTH);
        Ok(Self {
            source,
            shape,
            validator,
        })
    }

    /// The schema itself.
    pub fn source(&self) -> &Value {
        &self.source
    }

    /// What expressions see of it: wider than the schema where shorthand has no word for it.
    pub fn shape(&self) -> &Type {
        &self.shape
    }

    pub(super) fn check_at(&self, value: &Value, path: &str) -> Result<(), Mismatch> {
        let Err(error) = self.validator.validate(value) else {
            return Ok(());
        };
        let inner = error.instance_path().to_string();
        let found = value.pointer(&inner).map_or_else(|| "nothing".into(), describe);
        let expected = format!("what its JSON Schema asks for ({error})");
        let inner: String = inner.split('/').skip(1).map(step).collect();
        Err(Mismatch {
            path: format!("{path}{inner}"),
            expected,
            found,
        })
    }
}

fn step(part: &str) -> String {
    match part.parse::<usize>() {
        Ok(at) => format!("[{at}]"),
        Err(_) => format!(".{part}"),
    }
}

/// Refuses references that lead out of the schema: nothing is fetched to read a type.
fn check_references(schema: &Value, path: &mut Vec<String>) -> Result<(), SchemaError> {
    match schema {
        Value::Object(fields) => {
            for (key, value) in fields {
                path.push(key.clone());
                if let ("$ref" | "$dynamicRef", Some(target)) = (key.as_str(), value.as_str())
                    && !target.starts_with('#')
                {
                    let reason =
                        format!("`{target}` leads out of the schema: only references into it, `#/…`, are followed");
                    return Err(SchemaError {
                        path: std::mem::take(path),
                        reason,
                    });
                }
                check_references(value, path)?;
                path.pop();
            }
            Ok(())
        }
        Value::Array(items) => items.iter().enumerate().try_for_each(|(at, item)| {
            path.push(at.to_string());
            check_references(item, path)?;
            path.pop();
            Ok(())
        }),
        _ => Ok(()),
    }
}

/// Works out shapes: `any` where it is not certain.
struct Shaper<'a> {
    root: &'a Value,
    parts_left: usize,
}

impl Shaper<'_> {
    fn shape(&mut self, schema: &Value, depth: usize) -> Type {
        let Some(fields) = schema.as_object() else {
            return Type::Any;
        };
        if depth == 0 || self.parts_left == 0 {
            return Type::Any;
        }
        self.parts_left -= 1;
        if let Some(target) = fields.get("$ref").and_then(Value::as_str) {
            let root = self.root;
            let target = target.strip_prefix('#').and_then(|pointer| root.pointer(pointer));
            return target.map_or(Type::Any, |target| self.shape(target, depth - 1));
        }
        if let Some(words) = fields.get("enum").and_then(Value::as_array) {
            return of_values(words);
        }
        if let Some(value) = fields.get("const") {
            return of_values(std::slice::from_ref(value));
        }
        for key in ["anyOf", "oneOf"] {
            if let Some(parts) = fields.get(key).and_then(Value::as_array) {
                let parts = parts.iter().map(|part| self.shape(part, depth - 1));
                return parts.reduce(Type::or).unwrap_or(Type::Any);
            }
        }
        match fields.get("type") {
            Some(Value::String(word)) => self.of_word(word, schema, depth),
            Some(Value::Array(words)) => {
                let words = words.iter().filter_map(Value::as_str);
                let parts = words.map(|word| self.of_word(word, schema, depth));
                parts.reduce(Type::or).unwrap_or(Type::Any)
            }
            _ if fields.contains_key("properties") => self.object(schema, depth),
            _ => Type::Any,
        }
    }

    fn of_word(&mut self, word: &str, schema: &Value, depth: usize) -> Type {
        match word {
            "null" => Type::Null,
            "boolean" => Type::Boolean,
            "integer" => Type::Integer,
            "number" => Type::Number,
            "string" => Type::String,
            "array" => {
                let item = schema
                    .get("items")
                    .map_or(Type::Any, |item| self.shape(item, depth - 1));
                Type::List(Box::new(item))
            }
            "object" => self.object(schema, depth),
            _ => Type::Any,
        }
    }

    fn object(&mut self, schema: &Value, depth: usize) -> Type {
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
            return Type::Any;
        };
        let required = |name: &str| {
            let names = schema.get("required").and_then(Value::as_array);
            names.is_some_and(|names| names.iter().any(|known| known.as_str() == Some(name)))
        };
        let fields = properties.iter().map(|(name, part)| {
            let kind = match (required(name), self.shape(part, depth - 1)) {
                (true, kind) => kind,
                // A value of any kind that may be missing: `any` would say that it is there.
                (false, Type::Any) => Type::Union(vec![Type::Any, Type::Absent]),
                (false, kind) => kind.or(Type::Absent),
            };
            (name.clone(), kind)
        });
        Type::Object(fields.collect::<IndexMap<_, _>>())
    }
}

fn of_values(values: &[Value]) -> Type {
    let words: Option<Vec<String>> = values.iter().map(|v| v.as_str().map(str::to_owned)).collect();
    if let Some(words) = words {
        return Type::Enum(words);
    }
    let kinds = values.iter().map(|value| match value {
        Value::Null => Type::Null,
        Value::Bool(_) => Type::Boolean,
        Value::Number(n) if n.is_f64() => Type::Number,
        Value::Number(_) => Type::Integer,
        Value::String(word) => Type::Enum(vec![word.clone()]),
        Value::Array(_) | Value::Object(_) => Type::Any,
    });
    kinds.reduce(Type::or).unwrap_or(Type::Any)
}

impl PartialEq for Schema {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for Schema {}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Schema({})", self.source)
    }
}
