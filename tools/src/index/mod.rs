//! An index on disk: a manifest, a catalog of files and chunks, and segments that never change.

pub mod catalog;
pub mod chunk_set;
pub mod codes;
pub mod draft;
pub mod graph;
pub mod keywords;
pub mod lists;
pub mod manifest;
pub mod segment;
pub mod table;
pub mod vectors;
pub mod vocabulary;
