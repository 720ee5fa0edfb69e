//! A journal that tells what became durable, and how long that took.

use super::pipeline::News;
use async_trait::async_trait;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Instant;
use troupe_core::id::RunId;
use troupe_core::port::Error;
use troupe_core::port::journal::{Append, Entry, Journal, RunHeader, RunRecord};

/// See the module.
pub struct Watched {
    journal: Arc<dyn Journal>,
    news: Sender<News>,
}

impl Watched {
    /// Watches `journal`.
    pub fn new(journal: Arc<dyn Journal>, news: Sender<News>) -> Self {
        Self { journal, news }
    }

    /// Whoever listens may be gone; the run does not depend on it.
    fn tell(&self, news: News) {
        let _ = self.news.send(news);
    }
}

#[async_trait]
impl Journal for Watched {
    async fn create(&self, header: RunHeader) -> Result<(), Error> {
        self.journal.create(header.clone()).await?;
        self.tell(News::Began(Box::new(header)));
        Ok(())
    }

    async fn append(&self, append: Append) -> Result<(), Error> {
        let (run, first, at_ms, events) = (append.run.clone(), append.first, append.at_ms, append.events.clone());
        let begun = Instant::now();
        self.journal.append(append).await?;
        self.tell(News::Appended {
            run,
            first,
            at_ms,
            events,
            took: begun.elapsed(),
        });
        Ok(())
    }

    async fn load(&self, run: &RunId) -> Result<Vec<Entry>, Error> {
        let entries = self.journal.load(run).await?;
        let header = self.journal.run(run).await?.header;
        self.tell(News::Recalled(Box::new(header), entries.clone()));
        Ok(entries)
    }

    async fn run(&self, run: &RunId) -> Result<RunRecord, Error> {
        self.journal.run(run).await
    }

    async fn remove(&self, run: &RunId) -> Result<(), Error> {
        self.journal.remove(run).await
    }

    async fn runs(&self, limit: u32) -> Result<Vec<RunRecord>, Error> {
        self.journal.runs(limit).await
    }
}
