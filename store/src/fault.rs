//! SQLite's troubles in the port's words: which kind they are, and the way out.

use std::path::Path;
use troupe_core::port::{Error, ErrorKind};

/// Primary result codes of SQLite, <https://www.sqlite.org/rescode.html>.
mod code {
    pub const PERM: i32 = 3;
    pub const BUSY: i32 = 5;
    pub const LOCKED: i32 = 6;
    pub const READONLY: i32 = 8;
    pub const IOERR: i32 = 10;
    pub const CORRUPT: i32 = 11;
    pub const FULL: i32 = 13;
    pub const CANTOPEN: i32 = 14;
    pub const TOOBIG: i32 = 18;
    pub const NOTADB: i32 = 26;
}

/// The primary result code, where the error is SQLite's own.
fn primary(error: &sqlx::Error) -> Option<i32> {
    let extended: i32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(extended & 0xff)
}

/// Whether a group failed for its size, so that its smaller parts may still go through alone.
pub(crate) fn is_about_size(error: &sqlx::Error) -> bool {
    matches!(primary(error), Some(code::FULL | code::TOOBIG))
}

/// Whether there is no file, or none that may be opened.
pub(crate) fn cannot_open(error: &sqlx::Error) -> bool {
    matches!(primary(error), Some(code::CANTOPEN | code::READONLY))
}

/// An error of the database at `file` as the port's.
pub(crate) fn of_database(file: &Path, error: &sqlx::Error) -> Error {
    let file = file.display();
    let (kind, message) = match primary(error) {
        Some(code::BUSY | code::LOCKED) => (
            ErrorKind::Unavailable,
            format!("{file} is locked by another program: close it, then try again"),
        ),
        Some(code::FULL) => (
            ErrorKind::Storage,
            format!("no room left to write {file}: free some space, then resume"),
        ),
        Some(code::READONLY | code::PERM) => (
            ErrorKind::Storage,
            format!("{file} may not be written: check the permissions of the file and its folder"),
        ),
        Some(code::CANTOPEN) => (
            ErrorKind::Storage,
            format!("{file} cannot be opened: check that its folder exists and may be written"),
        ),
        Some(code::IOERR) => (
            ErrorKind::Storage,
            format!("the disk refused to read or write {file}: check its space and health, then resume"),
        ),
        Some(code::CORRUPT | code::NOTADB) => (
            ErrorKind::Corrupt,
            format!("{file} is damaged or not a database of Troupe: restore it from a backup or move it away"),
        ),
        Some(code::TOOBIG) => (
            ErrorKind::Invalid,
            format!("the data is larger than one record of {file} can be"),
        ),
        _ => return of_driver(&file.to_string(), error),
    };
    Error::new(kind, message).caused_by(error.to_string())
}

fn of_driver(file: &str, error: &sqlx::Error) -> Error {
    let (kind, message) = match error {
        sqlx::Error::PoolTimedOut => (
            ErrorKind::Unavailable,
            format!("{file} has too many readers at once: try again"),
        ),
        sqlx::Error::PoolClosed => (ErrorKind::Unavailable, format!("{file} is closed")),
        sqlx::Error::Io(_) => (
            ErrorKind::Storage,
            format!("{file} cannot be reached: check the disk and the permissions"),
        ),
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => (
            ErrorKind::Corrupt,
            format!("{file} holds a record of an unexpected shape: restore it from a backup or move it away"),
        ),
        _ => (ErrorKind::Other, format!("{file}: {error}")),
    };
    Error::new(kind, message).caused_by(error.to_string())
}

/// An error of the file system at `path` as the port's.
pub(crate) fn of_files(doing: &str, path: &Path, error: std::io::Error) -> Error {
    let kind = match error.kind() {
        std::io::ErrorKind::NotFound => ErrorKind::Missing,
        _ => ErrorKind::Storage,
    };
    Error::new(kind, format!("cannot {doing} {}: {error}", path.display())).caused_by(error)
}
