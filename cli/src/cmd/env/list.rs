//! `troupe env ls`: verified environments.

use crate::cmd::block_on;
use crate::exit::Exit;
use crate::settings::Settings;
use crate::{report, workspace};
use troupe_core::port::pool::{Environment, EnvironmentPool as _};
use troupe_store::Store;

pub fn run(repository: Option<&str>, settings: &Settings) -> anyhow::Result<Exit> {
    let environments = all(repository, settings)?;
    if settings.json {
        report::print_json(&environments)?;
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
        report::line(&format!("{image}  {language}  {repository} {version}{grown}"))?;
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
