//! Files that runs keep, in sets beside the database.
//!
//! | in `artifacts/` | is |
//! |---|---|
//! | `sets/HASH/` | a set, never changed once it is there |
//! | `incoming/` | folders in which files are gathered |
//! | `views/RUN/HASH/` | sets as the sandboxes of a run see them: the same files under other names |
//! | `lock` | held by whoever keeps a set, and alone by whoever removes some |

mod manifest;
mod sweep;

pub use sweep::Strays;

use async_trait::async_trait;
use manifest::Manifest;
use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use tempfile::TempDir;
use troupe_core::artifact::{Artifact, Given};
use troupe_core::port::artifact::{Artifacts as Port, Found, Gathering};
use troupe_core::port::blob::Digest;
use troupe_core::port::{Error, ErrorKind};

/// Rights of folders: a sandbox's root is somebody else here, and has to look into them.
const FOLDER_MODE: u32 = 0o755;

/// The sets of a workspace.
#[derive(Debug, Clone)]
pub struct Artifacts {
    folder: PathBuf,
}

/// A folder that is being filled.
#[derive(Debug)]
struct Incoming {
    // Removes all of it when it is dropped.
    _whole: TempDir,
    files: PathBuf,
}

impl Gathering for Incoming {
    fn folder(&self) -> &Path {
        &self.files
    }
}

impl Artifacts {
    /// Those of a workspace's folder, which is made when the first one is kept.
    pub fn of(workspace: &Path) -> Self {
        // Engines are told whole paths.
        let whole = std::path::absolute(workspace).unwrap_or_else(|_| workspace.to_owned());
        Self {
            folder: whole.join("artifacts"),
        }
    }

    fn sets(&self) -> PathBuf {
        self.folder.join("sets")
    }

    fn incoming(&self) -> PathBuf {
        self.folder.join("incoming")
    }

    fn views(&self) -> PathBuf {
        self.folder.join("views")
    }

    fn set(&self, set: &Digest) -> PathBuf {
        self.sets().join(set.to_string())
    }

    fn lock(&self) -> io::Result<File> {
        fs::create_dir_all(&self.folder)?;
        File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(self.folder.join("lock"))
    }

    fn begin(&self) -> io::Result<Incoming> {
        fs::create_dir_all(self.incoming())?;
        let whole = TempDir::new_in(self.incoming())?;
        let files = whole.path().join("files");
        fs::create_dir(&files)?;
        Ok(Incoming { _whole: whole, files })
    }

    fn settle(&self, files: &Path, found: &[Found]) -> io::Result<Given> {
        let manifest = Manifest::settle(files)?;
        let set = manifest.digest("");
        let lock = self.lock()?;
        lock.lock_shared()?;
        let to = self.set(&set);
        if to.is_dir() {
            // It was made again just now: not the time to forget it.
            File::open(&to)?.set_modified(SystemTime::now())?;
        } else {
            fs::create_dir_all(self.sets())?;
            match fs::rename(files, &to) {
                // Somebody else has kept the same meanwhile.
                Err(_) if to.is_dir() => {}
                renamed => renamed?,
            }
            File::open(self.sets())?.sync_all()?;
        }
        let artifact = |found: &Found| {
            let content = manifest.content(&found.path);
            content.map(|(bytes, files, hash)| Artifact {
                wanted: found.wanted,
                path: found.path.clone(),
                bytes,
                files,
                hash,
            })
        };
        Ok(Given {
            set,
            files: found.iter().filter_map(artifact).collect(),
        })
    }

    /// Whether the files of a set are those that were kept.
    ///
    /// # Errors
    /// `Storage` when they cannot be read.
    pub fn is_whole(&self, set: &Digest) -> Result<bool, Error> {
        let manifest = Manifest::of(&self.set(set));
        let manifest = manifest.map_err(|error| self.fault("cannot be read", error))?;
        Ok(manifest.digest("") == *set)
    }

    /// The sets that are here, in order.
    ///
    /// # Errors
    /// `Storage` when they cannot be listed.
    pub fn all(&self) -> Result<Vec<Digest>, Error> {
        let listed = names(&self.sets()).map_err(|error| self.fault("cannot be read", error))?;
        let mut sets: Vec<Digest> = listed.iter().filter_map(|name| Digest::parse(name)).collect();
        sets.sort_unstable();
        Ok(sets)
    }

    fn reveal(&self, name: &str, sets: &[Digest]) -> io::Result<PathBuf> {
        let view = self.views().join(name);
        make_folder(&view)?;
        for set in sets {
            let (from, to) = (self.set(set), view.join(set.to_string()));
            if to.is_dir() || !from.is_dir() {
                continue;
            }
            fs::create_dir_all(self.incoming())?;
            let draft = TempDir::new_in(self.incoming())?;
            let whole = draft.path().join("set");
            link_all(&from, &whole)?;
            match fs::rename(&whole, &to) {
                Err(_) if to.is_dir() => {}
                renamed => renamed?,
            }
        }
        Ok(view)
    }

    fn fault(&self, what: &str, error: io::Error) -> Error {
        let message = format!("{}: the artifacts {what}: {error}", self.folder.display());
        Error::new(ErrorKind::Storage, message).caused_by(error)
    }

    /// Does work of the file system where nobody waits for it.
    async fn apart<T: Send + 'static>(
        &self,
        what: &str,
        work: impl FnOnce(&Self) -> io::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let own = self.clone();
        let done = tokio::task::spawn_blocking(move || work(&own)).await;
        let done = done.map_err(|_| Error::new(ErrorKind::Cancelled, "the program is ending"))?;
        done.map_err(|error| self.fault(what, error))
    }
}

#[async_trait]
impl Port for Artifacts {
    async fn gather(&self) -> Result<Box<dyn Gathering>, Error> {
        let incoming = self.apart("cannot be gathered", |own| own.begin()).await?;
        Ok(Box::new(incoming))
    }

    async fn keep(&self, gathered: Box<dyn Gathering>, found: Vec<Found>) -> Result<Given, Error> {
        let settle = move |own: &Self| own.settle(gathered.folder(), &found);
        self.apart("cannot be kept", settle).await
    }

    async fn find(&self, set: &Digest) -> Result<Option<PathBuf>, Error> {
        let folder = self.set(set);
        Ok(folder.is_dir().then_some(folder))
    }

    async fn show(&self, name: &str, sets: &[Digest]) -> Result<PathBuf, Error> {
        let (name, sets) = (plain(name)?, sets.to_vec());
        self.apart("cannot be shown to a sandbox", move |own| own.reveal(&name, &sets))
            .await
    }

    async fn hide(&self, name: &str) -> Result<(), Error> {
        let name = plain(name)?;
        let hide = move |own: &Self| absent_is_fine(fs::remove_dir_all(own.views().join(name)));
        self.apart("cannot be hidden", hide).await
    }
}

/// A name that is one name of a folder.
fn plain(name: &str) -> Result<String, Error> {
    match name {
        "" | "." | ".." => Err(Error::new(ErrorKind::Invalid, "a view needs a name")),
        name if name.contains(['/', '\0']) => {
            Err(Error::new(ErrorKind::Invalid, format!("`{name}` is no name of a view")))
        }
        name => Ok(name.to_owned()),
    }
}

fn absent_is_fine(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// The names in a folder; none where there is no such folder.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    names.collect()
}

fn make_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    fs::set_permissions(folder, Permissions::from_mode(FOLDER_MODE))
}

/// The same files below another folder: other names of them, or copies where the disk knows no such thing.
fn link_all(from: &Path, to: &Path) -> io::Result<()> {
    make_folder(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        match entry.file_type()?.is_dir() {
            true => link_all(&from, &to)?,
            false => fs::hard_link(&from, &to).or_else(|_| fs::copy(&from, &to).map(drop))?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
