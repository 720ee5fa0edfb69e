//! What every implementation of a port must do, as tests that take the implementation.

pub mod journal;
