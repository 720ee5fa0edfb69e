//! Where commands run.
//!
//! Today there is one place: [`host`], the machine itself, with no isolation at all. It runs only what the
//! user has allowed by name; whoever wires it decides that, this crate does not ask.

mod capture;
pub mod environment;
mod group;
pub mod host;
