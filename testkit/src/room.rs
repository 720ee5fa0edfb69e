//! Rooms that are folders of this machine: nothing is kept apart but files.

use async_trait::async_trait;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use troupe_core::effect::Place;
use troupe_core::port::room::{Executed, Found, Rooms};
use troupe_core::port::sandbox::{Ended, Execution, Reason};
use troupe_core::port::{Error, ErrorKind};

/// Rooms by their names. A command starts in the place's directory, below the room's own folder.
#[derive(Debug)]
pub struct Folders {
    all: TempDir,
    made: Mutex<BTreeMap<String, Made>>,
}

#[derive(Debug)]
struct Made {
    folder: PathBuf,
    image: String,
}

impl Folders {
    /// No room yet.
    ///
    /// # Panics
    /// When this machine has no place for temporary files.
    #[expect(clippy::new_without_default, reason = "it may fail")]
    pub fn new() -> Self {
        Self {
            all: tempfile::tempdir().expect("a temporary folder"),
            made: Mutex::default(),
        }
    }

    /// The names of the rooms that there are.
    pub fn names(&self) -> Vec<String> {
        self.made().keys().cloned().collect()
    }

    fn made(&self) -> MutexGuard<'_, BTreeMap<String, Made>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The folder of a room where a command at this place starts, and what it finds there.
    fn enter(&self, place: &Place) -> std::io::Result<(PathBuf, Found)> {
        let within = place.directory.trim_start_matches('/');
        let mut made = self.made();
        let name = place.room.clone().unwrap_or_default();
        let old = made.remove(&name).filter(|_| place.room.is_some());
        let (folder, found) = match old {
            Some(old) if old.image == place.image => (old.folder, Found::Files),
            Some(old) => {
                let new = self.fresh()?;
                let kept = new.join(within);
                fs::create_dir_all(kept.parent().unwrap_or(&new))?;
                fs::rename(old.folder.join(within), kept)?;
                (new, Found::Directory)
            }
            None => (self.fresh()?, Found::Nothing),
        };
        let start = folder.join(within);
        fs::create_dir_all(&start)?;
        let image = place.image.clone();
        made.insert(name, Made { folder, image });
        Ok((start, found))
    }

    fn fresh(&self) -> std::io::Result<PathBuf> {
        let folder = tempfile::tempdir_in(self.all.path())?;
        Ok(folder.keep())
    }
}

#[async_trait]
impl Rooms for Folders {
    async fn execute(&self, _: &str, place: &Place, execution: Execution) -> Result<Executed, Error> {
        let trouble = |error: std::io::Error| Error::new(ErrorKind::Storage, error.to_string());
        let (start, found) = self.enter(place).map_err(trouble)?;
        let ended = run(&start, execution).await.map_err(trouble)?;
        Ok(Executed { ended, found })
    }

    async fn leave(&self, run: &str, has_succeeded: bool) {
        let is_of_run = |name: &str| {
            let of = name.split('/').next().unwrap_or_default();
            of.strip_prefix(run)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.made().retain(|name, _| !(has_succeeded && is_of_run(name)));
    }
}

async fn run(start: &Path, execution: Execution) -> std::io::Result<Ended> {
    let (program, arguments) = execution
        .arguments
        .split_first()
        .ok_or(std::io::ErrorKind::InvalidInput)?;
    let mut child = Command::new(program)
        .args(arguments)
        .envs(execution.env)
        .current_dir(start)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(&execution.stdin.unwrap_or_default()).await?;
    }
    let output = child.wait_with_output().await?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok(Ended {
        reason: Reason::Exited(output.status.code().unwrap_or(-1)),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::room;

    #[tokio::test]
    async fn folders_are_rooms() {
        room::check(&Folders::new(), ["one image", "another one"]).await;
    }
}
