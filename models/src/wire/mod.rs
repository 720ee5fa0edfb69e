//! Dialects: how requests are written to a provider and how its answers are read.

pub mod chat_completions;
mod retry;
mod sse;
