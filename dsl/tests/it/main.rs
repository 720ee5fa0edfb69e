//! The language as its users see it.

mod codes;
mod format;
mod hostile;
mod ir;
mod manual;
mod memory;
mod messages;
mod migrate;
mod recovery;
mod spec;
