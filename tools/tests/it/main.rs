//! The crate from outside: A-RAG's acceptance list, trouble with files, the life of an index.

mod corpus_files;
mod index_life;
mod keyword;
mod oracle;
mod read;
mod semantic;
mod support;
mod tools;
