//! The store in memory keeps the promises of the ports.

use super::MemoryJournal;
use crate::conformance;
use std::sync::Arc;
use troupe_core::id::RunId;
use troupe_core::port::Error;
use troupe_core::port::journal::{Lease, Leases};

#[tokio::test]
async fn keeps_the_promises_of_a_journal() {
    conformance::journal::check(async || MemoryJournal::new()).await;
}

/// One of several handles.
struct Shared(Arc<MemoryJournal>);

#[async_trait::async_trait]
impl Leases for Shared {
    async fn acquire(&self, run: &RunId, holder: &str) -> Result<Box<dyn Lease>, Error> {
        self.0.acquire(run, holder).await
    }
}

#[tokio::test]
async fn keeps_the_promises_of_leases() {
    let leases = Arc::new(MemoryJournal::new());
    conformance::lease::check((0..3).map(|_| Shared(leases.clone())).collect()).await;
}

#[tokio::test]
async fn keeps_the_promises_of_blobs() {
    conformance::blob::check(&MemoryJournal::new()).await;
}

#[tokio::test]
async fn keeps_the_promises_of_dispatch() {
    conformance::dispatch::check(async || MemoryJournal::new()).await;
}

#[tokio::test]
async fn keeps_the_promises_of_a_cache() {
    conformance::cache::check(&MemoryJournal::new()).await;
}
