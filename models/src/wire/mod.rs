//! Dialects: how requests are written to a provider and how its answers are read.

mod brake;
pub mod chat_completions;
pub mod embeddings;
pub mod rerank;
pub(crate) mod retry;
mod served;
mod sse;
