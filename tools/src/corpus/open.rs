//! Opening a corpus: the index on disk is checked and used, or brought up to date and then used.

use super::files::{self, CorpusFile};
use super::loaded::{CHECKED_AT_ONCE, Loaded, load};
use super::update::{Update, fingerprint};
use super::{Corpus, CorpusOptions, Encoders, Opened, Progress, Segments};
use crate::Error;
use crate::index::manifest::{self, Manifest};
use std::collections::HashMap;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use troupe_core::port::embedder::Recipe;

/// A reader that meets an index just as its folders are replaced looks again so often.
const LOOKS: usize = 3;

/// Why the index on disk is not used.
pub(super) enum Unfit {
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
    let (files, mut warnings) = find(options)?;
    let folder = index_folder(options);
    // readers take no lock: an index is never changed, only replaced
    let recipe = encoders.embedder.recipe();
    let mut unfit = reuse(&folder, options, &files, recipe);
    for _ in 1..LOOKS {
        if !matches!(unfit, Err(Unfit::Broken(_))) {
            break;
        }
        unfit = reuse(&folder, options, &files, recipe);
    }
    if let Ok((loaded, false)) = unfit {
        return Ok(opened(options, &folder, loaded, encoders, (warnings, false)));
    }
    let lock = lock(&folder, progress);
    let unfit = match reuse(&folder, options, &files, recipe) {
        // only new times are to be written, which spares the next opening a look at the contents
        Ok((loaded, restamped)) => {
            if restamped && lock.is_ok() {
                let _ = update(options, &files, &encoders, progress, Some(&loaded)).run(&folder);
            }
            return Ok(opened(options, &folder, loaded, encoders, (warnings, false)));
        }
        Err(unfit) => unfit,
    };
    // without a lock two processes could write the same folder
    let _held = lock.map_err(|source| Error::Write {
        path: folder.clone(),
        source,
    })?;
    let old = match unfit {
        Unfit::Missing => None,
        Unfit::Changed => load(&folder).ok(),
        Unfit::Broken(reason) => {
            let name = &options.name;
            warnings.push(format!("the index of corpus `{name}` {reason}; it is made anew"));
            None
        }
    };
    let written = update(options, &files, &encoders, progress, old.as_ref()).run(&folder)?;
    drop(old);
    if let Err(found) = written {
        warnings.extend(found);
        return Err(empty(
            options,
            format!("match {} files without a usable chunk", files.len()),
            warnings,
        ));
    }
    let loaded = load(&folder).map_err(|reason| Error::build(&folder, reason))?;
    Ok(opened(options, &folder, loaded, encoders, (warnings, true)))
}

fn update<'a>(
    options: &'a CorpusOptions,
    files: &'a [CorpusFile],
    encoders: &'a Encoders,
    progress: &'a (dyn Fn(Progress) + Sync),
    old: Option<&'a Loaded>,
) -> Update<'a> {
    Update {
        options,
        files,
        encoders,
        progress,
        old,
    }
}

/// The corpus's files, and what is wrong with others that its patterns match.
pub(super) fn find(options: &CorpusOptions) -> Result<(Vec<CorpusFile>, Vec<String>), Error> {
    let mut warnings = Vec::new();
    let files = files::find(&options.name, &options.root, &options.patterns, &mut warnings)?;
    if files.is_empty() {
        let found = format!("match no file below {}", options.root.display());
        return Err(empty(options, found, warnings));
    }
    Ok((files, warnings))
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

/// One folder for each set of options that leads to other chunks or vectors.
pub(super) fn index_folder(options: &CorpusOptions) -> PathBuf {
    let root = std::path::absolute(&options.root).unwrap_or_else(|_| options.root.clone());
    let numbers = (options.chunk_tokens, options.graph_from);
    let embedder = &options.embedder;
    let key = format!(
        "{}\0{}\0{numbers:?}{embedder}",
        root.display(),
        options.patterns.join("\0")
    );
    let safe = |c: char| if c.is_alphanumeric() || c == '_' { c } else { '-' };
    let name: String = options.name.chars().map(safe).collect();
    options
        .index_folder
        .join(format!("{name}-{}", &manifest::hash(key.as_bytes())[..10]))
}

/// Waits for the index to be ours to write. The lock ends with the file handle, also when the process dies.
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

/// The index on disk, when it was made from exactly these files with these vectors and is whole, and
/// whether the times of its files are to be written anew.
fn reuse(
    folder: &Path,
    options: &CorpusOptions,
    files: &[CorpusFile],
    recipe: &Recipe,
) -> Result<(Loaded, bool), Unfit> {
    let manifest = match Manifest::read(folder) {
        Ok(manifest) => manifest,
        Err(_) if !folder.exists() => return Err(Unfit::Missing),
        Err(error) => return Err(Unfit::Broken(format!("has no readable manifest ({error})"))),
    };
    fits(&manifest, options, recipe).map_err(Unfit::Broken)?;
    let loaded = load(folder).map_err(Unfit::Broken)?;
    let (changes, restamped) = compare(&loaded, files);
    if changes.is_empty() {
        Ok((loaded, restamped))
    } else {
        Err(Unfit::Changed)
    }
}

/// Whether this program and this embedder can use the index.
pub(super) fn fits(manifest: &Manifest, options: &CorpusOptions, own: &Recipe) -> Result<(), String> {
    if manifest.format != manifest::FORMAT {
        return Err(format!(
            "has format {} and this program reads {}",
            manifest.format,
            manifest::FORMAT
        ));
    }
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

/// What differs between an index and the files that are there: paths as shown.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Changes {
    pub(super) added: Vec<String>,
    pub(super) changed: Vec<String>,
    pub(super) removed: Vec<String>,
    /// Whether ids change with nothing else: documents are called after paths below the files' common folder.
    pub(super) renamed: bool,
}

impl Changes {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Compares by length and time, and by content where those are no proof; also whether times are to be
/// written anew.
pub(super) fn compare(loaded: &Loaded, files: &[CorpusFile]) -> (Changes, bool) {
    let mut known: HashMap<&str, u32> = (0..loaded.catalog.files().len() as u32)
        .map(|file| (loaded.catalog.path(file), file))
        .collect();
    let mut changes = Changes::default();
    let mut restamped = false;
    for file in files {
        let Some(number) = known.remove(file.shown.as_str()) else {
            changes.added.push(file.shown.clone());
            continue;
        };
        let row = loaded.catalog.files()[number as usize];
        let stamp = manifest::stamp(&file.path);
        if loaded.manifest.trusts((row.bytes, row.modified_ns), stamp) {
            continue;
        }
        let hash = manifest::content_hash(&file.path).unwrap_or_default();
        if row.bytes != stamp.0 || row.hash != hash {
            changes.changed.push(file.shown.clone());
        }
        restamped = true;
    }
    changes.removed = known.into_keys().map(str::to_owned).collect();
    changes.removed.sort_unstable();
    if changes.is_empty() {
        let rows = loaded.catalog.files().iter().map(|row| row.hash);
        changes.renamed = loaded.manifest.fingerprint != fingerprint(&loaded.manifest, files.iter().zip(rows));
    }
    (changes, restamped)
}

fn opened(
    options: &CorpusOptions,
    folder: &Path,
    loaded: Loaded,
    encoders: Encoders,
    (mut warnings, built): (Vec<String>, bool),
) -> Opened {
    let files = 0..loaded.catalog.files().len() as u32;
    let of_files = files.flat_map(|file| loaded.catalog.warnings(file).lines());
    warnings.extend(of_files.map(str::to_owned));
    warnings.extend(loaded.manifest.warnings.iter().cloned());
    let damage = Arc::new(OnceLock::new());
    if loaded.manifest.bytes() > CHECKED_AT_ONCE && !built {
        check_later(folder.to_owned(), loaded.manifest.clone(), Arc::clone(&damage));
    }
    let corpus = Corpus {
        name: options.name.clone(),
        segments: Segments::new(loaded),
        encoders,
        damage,
        folder: folder.to_owned(),
    };
    Opened {
        corpus: Arc::new(corpus),
        warnings,
        built,
    }
}

/// Reads a large index through on a thread of its own; searches fail from when it turns out damaged.
fn check_later(folder: PathBuf, manifest: Manifest, damage: Arc<OnceLock<String>>) {
    let check = move || {
        // one that was replaced meanwhile is read on by whoever has it open, and no longer by its names
        let current = || Manifest::read(&folder).is_ok_and(|now| now.sequence == manifest.sequence);
        let fault = manifest.contents(&folder).into_iter().next();
        if let Some(fault) = fault.filter(|_| current()) {
            let _ = damage.set(fault);
        }
    };
    // without a thread the index stays unchecked until `verify`
    let _ = std::thread::Builder::new().name("corpus-check".into()).spawn(check);
}
