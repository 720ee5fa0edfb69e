//! Owns text embedding without a network or a model file: a WordPiece tokenizer and a table of
//! one vector per token, compiled into the binary.
//!
//! The table is a distillation of `all-MiniLM-L6-v2`; `models/assets/NOTICE.md` says how it was
//! made and `docs/bench/embedder.md` what it is worth.

mod connect;
mod static_table;
#[cfg(test)]
mod tests;
mod vocabulary;
mod wordpiece;

pub use connect::{EncoderOptions, connect, connect_reranker};
pub use static_table::{StaticTable, TableError, TableHeader};
pub use wordpiece::WordPiece;
