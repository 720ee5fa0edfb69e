//! `troupe export`: a run, with all that belongs to it, as one file.

use super::block_on;
use crate::args::Export;
use crate::exit::{Exit, Usage};
use crate::settings::Settings;
use crate::{archive, workspace};
use anyhow::Context as _;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use troupe_core::id::RunId;
use troupe_store::{Reader, Store};

pub fn run(arguments: &Export, settings: &Settings) -> anyhow::Result<Exit> {
    let folder = workspace::folder(settings)?;
    block_on(async {
        let run = workspace::find_whole(&Reader::open(&folder).await?, &arguments.run).await?;
        if troupe_store::is_held(&folder, &run) {
            return Err(Usage::error(format!(
                "run {run} is being worked on; export it when it has ended or waits"
            )));
        }
        let store = Store::open(&folder).await?;
        let path = arguments
            .output
            .clone()
            .unwrap_or_else(|| PathBuf::from(format!("{run}.troupe")));
        let written = if path == Path::new("-") {
            archive::write(&store, &run, std::io::stdout().lock()).await
        } else {
            whole_file(&store, &run, &path).await
        };
        store.close().await;
        let (runs, events) = written?;
        let also = match runs {
            1 => String::new(),
            _ => format!(" and {} that belong to it", runs - 1),
        };
        settings.say(format!("wrote run {run}{also}, {events} events, to {}", path.display()));
        Ok(Exit::Succeeded)
    })
}

/// A file that is there is whole.
async fn whole_file(store: &Store, run: &RunId, path: &Path) -> anyhow::Result<(usize, u64)> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    let beside = PathBuf::from(beside);
    let file = File::create(&beside).with_context(|| format!("{} cannot be written", beside.display()))?;
    let mut out = BufWriter::new(file);
    let written = archive::write(store, run, &mut out).await;
    let kept = written.and_then(|written| {
        out.flush()?;
        out.get_ref().sync_all()?;
        std::fs::rename(&beside, path)?;
        Ok(written)
    });
    if kept.is_err() {
        // What could not be written may not be removable either; the first error is the one to tell.
        let _ = std::fs::remove_file(&beside);
    }
    kept.with_context(|| format!("{} cannot be written", path.display()))
}
