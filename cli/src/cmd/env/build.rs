//! `troupe env build`: from a file of instances to verified images.

use crate::args::EnvBuild;
use crate::cmd::block_on;
use crate::environments::{self, Batch, Summary};
use crate::exit::{Exit, Usage};
use crate::settings::Settings;
use crate::{report, workspace};
use anyhow::Context as _;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use troupe_agents::{Clock as _, SystemClock};
use troupe_core::port::sandbox::{Mount, Resources, SandboxEngine as _};
use troupe_sandbox::certificates;
use troupe_sandbox::docker::Docker;
use troupe_sandbox::environment::{Builder, Instance, Options, instance};
use troupe_store::Store;

pub fn run(arguments: &EnvBuild, settings: &Settings) -> anyhow::Result<Exit> {
    let instances = chosen(instance::read(&arguments.instances)?, &arguments.only)?;
    let options = options(arguments)?;
    let state = workspace::folder(settings)?;
    let batch = block_on(async {
        let engine = Docker::connect().await?;
        let ended = engine.leftovers().await?;
        for left in ended.iter().filter(|left| left.owner.starts_with("environment ")) {
            // Of a build that was cut off: it would go on for nobody.
            engine.remove(&left.id).await?;
        }
        let store = Store::open(&state).await?;
        let builder = Builder {
            engine: Arc::new(engine.clone()),
            pool: Arc::new(store.clone()),
            options,
            now_ms: || SystemClock.now_ms(),
        };
        let places = (arguments.out.as_path(), usize::from(arguments.jobs));
        let batch = tokio::select! {
            batch = environments::build(&builder, instances, places, settings) => batch.map(Some),
            _ = tokio::signal::ctrl_c() => {
                // Nobody waits for what they do any more.
                engine.remove_own().await?;
                Ok(None)
            }
        };
        store.close().await;
        batch
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
        Some(path) => write(path, &environments::junit(batch)),
        None => Ok(()),
    }
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))
}

fn options(arguments: &EnvBuild) -> anyhow::Result<Options> {
    let mut env = BTreeMap::new();
    let mut mounts = Vec::new();
    let certificates = match &arguments.ca_certificates {
        Some(path) => Some(path.clone()),
        None => certificates::of_machine(),
    };
    if let Some(path) = certificates {
        mounts.push(mount(&path, certificates::INSIDE)?);
        env.extend(certificates::variables());
    }
    for text in &arguments.mount {
        let Some((host, inside)) = text.rsplit_once(':').filter(|(_, inside)| inside.starts_with('/')) else {
            return Err(Usage::error(format!(
                "--mount {text}: write PATH:INSIDE, INSIDE from the root"
            )));
        };
        mounts.push(mount(Path::new(host), inside)?);
    }
    for text in &arguments.env {
        match text.split_once('=').filter(|(name, _)| !name.is_empty()) {
            Some((name, value)) => env.insert(name.to_owned(), value.to_owned()),
            None => return Err(Usage::error(format!("--env {text}: write NAME=VALUE"))),
        };
    }
    Ok(Options {
        base: arguments.base.clone(),
        mounts,
        env,
        resources: Resources {
            memory_mb: Some(arguments.memory),
            disk_mb: Some(arguments.disk),
            cpu_thousandths: arguments.cpus.map(|cpus| (cpus * 1_000.0).max(10.0) as u32),
            ..Resources::default()
        },
        attempts: arguments.attempts,
        repeats: arguments.repeats,
        setup_timeout: Duration::from_secs(arguments.setup_timeout),
        test_timeout: Duration::from_secs(arguments.test_timeout),
        reuse: !arguments.no_reuse,
    })
}

fn mount(host: &Path, inside: &str) -> anyhow::Result<Mount> {
    match host.canonicalize() {
        Ok(host) => Ok(Mount {
            host,
            inside: inside.to_owned(),
        }),
        Err(error) => Err(Usage::error(format!("{}: {error}", host.display()))),
    }
}
