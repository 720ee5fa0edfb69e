//! What is known of an index without using it: whether it is current, and whether it is sound.

use super::loaded::{Loaded, load};
use super::open::{self, Changes};
use super::{CorpusOptions, Encoders};
use crate::Error;
use crate::index::manifest::Manifest;
use crate::index::vectors::dot;
use std::path::PathBuf;
use troupe_core::port::embedder::{Recipe, Role};

/// Sentences whose vectors are made again to see that they are what they were.
const SAMPLE: usize = 64;
/// Other machines sum in other orders; what is below this cosine is another vector.
const SAME: f32 = 0.999;

/// How an index stands to the files of its corpus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It is of these files.
    Current,
    /// Files changed since; paths as shown.
    Stale {
        /// Files that it does not have.
        added: Vec<String>,
        /// Files that are not what they were.
        changed: Vec<String>,
        /// Files that are no more.
        removed: Vec<String>,
    },
    /// There is none.
    Missing,
    /// It cannot be used: why.
    Unfit(String),
}

/// What is known of a corpus's index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// How it stands to the files.
    pub state: State,
    /// Where it is.
    pub folder: PathBuf,
    /// Files of the corpus that are there now.
    pub files: usize,
    /// Documents in the index.
    pub documents: usize,
    /// Chunks in the index.
    pub chunks: usize,
    /// Sentences with a vector.
    pub sentences: usize,
    /// Segments that it consists of.
    pub segments: usize,
    /// Bytes on disk.
    pub bytes: u64,
    /// How its vectors were made; none without an index.
    pub recipe: Option<Recipe>,
    /// What is wrong with single files.
    pub warnings: Vec<String>,
}

/// Looks at an index; nothing is built or changed.
pub fn status(options: &CorpusOptions, recipe: &Recipe) -> Result<Status, Error> {
    let (files, mut warnings) = open::find(options)?;
    let folder = open::index_folder(options);
    let manifest = Manifest::read(&folder);
    let state = match &manifest {
        Err(_) if !folder.exists() => State::Missing,
        Err(error) => State::Unfit(format!("has no readable manifest ({error})")),
        Ok(manifest) => match open::fits(manifest, options, recipe).and_then(|()| load(&folder)) {
            Err(reason) => State::Unfit(reason),
            Ok(loaded) => {
                warnings.extend(told(&loaded));
                compared(open::compare(&loaded, &files).0)
            }
        },
    };
    let manifest = manifest.ok();
    let count = |pick: fn(&Manifest) -> usize| manifest.as_ref().map_or(0, pick);
    Ok(Status {
        state,
        files: files.len(),
        documents: count(|manifest| manifest.documents),
        chunks: count(|manifest| manifest.chunks),
        sentences: count(|manifest| manifest.sentences),
        segments: count(|manifest| manifest.segments.len()),
        bytes: manifest.as_ref().map_or(0, Manifest::bytes),
        recipe: manifest.map(|manifest| manifest.recipe),
        folder,
        warnings,
    })
}

fn told(loaded: &Loaded) -> Vec<String> {
    let files = 0..loaded.catalog.files().len() as u32;
    let of_files = files.flat_map(|file| loaded.catalog.warnings(file).lines());
    let of_files = of_files.map(str::to_owned);
    of_files.chain(loaded.manifest.warnings.iter().cloned()).collect()
}

fn compared(changes: Changes) -> State {
    if changes.is_empty() {
        return State::Current;
    }
    State::Stale {
        added: changes.added,
        changed: changes.changed,
        removed: changes.removed,
    }
}

/// Checks an index: every part against its hash, and a sample of the vectors against the embedder. One
/// line for each fault; empty when it is sound.
pub fn verify(options: &CorpusOptions, encoders: &Encoders) -> Result<Vec<String>, Error> {
    let folder = open::index_folder(options);
    let manifest = match Manifest::read(&folder) {
        Ok(manifest) => manifest,
        Err(_) if !folder.exists() => return Ok(vec!["there is no index yet".into()]),
        Err(error) => return Ok(vec![format!("has no readable manifest ({error})")]),
    };
    let mut faults = manifest.contents(&folder);
    faults.extend(open::fits(&manifest, options, encoders.embedder.recipe()).err());
    if !faults.is_empty() {
        return Ok(faults);
    }
    match load(&folder) {
        Err(fault) => faults.push(fault),
        Ok(loaded) => faults.extend(other_vectors(&loaded, encoders)?),
    }
    Ok(faults)
}

/// Sentences of an even sample that have another vector than the embedder gives.
fn other_vectors(loaded: &Loaded, encoders: &Encoders) -> Result<Vec<String>, Error> {
    let mut faults = Vec::new();
    for (segment, name) in loaded.segments.iter().zip(&loaded.manifest.segments) {
        let step = segment.sentences().div_ceil(SAMPLE).max(1);
        let rows: Vec<u32> = (0..segment.sentences() as u32).step_by(step).collect();
        let sentences: Vec<&str> = rows.iter().map(|row| segment.sentence(segment.row(*row))).collect();
        let vectors = encoders.embedder.embed(Role::Passage, &sentences)?;
        let same = |(row, vector): (&u32, &Vec<f32>)| {
            let kept = segment.vectors.row(*row);
            let both_zero = kept.iter().chain(vector).all(|x| *x == 0.0);
            both_zero || dot(kept, vector) >= SAME
        };
        let other = rows.iter().zip(&vectors).filter(|pair| !same(*pair)).count();
        if other > 0 {
            let of = rows.len();
            faults.push(format!(
                "{name}: {other} of {of} sentences have other vectors than the embedder gives"
            ));
        }
    }
    Ok(faults)
}

/// Removes an index, so that the next opening makes it anew.
pub fn discard(options: &CorpusOptions) -> Result<(), Error> {
    let folder = open::index_folder(options);
    match std::fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::Write {
            path: folder,
            source: error,
        }),
        _ => Ok(()),
    }
}
