//! Inputs from the command line, by the types that the workflow declares.

use crate::args::Run;
use crate::exit::Usage;
use crate::settings::Settings;
use std::io::Read as _;
use std::path::Path;
use std::time::Duration;
use troupe_core::ir::{Input, Workflow};
use troupe_core::types::Type;
use troupe_core::{Object, Value};

/// The inputs of a run, all of them and of the declared types.
pub fn inputs(arguments: &Run, workflow: &Workflow) -> anyhow::Result<Object> {
    checked(workflow, given(arguments, workflow)?)
}

/// What was given of the inputs, checked, with the defaults of the others; and the names of those that
/// a run would still need.
pub fn inputs_so_far(arguments: &Run, workflow: &Workflow) -> anyhow::Result<(Object, Vec<String>)> {
    let given = given(arguments, workflow)?;
    let is_missing = |input: &Input| input.default.is_none() && !given.contains_key(&input.name);
    let (missing, there): (Vec<Input>, Vec<Input>) = workflow.inputs.iter().cloned().partition(is_missing);
    let inputs = checked(
        &Workflow {
            inputs: there,
            ..workflow.clone()
        },
        given,
    )?;
    Ok((inputs, missing.into_iter().map(|input| input.name).collect()))
}

fn checked(workflow: &Workflow, given: Object) -> anyhow::Result<Object> {
    troupe_core::engine::check_inputs(workflow, given).map_err(|mistakes| Usage::error(mistakes.join("\n")))
}

/// `--inputs` first, then each `-i` over it.
fn given(arguments: &Run, workflow: &Workflow) -> anyhow::Result<Object> {
    let mut inputs = match &arguments.inputs_file {
        Some(file) => object(&read(file)?, &format!("--inputs {}", file.display()))?,
        None => Object::new(),
    };
    for given in &arguments.inputs {
        let Some((name, text)) = given.split_once('=') else {
            return Err(Usage::error(format!("`-i {given}` is not NAME=VALUE")));
        };
        let declared = workflow.inputs.iter().find(|input| input.name == name);
        inputs.insert(name.to_owned(), value(text, declared.map(|input| &input.kind)));
    }
    Ok(inputs)
}

/// Text stays text where the type takes text and nothing else reads better; the rest is JSON.
fn value(text: &str, kind: Option<&Type>) -> Value {
    let as_text = Value::from(text);
    let Some(kind) = kind else { return as_text };
    if *kind == Type::String || *kind == Type::File {
        return as_text;
    }
    match serde_json::from_str::<Value>(text) {
        Ok(json) if kind.check(&json).is_ok() || kind.check(&as_text).is_err() => json,
        _ => as_text,
    }
}

/// A JSON object out of `text`.
pub fn object(text: &str, what: &str) -> anyhow::Result<Object> {
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(other) => Err(Usage::error(format!(
            "{what} must be a JSON object, and it is {}",
            troupe_core::types::describe(&other)
        ))),
        Err(error) => Err(Usage::error(format!("{what} is not JSON: {error}"))),
    }
}

/// `500ms`, `2s`, `5m`, `1h`, `30d`: a time that is not nothing.
pub fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let ms_of = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => 0,
    };
    let ms = number.parse::<u64>().ok().and_then(|number| number.checked_mul(ms_of));
    match ms {
        Some(ms) if ms > 0 => Ok(Duration::from_millis(ms)),
        _ => Err("say a number and its unit: 500ms, 2s, 5m, 12h, 30d".to_owned()),
    }
}

/// A file's text, or stdin's for `-`.
pub fn read(file: &Path) -> anyhow::Result<String> {
    let text = if file.as_os_str() == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(file)
    };
    text.map_err(|error| Usage::error(format!("{} cannot be read: {error}", file.display())))
}

/// The environment variables that the workflow and those that it calls read. One that is not set is
/// not there: an expression may ask with `has`, and fails when it reads it.
pub fn environment(workflow: &Workflow, settings: &Settings) -> Object {
    let mut object = Object::new();
    for name in workflow.environment() {
        match std::env::var(name) {
            Ok(value) => {
                object.insert(name.to_owned(), value.into());
            }
            Err(_) => settings.say(format!(
                "warning: the workflow reads `env.{name}`, and the environment variable {name} is not set"
            )),
        }
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_number_and_a_unit() {
        let ms = |text| duration(text).ok().map(|time| time.as_millis());
        let read = ["500ms", "2s", "5m", "1h", "30d"].map(ms);
        assert_eq!(
            read,
            [
                Some(500),
                Some(2_000),
                Some(300_000),
                Some(3_600_000),
                Some(2_592_000_000)
            ]
        );
        for wrong in [
            "",
            "2",
            "s",
            "0s",
            "-1s",
            "2 s",
            "1w",
            "99999999999999999999s",
            "18446744073709551615h",
        ] {
            assert_eq!(ms(wrong), None, "{wrong}");
        }
    }
}
