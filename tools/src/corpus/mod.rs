//! A corpus: the chunks of a set of files, and the searches over them.

mod chunking;
mod files;
mod loaded;
mod open;
mod reading;
mod search;
mod status;
mod update;
pub(crate) mod words;

pub use reading::PRINT_THREAD;
use search::Segments;
pub use status::{State, Status, discard, status, verify};

use crate::Error;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use troupe_core::port;
use troupe_core::port::embedder::Embedder;
use troupe_core::port::reranker::Reranker;
use troupe_core::port::tokens::TokenCounter;

/// The usual [`CorpusOptions::graph_from`]: below it a scan, which is exact, is about as fast
/// (`docs/bench/retrieval.md`). Linking so many takes half a minute, once.
pub const GRAPH_FROM: usize = 100_000;

/// Which files, and how they are cut and kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorpusOptions {
    /// The corpus's name in the workflow.
    pub name: String,
    /// The workflow's folder: patterns start here.
    pub root: PathBuf,
    /// Glob patterns such as `corpus/**/*.md`; `*` does not cross a slash, a folder means all below it.
    pub patterns: Vec<String>,
    /// Size of a chunk in tokens; the paper's is about 1000.
    pub chunk_tokens: usize,
    /// The embedder as its user names it, empty for the usual one: the indexes of two stand side by side.
    pub embedder: String,
    /// Where indexes are kept, one folder each.
    pub index_folder: PathBuf,
    /// From so many sentences on, a segment has a graph and searches walk it; below, every vector is
    /// looked at, which is exact and about as fast. Usually [`GRAPH_FROM`].
    pub graph_from: usize,
}

/// The models that a corpus reads with.
#[derive(Clone)]
pub struct Encoders {
    /// Sentences to vectors.
    pub embedder: Arc<dyn Embedder>,
    /// What counts as a token, for the size of chunks and for what agents are told.
    pub tokens: Arc<dyn TokenCounter>,
    /// The second look of the hybrid search, where there is one.
    pub reranker: Option<Arc<dyn Reranker>>,
}

/// What [`Corpus::open`] is busy with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Another process builds the same index.
    Waiting,
    /// Files are read and cut.
    Reading {
        /// Files done.
        done: usize,
        /// All files.
        total: usize,
    },
    /// Sentences become vectors.
    Embedding {
        /// Sentences done.
        done: usize,
        /// All sentences without a vector.
        total: usize,
    },
    /// Vectors are linked into the graph.
    Linking {
        /// Vectors done.
        done: usize,
        /// All vectors.
        total: usize,
    },
}

/// An opened corpus and what was learned on the way.
pub struct Opened {
    /// The corpus.
    pub corpus: Arc<Corpus>,
    /// What is wrong with single files, and why an index was made anew; one line each.
    pub warnings: Vec<String>,
    /// Whether the index was made now rather than found.
    pub built: bool,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("Opened");
        shown
            .field("chunks", &self.corpus.len())
            .field("warnings", &self.warnings);
        shown.field("built", &self.built).finish()
    }
}

/// A chunk of a corpus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkRef<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its full text.
    pub text: &'a str,
    /// The file that it comes from, as shown to people.
    pub file: &'a str,
    /// What is known of its document, a JSON object.
    pub metadata: &'a str,
}

/// The chunks of a set of files, and the searches over them.
pub struct Corpus {
    name: String,
    folder: PathBuf,
    segments: Segments,
    pub(crate) encoders: Encoders,
    /// What a check that went on beside searches found wrong with the index.
    damage: Arc<OnceLock<String>>,
}

impl Corpus {
    /// Opens a corpus: reuses its index while the files are what they were, brings it up to date otherwise.
    /// Blocks for as long as that takes; `progress` is called from several threads.
    pub fn open(
        options: &CorpusOptions,
        encoders: Encoders,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<Opened, Error> {
        open::open(options, encoders, progress)
    }

    /// A hash of everything that searches and reading depend on: the files, how they were cut, the vectors.
    pub fn fingerprint(&self) -> &str {
        &self.segments.loaded.manifest.fingerprint
    }

    /// The corpus's name in the workflow.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where its index is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Number of chunks.
    pub fn len(&self) -> usize {
        self.segments.loaded.catalog.chunks()
    }

    /// Never: a corpus without a chunk cannot be opened.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of sentences that have a vector.
    pub fn sentences(&self) -> usize {
        self.segments.loaded.manifest.sentences
    }

    /// The chunk of this id.
    pub fn chunk(&self, id: &str) -> Option<ChunkRef<'_>> {
        self.position(id).map(|chunk| self.at(chunk))
    }

    /// All chunks in corpus order: by file path, then by place in the file.
    pub fn chunks(&self) -> impl Iterator<Item = ChunkRef<'_>> {
        (0..self.len() as u32).map(|chunk| self.at(chunk))
    }

    fn at(&self, chunk: u32) -> ChunkRef<'_> {
        let catalog = &self.segments.loaded.catalog;
        let document = catalog.documents()[catalog.document_of(chunk)];
        ChunkRef {
            id: self.id(chunk),
            text: self.text(chunk),
            file: catalog.path(document.file),
            metadata: self.metadata(chunk),
        }
    }

    /// The id of a chunk, by its position in corpus order.
    pub(crate) fn id(&self, chunk: u32) -> &str {
        self.segments.loaded.catalog.id(chunk)
    }

    /// The position of the chunk of this id.
    pub(crate) fn position(&self, id: &str) -> Option<u32> {
        self.segments.loaded.catalog.position(id)
    }

    /// The text of a chunk.
    pub(crate) fn text(&self, chunk: u32) -> &str {
        let (segment, chunk) = self.segments.place(chunk);
        segment.text(chunk)
    }

    /// The chunks of the same document.
    pub(crate) fn document(&self, chunk: u32) -> Range<u32> {
        let catalog = &self.segments.loaded.catalog;
        catalog.chunks_of(catalog.document_of(chunk))
    }

    /// What is known of the chunk's document, a JSON object.
    pub(crate) fn metadata(&self, chunk: u32) -> &str {
        let catalog = &self.segments.loaded.catalog;
        let row = catalog.documents()[catalog.document_of(chunk)];
        self.segments.loaded.segments[row.segment as usize].metadata(row.document)
    }

    /// An error once the index turned out damaged.
    fn sound(&self) -> Result<(), port::Error> {
        match self.damage.get() {
            None => Ok(()),
            Some(fault) => {
                let message = format!(
                    "the index of corpus `{}` {fault}; make it anew with `troupe corpus build --rebuild`",
                    self.name
                );
                Err(port::Error::new(port::ErrorKind::Corrupt, message))
            }
        }
    }
}
