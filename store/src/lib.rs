//! The durable side of Troupe: SQLite through sqlx behind the ports for journals, leases, blobs, words and answers.
//!
//! A workspace's folder holds `troupe.db`, `leases/`, `builds/` and, for files that commands gave, `artifacts/`.
//! [`Store`] writes and reads it, [`Reader`]
//! only reads and creates nothing. One task owns the one writing connection and commits whatever is
//! ready as one group (`writer`); events are encoded by the task that appends them (`segment`).

mod artifacts;
mod blob;
mod builds;
mod database;
mod fault;
mod inspect;
mod journal;
mod lease;
mod marker;
mod pool;
mod reader;
mod remove;
mod segment;
mod sweep;
mod writer;

pub use artifacts::{Artifacts, Strays};
pub use builds::Builds;
pub use inspect::{Orphans, Sizes, Versions};
pub use journal::Store;
pub use lease::{holder, is_held};
pub use reader::Reader;
