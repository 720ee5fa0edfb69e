//! `troupe models info`: what a model's files say, and the memory that it takes.

use crate::args::Info;
use crate::exit::Exit;
use crate::settings::Settings;
use crate::{places, report};
use serde_json::json;
use std::path::Path;
use troupe_models::local::memory::{Load, Plan};
use troupe_models::local::shape::{Purpose, Shape};
use troupe_models::local::{Manifest, Planned, device, plan, shelf, verify};

/// Tokens of a sequence that nobody asked for.
const CONTEXT: usize = 8192;

pub(super) fn run(arguments: &Info, settings: &Settings) -> anyhow::Result<Exit> {
    let name = &arguments.name;
    let files = shelf::find(name, &places::models(Path::new(".")))?;
    let shape = Shape::of(&files)?;
    let load = Load {
        context: arguments.context.unwrap_or(shape.context.min(CONTEXT)),
        parallel: arguments.parallel.into(),
    };
    let Planned {
        device,
        plan,
        available,
    } = plan(&shape, load, device::chosen())?;
    let unfit = available.and_then(|available| plan.fits(available).err());
    let template = verify::template(&files);
    let tokens = verify::special_tokens(&files);
    let manifest = Manifest::read(files.folder()).unwrap_or_default();
    if settings.json {
        let tokens: serde_json::Map<_, _> = tokens
            .into_iter()
            .map(|(name, token)| (name.into(), token.into()))
            .collect();
        let mut object = json!(shape);
        object["name"] = name.as_str().into();
        object["path"] = files.path().display().to_string().into();
        object["template"] = template.into();
        object["tokens"] = tokens.into();
        object["source"] =
            json!(manifest.map(|manifest| json!({ "from": manifest.source, "revision": manifest.revision })));
        object["memory"] = json!({
            "device": device, "plan": plan, "total": plan.total(), "available": available, "fits": unfit.is_none(),
            "problem": unfit.map(|error| error.message),
        });
        report::print_json(&object)?;
        return Ok(Exit::Succeeded);
    }
    let mut lines = described(&shape);
    lines.insert(0, ("files", files.path().display().to_string()));
    if let Some(manifest) = manifest {
        let revision = manifest
            .revision
            .map_or_else(String::new, |revision| format!(" at {revision}"));
        lines.push(("from", manifest.source + &revision));
    }
    if shape.purpose == Purpose::Text {
        lines.push((
            "template",
            template.unwrap_or("none: prompts are joined plainly").to_owned(),
        ));
    }
    lines.extend(tokens);
    lines.push(("memory", memory(&plan)));
    lines.push(match (unfit, available) {
        (Some(error), _) => ("too much", format!("{} ({device})", error.message)),
        (None, Some(available)) => ("fits", format!("{} are there ({device})", report::bytes(available))),
        (None, None) => ("", "this system does not say how much memory is there".to_owned()),
    });
    let lines = lines.iter().map(|(what, value)| format!("  {what:<10}  {value}"));
    report::line(&format!("local/{name}\n{}", lines.collect::<Vec<_>>().join("\n")))?;
    Ok(Exit::Succeeded)
}

fn described(shape: &Shape) -> Vec<(&'static str, String)> {
    let heads = format!(
        "{} heads of {}, {} with keys",
        shape.heads, shape.head_dimension, shape.kv_heads
    );
    let tied = if shape.tied { ", the last layer too" } else { "" };
    vec![
        (
            "family",
            format!("{}, for {}", word(&shape.family), word(&shape.purpose)),
        ),
        (
            "weights",
            format!(
                "{} parameters, {} in {}",
                parameters(shape.parameters),
                report::bytes(shape.weights),
                shape.format
            ),
        ),
        (
            "layers",
            format!(
                "{} of width {}, inner {}, {heads}",
                shape.layers, shape.width, shape.inner
            ),
        ),
        ("words", format!("{}{tied}", shape.vocabulary)),
        ("context", format!("{} tokens", shape.context)),
    ]
}

fn memory(plan: &Plan) -> String {
    let Load { context, parallel } = plan.load;
    format!(
        "{} for {parallel} × {context} tokens: weights {}, keys and values {}, {} to work in",
        report::bytes(plan.total()),
        report::bytes(plan.weights),
        report::bytes(plan.cache),
        report::bytes(plan.work)
    )
}

/// A family or a purpose as it is written.
pub(super) fn word(named: &impl serde::Serialize) -> String {
    json!(named).as_str().unwrap_or_default().to_owned()
}

/// `4.0B`, `22.7M`, `33.6K`.
pub(super) fn parameters(n: u64) -> String {
    let units = [(1e9, "B"), (1e6, "M"), (1e3, "K")];
    match units.iter().find(|(size, _)| n as f64 >= *size) {
        Some((size, unit)) => format!("{:.1}{unit}", n as f64 / size),
        None => n.to_string(),
    }
}
