//! `troupe export`: a run, with all that belongs to it, as one file.

use super::block_on;
use crate::archive::Written;
use crate::args::Export;
use crate::exit::{Exit, Usage};
use crate::report::plural;
use crate::settings::Settings;
use crate::{archive, workspace};
use anyhow::Context as _;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use troupe_core::id::RunId;
use troupe_store::{Artifacts, Reader, Store};

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
        let artifacts = Artifacts::of(&folder);
        let path = arguments
            .output
            .clone()
            .unwrap_or_else(|| PathBuf::from(format!("{run}.troupe")));
        let written = if path == Path::new("-") {
            archive::write(&store, &artifacts, &run, std::io::stdout().lock()).await
        } else {
            whole_file(&store, &artifacts, &run, &path).await
        };
        store.close().await;
        let Written {
            runs,
            events,
            sets,
            absent,
        } = written?;
        let also = match runs {
            1 => String::new(),
            _ => format!(" and {} that belong to it", runs - 1),
        };
        let with = match sets {
            0 => String::new(),
            sets => format!(" and {}", plural(sets as u64, "artifact set")),
        };
        settings.say(format!(
            "wrote run {run}{also}, {events} events{with}, to {}",
            path.display()
        ));
        if absent > 0 {
            let (mark, absent) = (settings.warning_mark(), plural(absent as u64, "artifact set"));
            settings.say(format!(
                "{mark}{absent} of them are not in this workspace any more, and not in the file"
            ));
        }
        Ok(Exit::Succeeded)
    })
}

/// A file that is there is whole.
async fn whole_file(store: &Store, artifacts: &Artifacts, run: &RunId, path: &Path) -> anyhow::Result<Written> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    let beside = PathBuf::from(beside);
    let file = File::create(&beside).with_context(|| format!("{} cannot be written", beside.display()))?;
    let mut out = BufWriter::new(file);
    let written = archive::write(store, artifacts, run, &mut out).await;
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
