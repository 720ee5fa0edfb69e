//! Builds of environments while they are at work, in files beside the database: whoever looks on reads them.
//!
//! `builds/<name>.jsonl` has what happened, a line each, and is locked by the process that builds, so that it ends with
//! it. `builds/<name>.log` has the end of what commands print. Names sort by when builds began. What a build made is in
//! the pool; these files are for people, and the oldest go when a build begins.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use troupe_core::port::build::{BuildEntry, BuildRecord};

/// Builds that are over and stay to be looked at.
const KEPT: usize = 50;
/// Bytes of a log at which its beginning goes, and how many stay then.
const LOG_MAX: u64 = 1 << 20;
const LOG_KEPT: u64 = 64 << 10;
/// Builds of one process that begin in the same millisecond.
const AT_ONCE_MAX: u32 = 10_000;

/// The builds of a workspace.
#[derive(Debug, Clone)]
pub struct Builds {
    folder: PathBuf,
}

impl Builds {
    /// Those of the workspace in `folder`.
    pub fn of(folder: &Path) -> Self {
        Self {
            folder: folder.join("builds"),
        }
    }

    /// Their names, the newest first.
    pub fn names(&self) -> Vec<String> {
        let files = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let name = |file: std::fs::DirEntry| Some(file.file_name().to_str()?.strip_suffix(".jsonl")?.to_owned());
        let mut names: Vec<String> = files.filter_map(name).collect();
        names.sort_unstable_by(|one, other| other.cmp(one));
        names
    }

    /// What happened to a build after the first `from` bytes of what was taken down, and how many bytes that makes. A
    /// line that is still being written is not taken; one that cannot be read is left out.
    pub fn read(&self, name: &str, from: u64) -> (Vec<BuildEntry>, u64) {
        let mut text = Vec::new();
        let read = File::open(self.facts(name)).and_then(|mut file| {
            file.seek(SeekFrom::Start(from))?;
            file.read_to_end(&mut text)
        });
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        if read.is_err() || whole == 0 {
            return (Vec::new(), from);
        }
        let lines = text[..whole].split(|byte| *byte == b'\n');
        let entries = lines.filter_map(|line| serde_json::from_slice(line).ok()).collect();
        (entries, from + whole as u64)
    }

    /// Whether a process works on a build right now.
    pub fn is_at_work(&self, name: &str) -> bool {
        let file = File::open(self.facts(name));
        file.is_ok_and(|file| matches!(file.try_lock_shared(), Err(std::fs::TryLockError::WouldBlock)))
    }

    /// The end of what its commands printed: so many bytes.
    pub fn tail(&self, name: &str, bytes: u64) -> String {
        let mut text = Vec::new();
        let read = File::open(self.log(name)).and_then(|mut file| read_tail(&mut file, bytes, &mut text));
        // A log that is being replaced is there again at the next look.
        read.map_or_else(|_| String::new(), |()| String::from_utf8_lossy(&text).into_owned())
    }

    /// Begins to take down a build that begins at this time, in milliseconds since the Unix epoch.
    pub(crate) fn begin(&self, at_ms: u64) -> std::io::Result<Record> {
        std::fs::create_dir_all(&self.folder)?;
        self.sweep();
        let process = std::process::id();
        let mut taken = None;
        for number in 0..AT_ONCE_MAX {
            let name = format!("{at_ms:015}-{process}-{number}");
            match File::options().create_new(true).append(true).open(self.facts(&name)) {
                Ok(facts) => {
                    facts.lock()?;
                    let path = self.log(&name);
                    let log = File::options().create(true).append(true).open(&path)?;
                    return Ok(Record {
                        facts,
                        log,
                        path,
                        bytes: 0,
                    });
                }
                Err(error) => taken = Some(error),
            }
            if taken
                .as_ref()
                .is_some_and(|error| error.kind() != std::io::ErrorKind::AlreadyExists)
            {
                break;
            }
        }
        Err(taken.unwrap_or_else(|| std::io::ErrorKind::AlreadyExists.into()))
    }

    /// Removes what is left of old builds.
    fn sweep(&self) {
        for name in self.names().iter().skip(KEPT).filter(|name| !self.is_at_work(name)) {
            // What cannot be removed is tried again by the next build.
            let _ = std::fs::remove_file(self.log(name));
            let _ = std::fs::remove_file(self.facts(name));
        }
    }

    fn facts(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.jsonl"))
    }

    fn log(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.log"))
    }
}

fn read_tail(file: &mut File, bytes: u64, text: &mut Vec<u8>) -> std::io::Result<()> {
    let length = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(length.saturating_sub(bytes)))?;
    file.take(bytes).read_to_end(text)?;
    Ok(())
}

/// Takes down one build; the lock ends with it.
#[derive(Debug)]
pub(crate) struct Record {
    facts: File,
    log: File,
    path: PathBuf,
    /// Of the log.
    bytes: u64,
}

impl Record {
    /// Keeps the end of the log alone.
    fn shorten(&mut self) -> std::io::Result<()> {
        let mut text = Vec::new();
        read_tail(&mut File::open(&self.path)?, LOG_KEPT, &mut text)?;
        let draft = self.path.with_extension("new");
        std::fs::write(&draft, &text)?;
        // Whoever reads the old one reads it to its end.
        std::fs::rename(&draft, &self.path)?;
        self.log = File::options().append(true).open(&self.path)?;
        self.bytes = text.len() as u64;
        Ok(())
    }
}

impl BuildRecord for Record {
    fn note(&mut self, entry: BuildEntry) {
        if let Ok(mut line) = serde_json::to_vec(&entry) {
            line.push(b'\n');
            let _ = self.facts.write_all(&line);
        }
    }

    fn print(&mut self, bytes: &[u8]) {
        if self.log.write_all(bytes).is_ok() {
            self.bytes += bytes.len() as u64;
        }
        if self.bytes > LOG_MAX {
            let _ = self.shorten();
        }
    }
}

#[cfg(test)]
mod tests;
