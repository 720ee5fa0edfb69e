//! Leases as locks of the operating system, which end with the process that holds them.
//!
//! `leases/<run>.lock` is locked by the holder and says who that is; it is empty when nobody holds it.
//! Only the holder deletes it, when the run is forgotten. A process that opened it before and locks it
//! afterwards holds a lock on a file that nobody else can see: so whoever got a lock looks whether the
//! file still has its name, and begins again if not.

use crate::fault::of_files;
use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use troupe_core::id::RunId;
use troupe_core::port::journal::Lease;
use troupe_core::port::{Error, ErrorKind};

/// Bytes of a holder's text that are worth showing.
const HOLDER_BYTES: u64 = 512;

/// A held lease: the open, locked file.
#[derive(Debug)]
pub(crate) struct Held {
    file: File,
}

impl Lease for Held {}

impl Held {
    /// Deletes the file of a lease whose run is forgotten, and gives it back.
    pub(crate) fn delete(self, folder: &Path, run: &RunId) {
        // Where it cannot be told whether a file still has its name, an empty one stays: a few bytes.
        if cfg!(unix) {
            let _ = std::fs::remove_file(path(folder, run));
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // The text goes before the lock, so that nobody reads of a holder who has left. Should that
        // fail, the next holder overwrites it.
        let _ = self.file.set_len(0);
    }
}

/// Locks the lease of `run` below `folder`.
pub(crate) fn acquire(folder: &Path, run: &RunId, holder: &str) -> Result<Held, Error> {
    let leases = folder.join("leases");
    std::fs::create_dir_all(&leases).map_err(|error| of_files("create", &leases, error))?;
    let path = path(folder, run);
    loop {
        let mut file = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(|error| of_files("open", &path, error))?;
        match file.try_lock() {
            Ok(()) if has_name(&file, &path) => {
                write_holder(&mut file, holder).map_err(|error| of_files("write", &path, error))?;
                return Ok(Held { file });
            }
            // Deleted between opening and locking.
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(held(&mut file, run)),
            Err(TryLockError::Error(error)) => return Err(of_files("lock", &path, error)),
        }
    }
}

fn path(folder: &Path, run: &RunId) -> PathBuf {
    folder.join("leases").join(format!("{run}.lock"))
}

/// Whether an open file is the one that stands at `path`.
#[cfg(unix)]
fn has_name(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), std::fs::metadata(path)) {
        (Ok(open), Ok(named)) => (open.dev(), open.ino()) == (named.dev(), named.ino()),
        _ => false,
    }
}

#[cfg(not(unix))]
fn has_name(_: &File, _: &Path) -> bool {
    true
}

/// The runs that have lease files.
pub(crate) fn named(folder: &Path) -> Vec<RunId> {
    let files = std::fs::read_dir(folder.join("leases")).into_iter().flatten().flatten();
    let name = |file: std::fs::DirEntry| {
        let name = file.file_name();
        RunId::parse(name.to_str()?.strip_suffix(".lock")?)
    };
    files.filter_map(name).collect()
}

fn write_holder(file: &mut File, holder: &str) -> std::io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(holder.as_bytes())
}

fn held(file: &mut File, run: &RunId) -> Error {
    let holder = name(file);
    Error::new(
        ErrorKind::Conflict,
        format!("run {run} is already being worked on by {holder}: wait for it or stop it"),
    )
}

fn name(file: &mut File) -> String {
    let mut holder = String::new();
    // What cannot be read is not shown; that the lease is held is certain.
    let _ = file.take(HOLDER_BYTES).read_to_string(&mut holder);
    match holder.trim() {
        "" => "another process".to_owned(),
        holder => holder.to_owned(),
    }
}

/// Who holds the lease of a `run` that is held, as they call themselves.
pub fn holder(folder: &Path, run: &RunId) -> String {
    let file = File::open(folder.join("leases").join(format!("{run}.lock")));
    file.map_or_else(|_| "another process".to_owned(), |mut file| name(&mut file))
}

/// Whether a process works on `run` right now. The lock is taken and given back at once, so a resume
/// that comes in that instant is told so and may be repeated.
pub fn is_held(folder: &Path, run: &RunId) -> bool {
    match File::open(path(folder, run)) {
        Ok(file) => matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)),
        Err(_) => false,
    }
}
