//! The files of a repository at a commit, as planners see them.

use std::io;
use std::path::{Path, PathBuf};

/// Bytes of a file that a planner reads at most: manifests are shorter, and nothing else is read whole.
const READ_BYTES: u64 = 1 << 20;

/// The files below a folder; version control's own are left out.
#[derive(Debug, Clone)]
pub struct Snapshot {
    folder: PathBuf,
    files: Vec<String>,
}

impl Snapshot {
    /// Lists the files of `folder`. Links are listed and not followed.
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let mut files = Vec::new();
        let mut open = vec![folder.to_owned()];
        while let Some(next) = open.pop() {
            for entry in std::fs::read_dir(&next)? {
                let entry = entry?;
                if entry.file_type()?.is_dir() {
                    if entry.file_name() != ".git" {
                        open.push(entry.path());
                    }
                } else if let Ok(inside) = entry.path().strip_prefix(folder) {
                    files.push(inside.to_string_lossy().into_owned());
                }
            }
        }
        files.sort_unstable();
        Ok(Self {
            folder: folder.to_owned(),
            files,
        })
    }

    /// Where it lies.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Paths of its files, seen from its folder, with `/`, in order.
    pub fn files(&self) -> &[String] {
        &self.files
    }

    /// Whether there is such a file.
    pub fn has(&self, path: &str) -> bool {
        self.files.binary_search_by(|file| file.as_str().cmp(path)).is_ok()
    }

    /// The text of a file; none where there is none, and for one of more than 1 MiB.
    pub fn read(&self, path: &str) -> Option<String> {
        let full = self.folder.join(path);
        let small = self.has(path)
            && full
                .symlink_metadata()
                .is_ok_and(|it| it.is_file() && it.len() <= READ_BYTES);
        let bytes = small.then(|| std::fs::read(full).ok())??;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }
}
