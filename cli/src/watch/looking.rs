//! The journal for whoever only looks: what is told is told in the words of each run's own workflow.

use crate::past::Past;
use async_trait::async_trait;
use troupe_core::id::RunId;
use troupe_core::port::journal::{Append, Entry, Journal, RunHeader, RunRecord};
use troupe_core::port::{Error, ErrorKind};
use troupe_store::Reader;

/// A reader as a journal that nothing can be written to.
pub(super) struct Looking(pub(super) Reader);

fn refused() -> Error {
    Error::new(ErrorKind::Invalid, "whoever looks at runs writes nothing")
}

#[async_trait]
impl Journal for Looking {
    async fn create(&self, _: RunHeader) -> Result<(), Error> {
        Err(refused())
    }

    async fn append(&self, _: Append) -> Result<(), Error> {
        Err(refused())
    }

    async fn load(&self, run: &RunId) -> Result<Vec<Entry>, Error> {
        Ok(Past::read(&self.0, run).await?.entries)
    }

    async fn run(&self, run: &RunId) -> Result<RunRecord, Error> {
        self.0.run(run).await
    }

    async fn remove(&self, _: &RunId) -> Result<(), Error> {
        Err(refused())
    }

    async fn runs(&self, limit: u32) -> Result<Vec<RunRecord>, Error> {
        self.0.runs(limit).await
    }
}
