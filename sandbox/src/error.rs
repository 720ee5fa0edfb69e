//! What can go wrong while an environment is made, besides the environment itself.

use std::path::PathBuf;
use troupe_core::port;

/// Trouble of a builder: none of it says anything about the repository.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A line of a file of instances cannot be used.
    #[error("{}:{line}: {what}", file.display())]
    Instance {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it, and the way out.
        what: String,
    },
    /// The sources of an instance cannot be had.
    #[error("{0}")]
    Source(String),
    /// A file or a folder cannot be read or written.
    #[error("{}: {source}", path.display())]
    Path {
        /// Which one.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// An image is none that environments can start from.
    #[error("nothing can be put into `{image}`: {why}")]
    Base {
        /// Its name.
        image: String,
        /// What went wrong.
        why: String,
    },
    /// A port failed.
    #[error("{0}")]
    Port(#[from] port::Error),
}

impl Error {
    /// Trouble with `path`.
    pub(crate) fn at(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        |source| Self::Path { path, source }
    }
}
