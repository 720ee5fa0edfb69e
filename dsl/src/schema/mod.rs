//! The language as JSON Schema, for editors: drawn from the tables in `language`, so that neither knows
//! a key that the other does not.
//!
//! Draft 2020-12, kept to what tools of draft 7 understand as well. It sees what each key takes;
//! names that refer to each other, types and expressions are the checker's (`troupe lsp`, `troupe check`).

mod keys;
mod step;
mod values;

use crate::language::{Mapping, SHARED, WORKFLOW};
use serde_json::json;
use troupe_core::{Object, Value};

/// The JSON Schema of a workflow file. That of a file which others import is its `$defs/shared`.
pub fn json_schema() -> Value {
    let mut drawing = Drawing::default();
    let own = drawing.fields(&WORKFLOW);
    drawing.mapping(&SHARED);
    drawing.file("workflow", "Troupe workflow", own)
}

/// The JSON Schema of a file that workflows import.
pub fn shared_json_schema() -> Value {
    let mut drawing = Drawing::default();
    let own = drawing.fields(&SHARED);
    drawing.file("shared", "Troupe shared file", own)
}

/// What has been drawn so far, by name.
#[derive(Default)]
struct Drawing {
    definitions: Object,
}

impl Drawing {
    /// A whole schema around the keys at the top of a file.
    fn file(self, name: &str, title: &str, own: Value) -> Value {
        let mut whole = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": format!("urn:troupe:{name}:1"),
            "title": title,
        });
        merge(&mut whole, own);
        whole["$defs"] = Value::Object(self.definitions);
        whole
    }

    /// A reference to a definition, which is drawn when it is not there yet.
    fn definition(&mut self, name: &str, draw: impl FnOnce(&mut Self) -> Value) -> Value {
        if !self.definitions.contains_key(name) {
            // The name is taken first: a definition may refer to itself.
            self.definitions.insert(name.to_owned(), Value::Null);
            let drawn = draw(self);
            self.definitions.insert(name.to_owned(), drawn);
        }
        json!({ "$ref": format!("#/$defs/{name}") })
    }

    fn mapping(&mut self, mapping: &'static Mapping) -> Value {
        self.definition(mapping.name, |drawing| drawing.fields(mapping))
    }
}

/// Adds the keywords of one schema to another.
fn merge(into: &mut Value, from: Value) {
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
        into.extend(from);
    }
}
