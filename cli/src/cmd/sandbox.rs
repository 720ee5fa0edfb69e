//! `troupe sandbox`: what processes that are gone have left in the engine.

use super::block_on;
use crate::args::{Sandbox, SandboxCommand};
use crate::exit::Exit;
use crate::settings::Settings;
use crate::{report, workspace};
use serde_json::json;
use troupe_core::id::RunId;
use troupe_core::port::ErrorKind;
use troupe_core::port::sandbox::{Leftover, SandboxEngine as _};
use troupe_sandbox::docker::Docker;
use troupe_store::Reader;

pub fn run(arguments: &Sandbox, settings: &Settings) -> anyhow::Result<Exit> {
    let (removes, all) = match arguments.command {
        SandboxCommand::Ls => (false, false),
        SandboxCommand::Gc { all } => (true, all),
        SandboxCommand::Forward => {
            troupe_sandbox::proxy::inside::forward()?;
            return Ok(Exit::Succeeded);
        }
    };
    let folder = workspace::folder(settings)?;
    let (gone, kept) = block_on(async {
        let engine = Docker::connect().await?;
        let runs = match Reader::open(&folder).await {
            Ok(reader) => Some(reader),
            Err(error) if error.kind == ErrorKind::Missing => None,
            Err(error) => return Err(error.into()),
        };
        let (mut gone, mut kept) = (Vec::new(), Vec::new());
        for left in engine.leftovers().await? {
            match !all && is_waited_for(&left, runs.as_ref()).await? {
                true => kept.push(left),
                false => gone.push(left),
            }
        }
        if removes {
            for sandbox in &gone {
                engine.remove(&sandbox.id).await?;
            }
        }
        Ok((gone, kept))
    })?;
    if settings.json {
        let rows = gone.iter().map(|sandbox| (sandbox, false));
        let rows = rows.chain(kept.iter().map(|sandbox| (sandbox, true)));
        report::print_json(&rows.map(row).collect::<Vec<_>>())?;
        return Ok(Exit::Succeeded);
    }
    let listed = gone.iter().chain(kept.iter().filter(|_| !removes));
    for sandbox in listed {
        let id = sandbox.id.get(..12).unwrap_or(&sandbox.id);
        report::line(&format!("{id}  {}  {}", sandbox.owner, sandbox.image))?;
    }
    match (gone.len(), removes) {
        (0, _) => settings.say("nothing is left over"),
        (count, true) => settings.say(format!("removed: {count}")),
        (_, false) => settings.say("`troupe sandbox gc` removes them"),
    }
    if !kept.is_empty() {
        let count = kept.len();
        settings.say(format!("kept for runs that may go on: {count}; `--all` takes them too"));
    }
    Ok(Exit::Succeeded)
}

/// Whether a run may go on with a sandbox: one that is not over, or that another workspace knows.
async fn is_waited_for(left: &Leftover, runs: Option<&Reader>) -> anyhow::Result<bool> {
    let Some(name) = &left.run else { return Ok(false) };
    let (Some(runs), Some(run)) = (runs, RunId::parse(name)) else {
        return Ok(true);
    };
    match runs.run(&run).await {
        Ok(record) => Ok(!record.progress.status.is_over()),
        Err(error) if error.kind == ErrorKind::Missing => Ok(true),
        Err(error) => Err(error.into()),
    }
}

fn row((sandbox, kept): (&Leftover, bool)) -> serde_json::Value {
    json!({
        "id": sandbox.id,
        "owner": sandbox.owner,
        "image": sandbox.image,
        "process": sandbox.process,
        "run": sandbox.run,
        "kept": kept,
    })
}
