//! What every implementation of a port must do, as tests that take the implementation.

pub mod artifact;
pub mod blob;
pub mod cache;
pub mod dispatch;
mod fork;
pub mod journal;
pub mod lease;
mod removal;
pub mod room;
