//! Making an index: files → chunks → sentences → vectors, trigrams and graph, in a folder beside the
//! final one that takes its place when everything is written.

use super::files::CorpusFile;
use super::open::{CHUNKS, KEYWORDS, MEANINGS, SENTENCES, VECTORS};
use super::reading::{self, Cut, Document};
use super::texts::{Sentence, Texts, sentences_to_bytes};
use super::{Corpus, CorpusOptions, Encoders, GRAPH_UP_TO, Progress};
use crate::Error;
use crate::index::manifest::{self, Manifest, Source};
use crate::index::vectors::Vectors;
use crate::index::{graph, trigrams};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;
use troupe_core::port;
use troupe_core::port::embedder::Role;

/// Sentences embedded in one call.
const BATCH: usize = 256;

/// Vectors of an earlier index, by sentence: the same sentence has the same vector.
#[derive(Default)]
pub(super) struct Known {
    corpus: Option<Corpus>,
}

impl Known {
    pub(super) fn from_corpus(corpus: Corpus) -> Self {
        Self { corpus: Some(corpus) }
    }

    fn rows(&self) -> HashMap<&str, &[f32]> {
        let Some(corpus) = &self.corpus else {
            return HashMap::new();
        };
        let rows = 0..corpus.sentences.len() as u32;
        rows.map(|row| {
            (
                corpus.texts.sentence(corpus.sentences[row as usize]),
                corpus.vectors.row(row),
            )
        })
        .collect()
    }
}

/// One build.
pub(super) struct Builder<'a> {
    pub(super) options: &'a CorpusOptions,
    pub(super) files: &'a [CorpusFile],
    pub(super) encoders: &'a Encoders,
    pub(super) progress: &'a (dyn Fn(Progress) + Sync),
}

/// What the files hold.
#[derive(Default)]
struct Draft {
    texts: Texts,
    sources: Vec<Source>,
    warnings: Vec<String>,
    /// Where each document id was first used, and how often it was.
    places: HashMap<String, (String, usize)>,
}

impl Builder<'_> {
    /// Builds the index and puts it at `folder`. With no chunk at all nothing is written.
    pub(super) fn build(&self, folder: &Path, known: Known) -> Result<Manifest, Error> {
        let checked_ns = manifest::nanoseconds(SystemTime::now());
        let draft = self.read();
        let sentences = draft.texts.sentences();
        let mut manifest = Manifest {
            format: manifest::FORMAT,
            recipe: self.encoders.embedder.recipe().clone(),
            chunk_tokens: self.options.chunk_tokens,
            files: draft.sources,
            warnings: draft.warnings,
            chunks: draft.texts.len(),
            sentences: sentences.len(),
            parts: BTreeMap::new(),
            checked_ns,
        };
        if manifest.chunks == 0 {
            return Ok(manifest);
        }
        // under the lock nobody else uses this name; what a crash left in it is removed
        let building = with_suffix(folder, ".building");
        remove(&building)?;
        let keywords = building.join(KEYWORDS);
        std::fs::create_dir_all(&keywords).map_err(Error::write(&building))?;
        if let Err(error) = self.write(&building, &draft.texts, &sentences, known) {
            // a full disk should get its room back; the first error is the one to tell
            let _ = remove(&building);
            return Err(error);
        }
        manifest.parts = manifest::parts(&building).map_err(Error::write(&building))?;
        manifest.write(&building).map_err(Error::write(&building))?;
        remove(folder)?;
        std::fs::rename(&building, folder).map_err(Error::write(folder))?;
        Ok(manifest)
    }

    fn read(&self) -> Draft {
        let count = |text: &str| self.encoders.tokens.count(text);
        let cut = Cut {
            tokens: self.options.chunk_tokens.max(1),
            count: &count,
        };
        let mut draft = Draft::default();
        for (number, file) in self.files.iter().enumerate() {
            let (bytes, modified_ns) = manifest::stamp(&file.path);
            let content = reading::load(file);
            let hash = content.as_deref().map(manifest::hash).unwrap_or_default();
            let bytes = content.as_ref().map_or(bytes, |content| Some(content.len() as u64));
            let (path, document) = (file.shown.clone(), file.document.clone());
            draft.sources.push(Source {
                path,
                document,
                bytes,
                modified_ns,
                hash,
            });
            match content {
                Ok(content) => {
                    let documents = reading::documents(file, &content, &cut, &mut draft.warnings);
                    documents
                        .into_iter()
                        .for_each(|document| draft.add(number as u32, document));
                }
                Err(warning) => draft.warnings.push(warning),
            }
            (self.progress)(Progress::Reading {
                done: number + 1,
                total: self.files.len(),
            });
        }
        draft
    }

    /// Writes every part except the manifest. Trigrams need a second core only, so they go along.
    fn write(&self, building: &Path, texts: &Texts, sentences: &[Sentence], known: Known) -> Result<(), Error> {
        std::thread::scope(|scope| {
            let keywords = scope.spawn(|| {
                let folded = (0..texts.len() as u32).map(|chunk| texts.folded(chunk));
                trigrams::write(&building.join(KEYWORDS), folded)
            });
            let put = |name: &str, bytes: Vec<u8>| {
                let path = building.join(name);
                std::fs::write(&path, bytes).map_err(Error::write(&path))
            };
            put(CHUNKS, texts.to_bytes())?;
            put(SENTENCES, sentences_to_bytes(sentences))?;
            let vectors = Arc::new(Vectors::new(
                self.encoders.embedder.recipe().dimension,
                self.embed(texts, sentences, &known)?,
            ));
            put(VECTORS, vectors.to_bytes())?;
            drop(known);
            if (self.options.graph_from..=GRAPH_UP_TO).contains(&vectors.len()) {
                self.link(&building.join(MEANINGS), vectors)?;
            }
            let ended = keywords
                .join()
                .map_err(|_| Error::build(building, "the keyword index stopped"))?;
            ended.map_err(|error| Error::build(building, error))
        })
    }

    /// Vectors of all sentences, row after row.
    fn embed(&self, texts: &Texts, sentences: &[Sentence], known: &Known) -> Result<Vec<f32>, Error> {
        let dimension = self.encoders.embedder.recipe().dimension;
        let mut rows = vec![0.0f32; sentences.len() * dimension];
        let mut missing = Vec::new();
        let old = known.rows();
        for (at, sentence) in sentences.iter().enumerate() {
            match old.get(texts.sentence(*sentence)) {
                Some(row) => rows[at * dimension..(at + 1) * dimension].copy_from_slice(row),
                None => missing.push(at),
            }
        }
        let batches: Vec<&[usize]> = missing.chunks(BATCH).collect();
        let next = AtomicUsize::new(0);
        let done = AtomicUsize::new(0);
        let rows = Mutex::new(rows);
        let work = || -> Result<(), Error> {
            while let Some(batch) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
                let sentences: Vec<&str> = batch.iter().map(|at| texts.sentence(sentences[*at])).collect();
                let vectors = checked(
                    self.encoders.embedder.embed(Role::Passage, &sentences)?,
                    batch.len(),
                    dimension,
                )?;
                let mut rows = rows.lock().unwrap_or_else(PoisonError::into_inner);
                for (at, vector) in batch.iter().zip(vectors) {
                    rows[at * dimension..(at + 1) * dimension].copy_from_slice(&vector);
                }
                drop(rows);
                let done = done.fetch_add(batch.len(), Ordering::Relaxed) + batch.len();
                (self.progress)(Progress::Embedding {
                    done,
                    total: missing.len(),
                });
            }
            Ok(())
        };
        let threads = std::thread::available_parallelism()
            .map_or(1, usize::from)
            .min(batches.len());
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            workers.into_iter().try_for_each(|worker| {
                let stopped = |_| port::Error::new(port::ErrorKind::Other, "it stopped while embedding");
                worker.join().map_err(stopped)?
            })
        })?;
        Ok(rows.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// Builds the graph on a thread of its own: the library panics where it cannot write.
    fn link(&self, folder: &Path, vectors: Arc<Vectors>) -> Result<(), Error> {
        std::fs::create_dir(folder).map_err(Error::write(folder))?;
        let total = vectors.len();
        let progress = |done| (self.progress)(Progress::Linking { done, total });
        let ended = std::thread::scope(|scope| scope.spawn(|| graph::write(folder, &vectors, &progress)).join());
        let ended = ended.unwrap_or_else(|_| Err("the graph could not be written".into()));
        ended.map_err(|reason| Error::build(folder, reason))
    }
}

/// The vectors, when they are as many and as long as asked for. A vector with a number that is none
/// becomes zero, near to nothing.
fn checked(mut vectors: Vec<Vec<f32>>, count: usize, dimension: usize) -> Result<Vec<Vec<f32>>, port::Error> {
    if vectors.len() != count || vectors.iter().any(|vector| vector.len() != dimension) {
        let message = format!("it did not give {count} vectors of {dimension} numbers");
        return Err(port::Error::new(port::ErrorKind::Other, message));
    }
    for vector in vectors
        .iter_mut()
        .filter(|vector| vector.iter().any(|x| !x.is_finite()))
    {
        vector.fill(0.0);
    }
    Ok(vectors)
}

impl Draft {
    /// Adds a document's chunks under ids that no other chunk has.
    fn add(&mut self, number: u32, document: Document) {
        let place = document.place;
        let count = document.chunks.len();
        let (first, copies) = self
            .places
            .entry(document.id.clone())
            .or_insert_with(|| (place.clone(), 0));
        let taken = |id: &str| (0..count).any(|at| self.texts.position(&chunk_id(id, at)).is_some());
        let mut id = document.id.clone();
        loop {
            *copies += 1;
            if *copies > 1 {
                id = format!("{}~{copies}", document.id);
            }
            if !taken(&id) {
                break;
            }
        }
        if *copies > 1 {
            let (old, first) = (&document.id, if *first == place { "another document" } else { first });
            self.warnings.push(format!(
                "{place}: the id `{old}` is already used by {first}; this one becomes `{id}`"
            ));
        }
        for (at, text) in document.chunks.iter().enumerate() {
            self.texts.push(chunk_id(&id, at), number, text);
        }
    }
}

/// The first chunk of a document has the document's id, the second `id#2`.
fn chunk_id(document: &str, at: usize) -> String {
    if at == 0 {
        document.to_owned()
    } else {
        format!("{document}#{}", at + 1)
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn remove(folder: &Path) -> Result<(), Error> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::Write {
            path: folder.to_owned(),
            source: error,
        }),
        _ => Ok(()),
    }
}
