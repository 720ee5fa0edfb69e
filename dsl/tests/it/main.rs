//! The language as its users see it.

mod codes;
mod format;
mod hostile;
mod ir;
mod manual;
mod memory;
mod messages;
mod migrate;
mod mistakes;
mod recovery;
mod schema;
mod seeds;
mod spec;
