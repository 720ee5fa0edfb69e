//! The ports of a folder, for those who write.

use crate::blob::Blob;
use crate::database::{Database, Settings};
use crate::lease;
use crate::reader::Reader;
use crate::remove;
use crate::segment::Segment;
use crate::writer::{self, Batch, Opening, Request};
use async_trait::async_trait;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};
use troupe_core::id::RunId;
use troupe_core::port::blob::{Blobs, Digest};
use troupe_core::port::cache::Cache;
use troupe_core::port::dispatch::{Dispatch, Post, Word};
use troupe_core::port::journal::{Append, Entry, Journal, Lease, Leases, Progress, RunHeader, RunRecord};
use troupe_core::port::{Error, ErrorKind};

/// The runs of a folder, for those who write. Cloning gives another handle of the same store.
///
/// An append that failed with `Storage` may still be found after a crash, since the disk may have
/// kept what it said it had not; one that succeeded is always found.
#[derive(Debug, Clone)]
pub struct Store {
    database: Database,
    reader: Reader,
    writer: writer::Handle,
}

impl Store {
    /// Opens the store of `folder`, creating folder and database where there is none. Must be called
    /// on a tokio runtime, on which the writing task then lives.
    ///
    /// # Errors
    /// `Corrupt` when the database is damaged or of a newer version; `Storage` when it may not be
    /// written or there is no room; `Unavailable` when another program holds it.
    pub async fn open(folder: &Path) -> Result<Self, Error> {
        Self::open_with(folder, Settings::default()).await
    }

    pub(crate) async fn open_with(folder: &Path, settings: Settings) -> Result<Self, Error> {
        let database = Database::of(folder, settings);
        let connection = database.open().await?;
        Ok(Self {
            reader: Reader::of(database.clone()),
            writer: writer::spawn(database.clone(), connection),
            database,
        })
    }

    /// The reading half.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// The runs whose names begin with `prefix`, newest first.
    ///
    /// # Errors
    /// `Storage`, `Corrupt` or `Unavailable` when the database cannot be read.
    pub async fn find(&self, prefix: &str) -> Result<Vec<RunId>, Error> {
        self.reader.find(prefix).await
    }

    /// Writes what was appended before and leaves one tidy file. Whatever is asked of the store
    /// afterwards fails with `Unavailable`.
    pub async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }
}

#[async_trait]
impl Journal for Store {
    async fn create(&self, mut header: RunHeader) -> Result<(), Error> {
        let sources = std::mem::take(&mut header.sources);
        let opening = Opening {
            sources: Blob::of(&serde_json::to_vec(&sources).map_err(unwritable)?),
            progress: serde_json::to_string(&Progress::default()).map_err(unwritable)?,
            header,
        };
        self.writer.request(Request::Create(Box::new(opening))).await
    }

    async fn append(&self, append: Append) -> Result<(), Error> {
        let batch = Batch {
            segment: Segment::encode(&append.events).map_err(unwritable)?,
            progress: serde_json::to_string(&append.progress).map_err(unwritable)?,
            run: append.run,
            first: append.first,
            at_ms: append.at_ms,
        };
        self.writer.request(Request::Append(Box::new(batch))).await
    }

    async fn load(&self, run: &RunId) -> Result<Vec<Entry>, Error> {
        self.reader.load(run).await
    }

    async fn run(&self, run: &RunId) -> Result<RunRecord, Error> {
        self.reader.run(run).await
    }

    async fn remove(&self, run: &RunId) -> Result<(), Error> {
        remove::remove(&self.database, run).await
    }

    async fn runs(&self, limit: u32) -> Result<Vec<RunRecord>, Error> {
        self.reader.runs(limit).await
    }
}

#[async_trait]
impl Leases for Store {
    async fn acquire(&self, run: &RunId, holder: &str) -> Result<Box<dyn Lease>, Error> {
        let (database, run, holder) = (self.database.clone(), run.clone(), holder.to_owned());
        let locked = tokio::task::spawn_blocking(move || lease::acquire(database.folder(), &run, &holder)).await;
        let held = locked.map_err(|_| Error::new(ErrorKind::Cancelled, "the program is ending"))??;
        Ok(Box::new(held))
    }
}

#[async_trait]
impl Dispatch for Store {
    async fn post(&self, run: &RunId, word: Word) -> Result<(), Error> {
        let (run, word) = (run.clone(), serde_json::to_string(&word).map_err(unwritable)?);
        self.writer.request(Request::Post { run, word }).await
    }

    async fn posted(&self, run: &RunId) -> Result<Vec<Post>, Error> {
        self.reader.posted(run).await
    }

    async fn settle(&self, run: &RunId, number: u64) -> Result<(), Error> {
        let run = run.clone();
        self.writer.request(Request::Settle { run, number }).await
    }

    async fn due(&self, now_ms: u64, limit: u32) -> Result<Vec<RunId>, Error> {
        self.reader.due(now_ms, limit).await
    }
}

#[async_trait]
impl Blobs for Store {
    async fn put(&self, content: &[u8]) -> Result<Digest, Error> {
        let blob = Blob::of(content);
        let name = blob.hash;
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let at_ms = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        self.writer.request(Request::Keep { blob, at_ms }).await?;
        Ok(name)
    }

    async fn get(&self, name: &Digest) -> Result<Vec<u8>, Error> {
        self.reader.blob(name).await
    }
}

#[async_trait]
impl Cache for Store {
    async fn recall(&self, question: &Digest, not_before_ms: u64) -> Result<Option<Vec<u8>>, Error> {
        self.reader.answer(question, not_before_ms).await
    }

    async fn keep(&self, question: &Digest, at_ms: u64, answer: &[u8]) -> Result<(), Error> {
        let (question, answer) = (*question, Blob::of(answer));
        let answer = Request::Answer {
            question,
            at_ms,
            answer,
        };
        self.writer.request(answer).await
    }
}

fn unwritable(error: serde_json::Error) -> Error {
    Error::new(ErrorKind::Invalid, format!("this cannot be written as JSON: {error}")).caused_by(error)
}

#[cfg(test)]
mod tests;
