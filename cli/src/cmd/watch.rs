//! `troupe watch`: the runs of a workspace on full screens, or as lines.

use super::block_on;
use crate::args::Watch;
use crate::exit::Exit;
use crate::settings::Settings;
use crate::{watch, workspace};
use troupe_store::Reader;

pub fn run(arguments: &Watch, settings: &Settings) -> anyhow::Result<Exit> {
    let state = workspace::folder(settings)?;
    let run = match &arguments.run {
        Some(text) => Some(block_on(async {
            let reader = Reader::open(&state).await?;
            let run = workspace::find(&reader, text).await;
            reader.close().await;
            run
        })?),
        None => None,
    };
    if let (Some(file), Some(run)) = (&arguments.web, &run) {
        block_on(watch::page(&state, run, None, file))?;
        settings.say(format!("run {run} is in {}", file.display()));
        return Ok(Exit::Succeeded);
    }
    if arguments.plain || !settings.terminal {
        block_on(watch::plain(&state, run, settings))?;
    } else {
        watch::screens(&state, run, arguments.mouse, settings)?;
    }
    Ok(Exit::Succeeded)
}
