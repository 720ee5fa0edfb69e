//! A corpus: the chunks of a set of files, and the searches over them.

mod build;
mod chunking;
mod files;
mod open;
mod reading;
pub(crate) mod texts;

use crate::Error;
use crate::index::graph::Graph;
use crate::index::trigrams::Trigrams;
use crate::index::vectors::{Near, Vectors};
use std::path::PathBuf;
use std::sync::Arc;
use texts::{Sentence, Texts};
use troupe_core::port::embedder::Embedder;
use troupe_core::port::reranker::Reranker;
use troupe_core::port::tokens::TokenCounter;

/// The usual [`CorpusOptions::graph_from`]: below it a scan, which is exact, is about as fast
/// (`docs/bench/retrieval.md`). Linking so many takes a minute or two, once.
pub const GRAPH_FROM: usize = 100_000;
/// Above so many sentences no graph is built: linking them would take many minutes, while a scan stays
/// within tens of milliseconds.
pub(crate) const GRAPH_UP_TO: usize = 400_000;

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
    /// Where indexes are kept, one folder each.
    pub index_folder: PathBuf,
    /// From so many sentences on, an index has a graph and searches walk it; below, every vector is
    /// looked at, which is exact and faster. Usually [`GRAPH_FROM`].
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
}

/// The chunks of a set of files with their two indexes.
pub struct Corpus {
    name: String,
    fingerprint: String,
    pub(crate) texts: Texts,
    files: Vec<String>,
    sentences: Vec<Sentence>,
    vectors: Arc<Vectors>,
    pub(crate) trigrams: Trigrams,
    graph: Option<Graph>,
    pub(crate) encoders: Encoders,
}

impl Corpus {
    /// Opens a corpus: reuses its index while the files are what they were, builds it otherwise.
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
        &self.fingerprint
    }

    /// The corpus's name in the workflow.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Number of chunks.
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Never: a corpus without a chunk cannot be opened.
    pub fn is_empty(&self) -> bool {
        self.texts.len() == 0
    }

    /// Number of sentences that have a vector.
    pub fn sentences(&self) -> usize {
        self.sentences.len()
    }

    /// The chunk of this id.
    pub fn chunk(&self, id: &str) -> Option<ChunkRef<'_>> {
        self.texts.position(id).map(|chunk| self.at(chunk))
    }

    /// All chunks in corpus order: by file path, then by place in the file.
    pub fn chunks(&self) -> impl Iterator<Item = ChunkRef<'_>> {
        (0..self.texts.len() as u32).map(|chunk| self.at(chunk))
    }

    fn at(&self, chunk: u32) -> ChunkRef<'_> {
        ChunkRef {
            id: self.texts.id(chunk),
            text: self.texts.text(chunk),
            file: &self.files[self.texts.file(chunk) as usize],
        }
    }

    /// The `count` sentences nearest to a unit vector, best first: chunk id, sentence, cosine.
    pub fn nearest_sentences(&self, query: &[f32], count: usize) -> Vec<(&str, &str, f32)> {
        let near = self.nearest(query, count).into_iter();
        let shown = near.map(|near| {
            let (chunk, _, sentence) = self.sentence(near.row);
            (self.texts.id(chunk), sentence, near.score)
        });
        shown.collect()
    }

    /// A sentence with a vector: its chunk, its place in the chunk's text, and itself.
    pub(crate) fn sentence(&self, row: u32) -> (u32, usize, &str) {
        let sentence = self.sentences[row as usize];
        (sentence.chunk, sentence.start as usize, self.texts.sentence(sentence))
    }

    /// The `count` sentences nearest to a unit `query`, best first, ties in corpus order. Cosines are
    /// exact; whether every sentence is looked at is decided by [`CorpusOptions::graph_from`].
    pub(crate) fn nearest(&self, query: &[f32], count: usize) -> Vec<Near> {
        // the graph is asked for more than is wanted, so that ties and its own order do not matter
        let rows = self.graph.as_ref().and_then(|graph| graph.near(query, 2 * count));
        match rows {
            Some(rows) => self.vectors.best(query, rows.into_iter(), count),
            None => self.vectors.nearest(query, count),
        }
    }
}
