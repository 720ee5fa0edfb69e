//! `troupe env ls`: verified environments.

use super::sizes;
use crate::cmd::block_on;
use crate::environments::{own, taken};
use crate::exit::Exit;
use crate::settings::Settings;
use crate::{report, workspace};
use serde_json::json;
use troupe_core::port::pool::{Environment, EnvironmentPool as _};
use troupe_sandbox::docker::Docker;
use troupe_store::Store;

pub fn run(repository: Option<&str>, settings: &Settings) -> anyhow::Result<Exit> {
    let environments = all(repository, settings)?;
    // Without an engine nothing is known of sizes, and all else is.
    let kept = block_on(async {
        let engine = Docker::connect().await?;
        sizes::kept(&engine, &environments).await
    });
    let kept = if environments.is_empty() {
        Vec::new()
    } else {
        kept.unwrap_or_default()
    };
    let room = |image: &str| {
        let found = kept.iter().find(|it| it.image == image)?;
        Some((taken([found]), own(found, &kept)))
    };
    if settings.json {
        let rows = environments.iter().map(|environment| {
            let mut row = serde_json::to_value(environment)?;
            // Patches and lists are for those who ask for one environment.
            row["check"] = serde_json::Value::Null;
            row["bytes"] = json!(room(&environment.image).map(|(bytes, _)| bytes));
            row["own_bytes"] = json!(room(&environment.image).map(|(_, own)| own));
            anyhow::Ok(row)
        });
        report::print_json(&rows.collect::<anyhow::Result<Vec<_>>>()?)?;
        return Ok(Exit::Succeeded);
    }
    for environment in &environments {
        let Environment {
            image,
            language,
            repository,
            version,
            parent,
            ..
        } = environment;
        let grown = parent
            .as_ref()
            .map(|parent| format!("  from {parent}"))
            .unwrap_or_default();
        let size = match room(image) {
            Some((bytes, own)) if own < bytes => format!("{}, {} its own", report::bytes(bytes), report::bytes(own)),
            Some((bytes, _)) => report::bytes(bytes),
            None => "no size known".to_owned(),
        };
        report::line(&format!("{image}  {language}  {repository} {version}  {size}{grown}"))?;
    }
    if !kept.is_empty() {
        settings.say(format!("{} above base images", report::bytes(taken(&kept))));
    }
    if environments.is_empty() {
        settings.say("there is no environment yet; `troupe env build INSTANCES.jsonl` builds some");
    }
    Ok(Exit::Succeeded)
}

/// The environments of this workspace.
pub(super) fn all(repository: Option<&str>, settings: &Settings) -> anyhow::Result<Vec<Environment>> {
    let state = workspace::folder(settings)?;
    if !state.is_dir() {
        return Ok(Vec::new());
    }
    block_on(async {
        let store = Store::open(&state).await?;
        let environments = store.list(repository).await;
        store.close().await;
        Ok(environments?)
    })
}
