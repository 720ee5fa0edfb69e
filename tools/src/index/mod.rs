//! What is kept on disk beside the texts: how each part is written, read back and searched.

pub mod bytes;
pub mod graph;
pub mod manifest;
pub mod trigrams;
pub mod vectors;
