//! Opening a corpus: under a lock, the index on disk is checked and used, or made anew and then used.

use super::build::{Builder, Known};
use super::files::{self, CorpusFile};
use super::texts::{Texts, sentences_from_bytes};
use super::{Corpus, CorpusOptions, Encoders, Opened, Progress};
use crate::Error;
use crate::index::graph::Graph;
use crate::index::manifest::{self, Manifest};
use crate::index::trigrams::Trigrams;
use crate::index::vectors::Vectors;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;
use troupe_core::port::embedder::{Embedder, Recipe};

/// Names of the index's parts.
pub(super) const CHUNKS: &str = "chunks";
pub(super) const SENTENCES: &str = "sentences";
pub(super) const VECTORS: &str = "vectors";
pub(super) const KEYWORDS: &str = "keywords";
pub(super) const MEANINGS: &str = "meanings";

/// Why the index on disk is not used.
enum Unfit {
    /// There is none.
    Missing,
    /// The corpus's files changed; what did not change can be taken over.
    Changed,
    /// It cannot be trusted: the reason for people.
    Broken(String),
}

/// See [`Corpus::open`].
pub(super) fn open(
    options: &CorpusOptions,
    encoders: Encoders,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Opened, Error> {
    let mut warnings = Vec::new();
    let files = files::find(&options.name, &options.root, &options.patterns, &mut warnings)?;
    if files.is_empty() {
        return Err(empty(
            options,
            format!("match no file below {}", options.root.display()),
            warnings,
        ));
    }
    let folder = index_folder(options);
    let lock = lock(&folder, progress);
    let unfit = match reuse(&folder, options, &files, &encoders) {
        Ok((corpus, manifest)) => {
            warnings.extend(manifest.warnings);
            return Ok(Opened {
                corpus: Arc::new(corpus),
                warnings,
                built: false,
            });
        }
        Err(unfit) => unfit,
    };
    // without a lock two processes could write the same folder
    let _held = lock.map_err(|source| Error::Write {
        path: folder.clone(),
        source,
    })?;
    let known = match unfit {
        Unfit::Missing => Known::default(),
        Unfit::Changed => read(&folder, options, &encoders)
            .map(Known::from_corpus)
            .unwrap_or_default(),
        Unfit::Broken(reason) => {
            warnings.push(format!(
                "the index of corpus `{}` {reason}; it is made anew",
                options.name
            ));
            Known::default()
        }
    };
    let builder = Builder {
        options,
        files: &files,
        encoders: &encoders,
        progress,
    };
    let manifest = builder.build(&folder, known)?;
    if manifest.chunks == 0 {
        warnings.extend(manifest.warnings);
        return Err(empty(
            options,
            format!("match {} files without a usable chunk", files.len()),
            warnings,
        ));
    }
    let corpus = load(&folder, &manifest, options, &encoders).map_err(|reason| Error::build(&folder, reason))?;
    warnings.extend(manifest.warnings);
    Ok(Opened {
        corpus: Arc::new(corpus),
        warnings,
        built: true,
    })
}

fn empty(options: &CorpusOptions, found: String, warnings: Vec<String>) -> Error {
    let patterns: Vec<String> = options.patterns.iter().map(|pattern| format!("`{pattern}`")).collect();
    Error::Empty {
        corpus: options.name.clone(),
        patterns: patterns.join(", "),
        found,
        warnings,
    }
}

/// One folder for each set of options that leads to other chunks.
fn index_folder(options: &CorpusOptions) -> PathBuf {
    let root = std::path::absolute(&options.root).unwrap_or_else(|_| options.root.clone());
    let numbers = (options.chunk_tokens, options.graph_from);
    let key = format!("{}\0{}\0{numbers:?}", root.display(), options.patterns.join("\0"));
    let safe = |c: char| if c.is_alphanumeric() || c == '_' { c } else { '-' };
    let name: String = options.name.chars().map(safe).collect();
    options
        .index_folder
        .join(format!("{name}-{}", &manifest::hash(key.as_bytes())[..10]))
}

/// Waits for the index to be ours. The lock ends with the file handle, also when the process dies.
fn lock(folder: &Path, progress: &(dyn Fn(Progress) + Sync)) -> std::io::Result<File> {
    if let Some(parent) = folder.parent() {
        std::fs::create_dir_all(parent)?;
    }
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(folder.with_extension("lock"))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            progress(Progress::Waiting);
            file.lock()?;
        }
        Err(TryLockError::Error(error)) => return Err(error),
    }
    Ok(file)
}

/// The index on disk, when it was made from exactly these files by this embedder and is whole.
fn reuse(
    folder: &Path,
    options: &CorpusOptions,
    files: &[CorpusFile],
    encoders: &Encoders,
) -> Result<(Corpus, Manifest), Unfit> {
    let mut manifest = match Manifest::read(folder) {
        Ok(manifest) => manifest,
        Err(_) if !folder.exists() => return Err(Unfit::Missing),
        Err(error) => return Err(Unfit::Broken(format!("has no readable manifest ({error})"))),
    };
    fits(&manifest, options, encoders.embedder.as_ref()).map_err(Unfit::Broken)?;
    let restamped = unchanged(&mut manifest, files).ok_or(Unfit::Changed)?;
    let corpus = load(folder, &manifest, options, encoders).map_err(Unfit::Broken)?;
    if restamped {
        // only spares the next opening a look at the contents; a read-only folder is no trouble
        let _ = manifest.write(folder);
    }
    Ok((corpus, manifest))
}

/// Whether this program and this embedder can use the index.
fn fits(manifest: &Manifest, options: &CorpusOptions, embedder: &dyn Embedder) -> Result<(), String> {
    if manifest.format != manifest::FORMAT {
        return Err(format!(
            "has format {} and this program reads {}",
            manifest.format,
            manifest::FORMAT
        ));
    }
    let own = embedder.recipe();
    if manifest.recipe != *own {
        return Err(format!(
            "was made by the embedder {}, not {}",
            described(&manifest.recipe, own),
            described(own, &manifest.recipe)
        ));
    }
    if manifest.chunk_tokens != options.chunk_tokens {
        return Err(format!("has chunks of {} tokens", manifest.chunk_tokens));
    }
    Ok(())
}

/// A recipe for people: its name and dimension, and what else tells it from another.
fn described(recipe: &Recipe, other: &Recipe) -> String {
    let mut told = format!("{} ({} numbers", recipe.name, recipe.dimension);
    if recipe.pooling != other.pooling {
        told.push_str(&format!(", pooled by {:?}", recipe.pooling).to_lowercase());
    }
    let prefixes = |of: &Recipe| (of.query_prefix.clone(), of.passage_prefix.clone());
    if prefixes(recipe) != prefixes(other) {
        told.push_str(&format!(
            ", prefixes {:?} and {:?}",
            recipe.query_prefix, recipe.passage_prefix
        ));
    }
    told.push(')');
    told
}

/// Whether the files are those of the manifest: by length and time, and by content where those are
/// no proof. `Some(true)` when the manifest learned newer times; none when something changed.
fn unchanged(manifest: &mut Manifest, files: &[CorpusFile]) -> Option<bool> {
    if manifest.files.len() != files.len() {
        return None;
    }
    let now = manifest::nanoseconds(SystemTime::now());
    let mut restamped = false;
    for (at, file) in files.iter().enumerate() {
        let known = &manifest.files[at];
        if file.shown != known.path || file.document != known.document {
            return None;
        }
        let (bytes, modified_ns) = manifest::stamp(&file.path);
        if manifest.trusts(known, bytes, modified_ns) {
            continue;
        }
        let hash = std::fs::read(&file.path)
            .map(|content| manifest::hash(&content))
            .unwrap_or_default();
        if bytes != known.bytes || hash != known.hash {
            return None;
        }
        manifest.files[at].modified_ns = modified_ns;
        restamped = true;
    }
    if restamped {
        manifest.checked_ns = now;
    }
    Some(restamped)
}

/// The old index for what can be taken over from it.
fn read(folder: &Path, options: &CorpusOptions, encoders: &Encoders) -> Option<Corpus> {
    let manifest = Manifest::read(folder).ok()?;
    load(folder, &manifest, options, encoders).ok()
}

/// Reads the index after checking every part against the manifest; the error is for people.
fn load(folder: &Path, manifest: &Manifest, options: &CorpusOptions, encoders: &Encoders) -> Result<Corpus, String> {
    let mut wanted = [CHUNKS, SENTENCES, VECTORS].map(|name| (name, Vec::new()));
    for (name, part) in &manifest.parts {
        let bytes = std::fs::read(folder.join(name)).map_err(|error| format!("lacks its part {name} ({error})"))?;
        if bytes.len() as u64 != part.bytes {
            return Err(format!(
                "is cut short: {name} has {} bytes of {}",
                bytes.len(),
                part.bytes
            ));
        }
        if manifest::hash(&bytes) != part.hash {
            return Err(format!("is damaged: {name} has other content than was written"));
        }
        if let Some(slot) = wanted.iter_mut().find(|(wanted, _)| wanted == name) {
            slot.1 = bytes;
        }
    }
    let [(_, chunks), (_, sentences), (_, vectors)] = wanted;
    let damaged = |part: &str| format!("is damaged: {part} cannot be read");
    let texts = Texts::from_bytes(&chunks).ok_or_else(|| damaged(CHUNKS))?;
    let sentences = sentences_from_bytes(&sentences, &texts).ok_or_else(|| damaged(SENTENCES))?;
    let vectors = Vectors::from_bytes(manifest.recipe.dimension, &vectors).ok_or_else(|| damaged(VECTORS))?;
    let files_known = (0..texts.len() as u32).all(|chunk| (texts.file(chunk) as usize) < manifest.files.len());
    if vectors.len() != sentences.len() || texts.len() != manifest.chunks || !files_known {
        return Err("is damaged: its parts do not belong together".into());
    }
    let trigrams = Trigrams::open(&folder.join(KEYWORDS), texts.len()).map_err(|error| error.to_string())?;
    let vectors = Arc::new(vectors);
    let graph = folder.join(MEANINGS);
    let graph = graph
        .is_dir()
        .then(|| Graph::open(&graph, &vectors))
        .transpose()
        .map_err(|error| error.to_string())?;
    Ok(Corpus {
        name: options.name.clone(),
        fingerprint: manifest.fingerprint(),
        files: manifest.files.iter().map(|file| file.path.clone()).collect(),
        encoders: encoders.clone(),
        texts,
        sentences,
        vectors,
        trigrams,
        graph,
    })
}
