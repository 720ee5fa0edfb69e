//! `troupe env verify`: whether the verdicts of kept environments still hold.

use super::build::write;
use super::options::options;
use super::workshop::Workshop;
use crate::args::EnvVerify;
use crate::cmd::block_on;
use crate::environments::{self, Verified};
use crate::exit::{Exit, Usage};
use crate::settings::Settings;
use crate::{report, workspace};
use serde_json::json;
use std::path::Path;
use troupe_core::port::pool::Environment;
use troupe_sandbox::environment::instance::{self, Instance, Languages};

pub fn run(arguments: &EnvVerify, settings: &Settings) -> anyhow::Result<Exit> {
    let state = workspace::folder(settings)?;
    let options = options(&arguments.sandbox, &state)?;
    let wanted = wanted(super::list::all(None, settings)?, &arguments.what)?;
    let ended = block_on(async {
        let workshop = Workshop::open(&state, options).await?;
        let work = environments::verify(&workshop.builder, &wanted, usize::from(arguments.jobs), settings);
        let ended = workshop.until_stopped(None, work).await;
        workshop.store.close().await;
        ended
    })?;
    let Some((verified, troubles)) = ended else {
        settings.say("stopped; the same command begins again");
        return Ok(Exit::Cancelled);
    };
    if let Some(path) = &arguments.junit {
        let cases: Vec<_> = verified.iter().map(Verified::case).collect();
        let cases = [cases, environments::troubles(&troubles).collect()].concat();
        write(path, &environments::junit("env verify", &cases))?;
    }
    tell(&verified, &troubles, settings)?;
    let holding = verified.iter().filter(|it| it.holds).count();
    let enough = holding * 100 >= wanted.len() * usize::from(arguments.require);
    Ok(if enough && troubles.is_empty() {
        Exit::Succeeded
    } else {
        Exit::Failed
    })
}

fn tell(verified: &[Verified], troubles: &[(String, String)], settings: &Settings) -> anyhow::Result<()> {
    if settings.json {
        let troubles: Vec<_> = troubles
            .iter()
            .map(|(id, trouble)| json!({ "instance_id": id, "trouble": trouble }))
            .collect();
        return report::print_json(&json!({ "environments": verified, "troubles": troubles }));
    }
    let width = verified.iter().map(|it| it.instance_id.len()).max().unwrap_or(0);
    for one in verified {
        let mark = if one.holds { '✓' } else { '✗' };
        let took = report::duration(one.duration_ms);
        report::line(&format!("{mark} {:width$}  {took:>6}  {}", one.instance_id, one.reason))?;
    }
    for (id, trouble) in troubles {
        report::line(&format!("! {id:width$}  {trouble}"))?;
    }
    let holding = verified.iter().filter(|it| it.holds).count();
    let count = report::plural((verified.len() + troubles.len()) as u64, "environment");
    report::line(&format!("{count}: {holding} still verified"))
}

/// The environments that are meant: those of a file's instances, those named, or all.
fn wanted(all: Vec<Environment>, what: &[String]) -> anyhow::Result<Vec<(Environment, Option<Instance>)>> {
    if what.is_empty() {
        if all.is_empty() {
            return Err(Usage::error(
                "there is no environment to verify yet; `troupe env build INSTANCES.jsonl` builds some",
            ));
        }
        return Ok(all.into_iter().map(|it| (it, None)).collect());
    }
    let mut wanted = Vec::new();
    let mut add = |name: &str, instance: Option<Instance>| match super::named(&all, name) {
        Some(found) => {
            wanted.push((found, instance));
            Ok(())
        }
        None => Err(super::unknown(name)),
    };
    for text in what {
        let is_file = text.ends_with(".jsonl") || text.ends_with(".json");
        if !is_file {
            add(text, None)?;
            continue;
        }
        for instance in instance::read(Path::new(text), Languages::Any)? {
            add(&instance.id.clone(), Some(instance))?;
        }
    }
    Ok(wanted)
}
