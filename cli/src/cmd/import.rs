//! `troupe import`: a run from the file that `troupe export` wrote.

use super::block_on;
use crate::archive::{self, Archive};
use crate::args::Import;
use crate::exit::{Exit, Usage};
use crate::settings::Settings;
use crate::workspace;
use troupe_core::id::RunId;
use troupe_core::port::journal::Leases as _;
use troupe_store::{Artifacts, Store};

pub fn run(arguments: &Import, settings: &Settings) -> anyhow::Result<Exit> {
    let folder = workspace::folder(settings)?;
    let name = match &arguments.name {
        None => None,
        Some(name) => Some(root_name(name)?),
    };
    block_on(async {
        let archive = Archive::open(&arguments.file).await?;
        let store = Store::open(&folder).await?;
        let run = name.as_ref().unwrap_or(archive.run());
        let lease = store.acquire(run, &workspace::holder()).await?;
        let taken = archive::take(
            &store,
            &Artifacts::of(&folder),
            &archive,
            name.as_ref(),
            arguments.allow_host_commands,
        )
        .await;
        drop(lease);
        store.close().await;
        let taken = taken?;
        settings.say(match (taken.new, taken.known) {
            (0, _) => format!("run {run} is here already, and equal"),
            (1, 0) => format!(
                "took up run {run}, {} events; `troupe show {run}` shows it",
                taken.events
            ),
            (new, known) => {
                let equal = if known > 0 {
                    format!(", {known} were here already, equal")
                } else {
                    String::new()
                };
                format!(
                    "took up run {run} with {} that belong to it, {} events{equal}; `troupe show {run}` shows it",
                    new - 1,
                    taken.events
                )
            }
        });
        if taken.forbidden {
            settings.say(format!(
                "run {run} may no longer start commands: read what it runs, then `troupe resume {run} --allow-host-commands`"
            ));
        }
        Ok(Exit::Succeeded)
    })
}

/// A name for a run that a person started.
fn root_name(name: &str) -> anyhow::Result<RunId> {
    let upper = name.to_uppercase();
    let parsed = RunId::parse(&upper).filter(|run| run.parent().is_none());
    parsed.ok_or_else(|| {
        Usage::error(format!(
            "`{name}` is no name of a run: letters, digits, `-` and `_`, 64 at most"
        ))
    })
}
