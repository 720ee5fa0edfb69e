//! `troupe models ls`: the models on this machine.

use crate::exit::Exit;
use crate::settings::Settings;
use crate::{places, report};
use serde_json::{Value, json};
use std::path::Path;
use troupe_core::port::Error;
use troupe_models::local::shape::Shape;
use troupe_models::local::shelf::{self, Stored};

pub(super) fn run(settings: &Settings) -> anyhow::Result<Exit> {
    let models: Vec<(Stored, Result<Shape, Error>)> = shelf::all(&places::models(Path::new(".")))
        .into_iter()
        .map(|stored| {
            let shape = Shape::of(&stored.files);
            (stored, shape)
        })
        .collect();
    if settings.json {
        let rows: Vec<Value> = models.iter().map(|(stored, shape)| object(stored, shape)).collect();
        report::print_json(&rows)?;
    } else if models.is_empty() {
        settings.say("no models on this machine; `troupe models pull` gets some");
    } else {
        report::line(&table(&models))?;
    }
    Ok(Exit::Succeeded)
}

fn object(stored: &Stored, shape: &Result<Shape, Error>) -> Value {
    let mut object = match shape {
        Ok(shape) => json!(shape),
        Err(error) => json!({ "error": error.message }),
    };
    object["name"] = stored.name.as_str().into();
    object["path"] = stored.files.path().display().to_string().into();
    object
}

fn table(models: &[(Stored, Result<Shape, Error>)]) -> String {
    let widest = models.iter().map(|(stored, _)| stored.name.chars().count()).max();
    let name = widest.unwrap_or(0).max(4);
    let mut lines = vec![format!(
        "{:name$}  {:10}  {:7}  {:>10}  {:6}  {:>9}  {:>7}",
        "NAME", "FAMILY", "FOR", "PARAMETERS", "FORMAT", "SIZE", "CONTEXT"
    )];
    lines.extend(models.iter().map(|(stored, shape)| match shape {
        Err(error) => format!("{:name$}  broken: {}", stored.name, error.message),
        Ok(shape) => format!(
            "{:name$}  {:10}  {:7}  {:>10}  {:6}  {:>9}  {:>7}",
            stored.name,
            super::info::word(&shape.family),
            super::info::word(&shape.purpose),
            super::info::parameters(shape.parameters),
            shape.format,
            report::bytes(shape.weights),
            shape.context
        ),
    }));
    lines.join("\n")
}
