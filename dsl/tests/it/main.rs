//! The language as its users see it.

mod codes;
mod hostile;
mod ir;
mod manual;
mod memory;
mod messages;
mod spec;
