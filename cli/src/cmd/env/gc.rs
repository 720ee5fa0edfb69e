//! `troupe env gc`: room for new environments.

use crate::cmd::block_on;
use crate::exit::Exit;
use crate::settings::Settings;
use crate::{report, workspace};
use serde_json::json;
use std::collections::HashMap;
use troupe_core::port::pool::{Environment, EnvironmentPool as _};
use troupe_core::port::sandbox::SandboxEngine as _;
use troupe_sandbox::docker::Docker;
use troupe_store::Store;

pub fn run(keep: usize, dry_run: bool, settings: &Settings) -> anyhow::Result<Exit> {
    let state = workspace::folder(settings)?;
    let removed = block_on(async {
        let engine = Docker::connect().await?;
        let store = Store::open(&state).await?;
        let mut removed = Vec::new();
        let mut seen: HashMap<String, usize> = HashMap::new();
        // The newest come first.
        for environment in store.list(None).await? {
            let is_gone = engine.image(&environment.image).await?.is_none();
            let rank = seen.entry(environment.repository.clone()).or_default();
            *rank += usize::from(!is_gone);
            if is_gone || *rank > keep {
                removed.push(environment);
            }
        }
        if !dry_run {
            for Environment { image, .. } in &removed {
                engine.remove_image(image).await?;
                store.forget(image).await?;
            }
        }
        store.close().await;
        Ok(removed)
    })?;
    if settings.json {
        let images: Vec<&String> = removed.iter().map(|environment| &environment.image).collect();
        report::print_json(&json!({ "removed": images, "dry_run": dry_run }))?;
        return Ok(Exit::Succeeded);
    }
    let verb = if dry_run { "would be removed" } else { "removed" };
    for environment in &removed {
        report::line(&format!("{}  {verb}", environment.image))?;
    }
    settings.say(format!(
        "{} {verb}",
        report::plural(removed.len() as u64, "environment")
    ));
    Ok(Exit::Succeeded)
}
