//! The tools that agents call: corpora of files, and the three retrieval interfaces of A-RAG over them, and two more.
//!
//! A [`Corpus`] is files → chunks → sentences, kept on disk in two rebuildable indexes: words in
//! tantivy with all their endings, which keyword search counts by, and sentence vectors with an HNSW graph.
//! [`registry`] lists the tools; each is one file and one line there.

mod arguments;
pub mod corpus;
mod documents;
mod error;
mod face;
mod filter;
mod fold;
mod hybrid_search;
mod index;
mod keyword_search;
mod listing;
mod outline;
mod read_chunk;
pub mod registry;
pub mod sandbox;
mod semantic_search;
mod sentence;
mod tally;
#[cfg(test)]
mod test_corpus;
mod verify_citations;

pub use corpus::{
    ChunkRef, Corpus, CorpusOptions, Encoders, GRAPH_FROM, Opened, PRINT_THREAD, Progress, State, Status, discard,
    status, verify,
};
pub use error::Error;
pub use face::Face;
pub use registry::{specs, tool, tools};
