//! The store as the rest of the program sees it, on real files and with real processes.

mod child;
mod conformance;
mod crash;
mod database;
mod folder;
