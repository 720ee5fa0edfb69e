//! The language as its users see it.

mod codes;
mod hostile;
mod ir;
mod memory;
mod messages;
mod mistakes;
mod schema;
mod seeds;
mod spec;
