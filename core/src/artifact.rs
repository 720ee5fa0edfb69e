//! Files that commands make and runs keep: what a command is asked for, and what it gave.
//!
//! What one command gave is a *set*: its files, laid out as the command made them, under the hash of all that. The hash
//! is the set's name in the workspace and a part of every path to it, so that a path means the same files in each run,
//! fork and export that tells it, and whoever performs a command sees in its text which sets it needs.

use crate::port::blob::Digest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Where commands find sets: each in a folder of its own, named by the set's hash.
pub const FOLDER: &str = "/artifacts";

/// Bytes that a file counts besides its own: many empty files take room too.
pub const FILE_BYTES: u64 = 1_024;

/// The files that a command is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// Each names at least one file or folder.
    pub paths: Vec<WantedPath>,
    /// Bytes that all of them may have together, each file counted with [`FILE_BYTES`] more.
    pub most_bytes: u64,
}

/// A path below the folder where the command starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WantedPath {
    /// As it was written.
    pub text: String,
    /// Whether it is a pattern, which any number of files and folders can fit.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_pattern: bool,
}

/// What a command gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// The set.
    pub set: Digest,
    /// What fits the wanted paths, in their order, and by name where one is a pattern.
    pub files: Vec<Artifact>,
}

/// A file or a folder that fits a wanted path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// Which of the wanted paths, from 0.
    pub wanted: u32,
    /// Its path in the set.
    pub path: String,
    /// Bytes of the file, or of all files in the folder.
    pub bytes: u64,
    /// Files in it; none of a file itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<u64>,
    /// The BLAKE3 hash of the file's content, or of a list of all that is in the folder.
    pub hash: Digest,
}

impl Given {
    /// Where commands find one of its files.
    pub fn path(&self, artifact: &Artifact) -> String {
        format!("{}/{}", folder_of(&self.set), artifact.path)
    }

    /// Bytes of all its files.
    pub fn bytes(&self) -> u64 {
        let mut seen = BTreeSet::new();
        let once = self.files.iter().filter(|artifact| seen.insert(&artifact.path));
        once.map(|artifact| artifact.bytes).sum()
    }
}

/// Where commands find a set.
pub fn folder_of(set: &Digest) -> String {
    format!("{FOLDER}/{set}")
}

/// Digits of a set's name.
const DIGITS: usize = 64;

/// The sets that a text tells paths of.
pub fn mentioned(text: &str) -> BTreeSet<Digest> {
    let after = text.match_indices(FOLDER).map(|(at, _)| &text[at + FOLDER.len()..]);
    let named = after.filter_map(|rest| rest.strip_prefix('/')?.get(..DIGITS));
    named.filter_map(Digest::parse).collect()
}

/// A text that tells where a set lies on this machine, where it told paths of it.
pub fn relocated(text: &str, set: &Digest, folder: &str) -> String {
    text.replace(&folder_of(set), folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_tells_which_sets_it_needs() {
        let [a, b] = [1, 2].map(|byte| Digest([byte; 32]));
        let text = format!("x={}/app:{} {FOLDER}/{}", folder_of(&a), folder_of(&b), "0123");
        assert_eq!(mentioned(&text), BTreeSet::from([a, b]));
        assert_eq!(mentioned("/artifacts /artifacts/ä /artifactsé"), BTreeSet::new());
        assert_eq!(relocated(&text, &a, "/home/x"), text.replace(&folder_of(&a), "/home/x"));
    }

    #[test]
    fn a_file_that_fits_two_paths_counts_once() {
        let artifact = |wanted, path: &str| Artifact {
            wanted,
            path: path.into(),
            bytes: 5,
            files: None,
            hash: Digest([0; 32]),
        };
        let given = Given {
            set: Digest([1; 32]),
            files: vec![artifact(0, "a"), artifact(1, "a"), artifact(1, "b")],
        };
        assert_eq!(given.bytes(), 10);
    }
}
