//! The crate from outside: A-RAG's acceptance list, trouble with files, the life of an index.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod citations;
mod corpus_files;
mod faces;
mod incremental;
mod index_life;
mod keyword;
mod oracle;
mod read;
mod semantic;
mod support;
mod tools;
