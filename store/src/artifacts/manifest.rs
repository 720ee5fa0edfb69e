//! What is in a set: all files and folders in order, and the hashes of all and of parts.

use super::FOLDER_MODE;
use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use troupe_core::port::blob::Digest;

/// What is in a folder.
#[derive(Debug)]
pub(super) struct Manifest {
    /// In the order of their paths.
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    /// With `/` between names.
    path: String,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Folder,
    File {
        is_executable: bool,
        bytes: u64,
        hash: Digest,
    },
}

/// What is done to each file and folder on the way.
#[derive(Clone, Copy)]
enum Manner {
    Look,
    /// Nobody writes it any more, and it is on disk.
    Settle,
}

impl Manifest {
    /// Looks at a folder.
    pub(super) fn of(folder: &Path) -> io::Result<Self> {
        Self::read(folder, Manner::Look)
    }

    /// Looks at a folder of which nothing changes any more: files lose their right to be written, and all is on disk.
    pub(super) fn settle(folder: &Path) -> io::Result<Self> {
        Self::read(folder, Manner::Settle)
    }

    fn read(folder: &Path, manner: Manner) -> io::Result<Self> {
        let mut entries = Vec::new();
        read(folder, "", manner, &mut entries)?;
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self { entries })
    }

    /// The hash of all that is below a folder: of a list of paths, each with what it is and the hash of its content.
    pub(super) fn digest(&self, folder: &str) -> Digest {
        let mut hasher = blake3::Hasher::new();
        for (path, content) in self.below(folder) {
            match content {
                Content::Folder => hasher.update(b"d"),
                Content::File {
                    is_executable, hash, ..
                } => {
                    hasher.update(if *is_executable { b"x" } else { b"f" });
                    hasher.update(&hash.0)
                }
            };
            hasher.update(path.as_bytes());
            hasher.update(&[0]);
        }
        Digest(*hasher.finalize().as_bytes())
    }

    /// Bytes, files where it is a folder, and the hash of what is at a path.
    pub(super) fn content(&self, path: &str) -> Option<(u64, Option<u64>, Digest)> {
        let at = self
            .entries
            .binary_search_by(|entry| entry.path.as_str().cmp(path))
            .ok()?;
        if let Content::File { bytes, hash, .. } = self.entries[at].content {
            return Some((bytes, None, hash));
        }
        let sizes = self.below(path).filter_map(|(_, content)| match content {
            Content::File { bytes, .. } => Some(*bytes),
            Content::Folder => None,
        });
        let (files, bytes) = sizes.fold((0, 0), |(files, sum), bytes| (files + 1, sum + bytes));
        Some((bytes, Some(files), self.digest(path)))
    }

    /// What is below a folder, by paths from there on.
    fn below(&self, folder: &str) -> impl Iterator<Item = (&str, &Content)> {
        self.entries.iter().filter_map(move |entry| {
            let path = match folder {
                "" => entry.path.as_str(),
                folder => entry.path.strip_prefix(folder)?.strip_prefix('/')?,
            };
            Some((path, &entry.content))
        })
    }
}

fn read(folder: &Path, path: &str, manner: Manner, entries: &mut Vec<Entry>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_str().ok_or_else(|| io::Error::other("a name is no UTF-8"))?;
        let path = if path.is_empty() {
            name.to_owned()
        } else {
            format!("{path}/{name}")
        };
        let (whole, kind) = (entry.path(), entry.file_type()?);
        let content = if kind.is_dir() {
            read(&whole, &path, manner, entries)?;
            Content::Folder
        } else if kind.is_file() {
            file(&whole, manner)?
        } else {
            return Err(io::Error::other(format!("`{path}` is neither a file nor a folder")));
        };
        entries.push(Entry { path, content });
    }
    if let Manner::Settle = manner {
        fs::set_permissions(folder, Permissions::from_mode(FOLDER_MODE))?;
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

fn file(whole: &Path, manner: Manner) -> io::Result<Content> {
    let mut file = File::open(whole)?;
    let mode = file.metadata()?.permissions().mode();
    let is_executable = mode & 0o111 != 0;
    let mut hasher = blake3::Hasher::new();
    let bytes = io::copy(&mut file, &mut hasher)?;
    if let Manner::Settle = manner {
        let mode = if is_executable { 0o555 } else { 0o444 };
        file.set_permissions(Permissions::from_mode(mode))?;
        file.sync_all()?;
    }
    Ok(Content::File {
        is_executable,
        bytes,
        hash: Digest(*hasher.finalize().as_bytes()),
    })
}
