//! Mappings: their keys with what each takes, those that must be there, and no others.

use super::{Drawing, merge, step};
use crate::language::{ENVIRONMENT, Key, Mapping, STEP, Takes};
use crate::nearest;
use serde_json::json;
use troupe_core::expression::RESERVED;
use troupe_core::{Object, Value};

/// A name that expressions use.
pub(super) const IDENTIFIER: &str = "^[A-Za-z_][A-Za-z0-9_]{0,63}$";
/// A name that only keys and lists use.
pub(super) const LABEL: &str = "^[A-Za-z_][A-Za-z0-9_-]{0,63}$";

impl Drawing {
    /// A mapping of the language.
    pub(super) fn fields(&mut self, mapping: &'static Mapping) -> Value {
        let mut properties = Object::new();
        for key in mapping.keys {
            let mut value = self.property(key);
            merge(&mut value, json!({ "description": about(key) }));
            properties.insert(key.name.to_owned(), value);
        }
        let required: Vec<&str> = mapping.keys.iter().filter(|k| k.required).map(|k| k.name).collect();
        let is_step = mapping.name == STEP.name;
        let mut drawn = json!({ "type": "object" });
        if required.is_empty() && !is_step {
            // A key with nothing under it is an empty mapping.
            drawn = json!({ "type": ["object", "null"] });
        }
        merge(
            &mut drawn,
            json!({ "properties": properties, "additionalProperties": false }),
        );
        if !required.is_empty() {
            merge(&mut drawn, json!({ "required": required }));
        }
        if is_step {
            merge(&mut drawn, step::rules());
        }
        if mapping.name == ENVIRONMENT.name {
            // A plan is given whole.
            let whole =
                json!({ "setup": ["test", "runner"], "test": ["setup", "runner"], "runner": ["setup", "test"] });
            merge(&mut drawn, json!({ "dependentRequired": whole }));
        }
        drawn
    }

    fn property(&mut self, key: &'static Key) -> Value {
        match key.takes {
            Takes::Each(inner) => self.names(key, inner),
            _ if key.name == "as" => identifier(),
            _ => self.value(&key.takes),
        }
    }

    /// Names of one's own, each with a value.
    fn names(&mut self, key: &'static Key, inner: &'static Takes) -> Value {
        let mut drawn = json!({ "type": ["object", "null"], "additionalProperties": self.value(inner) });
        if key.required {
            merge(&mut drawn, json!({ "type": "object", "minProperties": 1 }));
        }
        let names = match key.name {
            "inputs" | "steps" => identifier(),
            "models" | "corpora" | "sandboxes" | "mcp" | "agents" | "outputs" => json!({
                "pattern": LABEL,
                "patternErrorMessage": "a name is made of letters, digits, `_` and `-`, and starts with a letter or `_`",
            }),
            "env" => json!({ "pattern": "^[^=]+$" }),
            _ => return drawn,
        };
        merge(&mut drawn, json!({ "propertyNames": names }));
        drawn
    }
}

/// A name that expressions use: none of their own words, and none that YAML tools take for a boolean.
fn identifier() -> Value {
    let mut words: Vec<&str> = RESERVED.to_vec();
    words.extend(["yes", "no", "on", "off"]);
    json!({
        "type": "string",
        "pattern": IDENTIFIER,
        "patternErrorMessage": "a name is made of letters, digits and `_`, and starts with a letter or `_`",
        "not": { "enum": words },
    })
}

/// What a person reads who points at the key.
fn about(key: &Key) -> String {
    let mut about = key.about.to_owned();
    if !key.verbs.is_empty() {
        about += &format!(" Goes with {}.", nearest::list(key.verbs.iter().copied()));
    }
    if key.later {
        about += " Checked here; running it is not available yet.";
    }
    about
}
