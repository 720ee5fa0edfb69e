//! What can go wrong with a corpus as a whole. Trouble with one file is a warning, never an error.

use std::io;
use std::path::{Path, PathBuf};
use troupe_core::port;

/// Why a corpus could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nothing to index.
    #[error("corpus `{corpus}` has no text: {patterns} {found}{}", listed(.warnings))]
    Empty {
        /// The corpus's name.
        corpus: String,
        /// The patterns as written.
        patterns: String,
        /// What the patterns led to.
        found: String,
        /// What was wrong with the files that were found.
        warnings: Vec<String>,
    },
    /// A pattern that cannot be read.
    #[error("corpus `{corpus}`: the pattern `{pattern}` cannot be read: {reason}")]
    Pattern {
        /// The corpus's name.
        corpus: String,
        /// The pattern as written.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The index could not be written.
    #[error("the index at {} could not be written: {source}; make the folder writable or free some room", .path.display())]
    Write {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// An index library failed.
    #[error("the index at {} could not be built: {reason}", .path.display())]
    Build {
        /// Where.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The embedder failed.
    #[error("the embedder failed: {0}")]
    Embedder(#[from] port::Error),
}

impl Error {
    pub(crate) fn write(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| Self::Write {
            path: path.to_owned(),
            source,
        }
    }

    pub(crate) fn build(path: &Path, reason: impl ToString) -> Self {
        Self::Build {
            path: path.to_owned(),
            reason: reason.to_string(),
        }
    }
}

fn listed(warnings: &[String]) -> String {
    warnings.iter().map(|warning| format!("\n  {warning}")).collect()
}

impl From<Error> for port::Error {
    fn from(error: Error) -> Self {
        let kind = match &error {
            Error::Empty { .. } => port::ErrorKind::Missing,
            Error::Pattern { .. } => port::ErrorKind::Invalid,
            Error::Write { .. } => port::ErrorKind::Storage,
            Error::Build { .. } => port::ErrorKind::Other,
            Error::Embedder(inner) => inner.kind,
        };
        port::Error::new(kind, error.to_string()).caused_by(error)
    }
}
