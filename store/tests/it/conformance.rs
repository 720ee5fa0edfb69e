//! The store keeps the promises of the ports: through one handle, and through several that take turns.

use crate::handles::Handles;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::TempDir;
use troupe_core::port::journal::Journal;
use troupe_store::Store;
use troupe_testkit::conformance::journal::{header, run_id};
use troupe_testkit::conformance::{blob, cache, dispatch, journal, lease};

async fn open(folder: &Path) -> Store {
    Store::open(folder).await.expect("opened")
}

/// Folders that go with this.
struct Folders {
    parent: TempDir,
    made: AtomicU32,
}

impl Folders {
    fn new() -> Self {
        Self {
            parent: tempfile::tempdir().unwrap(),
            made: AtomicU32::new(0),
        }
    }

    fn next(&self) -> PathBuf {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        self.parent.path().join(number.to_string())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keeps_the_promises_of_a_journal() {
    let folders = Folders::new();
    journal::check(async || open(&folders.next()).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_handles_keep_the_promises_of_a_journal() {
    let folders = Folders::new();
    journal::check(async || Handles::open(&folders.next()).await).await;
}

#[tokio::test]
async fn keeps_the_promises_of_a_journal_that_lasts() {
    journal::check_durable(open).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keeps_the_promises_of_leases() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    lease::check(vec![store.clone(), store.clone(), store]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_handles_keep_the_promises_of_leases() {
    let folder = tempfile::tempdir().unwrap();
    let open = async || open(folder.path()).await;
    lease::check(vec![open().await, open().await, open().await]).await;
}

#[tokio::test]
async fn keeps_the_promises_of_dispatch() {
    let folders = Folders::new();
    dispatch::check(async || open(&folders.next()).await).await;
    dispatch::check(async || Handles::open(&folders.next()).await).await;
}

#[tokio::test]
async fn keeps_the_promises_of_blobs() {
    let folders = Folders::new();
    blob::check(&open(&folders.next()).await).await;
    blob::check(&Handles::open(&folders.next()).await).await;
}

#[tokio::test]
async fn keeps_the_promises_of_a_cache() {
    let folders = Folders::new();
    cache::check(&open(&folders.next()).await).await;
    cache::check(&Handles::open(&folders.next()).await).await;
}

#[tokio::test]
async fn runs_are_found_by_the_beginning_of_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    for (name, started_ms) in [("01A_X", 1), ("01AYX", 3), ("01AZ", 2), ("02", 4)] {
        store.create(header(&run_id(name), started_ms)).await.unwrap();
    }
    let cases: [(&str, &[&str]); 6] = [
        ("01A", &["01AYX", "01AZ", "01A_X"]),
        ("01A_", &["01A_X"]),
        ("01AYX", &["01AYX"]),
        ("01a", &[]),
        ("%", &[]),
        ("", &["02", "01AYX", "01AZ", "01A_X"]),
    ];
    for (prefix, expected) in cases {
        let found = store.find(prefix).await.unwrap();
        assert_eq!(
            found,
            expected.iter().map(|name| run_id(name)).collect::<Vec<_>>(),
            "{prefix:?}"
        );
    }
}
