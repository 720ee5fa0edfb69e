//! `troupe env ls`: verified environments.

use super::sizes;
use crate::cmd::block_on;
use crate::environments::{grown, own, taken};
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
    if !environments.is_empty() {
        report::line(&table(&environments, room))?;
    }
    if !kept.is_empty() {
        settings.say(format!("{} above base images", report::bytes(taken(&kept))));
    }
    if environments.is_empty() {
        settings.say("there is no environment yet; `troupe env build INSTANCES.jsonl` builds some");
    }
    Ok(Exit::Succeeded)
}

/// A row for each, below what it grew from; `room` knows what an image takes, and how much of it is its own.
fn table(environments: &[Environment], room: impl Fn(&str) -> Option<(u64, u64)>) -> String {
    let rows = grown(environments).into_iter().map(|(environment, depth)| {
        let size = |bytes: Option<u64>| bytes.map_or_else(|| "-".to_owned(), report::bytes);
        let room = room(&environment.image);
        [
            format!("{}{}", "  ".repeat(depth), environment.instance),
            super::language(environment).to_owned(),
            format!("{} {}", environment.repository, environment.version)
                .trim_end()
                .to_owned(),
            report::rfc3339(environment.last_used_ms()),
            size(room.map(|(bytes, _)| bytes)),
            size(room.map(|(_, own)| own)),
            environment.image.clone(),
        ]
    });
    let head = [
        "INSTANCE",
        "LANGUAGE",
        "REPOSITORY",
        "LAST USED",
        "SIZE",
        "OWN",
        "IMAGE",
    ]
    .map(str::to_owned);
    let rows: Vec<[String; 7]> = std::iter::once(head).chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 7] = std::array::from_fn(width);
    let lines = rows.iter().map(|row| {
        let cells = row
            .iter()
            .zip(widths)
            .enumerate()
            .map(|(column, (cell, width))| match column {
                // Amounts stand to the right.
                4 | 5 => format!("{cell:>width$}"),
                _ => format!("{cell:width$}"),
            });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
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
