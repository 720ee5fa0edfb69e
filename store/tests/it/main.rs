//! The store as the rest of the program sees it, on real files and with real processes.
#![allow(clippy::unwrap_used)] // a test that cannot go on should stop where it stands

mod child;
mod conformance;
mod crash;
mod database;
mod folder;
mod following;
mod handles;
mod pages;
mod power;
mod sweep;
