//! Files that commands give: taken out of sandboxes and from the machine, one by one, and never through a link.

mod archive;
mod intake;
mod selector;
#[cfg(test)]
mod tests;
mod walk;

use intake::Intake;
use selector::Selector;
use std::path::Path;
use tokio::task::spawn_blocking;
use troupe_core::artifact::{Given, Wanted};
use troupe_core::port::artifact::{Artifacts, Found};
use troupe_core::port::sandbox::Sandbox;
use troupe_core::port::{Error, ErrorKind};

/// What is to be taken after a command that succeeded, and who keeps it.
pub(crate) struct Taking<'a> {
    pub(crate) wanted: &'a Wanted,
    pub(crate) keeper: &'a dyn Artifacts,
}

impl Taking<'_> {
    /// Takes the files out of a sandbox; paths begin at `directory`.
    pub(crate) async fn out_of(&self, sandbox: &dyn Sandbox, directory: &str) -> Result<Given, Error> {
        let gathered = self.keeper.gather().await?;
        let mut intake = Intake::new(gathered.folder(), directory, self.wanted.most_bytes);
        let mut found = Vec::new();
        for (wanted, path) in (0..).zip(&self.wanted.paths) {
            let selector = Selector::of(path)?;
            let whole = joined(directory, selector.base());
            let (back, tops) = archive::take(sandbox.take(&whole), selector, intake).await?;
            intake = back;
            found.extend(all_found(wanted, &path.text, tops, directory)?);
        }
        intake.settle_links()?;
        self.keeper.keep(gathered, found).await
    }

    /// Takes the files from a folder of this machine.
    pub(crate) async fn from(&self, directory: &Path) -> Result<Given, Error> {
        let gathered = self.keeper.gather().await?;
        let (directory, to, wanted) = (directory.to_owned(), gathered.folder().to_owned(), self.wanted.clone());
        let found = spawn_blocking(move || from_machine(&directory, &to, &wanted)).await;
        let found =
            found.map_err(|error| Error::new(ErrorKind::Other, format!("the artifacts were not taken: {error}")))?;
        self.keeper.keep(gathered, found?).await
    }
}

fn from_machine(directory: &Path, to: &Path, wanted: &Wanted) -> Result<Vec<Found>, Error> {
    let shown = directory.display().to_string();
    let mut intake = Intake::new(to, &shown, wanted.most_bytes);
    let mut found = Vec::new();
    for (at, path) in (0..).zip(&wanted.paths) {
        let tops = walk::take(directory, &Selector::of(path)?, &mut intake)?;
        found.extend(all_found(at, &path.text, tops, &shown)?);
    }
    intake.settle_links()?;
    Ok(found)
}

/// A path names something, or the command did not do what its step says.
fn all_found(wanted: u32, text: &str, tops: Vec<String>, directory: &str) -> Result<Vec<Found>, Error> {
    if tops.is_empty() {
        let message = format!(
            "the command succeeded, and there is no `{text}` in {directory}: see to it that the command makes it, \
             or name under `artifacts` what it does make"
        );
        return Err(Error::new(ErrorKind::Missing, message));
    }
    Ok(tops.into_iter().map(|path| Found { wanted, path }).collect())
}

fn joined(directory: &str, path: &str) -> String {
    match path {
        "" => directory.to_owned(),
        path => format!("{}/{path}", directory.trim_end_matches('/')),
    }
}
