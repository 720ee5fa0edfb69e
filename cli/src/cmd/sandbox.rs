//! `troupe sandbox`: what processes that are gone have left in the engine, and what is kept for runs.

use super::block_on;
use crate::args::{Sandbox, SandboxCommand, SandboxGc};
use crate::exit::Exit;
use crate::report::{self, bytes};
use crate::rooms::{self, Bounds, Judged, Stands, judged, plan, sandboxes, until_ms};
use crate::settings::Settings;
use crate::workspace;
use serde_json::{Value, json};
use std::path::Path;
use troupe_agents::{Clock as _, SystemClock};
use troupe_core::id::RunId;
use troupe_core::port::sandbox::{Leftover, SandboxEngine as _};
use troupe_core::port::{Error, ErrorKind};
use troupe_sandbox::docker::Docker;
use troupe_store::{Reader, Store};

pub fn run(arguments: &Sandbox, settings: &Settings) -> anyhow::Result<Exit> {
    let folder = workspace::folder(settings)?;
    match &arguments.command {
        SandboxCommand::Ls => block_on(list(&folder, settings))?,
        SandboxCommand::Gc(arguments) => block_on(sweep(arguments, &folder, settings))?,
        SandboxCommand::Forward => troupe_sandbox::proxy::inside::forward()?,
    }
    Ok(Exit::Succeeded)
}

/// What there is: left by processes that are gone, and kept.
struct Found {
    left: Vec<Leftover>,
    kept: Vec<Judged>,
}

impl Found {
    async fn look(engine: &Docker, folder: &Path, reader: Option<&Reader>) -> Result<Self, Error> {
        let kept = engine.kept(true).await?;
        Ok(Self {
            left: engine.leftovers().await?,
            kept: judged(kept, folder, reader, &[], None).await?,
        })
    }
}

async fn reader(folder: &Path) -> Result<Option<Reader>, Error> {
    match Reader::open(folder).await {
        Ok(reader) => Ok(Some(reader)),
        Err(error) if error.kind == ErrorKind::Missing => Ok(None),
        Err(error) => Err(error),
    }
}

async fn list(folder: &Path, settings: &Settings) -> anyhow::Result<()> {
    let engine = Docker::connect().await?;
    let found = Found::look(&engine, folder, reader(folder).await?.as_ref()).await?;
    let bounds = Bounds::default();
    if settings.json {
        let left = found.left.iter().map(left_row);
        let kept = found.kept.iter().map(|judged| kept_row(judged, &bounds));
        return report::print_json(&left.chain(kept).collect::<Vec<_>>());
    }
    for left in &found.left {
        let (id, owner, image) = (short(&left.id), &left.owner, &left.image);
        report::line(&format!("{id}  {owner}  {image}  left over"))?;
    }
    for judged in &found.kept {
        let kept = &judged.kept;
        let (id, name, image, bytes) = (short(&kept.id), &kept.name, &kept.image, bytes(kept.bytes));
        report::line(&format!("{id}  {name}  {image}  {bytes}  {}", fate(judged, &bounds)))?;
    }
    let (goes, _) = plan(found.kept.clone(), &bounds, SystemClock.now_ms());
    match found.left.len() + goes.len() {
        0 => settings.say("nothing is left over"),
        count => settings.say(format!("`troupe sandbox gc` removes {}", sandboxes(count))),
    }
    if found.kept.iter().any(|judged| matches!(judged.stands, Stands::Over(_))) {
        settings.say(format!(
            "of runs that failed or were cancelled, {} with {} of files stay at most, for {}",
            sandboxes(bounds.count),
            report::bytes(bounds.bytes),
            bounds.days()
        ));
    }
    Ok(())
}

async fn sweep(arguments: &SandboxGc, folder: &Path, settings: &Settings) -> anyhow::Result<()> {
    let engine = Docker::connect().await?;
    let reader = reader(folder).await?;
    let found = Found::look(&engine, folder, reader.as_ref()).await?;
    let (left, goes) = chosen(arguments, found, reader.as_ref()).await?;
    let (left_count, gone) = match arguments.dry_run {
        true => (left.len(), goes.into_iter().map(|judged| judged.kept).collect()),
        false => {
            for left in &left {
                engine.remove(&left.id).await?;
            }
            let store = match reader {
                Some(_) => Some(Store::open(folder).await?),
                None => None,
            };
            let gone = rooms::discard(&engine, goes, store.as_ref()).await?;
            engine.forget_snapshots().await?;
            (left.len(), gone)
        }
    };
    if settings.json {
        let left = left.iter().map(left_row);
        let gone = gone.iter().map(|kept| json!({ "id": kept.id, "run": kept.run, "name": kept.name, "image": kept.image, "bytes": kept.bytes }));
        return report::print_json(&left.chain(gone).collect::<Vec<_>>());
    }
    for left in &left {
        report::line(&format!("{}  {}  {}", short(&left.id), left.owner, left.image))?;
    }
    for kept in &gone {
        let (id, name, image, bytes) = (short(&kept.id), &kept.name, &kept.image, bytes(kept.bytes));
        report::line(&format!("{id}  {name}  {image}  {bytes}"))?;
    }
    match (left_count + gone.len(), arguments.dry_run) {
        (0, _) => settings.say("nothing is left over"),
        (count, true) => settings.say(format!("would be removed: {count}")),
        (count, false) => settings.say(format!("removed: {count}")),
    }
    Ok(())
}

/// What goes, as the command says.
async fn chosen(
    arguments: &SandboxGc,
    found: Found,
    reader: Option<&Reader>,
) -> anyhow::Result<(Vec<Leftover>, Vec<Judged>)> {
    let Found { left, mut kept } = found;
    if !arguments.runs.is_empty() {
        let mut runs: Vec<RunId> = Vec::new();
        for text in &arguments.runs {
            runs.push(match reader {
                Some(reader) => workspace::find_whole(reader, text).await?,
                None => {
                    return Err(crate::exit::Usage::error(format!(
                        "there is no run `{text}`; `troupe ls` lists the runs"
                    )));
                }
            });
        }
        kept.retain(|judged| {
            let is_named = runs.iter().any(|run| run.as_str() == judged.root());
            is_named && !matches!(judged.stands, Stands::AtWork | Stands::Elsewhere)
        });
        return Ok((Vec::new(), kept));
    }
    if arguments.all {
        kept.retain(|judged| judged.stands != Stands::AtWork);
        return Ok((left, kept));
    }
    let usual = Bounds::default();
    let bounds = Bounds {
        age: arguments.older_than.unwrap_or(usual.age),
        bytes: arguments.keep_bytes.unwrap_or(usual.bytes),
        ..usual
    };
    Ok((left, plan(kept, &bounds, SystemClock.now_ms()).0))
}

fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

/// Why a sandbox is kept, and until when.
fn fate(judged: &Judged, bounds: &Bounds) -> String {
    match judged.stands {
        Stands::AtWork => "its run is at work".to_owned(),
        Stands::Open => "its run may go on".to_owned(),
        Stands::Over(ended_ms) => format!("kept until {}", report::rfc3339(until_ms(ended_ms, bounds))),
        Stands::Done => "left over".to_owned(),
        Stands::Elsewhere => format!("of {}", judged.kept.workspace),
    }
}

fn left_row(left: &Leftover) -> Value {
    json!({
        "id": left.id,
        "owner": left.owner,
        "image": left.image,
        "process": left.process,
        "run": null,
        "kept": false,
    })
}

fn kept_row(judged: &Judged, bounds: &Bounds) -> Value {
    let kept = &judged.kept;
    let until = match judged.stands {
        Stands::Over(ended_ms) => Some(report::rfc3339(until_ms(ended_ms, bounds))),
        _ => None,
    };
    json!({
        "id": kept.id,
        "run": kept.run,
        "name": kept.name,
        "workspace": kept.workspace,
        "image": kept.image,
        "bytes": kept.bytes,
        "runs": kept.runs,
        "kept": judged.stands != Stands::Done,
        "until": until,
    })
}
