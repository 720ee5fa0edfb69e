//! `troupe sandbox`: what processes that are gone have left in the engine.

use super::block_on;
use crate::args::{Sandbox, SandboxCommand};
use crate::exit::Exit;
use crate::report;
use crate::settings::Settings;
use serde_json::json;
use troupe_core::port::sandbox::SandboxEngine as _;
use troupe_sandbox::docker::Docker;

pub fn run(arguments: &Sandbox, settings: &Settings) -> anyhow::Result<Exit> {
    let removes = matches!(arguments.command, SandboxCommand::Gc);
    let left = block_on(async {
        let engine = Docker::connect().await?;
        let left = engine.leftovers().await?;
        if removes {
            for sandbox in &left {
                engine.remove(&sandbox.id).await?;
            }
        }
        Ok(left)
    })?;
    if settings.json {
        let rows = left.iter().map(|sandbox| {
            let (id, owner, image) = (&sandbox.id, &sandbox.owner, &sandbox.image);
            json!({ "id": id, "owner": owner, "image": image, "process": sandbox.process })
        });
        report::print_json(&rows.collect::<Vec<_>>())?;
        return Ok(Exit::Succeeded);
    }
    for sandbox in &left {
        let id = sandbox.id.get(..12).unwrap_or(&sandbox.id);
        report::line(&format!("{id}  {}  {}", sandbox.owner, sandbox.image))?;
    }
    match (left.len(), removes) {
        (0, _) => settings.say("nothing is left over"),
        (count, true) => settings.say(format!("removed: {count}")),
        (_, false) => settings.say("`troupe sandbox gc` removes them"),
    }
    Ok(Exit::Succeeded)
}
