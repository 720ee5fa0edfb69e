//! The JSON Schema, with an independent validator: it takes what the compiler takes, and refuses those
//! mistakes that a schema can see.

use crate::spec::blocks;
use crate::{mistakes, seeds};
use jsonschema::Validator;
use saphyr_parser::{Event, Parser, ScalarStyle};
use std::collections::HashMap;
use std::path::Path;
use troupe_core::Value;
use troupe_core::diagnostic::{Diagnostic, Severity};
use troupe_dsl::{Compiled, json_schema, shared_json_schema};

fn validator() -> Validator {
    jsonschema::draft202012::new(&json_schema()).expect("the schema is one")
}

/// YAML as the data that an editor's tools make of it; none when it is no YAML.
fn data(text: &str) -> Option<Value> {
    let mut open: Vec<(usize, Value, Option<String>)> = Vec::new();
    let mut anchors: HashMap<usize, Value> = HashMap::new();
    let mut root = None;
    for event in Parser::new_from_str(text) {
        let (anchor, done) = match event.ok()?.0 {
            Event::Scalar(text, style, anchor, _) => (anchor, scalar(&text, style)),
            Event::Alias(anchor) => (0, anchors.get(&anchor)?.clone()),
            Event::SequenceStart(.., anchor, _) => {
                open.push((anchor, Value::Array(Vec::new()), None));
                continue;
            }
            Event::MappingStart(.., anchor, _) => {
                open.push((anchor, Value::Object(troupe_core::Object::new()), None));
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let (anchor, value, _) = open.pop()?;
                (anchor, value)
            }
            _ => continue,
        };
        if anchor > 0 {
            anchors.insert(anchor, done.clone());
        }
        match open.last_mut() {
            None => root = Some(done),
            Some((_, Value::Array(items), _)) => items.push(done),
            Some((_, Value::Object(fields), key)) => match key.take() {
                Some(key) => drop(fields.insert(key, done)),
                None => *key = Some(done.as_str().map_or_else(|| done.to_string(), str::to_owned)),
            },
            Some(_) => return None,
        }
    }
    root
}

fn scalar(text: &str, style: ScalarStyle) -> Value {
    if style != ScalarStyle::Plain {
        return Value::from(text);
    }
    match text {
        "" | "~" | "null" => Value::Null,
        "true" => Value::from(true),
        "false" => Value::from(false),
        _ if text.starts_with(|c: char| c.is_ascii_digit() || c == '-') => {
            let number = text.parse::<i64>().map(Value::from);
            number.unwrap_or_else(|_| text.parse::<f64>().map_or_else(|_| Value::from(text), Value::from))
        }
        _ => Value::from(text),
    }
}

fn problems(validator: &Validator, text: &str) -> Vec<String> {
    let data = data(text).expect("it is YAML");
    let found = validator.iter_errors(&data);
    found
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

/// Whether a schema can see this: a key or a value that is wrong by itself.
fn is_visible(d: &Diagnostic) -> bool {
    let by_its_own = matches!(
        d.code,
        "T0101" | "T0102" | "T0103" | "T0104" | "T0107" | "T0110" | "T0111" | "T0112"
    );
    // What depends on other keys, other files, or on how a text reads.
    let depends = [
        "an agent needs `model`",
        "default model, and it has none",
        "there is no choice",
        "a discussion needs at least two agents",
        "a team needs at least one agent",
        "is an empty list",
        "is empty",
        "plain data",
    ];
    // What an imported file has wrong is that file's.
    let is_here = d.labels.first().is_some_and(|label| label.span.source.0 == 0);
    is_here && by_its_own && d.severity == Severity::Error && !depends.iter().any(|part| d.message.contains(part))
}

/// Compares what the schema and the compiler say of a text.
fn compare(validator: &Validator, place: &str, text: &str, compiled: &Compiled, wrong: &mut Vec<String>) {
    if data(text).is_none() {
        return;
    }
    let found = problems(validator, text);
    if !compiled.has_errors() && !found.is_empty() {
        wrong.push(format!(
            "{place}: the compiler takes it, and the schema says\n  {}",
            found.join("\n  ")
        ));
    }
    let visible: Vec<_> = compiled.diagnostics.iter().filter(|d| is_visible(d)).collect();
    if found.is_empty() && !visible.is_empty() {
        let told: Vec<_> = visible.iter().map(|d| format!("{}: {}", d.code, d.message)).collect();
        wrong.push(format!(
            "{place}: the schema takes it, and the compiler says\n  {}",
            told.join("\n  ")
        ));
    }
}

#[test]
fn the_schemas_are_valid_and_stand_on_their_own() {
    for schema in [json_schema(), shared_json_schema()] {
        jsonschema::meta::validate(&schema).expect("it is a schema of draft 2020-12");
        let text = schema.to_string();
        assert_eq!(
            text.matches("\"$ref\":\"").count(),
            text.matches("\"$ref\":\"#/$defs/").count()
        );
        assert_eq!(
            text.matches("://").count(),
            1,
            "only the name of the draft is an address"
        );
    }
}

#[test]
fn every_key_is_described() {
    fn visit(path: &str, schema: &Value, missing: &mut Vec<String>) {
        let Some(fields) = schema.as_object() else { return };
        for (name, property) in fields
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            if property.get("description").is_none() {
                missing.push(format!("{path}/{name}"));
            }
        }
        for (name, inner) in fields {
            visit(&format!("{path}/{name}"), inner, missing);
        }
    }
    let mut missing = Vec::new();
    visit("", &json_schema(), &mut missing);
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn the_manual_is_taken_and_refused_as_the_compiler_does() {
    let validator = validator();
    let mut wrong = Vec::new();
    for (place, block) in blocks() {
        let compiled = block.compile();
        compare(&validator, &place, &block.text, &compiled, &mut wrong);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn workflows_that_are_there_are_taken() {
    let validator = validator();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in std::fs::read_dir(root.join("../examples")).expect("there are examples") {
        files.push(folder.expect("it can be listed").path().join("workflow.yaml"));
    }
    for file in std::fs::read_dir(root.join("std")).expect("there is a library") {
        files.push(file.expect("it can be listed").path());
    }
    files.extend(seeds::workflows().iter().map(|(name, _)| seeds::folder().join(name)));
    let mut seen = 0;
    for file in files.iter().filter(|file| file.is_file()) {
        let text = std::fs::read_to_string(file).expect("it can be read");
        assert_eq!(problems(&validator, &text), Vec::<String>::new(), "{}", file.display());
        seen += 1;
    }
    assert!(seen > 25, "only {seen} files");
}

#[test]
fn shared_files_are_taken_and_nothing_else() {
    let schema = shared_json_schema();
    let validator = jsonschema::draft202012::new(&schema).expect("the schema is one");
    for name in ["agents.yaml", "models.yaml"] {
        let text = std::fs::read_to_string(seeds::folder().join("shared").join(name)).expect("it is there");
        assert_eq!(problems(&validator, &text), Vec::<String>::new(), "{name}");
        assert!(!problems(&validator, &format!("{text}\nsteps: {{ a: {{ run: [echo] }} }}\n")).is_empty());
    }
    let inside = json_schema()["$defs"]["shared"]["properties"].clone();
    assert_eq!(inside, schema["properties"]);
}

#[test]
fn mistakes_that_a_schema_can_see_are_refused() {
    let validator = validator();
    let workflows = seeds::workflows();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for seed in seeds::seeds() {
        let (name, text) = workflows
            .iter()
            .find(|(name, _)| *name == seed.file)
            .expect("it is there");
        let edited = seed.text(text);
        let compiled = mistakes::compiled(name, &edited);
        seen += usize::from(compiled.diagnostics.iter().any(is_visible));
        compare(
            &validator,
            &format!("{name}: {}", seed.title),
            &edited,
            &compiled,
            &mut wrong,
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 60, "only {seen} mistakes are seen");
}
