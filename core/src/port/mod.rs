//! Sockets: what the outside offers to a run. Implementations live in the crates of the same names.

pub mod approver;
pub mod artifact;
pub mod blob;
pub mod branch;
pub mod build;
pub mod cache;
pub mod dispatch;
pub mod embedder;
pub mod error;
pub mod journal;
pub mod model;
pub mod pool;
pub mod process;
pub mod reranker;
pub mod room;
pub mod sandbox;
pub mod tokens;
pub mod tool;

pub use error::{Error, ErrorKind};
