//! The manifest of an index: what it was made from, by what, and how its files must look.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use troupe_core::port::embedder::Recipe;

/// Raised whenever an index of an older version would be read wrongly.
pub const FORMAT: u32 = 2;
/// The manifest's file name, written last.
pub const FILE: &str = "manifest.json";
/// A file changed within this time of the last look may have changed again without a new time stamp.
const CLOCK_GRAIN: Duration = Duration::from_secs(2);

/// What an index is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`FORMAT`] of the writer.
    pub format: u32,
    /// How the vectors were made.
    pub recipe: Recipe,
    /// Size of a chunk in tokens.
    pub chunk_tokens: usize,
    /// The corpus's files in corpus order.
    pub files: Vec<Source>,
    /// What was wrong with them.
    pub warnings: Vec<String>,
    /// Number of chunks.
    pub chunks: usize,
    /// Number of sentences with a vector.
    pub sentences: usize,
    /// Every other file of the index, by its path inside.
    pub parts: BTreeMap<String, Part>,
    /// When the files were last known to be these, in nanoseconds since 1970.
    pub checked_ns: u64,
}

/// A corpus file as it was when indexed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The path as shown to people.
    pub path: String,
    /// The document id of a whole file.
    pub document: String,
    /// Length in bytes; none when it could not be read.
    pub bytes: Option<u64>,
    /// Time of the last change, in nanoseconds since 1970.
    pub modified_ns: u64,
    /// BLAKE3 of the content, in hex; empty when it could not be read.
    pub hash: String,
}

/// A file of the index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Length.
    pub bytes: u64,
    /// BLAKE3 of the content, in hex.
    pub hash: String,
}

impl Manifest {
    /// Reads the manifest of the index in `folder`.
    pub fn read(folder: &Path) -> io::Result<Self> {
        let text = std::fs::read(folder.join(FILE))?;
        Ok(serde_json::from_slice(&text)?)
    }

    /// Writes it into `folder`; readers see the old one or the new one, never half of it.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        let new = folder.join(format!("{FILE}.new"));
        std::fs::write(&new, serde_json::to_vec_pretty(self)?)?;
        std::fs::rename(new, folder.join(FILE))
    }

    /// A hash of all that the answers of searches depend on: not of times, nor of where the index is.
    pub fn fingerprint(&self) -> String {
        let files: Vec<_> = self
            .files
            .iter()
            .map(|file| (&file.path, &file.document, &file.hash))
            .collect();
        let made = (self.format, &self.recipe, self.chunk_tokens, files);
        hash(&serde_json::to_vec(&made).expect("texts and numbers always serialise"))
    }

    /// Whether a file of this length and time needs no second look.
    pub fn trusts(&self, known: &Source, bytes: Option<u64>, modified_ns: u64) -> bool {
        let settled = modified_ns.saturating_add(CLOCK_GRAIN.as_nanos() as u64) < self.checked_ns;
        settled && known.bytes == bytes && known.modified_ns == modified_ns && bytes.is_some()
    }
}

/// Length and time of the last change; no length when the file cannot be looked at.
pub fn stamp(path: &Path) -> (Option<u64>, u64) {
    match std::fs::metadata(path) {
        Ok(metadata) => (
            Some(metadata.len()),
            nanoseconds(metadata.modified().unwrap_or(UNIX_EPOCH)),
        ),
        Err(_) => (None, 0),
    }
}

/// Nanoseconds since 1970.
pub fn nanoseconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |age| age.as_nanos() as u64)
}

/// BLAKE3 in hex.
pub fn hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

/// Hashes every file below `folder`, except the manifest.
pub fn parts(folder: &Path) -> io::Result<BTreeMap<String, Part>> {
    let mut parts = BTreeMap::new();
    collect(folder, "", &mut parts)?;
    Ok(parts)
}

fn collect(folder: &Path, prefix: &str, parts: &mut BTreeMap<String, Part>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{name}/"), parts)?;
        } else if !name.starts_with(FILE) {
            let bytes = std::fs::read(entry.path())?;
            parts.insert(
                name,
                Part {
                    bytes: bytes.len() as u64,
                    hash: hash(&bytes),
                },
            );
        }
    }
    Ok(())
}
