//! The manifest of an index: what it was made from, by what, and how its files must look.

use super::catalog::Hash;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use troupe_core::port::embedder::Recipe;

/// Raised whenever an index of an older version would be read wrongly. Tables are as they are in memory,
/// so machines of the other byte order have formats of their own.
pub const FORMAT: u32 = if cfg!(target_endian = "little") { 5 } else { 1_005 };
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
    /// A hash of all that the answers of searches depend on: not of times, nor of where the index is.
    pub fingerprint: String,
    /// Number of the last folder that was written; numbers are never used again.
    pub sequence: u32,
    /// The folder of the catalog.
    pub catalog: String,
    /// The folders of the segments, in the order of their numbers in the catalog.
    pub segments: Vec<String>,
    /// Number of documents.
    pub documents: usize,
    /// Number of chunks.
    pub chunks: usize,
    /// Number of sentences with a vector.
    pub sentences: usize,
    /// What is to be said about ids that documents share.
    pub warnings: Vec<String>,
    /// Every other file of the index, by its path inside.
    pub parts: BTreeMap<String, Part>,
    /// When the files were last known to be these, in nanoseconds since 1970.
    pub checked_ns: u64,
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

    /// Whether a file of this length and time needs no second look.
    pub fn trusts(&self, known: (u64, u64), now: (u64, u64)) -> bool {
        let settled = known.1.saturating_add(CLOCK_GRAIN.as_nanos() as u64) < self.checked_ns;
        settled && known == now && known.0 != super::catalog::FileRow::UNREADABLE
    }

    /// Bytes of all parts.
    pub fn bytes(&self) -> u64 {
        self.parts.values().map(|part| part.bytes).sum()
    }

    /// What is wrong with the lengths of the parts; a look at each file's size.
    pub fn lengths(&self, folder: &Path) -> Result<(), String> {
        for (name, part) in &self.parts {
            let metadata = std::fs::metadata(folder.join(name));
            let bytes = metadata
                .map_err(|error| format!("lacks its part {name} ({error})"))?
                .len();
            if bytes != part.bytes {
                return Err(format!("is cut short: {name} has {bytes} bytes of {}", part.bytes));
            }
        }
        Ok(())
    }

    /// What is wrong with the contents of the parts; all of them are read.
    pub fn contents(&self, folder: &Path) -> Vec<String> {
        let damaged = self.parts.iter().filter_map(|(name, part)| {
            let found = match hash_file(&folder.join(name)) {
                Ok(found) => found.to_hex().to_string(),
                Err(error) => return Some(format!("lacks its part {name} ({error})")),
            };
            (found != part.hash).then(|| format!("is damaged: {name} has other content than was written"))
        });
        damaged.collect()
    }
}

/// Length and time of the last change of a file.
pub fn stamp(path: &Path) -> (u64, u64) {
    match std::fs::metadata(path) {
        Ok(metadata) => (metadata.len(), nanoseconds(metadata.modified().unwrap_or(UNIX_EPOCH))),
        Err(_) => (super::catalog::FileRow::UNREADABLE, 0),
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

/// The hash of a file's content, cut to 128 bits.
pub fn content_hash(path: &Path) -> io::Result<Hash> {
    hash_file(path).map(cut)
}

/// The first 128 bits.
pub fn cut(hash: blake3::Hash) -> Hash {
    let mut cut = Hash::default();
    cut.copy_from_slice(&hash.as_bytes()[..size_of::<Hash>()]);
    cut
}

fn hash_file(path: &Path) -> io::Result<blake3::Hash> {
    let mut hasher = blake3::Hasher::new();
    let mut file = std::fs::File::open(path)?;
    let mut buffer = vec![0; 1 << 18];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hasher.finalize()),
            read => hasher.update(&buffer[..read]),
        };
    }
}

/// The parts below `folder`, by their paths from `root`.
pub fn parts(root: &Path, folder: &str, parts: &mut BTreeMap<String, Part>) -> io::Result<()> {
    for entry in std::fs::read_dir(root.join(folder))? {
        let entry = entry?;
        let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            self::parts(root, &name, parts)?;
        } else {
            let part = Part {
                bytes: entry.metadata()?.len(),
                hash: hash_file(&entry.path())?.to_hex().to_string(),
            };
            parts.insert(name, part);
        }
    }
    Ok(())
}
