//! The store keeps the promises of the ports.

use std::path::Path;
use tempfile::TempDir;
use troupe_core::id::RunId;
use troupe_core::port::Error;
use troupe_core::port::journal::{Append, Entry, Journal, RunHeader, RunRecord};
use troupe_store::Store;
use troupe_testkit::conformance::journal::{check, check_durable, check_leases, header, run_id};

async fn open(folder: &Path) -> Store {
    Store::open(folder).await.expect("opened")
}

/// A store whose folder goes with it.
struct Fresh {
    store: Store,
    _folder: TempDir,
}

#[async_trait::async_trait]
impl Journal for Fresh {
    async fn create(&self, header: RunHeader) -> Result<(), Error> {
        self.store.create(header).await
    }
    async fn append(&self, append: Append) -> Result<(), Error> {
        self.store.append(append).await
    }
    async fn load(&self, run: &RunId) -> Result<Vec<Entry>, Error> {
        self.store.load(run).await
    }
    async fn run(&self, run: &RunId) -> Result<RunRecord, Error> {
        self.store.run(run).await
    }
    async fn remove(&self, run: &RunId) -> Result<(), Error> {
        self.store.remove(run).await
    }
    async fn runs(&self, limit: u32) -> Result<Vec<RunRecord>, Error> {
        self.store.runs(limit).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keeps_the_promises_of_a_journal() {
    check(async || {
        let folder = tempfile::tempdir().unwrap();
        Fresh {
            store: open(folder.path()).await,
            _folder: folder,
        }
    })
    .await;
}

#[tokio::test]
async fn keeps_the_promises_of_a_journal_that_lasts() {
    check_durable(open).await;
}

#[tokio::test]
async fn keeps_the_promises_of_leases() {
    let folder = tempfile::tempdir().unwrap();
    check_leases(&open(folder.path()).await).await;
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
