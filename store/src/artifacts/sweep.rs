//! Sets that no run tells of, and what was left half done.

use super::{Artifacts, names};
use crate::blob::Blob;
use crate::inspect::take_mentioned;
use crate::journal::Store;
use crate::reader::{Reader, named};
use crate::segment;
use futures_util::TryStreamExt as _;
use sqlx::{Row as _, SqliteConnection};
use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use troupe_core::id::RunId;
use troupe_core::port::blob::Digest;
use troupe_core::port::journal::Journal as _;
use troupe_core::port::{Error, ErrorKind};

/// Sets that no run tells of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Strays {
    /// Their names.
    pub sets: Vec<Digest>,
    /// Bytes of their files.
    pub bytes: u64,
}

impl Reader {
    /// The sets that no event and no cached answer tells of; those that were kept at `kept_after_ms` or later do not count.
    ///
    /// # Errors
    /// `Corrupt` when an event is damaged: what it tells of cannot be known. As [`Reader::runs`].
    pub async fn stray_artifacts(&self, kept_after_ms: u64) -> Result<Strays, Error> {
        let artifacts = Artifacts::of(self.database.folder());
        let mut sets = artifacts.all()?;
        sets.retain(|set| is_older(&artifacts.set(set), kept_after_ms));
        if sets.is_empty() {
            return Ok(Strays::default());
        }
        let mut snapshot = self.pool.begin().await.map_err(|error| self.database.fault(&error))?;
        let untold = untold(&mut snapshot, sets.iter().copied().collect()).await;
        let untold = untold.map_err(|error| self.database.fault(&error))?;
        let untold = untold.ok_or_else(|| self.undecided())?;
        sets.retain(|set| untold.contains(set));
        let bytes = sets
            .iter()
            .map(|set| bytes(&artifacts.set(set)).unwrap_or_default())
            .sum();
        Ok(Strays { sets, bytes })
    }
}

impl Store {
    /// Removes the sets that [`Reader::stray_artifacts`] names, views of runs that are over or gone, and what was gathered
    /// before `kept_after_ms` and never kept; gives what was removed of sets.
    ///
    /// # Errors
    /// As [`Reader::stray_artifacts`]; `Storage` when something cannot be removed.
    pub async fn forget_artifacts(&self, kept_after_ms: u64) -> Result<Strays, Error> {
        let artifacts = Artifacts::of(self.database.folder());
        if !artifacts.folder.is_dir() {
            return Ok(Strays::default());
        }
        self.forget_views(&artifacts).await?;
        let strays = self.reader().stray_artifacts(kept_after_ms).await?;
        let remove = move |own: &Artifacts| own.remove(strays, kept_after_ms);
        artifacts.apart("cannot be removed", remove).await
    }

    async fn forget_views(&self, artifacts: &Artifacts) -> Result<(), Error> {
        let views = names(&artifacts.views()).map_err(|error| artifacts.fault("cannot be read", error))?;
        for view in views {
            let is_needed = match RunId::parse(&view) {
                None => false,
                Some(run) => match self.run(&run).await {
                    Ok(record) => !record.progress.status.is_over(),
                    Err(error) if error.kind == ErrorKind::Missing => false,
                    Err(error) => return Err(error),
                },
            };
            if !is_needed {
                let gone = fs::remove_dir_all(artifacts.views().join(view));
                gone.map_err(|error| artifacts.fault("cannot be removed", error))?;
            }
        }
        Ok(())
    }
}

impl Artifacts {
    fn remove(&self, mut strays: Strays, kept_after_ms: u64) -> io::Result<Strays> {
        for name in names(&self.incoming())? {
            let folder = self.incoming().join(name);
            if is_older(&folder, kept_after_ms) {
                fs::remove_dir_all(folder)?;
            }
        }
        // Whoever keeps one of them again comes before, and it is new; or after, and it is not there.
        let lock = self.lock()?;
        lock.lock()?;
        strays.sets.retain(|set| is_older(&self.set(set), kept_after_ms));
        strays.bytes = 0;
        for set in &strays.sets {
            strays.bytes += bytes(&self.set(set)).unwrap_or_default();
            fs::remove_dir_all(self.set(set))?;
        }
        Ok(strays)
    }
}

/// Takes out of `sets` those that an event or a blob tells of; none when one is damaged.
async fn untold(
    connection: &mut SqliteConnection,
    mut sets: HashSet<Digest>,
) -> Result<Option<HashSet<Digest>>, sqlx::Error> {
    {
        let mut rows = sqlx::query("SELECT bytes FROM segment").fetch(&mut *connection);
        while let Some(row) = rows.try_next().await? {
            let Some((lines, _)) = segment::lines(row.get(0)) else {
                return Ok(None);
            };
            take_mentioned(&lines, &mut sets);
        }
    }
    // Long texts of events and cached answers are blobs.
    let mut rows = sqlx::query("SELECT hash, bytes FROM blob").fetch(connection);
    while !sets.is_empty() {
        let Some(row) = rows.try_next().await? else { break };
        let content = named(row.get(0)).and_then(|name| Blob::content(&name, row.get(1)));
        let Some(content) = content else { return Ok(None) };
        take_mentioned(&content, &mut sets);
    }
    Ok(Some(sets))
}

fn is_older(path: &Path, than_ms: u64) -> bool {
    let modified = fs::metadata(path).and_then(|metadata| metadata.modified());
    let since = modified
        .unwrap_or_else(|_| SystemTime::now())
        .duration_since(UNIX_EPOCH);
    since.unwrap_or_default() < Duration::from_millis(than_ms)
}

/// Bytes of all files below a folder.
fn bytes(folder: &Path) -> io::Result<u64> {
    let mut sum = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        sum += match entry.file_type()?.is_dir() {
            true => bytes(&entry.path())?,
            false => entry.metadata()?.len(),
        };
    }
    Ok(sum)
}
