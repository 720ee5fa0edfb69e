//! Models of Troupe behind the ports of `troupe-core`: the catalog of providers, the wire dialects,
//! and `builtin/reader`, which needs no model at all.
//!
//! Start at [`catalog::connect`]: options in, a [`troupe_core::port::model::Model`] out. Adding a
//! provider is a row in [`catalog::PROVIDERS`]; adding a dialect is a module under `wire`.

pub mod catalog;
pub mod embed;
#[cfg(feature = "local")]
pub mod hub;
#[cfg(feature = "local")]
pub mod local;
pub mod reader;
mod wire;
