//! `troupe env export`: environments for other machines.

use crate::cmd::block_on;
use crate::environments::{handed_on, pretty};
use crate::exit::Exit;
use crate::report;
use crate::settings::Settings;
use anyhow::Context as _;
use serde_json::{Value, json};
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use troupe_core::port::pool::Environment;
use troupe_core::port::sandbox::SandboxEngine as _;
use troupe_sandbox::docker::Docker;

pub fn run(names: &[String], out: &Path, image: bool, settings: &Settings) -> anyhow::Result<Exit> {
    let all = super::list::all(None, settings)?;
    let mut chosen = Vec::new();
    for name in names {
        chosen.push(super::named(&all, name).ok_or_else(|| super::unknown(name))?);
    }
    let mut rows = Vec::new();
    for environment in &chosen {
        let folder = out.join(&environment.instance);
        std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        scripts(environment, &folder).with_context(|| format!("{} cannot be written", folder.display()))?;
        let bytes = match image {
            true => Some(block_on(archive(environment, &folder))?),
            false => None,
        };
        rows.push((environment, folder, bytes));
    }
    if settings.json {
        let rows = rows.iter().map(|(environment, folder, bytes)| {
            json!({ "instance_id": environment.instance, "image_name": environment.image, "folder": folder, "image_bytes": bytes })
        });
        report::print_json(&rows.collect::<Vec<_>>())?;
        return Ok(Exit::Succeeded);
    }
    for (environment, folder, bytes) in &rows {
        let image = bytes.map(|bytes| format!(", its image of {}", report::bytes(bytes)));
        let image = image.unwrap_or_default();
        report::line(&format!("{}  {}{image}", environment.instance, folder.display()))?;
    }
    Ok(Exit::Succeeded)
}

fn scripts(environment: &Environment, folder: &Path) -> std::io::Result<()> {
    let put = |name: &str, text: &str| std::fs::write(folder.join(name), text);
    put("setup.sh", &environment.setup)?;
    if let Some(delta) = &environment.delta {
        put("then.sh", delta)?;
    }
    put("eval.sh", &environment.evaluation)?;
    if let Some(check) = &environment.check {
        put("fix.patch", &check.fix_patch)?;
        put("test.patch", &check.test_patch)?;
    }
    put("instance.json", &pretty(&Value::Object(handed_on(environment))))
}

/// Writes the image beside the scripts: whole, or not at all.
async fn archive(environment: &Environment, folder: &Path) -> anyhow::Result<u64> {
    let engine = Docker::connect().await?;
    if engine.image(&environment.image).await?.is_none() {
        anyhow::bail!(
            "the image {} is gone: `troupe env build` builds it again",
            environment.image
        );
    }
    let draft = folder.join("image.tar.new");
    let mut file = File::create(&draft).with_context(|| format!("{} cannot be written", draft.display()))?;
    let written = engine.export(&environment.image, |bytes| file.write_all(bytes)).await;
    let written = match written {
        Ok(written) => file.sync_all().map(|()| written).map_err(anyhow::Error::from),
        Err(error) => Err(error.into()),
    };
    match written {
        Ok(written) => {
            std::fs::rename(&draft, folder.join("image.tar"))?;
            Ok(written)
        }
        Err(error) => {
            // Half an image is of no use to anybody.
            let _ = std::fs::remove_file(&draft);
            Err(error)
        }
    }
}
