//! A full disk and a database that somebody else holds, both played with.

use super::Store;
use crate::database::{Database, Settings};
use sqlx::{Connection, SqliteConnection};
use std::time::Duration;
use troupe_core::event::Event;
use troupe_core::id::RunId;
use troupe_core::port::ErrorKind;
use troupe_core::port::journal::Journal;
use troupe_testkit::conformance::journal::{append, event, header, run_id};

/// Text that does not compress: the digits of hashes.
fn dense(bytes: usize) -> String {
    let mut text = String::with_capacity(bytes + 64);
    for n in 0.. {
        if text.len() >= bytes {
            break;
        }
        text.push_str(&blake3::hash(&usize::to_le_bytes(n)).to_hex());
    }
    text
}

async fn small_disk(folder: &tempfile::TempDir) -> (Store, RunId) {
    let settings = Settings {
        pages: Some(100),
        ..Settings::default()
    };
    let store = Store::open_with(folder.path(), settings).await.unwrap();
    let run = run_id("FULL");
    store.create(header(&run, 1)).await.unwrap();
    (store, run)
}

#[tokio::test]
async fn a_full_disk_loses_nothing_and_room_heals_it() {
    let folder = tempfile::tempdir().unwrap();
    let (store, run) = small_disk(&folder).await;
    let mut acknowledged = 0;
    let refused = loop {
        let events = vec![event(acknowledged, &format!("{acknowledged} {}", dense(1_500)))];
        match store.append(append(&run, acknowledged, events)).await {
            Ok(()) => acknowledged += 1,
            Err(refused) => break refused,
        }
    };
    assert_eq!(refused.kind, ErrorKind::Storage, "{refused}");
    assert!(refused.message.contains("no room left"), "{refused}");
    assert!(acknowledged > 10);
    assert_eq!(store.load(&run).await.unwrap().len() as u64, acknowledged);
    store.close().await;

    let store = Store::open(folder.path()).await.unwrap();
    assert_eq!(store.run(&run).await.unwrap().events, acknowledged);
    store
        .append(append(&run, acknowledged, vec![event(0, &dense(1_500))]))
        .await
        .unwrap();
}

#[tokio::test]
async fn an_append_that_is_too_large_fails_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (store, run) = small_disk(&folder).await;
    let others = ["A", "B", "C"].map(run_id);
    for other in &others {
        store.create(header(other, 1)).await.unwrap();
    }
    let [a, b, c] = &others;
    let one = || vec![Event::RunReopened];
    let (large, a, b, c) = tokio::join!(
        store.append(append(&run, 0, vec![event(0, &dense(1_000_000))])),
        store.append(append(a, 0, one())),
        store.append(append(b, 0, one())),
        store.append(append(c, 0, one())),
    );
    assert_eq!(large.unwrap_err().kind, ErrorKind::Storage);
    for small in [a, b, c] {
        small.unwrap();
    }
    store.append(append(&run, 0, one())).await.unwrap();
}

#[tokio::test]
async fn a_database_that_somebody_holds_is_unavailable_for_now() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings {
        busy: Duration::from_millis(30),
        ..Settings::default()
    };
    let store = Store::open_with(folder.path(), settings).await.unwrap();
    let run = run_id("HELD");
    store.create(header(&run, 1)).await.unwrap();

    let options = Database::of(folder.path(), settings).writing();
    let mut other = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let refused = store
        .append(append(&run, 0, vec![Event::RunReopened]))
        .await
        .unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Unavailable, "{refused}");
    assert!(
        refused.message.contains("troupe.db is locked by another program"),
        "{refused}"
    );
    assert_eq!(store.load(&run).await.unwrap(), [], "reading goes on");

    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    store.append(append(&run, 0, vec![Event::RunReopened])).await.unwrap();
}

#[tokio::test]
async fn an_append_waits_for_whoever_holds_the_database() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    let run = run_id("WAITS");
    store.create(header(&run, 1)).await.unwrap();
    let options = Database::of(folder.path(), Settings::default()).writing();
    let mut other = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let (waiting, writer) = (run.clone(), store.clone());
    let appended = tokio::spawn(async move { writer.append(append(&waiting, 0, vec![Event::RunReopened])).await });
    // The other program is seen by reading: it has not let the append through.
    for _ in 0..20 {
        assert_eq!(store.load(&run).await.unwrap(), []);
    }
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    appended.await.unwrap().unwrap();
    assert_eq!(store.load(&run).await.unwrap().len(), 1);
}

#[tokio::test]
async fn opening_waits_for_whoever_is_opening_and_then_gives_up() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings {
        busy: Duration::from_millis(30),
        ..Settings::default()
    };
    let opening = std::fs::File::create(folder.path().join("troupe.lock")).unwrap();
    opening.lock().unwrap();
    let refused = Store::open_with(folder.path(), settings).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Unavailable, "{refused}");
    drop(opening);
    Store::open_with(folder.path(), settings).await.unwrap();
}
