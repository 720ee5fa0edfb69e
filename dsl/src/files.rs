//! What a workflow's text refers to: files beside it.

use globset::GlobBuilder;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Bytes that a file named by a workflow may have.
pub const MAX_FILE_BYTES: u64 = 16 << 20;

/// Entries of a folder tree that are looked at for one pattern.
const MAX_ENTRIES: usize = 1_000_000;
/// Folders inside folders that are looked into.
const MAX_DEPTH: usize = 64;

/// Gives the compiler the files that a workflow names. Paths are relative to the workflow's folder.
pub trait Files {
    /// The bytes of a file.
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError>;

    /// Whether any file matches a glob pattern (`*`, `?`, `[a-z]`, `{a,b}`, and `**` for any folders).
    fn any_match(&self, pattern: &str) -> Result<bool, FileError>;

    /// The name of a file in diagnostics.
    fn name(&self, path: &str) -> String {
        path.to_owned()
    }
}

/// The files as another file sees them, which lies in a folder of its own.
pub(crate) struct Rebased<'a> {
    files: &'a dyn Files,
    folder: String,
}

impl<'a> Rebased<'a> {
    pub(crate) fn new(files: &'a dyn Files, folder: &str) -> Self {
        Self {
            files,
            folder: folder.to_owned(),
        }
    }
}

impl Files for Rebased<'_> {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        self.files.read(&joined(&self.folder, path))
    }

    fn any_match(&self, pattern: &str) -> Result<bool, FileError> {
        self.files.any_match(&joined(&self.folder, pattern))
    }

    fn name(&self, path: &str) -> String {
        self.files.name(&joined(&self.folder, path))
    }
}

/// The folder of a path, empty for the workflow's own.
pub(crate) fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A path as seen from the workflow's folder, when it was written in a file that lies in `folder`:
/// `.` and `..` are taken out as far as they go, so that one file has one name.
pub(crate) fn joined(folder: &str, path: &str) -> String {
    if path.starts_with('/') {
        return path.to_owned();
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") && !parts.is_empty() => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let path = parts.join("/");
    if folder.starts_with('/') {
        format!("/{path}")
    } else {
        path
    }
}

/// Why a file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// Nothing is there.
    #[error("there is no such file")]
    NotFound,
    /// A folder or a device is there.
    #[error("it is not a file")]
    NotAFile,
    /// It is too large.
    #[error("it has {bytes} bytes, and at most {MAX_FILE_BYTES} are read")]
    TooLarge {
        /// Its size.
        bytes: u64,
    },
    /// The pattern is not a glob.
    #[error("it is not a pattern: {0}")]
    Pattern(String),
    /// The operating system refuses.
    #[error("{0}")]
    Refused(String),
}

impl From<std::io::Error> for FileError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::NotFound => Self::NotFound,
            _ => Self::Refused(error.to_string()),
        }
    }
}

/// The files of a folder on disk.
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// The folder that relative paths start from.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The folder of a workflow file.
    pub fn of(workflow: &Path) -> Self {
        match workflow.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => Self::new(parent),
            _ => Self::new("."),
        }
    }
}

impl Files for Folder {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        let path = self.root.join(path);
        let metadata = fs::metadata(&path)?;
        if !metadata.is_file() {
            return Err(FileError::NotAFile);
        }
        let mut bytes = Vec::new();
        // The size may grow between the two calls: what is read is bounded too.
        fs::File::open(&path)?
            .take(MAX_FILE_BYTES + 1)
            .read_to_end(&mut bytes)?;
        let size = metadata.len().max(bytes.len() as u64);
        if size > MAX_FILE_BYTES {
            return Err(FileError::TooLarge { bytes: size });
        }
        Ok(bytes)
    }

    fn any_match(&self, pattern: &str) -> Result<bool, FileError> {
        let pattern = pattern.strip_prefix("./").unwrap_or(pattern);
        let glob = GlobBuilder::new(pattern)
            .literal_separator(true)
            .build()
            .map_err(|e| FileError::Pattern(e.kind().to_string()))?
            .compile_matcher();
        let wild = |part: &str| part.contains(['*', '?', '[', '{']);
        let literal: Vec<&str> = pattern.split('/').take_while(|part| !wild(part)).collect();
        let literal = literal.join("/");
        if literal == pattern {
            return Ok(self.root.join(pattern).is_file());
        }
        // `/data/*.md` splits into an empty first part: the root of the file system.
        let literal = if literal.is_empty() && pattern.starts_with('/') {
            "/".to_owned()
        } else {
            literal
        };
        let mut folders = vec![(self.root.join(&literal), PathBuf::from(&literal), 0)];
        let mut seen = 0;
        while let Some((folder, relative, depth)) = folders.pop() {
            let Ok(entries) = fs::read_dir(&folder) else { continue };
            for entry in entries.flatten() {
                seen += 1;
                if seen > MAX_ENTRIES {
                    return Err(FileError::Refused(format!(
                        "more than {MAX_ENTRIES} files lie under it"
                    )));
                }
                let relative = relative.join(entry.file_name());
                let Ok(kind) = entry.file_type() else { continue };
                if kind.is_dir() {
                    if depth < MAX_DEPTH {
                        folders.push((entry.path(), relative, depth + 1));
                    }
                } else if glob.is_match(&relative) && entry.path().is_file() {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests;
