//! `troupe env gc`: room for new environments.

use super::sizes;
use crate::args::EnvGc;
use crate::cmd::block_on;
use crate::environments::{Kept, evicted, taken};
use crate::exit::Exit;
use crate::settings::Settings;
use crate::{report, workspace};
use serde_json::json;
use std::collections::HashMap;
use std::path::Path;
use troupe_core::port::ErrorKind;
use troupe_core::port::pool::{Environment, EnvironmentPool as _};
use troupe_core::port::sandbox::SandboxEngine as _;
use troupe_sandbox::docker::Docker;
use troupe_sandbox::environment::build::{OWNER, REPOSITORY, SOURCES, of_place, place_of};
use troupe_store::Store;

/// Environments of a repository that stay where nothing else is asked.
const KEEP: usize = 5;

/// What goes, and what there is of it.
#[derive(Debug, Default)]
struct Removed {
    /// Environments.
    images: Vec<String>,
    /// Images of builds that were cut off.
    left: Vec<String>,
    /// Images that another workspace made and may stand on: forgotten here, and left to it.
    of_others: Vec<String>,
    /// Images that containers stand on: they stay.
    in_use: Vec<String>,
    /// All environments that were there.
    kept: Vec<Kept>,
}

pub fn run(arguments: &EnvGc, settings: &Settings) -> anyhow::Result<Exit> {
    let state = workspace::folder(settings)?;
    let removed = block_on(async {
        let engine = Docker::connect().await?;
        let store = Store::open(&state).await?;
        let mut removed = removed(arguments, &engine, store.list(None).await?, &state).await?;
        if is_waited_for(&store).await? {
            // Agents that plan look at the sources when their run goes on.
            removed.left.retain(|image| !image.contains(&format!("{SOURCES}:")));
        }
        if !arguments.dry_run {
            // A sandbox that nobody waits for any more still stands on its image.
            for left in engine.leftovers().await? {
                if left.owner.starts_with(OWNER) {
                    engine.remove(&left.id).await?;
                }
            }
            for image in &removed.of_others {
                store.forget(image).await?;
            }
            for image in std::mem::take(&mut removed.images) {
                if is_gone(&engine, &image).await? {
                    store.forget(&image).await?;
                    removed.images.push(image);
                } else {
                    removed.in_use.push(image);
                }
            }
            for image in std::mem::take(&mut removed.left) {
                let gone = is_gone(&engine, &image).await?;
                if gone { &mut removed.left } else { &mut removed.in_use }.push(image);
            }
        }
        store.close().await;
        anyhow::Ok(removed)
    })?;
    tell(&removed, arguments.dry_run, settings)?;
    Ok(Exit::Succeeded)
}

/// Whether a run of the workspace may go on.
async fn is_waited_for(store: &Store) -> anyhow::Result<bool> {
    let runs = store.reader().runs(u32::MAX).await?;
    Ok(runs.iter().any(|record| !record.progress.status.is_over()))
}

/// Removes an image, unless a container stands on it.
async fn is_gone(engine: &Docker, image: &str) -> anyhow::Result<bool> {
    match engine.remove_image(image).await {
        Ok(()) => Ok(true),
        Err(error) if error.kind == ErrorKind::Conflict => Ok(false),
        Err(error) => Err(error.into()),
    }
}

async fn removed(
    arguments: &EnvGc,
    engine: &Docker,
    environments: Vec<Environment>,
    place: &Path,
) -> anyhow::Result<Removed> {
    let keep = arguments.keep.unwrap_or(match arguments.keep_bytes {
        Some(_) => usize::MAX,
        None => KEEP,
    });
    let mut removed = Removed::default();
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let kept = sizes::kept(engine, &environments).await?;
    let mut rest: Vec<Kept> = Vec::new();
    // The newest come first.
    for environment in &environments {
        let Some(found) = kept.iter().find(|it| it.image == environment.image) else {
            removed.images.push(environment.image.clone());
            continue;
        };
        let rank = seen.entry(&environment.repository).or_default();
        *rank += 1;
        if *rank > keep {
            removed.images.push(environment.image.clone());
        } else {
            rest.push(found.clone());
        }
    }
    if let Some(most) = arguments.keep_bytes {
        removed.images.extend(evicted(&rest, most));
    }
    removed.kept = kept;
    let place = workspace::place(place);
    for environment in environments.iter().filter(|it| removed.images.contains(&it.image)) {
        if is_anothers(engine, environment, &place).await? {
            removed.of_others.push(environment.image.clone());
        }
    }
    removed.images.retain(|image| !removed.of_others.contains(image));
    let end = of_place(&place);
    for (image, owner) in engine.left_images(REPOSITORY).await? {
        let ours = owner.starts_with(OWNER) && owner.ends_with(&end);
        if ours && !environments.iter().any(|it| it.image == image) {
            removed.left.push(image);
        }
    }
    Ok(removed)
}

/// Whether another workspace made the image and is still there: this one is a copy of it, or kept the image before names
/// told workspaces apart. One that has moved is the same workspace.
async fn is_anothers(engine: &Docker, environment: &Environment, place: &str) -> anyhow::Result<bool> {
    let owner = engine.image_owner(&environment.image).await?.unwrap_or_default();
    let made_at = place_of(&owner, &environment.instance);
    Ok(made_at.is_some_and(|made_at| made_at != place && Path::new(made_at).is_dir()))
}

fn tell(removed: &Removed, dry_run: bool, settings: &Settings) -> anyhow::Result<()> {
    let rest = removed.kept.iter().filter(|it| !removed.images.contains(&it.image));
    let (before, after) = (taken(&removed.kept), taken(rest));
    if settings.json {
        return report::print_json(&json!({
            "removed": removed.images, "left_over": removed.left, "in_use": removed.in_use,
            "of_others": removed.of_others, "dry_run": dry_run,
            "bytes_before": before, "bytes_after": after,
        }));
    }
    let verb = if dry_run { "would be removed" } else { "removed" };
    for image in &removed.images {
        report::line(&format!("{image}  {verb}"))?;
    }
    for image in &removed.left {
        report::line(&format!("{image}  {verb}, of a build that was cut off"))?;
    }
    for image in &removed.of_others {
        settings.say(format!(
            "{image} stays: another workspace made it; here it is forgotten"
        ));
    }
    for image in &removed.in_use {
        settings.say(format!("{image} stays: a container stands on it"));
    }
    settings.say(format!(
        "{} {verb}; the rest takes {} of {}",
        report::plural((removed.images.len() + removed.left.len()) as u64, "image"),
        report::bytes(after),
        report::bytes(before)
    ));
    Ok(())
}
