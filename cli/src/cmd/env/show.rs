//! `troupe env show`: one verified environment.

use super::list;
use crate::environments::{ancestors, children, used};
use crate::exit::Exit;
use crate::report;
use crate::settings::Settings;
use serde_json::{Value, json};
use troupe_core::port::pool::Environment;

pub fn run(name: &str, settings: &Settings) -> anyhow::Result<Exit> {
    let environments = list::all(None, settings)?;
    let environment = &super::named(&environments, name).ok_or_else(|| super::unknown(name))?;
    if settings.json {
        report::print_json(&told(environment, &environments)?)?;
        return Ok(Exit::Succeeded);
    }
    report::line(&format!("image        {}", environment.image))?;
    report::line(&format!("digest       {}", environment.digest))?;
    report::line(&format!("instance     {}", environment.instance))?;
    report::line(&format!(
        "repository   {} {}",
        environment.repository, environment.version
    ))?;
    report::line(&format!("language     {}", super::language(environment)))?;
    report::line(&format!("begins with  {}", environment.base))?;
    for line in lineage(environment, &environments) {
        report::line(&line)?;
    }
    if let Some(check) = &environment.check {
        let (mended, kept) = (check.fail_to_pass.len(), check.pass_to_pass.len());
        report::line(&format!(
            "verdict      {}; tests: {mended} mended, {kept} kept",
            check.verdict
        ))?;
    }
    let used = used(&environment.usage);
    if !used.is_empty() {
        report::line(&format!("building it  {used}"))?;
    }
    report::line(&format!("\n# setup\n{}", environment.setup.trim_end()))?;
    if let Some(delta) = &environment.delta {
        report::line(&format!("\n# then\n{}", delta.trim_end()))?;
    }
    report::line(&format!("\n# tests\n{}", environment.evaluation.trim_end()))?;
    Ok(Exit::Succeeded)
}

/// What it grew from, back to the first of its line, and what grew from it.
fn lineage(environment: &Environment, all: &[Environment]) -> Vec<String> {
    let told = |label: &str, one: &Environment| {
        let named = format!("{} {}", one.instance, one.version);
        format!("{label:12} {}  {}", one.image, named.trim_end())
    };
    let line = ancestors(environment, all);
    let gone = match line.last().unwrap_or(&environment).parent.as_ref() {
        Some(parent) if line.iter().all(|it| it.image != *parent) => {
            let label = if line.is_empty() { "grew from" } else { "and that" };
            Some(format!("{label:12} {parent}  (no longer kept)"))
        }
        _ => None,
    };
    let above = line
        .iter()
        .enumerate()
        .map(|(at, one)| told(if at == 0 { "grew from" } else { "and that" }, one));
    let below = children(environment, all).enumerate();
    let below = below.map(|(at, one)| told(if at == 0 { "gave rise to" } else { "" }, one));
    above.chain(gone).chain(below).collect()
}

/// The same for programs.
fn told(environment: &Environment, all: &[Environment]) -> anyhow::Result<Value> {
    let images = |found: Vec<&Environment>| found.into_iter().map(|it| it.image.clone()).collect::<Vec<_>>();
    let mut value = serde_json::to_value(environment)?;
    value["ancestors"] = json!(images(ancestors(environment, all)));
    value["children"] = json!(images(children(environment, all).collect()));
    Ok(value)
}
