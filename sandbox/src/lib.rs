//! Where commands run.
//!
//! [`docker`] is the place apart: a container with no more rights than it needs. [`host`] is the machine itself, with
//! no isolation at all: it runs only what the user has allowed by name; whoever wires it decides that, this crate does
//! not ask. [`environment`] builds and verifies the images in which a repository's tests run.

mod artifact;
mod capture;
pub mod certificates;
pub mod docker;
pub mod environment;
mod error;
mod group;
mod held;
pub mod host;
mod places;
pub mod proxy;

pub use error::Error;
pub use held::Pending;
pub use places::{Equipment, Places, WORKFLOW};
