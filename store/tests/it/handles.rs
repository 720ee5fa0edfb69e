//! Several handles of one folder that take turns: what one writes another must see at once.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use troupe_core::id::RunId;
use troupe_core::port::Error;
use troupe_core::port::blob::{Blobs, Digest};
use troupe_core::port::cache::Cache;
use troupe_core::port::dispatch::{Dispatch, Post, Word};
use troupe_core::port::journal::{Append, Entry, Journal, RunHeader, RunRecord};
use troupe_store::Store;

/// Stores of the same folder, opened one by one.
pub struct Handles {
    stores: [Store; 3],
    turn: AtomicUsize,
}

impl Handles {
    pub async fn open(folder: &Path) -> Self {
        let open = async || Store::open(folder).await.expect("opened");
        Self {
            stores: [open().await, open().await, open().await],
            turn: AtomicUsize::new(0),
        }
    }

    fn next(&self) -> &Store {
        &self.stores[self.turn.fetch_add(1, Ordering::Relaxed) % self.stores.len()]
    }
}

#[async_trait::async_trait]
impl Journal for Handles {
    async fn create(&self, header: RunHeader) -> Result<(), Error> {
        self.next().create(header).await
    }
    async fn append(&self, append: Append) -> Result<(), Error> {
        self.next().append(append).await
    }
    async fn load(&self, run: &RunId) -> Result<Vec<Entry>, Error> {
        self.next().load(run).await
    }
    async fn run(&self, run: &RunId) -> Result<RunRecord, Error> {
        self.next().run(run).await
    }
    async fn remove(&self, run: &RunId) -> Result<(), Error> {
        self.next().remove(run).await
    }
    async fn runs(&self, limit: u32) -> Result<Vec<RunRecord>, Error> {
        self.next().runs(limit).await
    }
}

#[async_trait::async_trait]
impl Dispatch for Handles {
    async fn post(&self, run: &RunId, word: Word) -> Result<(), Error> {
        self.next().post(run, word).await
    }
    async fn posted(&self, run: &RunId) -> Result<Vec<Post>, Error> {
        self.next().posted(run).await
    }
    async fn settle(&self, run: &RunId, number: u64) -> Result<(), Error> {
        self.next().settle(run, number).await
    }
    async fn due(&self, now_ms: u64, limit: u32) -> Result<Vec<RunId>, Error> {
        self.next().due(now_ms, limit).await
    }
}

#[async_trait::async_trait]
impl Blobs for Handles {
    async fn put(&self, content: &[u8]) -> Result<Digest, Error> {
        self.next().put(content).await
    }
    async fn get(&self, name: &Digest) -> Result<Vec<u8>, Error> {
        self.next().get(name).await
    }
}

#[async_trait::async_trait]
impl Cache for Handles {
    async fn recall(&self, question: &Digest, not_before_ms: u64) -> Result<Option<Vec<u8>>, Error> {
        self.next().recall(question, not_before_ms).await
    }
    async fn keep(&self, question: &Digest, at_ms: u64, answer: &[u8]) -> Result<(), Error> {
        self.next().keep(question, at_ms, answer).await
    }
}
