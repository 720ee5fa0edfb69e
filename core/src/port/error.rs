//! The error that every port returns: a kind for programs, a sentence for people, a source for logs.

use std::error::Error as StdError;
use std::fmt;

/// What sort of trouble a port had, in the port's words and never in a backend's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The request itself is wrong; repeating it is useless.
    Invalid,
    /// There is no such thing.
    Missing,
    /// Somebody else holds or changed it.
    Conflict,
    /// A passing fault; the same request may go through later.
    Unavailable,
    /// It took longer than allowed.
    Timeout,
    /// What is stored cannot be read: damaged, or written by another version.
    Corrupt,
    /// No room or no permission to write.
    Storage,
    /// Not allowed: a missing or wrong key, a refusal.
    Denied,
    /// It was asked to stop.
    Cancelled,
    /// Anything else.
    Other,
}

/// Trouble behind a port.
#[derive(Debug)]
pub struct Error {
    /// What sort.
    pub kind: ErrorKind,
    /// One sentence for people: what happened and the way out.
    pub message: String,
    /// The backend's own error, for logs.
    pub source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// Trouble of `kind` described by `message`.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            source: None,
        }
    }

    /// Keeps the backend's error.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source
            .as_ref()
            .map(|source| source.as_ref() as &(dyn StdError + 'static))
    }
}
