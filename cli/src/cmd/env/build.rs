//! `troupe env build`: from a file of instances to verified images.

use super::options::options;
use super::workshop::Workshop;
use crate::args::EnvBuild;
use crate::cmd::block_on;
use crate::environments::{self, Advisor, Batch, Mind, Summary};
use crate::exit::{Exit, Usage};
use crate::load::folder_of;
use crate::settings::Settings;
use crate::{report, workspace};
use anyhow::Context as _;
use serde_json::json;
use std::path::Path;
use std::time::Duration;
use tokio::sync::watch;
use troupe_core::port::sandbox::SandboxEngine as _;
use troupe_sandbox::environment::Options;
use troupe_sandbox::environment::build::OWNER;
use troupe_sandbox::environment::instance::{self, Instance, Languages};

pub fn run(arguments: &EnvBuild, settings: &Settings) -> anyhow::Result<Exit> {
    let languages = match &arguments.model {
        Some(_) => Languages::Any,
        None => Languages::Known,
    };
    let instances = chosen(instance::read(&arguments.instances, languages)?, &arguments.only)?;
    let state = workspace::folder(settings)?;
    let options = Options {
        base: arguments.base.clone(),
        attempts: arguments.attempts,
        setup_timeout: Duration::from_secs(arguments.setup_timeout),
        reuse: !arguments.no_reuse,
        keep_sources: arguments.model.is_some(),
        ..options(&arguments.sandbox, &state)?
    };
    let batch = block_on(async {
        let workshop = Workshop::open(&state, options).await?;
        let engine = &workshop.engine;
        let ended = engine.leftovers().await?;
        for left in ended.iter().filter(|left| left.owner.starts_with(OWNER)) {
            // Of a build that was cut off: it would go on for nobody.
            engine.remove(&left.id).await?;
        }
        let (stop, stops) = watch::channel(false);
        let advisor = match &arguments.model {
            None => None,
            Some(model) => {
                let mind = Mind {
                    model,
                    url: arguments.model_url.as_deref(),
                };
                let folder = folder_of(&arguments.instances);
                let options = workshop.builder.options.clone();
                let kept = (state.as_path(), &workshop.store);
                Some(Advisor::new(mind, &folder, options, kept, stops, settings)?)
            }
        };
        let builders = (&workshop.builder, advisor.as_ref());
        let places = (arguments.out.as_path(), usize::from(arguments.jobs));
        let work = environments::build(builders, instances, places, settings);
        let batch = workshop.until_stopped(advisor.is_some().then_some(stop), work).await;
        workshop.store.close().await;
        batch?.transpose()
    })?;
    let Some(batch) = batch else {
        settings.say("stopped; the same command goes on");
        return Ok(Exit::Cancelled);
    };
    hand_on(arguments, &batch)?;
    let summary = Summary::of(&batch);
    if settings.json {
        let troubles = batch.troubles.iter();
        let troubles: Vec<_> = troubles
            .map(|(id, trouble)| json!({ "instance_id": id, "trouble": trouble }))
            .collect();
        report::print_json(&json!({ "summary": summary, "instances": batch.records, "troubles": troubles }))?;
    } else {
        report::line(&summary.text(&batch))?;
    }
    let enough = summary.all.f2p >= f64::from(arguments.require);
    Ok(if enough && batch.troubles.is_empty() {
        Exit::Succeeded
    } else {
        Exit::Failed
    })
}

fn chosen(instances: Vec<Instance>, only: &[String]) -> anyhow::Result<Vec<Instance>> {
    if let Some(unknown) = only
        .iter()
        .find(|id| instances.iter().all(|instance| instance.id != **id))
    {
        return Err(Usage::error(format!("there is no instance `{unknown}` in the file")));
    }
    let wanted = |instance: &Instance| only.is_empty() || only.contains(&instance.id);
    Ok(instances.into_iter().filter(wanted).collect())
}

/// Writes the records of verified instances, a JSON object a line, and the reports.
fn hand_on(arguments: &EnvBuild, batch: &Batch) -> anyhow::Result<()> {
    let mut lines = String::new();
    for record in batch.records.iter().filter(|record| record.is_verified()) {
        let path = arguments.out.join(&record.instance_id).join("instance.json");
        let text = std::fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        let value: serde_json::Value = serde_json::from_str(&text)?;
        lines.push_str(&format!("{value}\n"));
    }
    write(&arguments.out.join("records.jsonl"), &lines)?;
    let summary = serde_json::to_string_pretty(&Summary::of(batch))?;
    write(&arguments.out.join("summary.json"), &format!("{summary}\n"))?;
    match &arguments.junit {
        Some(path) => write(path, &environments::junit("env build", &environments::cases(batch))),
        None => Ok(()),
    }
}

/// Writes a file of the report.
pub(super) fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))
}
