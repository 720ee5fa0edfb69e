//! What is forgotten takes no room, and nothing that somebody needs goes with it.

use sqlx::{Connection, SqliteConnection};
use std::path::Path;
use troupe_core::event::Event;
use troupe_core::port::ErrorKind;
use troupe_core::port::blob::{Blobs, Digest};
use troupe_core::port::cache::Cache;
use troupe_core::port::dispatch::{Dispatch, Word};
use troupe_core::port::journal::{Fork, Journal, Leases, RunHeader};
use troupe_store::{Store, is_held};
use troupe_testkit::conformance::journal::{append, event, header, run_id};

/// Everything that was put counts as old enough.
const EVER: u64 = u64::MAX;

fn large(text: &str) -> String {
    format!("{text} ").repeat(1_000)
}

async fn run_saying(store: &Store, name: &str, texts: &[&str]) {
    let run = run_id(name);
    store.create(header(&run, 1)).await.unwrap();
    for (text, first) in texts.iter().zip(0..) {
        store
            .append(append(&run, first, vec![event(first, text)]))
            .await
            .unwrap();
    }
}

async fn blobs(folder: &Path) -> i64 {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.join("troupe.db"));
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::query_scalar("SELECT count(*) FROM blob")
        .fetch_one(&mut connection)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_discarded_run_goes_with_its_lease_unless_it_is_held() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    run_saying(&store, "GOES", &["one", "two"]).await;
    let lease = store.acquire(&run_id("GOES"), "process 12").await.unwrap();
    let held = store.discard(&run_id("GOES"), "gc").await.unwrap_err();
    assert_eq!(held.kind, ErrorKind::Conflict);
    assert!(held.message.contains("process 12"), "{held}");
    drop(lease);
    store.discard(&run_id("GOES"), "gc").await.unwrap();
    assert_eq!(store.load(&run_id("GOES")).await.unwrap_err().kind, ErrorKind::Missing);
    let files = std::fs::read_dir(folder.path().join("leases")).unwrap().count();
    assert_eq!(files, 0, "the lease's file is gone");
    assert!(!is_held(folder.path(), &run_id("GOES")));
    let _anew = store.acquire(&run_id("GOES"), "process 13").await.unwrap();
    assert!(is_held(folder.path(), &run_id("GOES")));
}

#[tokio::test]
async fn lease_files_go_with_runs_that_are_gone_only() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    run_saying(&store, "THERE", &["one"]).await;
    for run in ["THERE", "GONE", "ALSO-GONE"] {
        drop(store.acquire(&run_id(run), "somebody").await.unwrap());
    }
    // One that is about to begin: its lease is held, and its run is not there yet.
    let _beginning = store.acquire(&run_id("BEGINS"), "somebody").await.unwrap();
    let strays = store.reader().stray_leases().await.unwrap();
    assert_eq!(strays, ["ALSO-GONE", "BEGINS", "GONE"].map(run_id));
    assert_eq!(store.forget_leases("gc").await.unwrap(), 2);
    assert_eq!(store.reader().stray_leases().await.unwrap(), [run_id("BEGINS")]);
    assert!(is_held(folder.path(), &run_id("BEGINS")));
}

#[tokio::test]
async fn blobs_stay_while_anybody_mentions_them() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    let put = async |text: &str| store.put(text.as_bytes()).await.unwrap();
    let [named, named_at_length, answered, unnamed] = [
        put("named").await,
        put("named at length").await,
        put("yes").await,
        put("unnamed").await,
    ];
    store.keep(&Digest([1; 32]), 10, b"yes").await.unwrap();
    let in_length = format!("{}{named_at_length}", large("a long text that names"));
    run_saying(
        &store,
        "ONE",
        &[&large("shared"), &large("alone"), &format!("see {named}."), &in_length],
    )
    .await;
    run_saying(&store, "TWO", &[&large("shared")]).await;
    let fork = RunHeader {
        forked: Some(Fork {
            run: run_id("TWO"),
            events: 1,
        }),
        ..header(&run_id("FORK"), 2)
    };
    store.create(fork).await.unwrap();

    // What was put a moment ago may be mentioned soon.
    assert_eq!(store.reader().orphans(0).await.unwrap().names, []);
    assert_eq!(store.reader().orphans(EVER).await.unwrap().names, [unnamed]);
    assert_eq!(store.forget_orphans(EVER).await.unwrap(), 1);
    assert_eq!(store.get(&unnamed).await.unwrap_err().kind, ErrorKind::Missing);
    for name in [&named, &named_at_length, &answered] {
        store.get(name).await.unwrap();
    }
    store.remove(&run_id("ONE")).await.unwrap();
    // The text of its own, the one that names, and the two that are named.
    assert_eq!(store.forget_orphans(EVER).await.unwrap(), 4);
    assert_eq!(
        store.load(&run_id("FORK")).await.unwrap()[0].event,
        event(0, &large("shared"))
    );
    assert_eq!(store.forget_answers(10).await.unwrap(), 0);
    assert_eq!(store.forget_answers(11).await.unwrap(), 1);
    assert_eq!(store.recall(&Digest([1; 32]), 0).await.unwrap(), None);
    assert_eq!(store.forget_orphans(EVER).await.unwrap(), 1);
    for run in ["FORK", "TWO"] {
        store.remove(&run_id(run)).await.unwrap();
    }
    assert_eq!(
        store.forget_orphans(EVER).await.unwrap(),
        2,
        "the shared text and the sources"
    );
    assert_eq!(blobs(folder.path()).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_written_meanwhile_keeps_its_blobs() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    let sweeping = store.clone();
    let (done, is_done) = tokio::sync::watch::channel(false);
    let sweeper = tokio::spawn(async move {
        let mut forgotten = 0;
        while !*is_done.borrow() {
            forgotten += sweeping.forget_orphans(EVER).await.unwrap();
        }
        forgotten
    });
    for n in 0..60 {
        // The same few payloads come, are orphaned, and come again.
        let (name, text) = (format!("RUN-{n}"), large(&format!("text {}", n % 2)));
        run_saying(&store, &name, &[&text, "small"]).await;
        assert_eq!(store.load(&run_id(&name)).await.unwrap()[0].event, event(0, &text));
        store.run(&run_id(&name)).await.unwrap();
        store.remove(&run_id(&name)).await.unwrap();
    }
    done.send_replace(true);
    assert!(sweeper.await.unwrap() > 0);
}

#[tokio::test]
async fn nothing_goes_while_it_cannot_be_told_what_is_needed() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    run_saying(&store, "DAMAGED", &["findable text"]).await;
    store.put(b"unnamed").await.unwrap();
    store.close().await;
    let file = folder.path().join("troupe.db");
    let mut bytes = std::fs::read(&file).unwrap();
    let at = bytes.windows(13).position(|window| window == b"findable text").unwrap();
    bytes[at] = b'F';
    std::fs::write(&file, bytes).unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    for refused in [
        store.forget_orphans(EVER).await.map(drop).unwrap_err(),
        store.reader().orphans(EVER).await.map(drop).unwrap_err(),
    ] {
        assert_eq!(refused.kind, ErrorKind::Corrupt);
        assert!(refused.message.contains("troupe doctor"), "{refused}");
    }
    assert_eq!(blobs(folder.path()).await, 2);
}

#[tokio::test]
async fn room_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    for n in 0..20_u32 {
        let name = format!("RUN-{n}");
        let dense: String = (0..200_u32)
            .map(|k| blake3::hash(&(n * 1_000 + k).to_le_bytes()).to_string())
            .collect();
        run_saying(&store, &name, &[&dense]).await;
        store.post(&run_id(&name), Word::Cancel).await.unwrap();
    }
    store.close().await;
    let store = Store::open(folder.path()).await.unwrap();
    let before = store.reader().sizes().await.unwrap();
    assert_eq!((before.runs.len(), before.blobs.0, before.log), (20, 21, 0));
    for n in 0..19 {
        store.discard(&run_id(&format!("RUN-{n}")), "gc").await.unwrap();
    }
    store.forget_orphans(EVER).await.unwrap();
    let came_back = store.compact().await.unwrap();
    let after = store.reader().sizes().await.unwrap();
    assert!(
        came_back > 0 && after.database < before.database / 2,
        "{after:?} of {before:?}"
    );
    assert_eq!((after.runs.len(), after.blobs.0, after.free), (1, 2, 0));
    assert_eq!(store.compact().await.unwrap(), 0);
    let stays = run_id("RUN-19");
    assert_eq!(store.load(&stays).await.unwrap().len(), 1);
    store.append(append(&stays, 1, vec![Event::RunReopened])).await.unwrap();
    assert_eq!(store.posted(&stays).await.unwrap().len(), 1);
}
