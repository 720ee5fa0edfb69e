//! A corpus: the chunks of a set of files, and the searches over them.

mod build;
mod chunking;
mod files;
mod open;
mod reading;
pub(crate) mod texts;
pub(crate) mod words;

use crate::Error;
use crate::index::graph::Graph;
use crate::index::trigrams::{Candidates, Trigrams};
use crate::index::vectors::Vectors;
use std::collections::BTreeSet;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use texts::{Sentence, Texts};
use troupe_core::port;
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
    texts: Texts,
    files: Vec<String>,
    sentences: Vec<Sentence>,
    vectors: Arc<Vectors>,
    trigrams: Trigrams,
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
            id: self.id(chunk),
            text: self.text(chunk),
            file: &self.files[self.texts.file(chunk) as usize],
        }
    }

    /// The `count` sentences nearest to a unit vector, best first: chunk id, sentence, cosine.
    pub fn nearest_sentences(&self, query: &[f32], count: usize) -> Vec<(&str, &str, f32)> {
        let near = self.nearest(query, count, None).into_iter();
        near.map(|near| (self.id(near.chunk), near.sentence, near.score))
            .collect()
    }

    /// The id of a chunk, by its position in corpus order.
    pub(crate) fn id(&self, chunk: u32) -> &str {
        self.texts.id(chunk)
    }

    /// The position of the chunk of this id.
    pub(crate) fn position(&self, id: &str) -> Option<u32> {
        self.texts.position(id)
    }

    /// The text of a chunk.
    pub(crate) fn text(&self, chunk: u32) -> &str {
        self.texts.text(chunk)
    }

    /// The folded text of a chunk (see [`crate::fold`]).
    pub(crate) fn folded(&self, chunk: u32) -> &[u8] {
        self.texts.folded(chunk).as_bytes()
    }

    /// The chunks of the same document.
    pub(crate) fn document(&self, chunk: u32) -> Range<u32> {
        chunk..chunk + 1
    }

    /// What is known of the chunk's document, a JSON object.
    pub(crate) fn metadata(&self, _chunk: u32) -> &str {
        "{}"
    }

    /// The chunks that may hold a folded keyword.
    pub(crate) fn candidates(&self, folded: &str) -> Result<Candidates, port::Error> {
        self.trigrams.candidates(folded).map_err(|error| {
            let message = format!(
                "the keyword index of corpus `{}` cannot be read; open it again",
                self.name
            );
            port::Error::new(port::ErrorKind::Corrupt, message).caused_by(error)
        })
    }

    /// The `count` chunks that a question's words speak for most, best first, ties in corpus order.
    pub(crate) fn by_words(
        &self,
        question: &str,
        count: usize,
        among: Option<&Among>,
    ) -> Result<Vec<(u32, f32)>, port::Error> {
        let question = crate::fold::fold(question);
        let terms: BTreeSet<&str> = words::words(&question).collect();
        let chunks: Vec<Vec<&str>> = (0..self.texts.len() as u32)
            .map(|chunk| words::words(self.texts.folded(chunk)).collect())
            .collect();
        let mean = chunks.iter().map(Vec::len).sum::<usize>() as f32 / chunks.len().max(1) as f32;
        let mut scores = vec![0.0f32; chunks.len()];
        for term in terms {
            let counts: Vec<f32> = chunks
                .iter()
                .map(|words| words.iter().filter(|word| **word == term).count() as f32)
                .collect();
            let rarity = words::rarity(chunks.len(), counts.iter().filter(|count| **count > 0.0).count());
            for (at, found) in counts.iter().enumerate().filter(|(_, found)| **found > 0.0) {
                scores[at] += words::weight(rarity, *found, chunks[at].len() as f32, mean);
            }
        }
        let mut found: Vec<(u32, f32)> = (0..).zip(scores).filter(|(_, score)| *score > 0.0).collect();
        found.retain(|(chunk, _)| among.is_none_or(|among| among.has(*chunk)));
        found.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        found.truncate(count);
        Ok(found)
    }

    /// The `count` sentences nearest to a unit `query`, best first, ties in corpus order. Cosines are
    /// exact; whether every sentence is looked at is decided by [`CorpusOptions::graph_from`].
    pub(crate) fn nearest(&self, query: &[f32], count: usize, among: Option<&Among>) -> Vec<Found<'_>> {
        let allowed = |row: &u32| among.is_none_or(|among| among.has(self.sentences[*row as usize].chunk));
        let near = if among.is_some() {
            let rows = (0..self.sentences.len() as u32).filter(allowed);
            self.vectors.best(query, rows, count)
        } else {
            // the graph is asked for more than is wanted, so that ties and its own order do not matter
            let rows = self.graph.as_ref().and_then(|graph| graph.near(query, 2 * count));
            match rows {
                Some(rows) => self.vectors.best(query, rows.into_iter(), count),
                None => self.vectors.nearest(query, count),
            }
        };
        let found = near.into_iter().map(|near| {
            let sentence = self.sentences[near.row as usize];
            Found {
                chunk: sentence.chunk,
                start: sentence.start as usize,
                sentence: self.texts.sentence(sentence),
                score: near.score,
            }
        });
        found.collect()
    }
}

/// A sentence near to a query.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Found<'a> {
    /// Position of its chunk.
    pub(crate) chunk: u32,
    /// First byte in the chunk's text.
    pub(crate) start: usize,
    /// Itself.
    pub(crate) sentence: &'a str,
    /// Its cosine with the query.
    pub(crate) score: f32,
}

/// A set of chunks that a search is narrowed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Among {
    bits: Vec<u64>,
}

impl Among {
    /// Those of `count` chunks that are `wanted`.
    pub(crate) fn new(count: usize, wanted: impl Fn(u32) -> bool) -> Self {
        let mut bits = vec![0u64; count.div_ceil(64)];
        for chunk in (0..count as u32).filter(|chunk| wanted(*chunk)) {
            bits[chunk as usize / 64] |= 1 << (chunk % 64);
        }
        Self { bits }
    }

    /// Whether a chunk is one of them.
    pub(crate) fn has(&self, chunk: u32) -> bool {
        self.bits[chunk as usize / 64] >> (chunk % 64) & 1 == 1
    }
}
