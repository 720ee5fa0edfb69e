//! Following a run: what is new of it, and nothing twice.

use troupe_core::port::ErrorKind;
use troupe_core::port::journal::{Entry, Fork, Journal};
use troupe_store::{Reader, Store};
use troupe_testkit::conformance::journal::{append, event, header, run_id};

fn sequences(entries: &[Entry]) -> Vec<u64> {
    entries.iter().map(|entry| entry.sequence).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_new_of_a_run_and_of_a_fork() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    let (run, fork) = (run_id("RUN"), run_id("FORK"));
    store.create(header(&run, 1)).await.unwrap();
    let some = |from: u64, to: u64| (from..to).map(|at| event(at, "said")).collect::<Vec<_>>();
    store.append(append(&run, 0, some(0, 3))).await.unwrap();
    let reader = Reader::open(folder.path()).await.unwrap();
    assert_eq!(
        sequences(&reader.load_between(&run, 0..u64::MAX).await.unwrap()),
        [0, 1, 2]
    );
    assert_eq!(reader.load_between(&run, 3..u64::MAX).await.unwrap(), []);

    store.append(append(&run, 3, some(3, 5))).await.unwrap();
    assert_eq!(
        sequences(&reader.load_between(&run, 3..u64::MAX).await.unwrap()),
        [3, 4]
    );
    assert_eq!(reader.record_of(&run).await.unwrap().events, 5);
    assert_eq!(
        reader.load_between(&run, 0..u64::MAX).await.unwrap(),
        reader.load(&run).await.unwrap()
    );

    let mut forked = header(&fork, 2);
    forked.forked = Some(Fork {
        run: run.clone(),
        events: 4,
    });
    store.create(forked).await.unwrap();
    store.append(append(&fork, 4, some(4, 6))).await.unwrap();
    assert_eq!(
        sequences(&reader.load_between(&fork, 4..u64::MAX).await.unwrap()),
        [4, 5]
    );
    assert_eq!(
        sequences(&reader.load_between(&fork, 3..u64::MAX).await.unwrap()),
        [3, 4, 5]
    );

    for (from, to, expected) in [(1, 4, vec![1, 2, 3]), (4, 5, vec![4]), (2, 2, vec![]), (7, 9, vec![])] {
        assert_eq!(sequences(&reader.load_between(&run, from..to).await.unwrap()), expected);
    }
    assert_eq!(sequences(&reader.load_between(&fork, 2..5).await.unwrap()), [2, 3, 4]);

    let missing = reader.load_between(&run_id("NONE"), 0..9).await.unwrap_err();
    assert_eq!(missing.kind, ErrorKind::Missing);
    let missing = reader.record_of(&run_id("NONE")).await.unwrap_err();
    assert_eq!(missing.kind, ErrorKind::Missing);
    assert_eq!(reader.environments().await.unwrap(), []);
}
