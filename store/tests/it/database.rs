//! Databases that are newer, foreign, damaged, or opened by several at once.

use sqlx::{Connection, SqliteConnection};
use std::path::Path;
use troupe_core::event::Event;
use troupe_core::port::journal::Journal;
use troupe_core::port::{Error, ErrorKind};
use troupe_store::{Reader, Store};
use troupe_testkit::conformance::journal::{append, event, header, run_id};

async fn changed(folder: &Path, sql: &'static str) {
    let options = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(folder.join("troupe.db"))
        .create_if_missing(true);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// Two runs of three events each, closed in order.
async fn filled(folder: &Path) {
    let store = Store::open(folder).await.unwrap();
    for name in ["FIRST", "SECOND"] {
        let run = run_id(name);
        store.create(header(&run, 1)).await.unwrap();
        for sequence in 0..3 {
            let events = vec![event(sequence, &format!("{name} says {sequence}"))];
            store.append(append(&run, sequence, events)).await.unwrap();
        }
    }
    store.close().await;
}

async fn refused(folder: &Path) -> [Error; 2] {
    let reading = Reader::open(folder).await.map(drop).unwrap_err();
    [Store::open(folder).await.map(drop).unwrap_err(), reading]
}

#[tokio::test]
async fn a_newer_database_is_named_with_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path()).await;
    changed(
        folder.path(),
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (42, 'future', TRUE, x'00', 0)",
    )
    .await;
    for error in refused(folder.path()).await {
        assert_eq!(error.kind, ErrorKind::Corrupt);
        for part in ["troupe.db", "schema 42", "up to 3", "upgrade Troupe"] {
            assert!(error.message.contains(part), "{error}");
        }
    }
}

#[tokio::test]
async fn a_foreign_database_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    changed(folder.path(), "CREATE TABLE recipes (name TEXT)").await;
    for error in refused(folder.path()).await {
        assert_eq!(error.kind, ErrorKind::Corrupt);
        assert!(error.message.contains("belongs to another program"), "{error}");
    }
}

#[tokio::test]
async fn what_is_no_database_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("troupe.db"), "dear diary, ".repeat(1_000)).unwrap();
    for error in refused(folder.path()).await {
        assert_eq!(error.kind, ErrorKind::Corrupt);
        assert!(
            error.message.contains("troupe.db is damaged or not a database"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_damaged_segment_spoils_its_own_run_only() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path()).await;
    let file = folder.path().join("troupe.db");
    let mut bytes = std::fs::read(&file).unwrap();
    let at = bytes
        .windows(14)
        .position(|window| window == b"FIRST says 1\"}")
        .unwrap();
    bytes[at] = b'f';
    std::fs::write(&file, bytes).unwrap();

    let store = Store::open(folder.path()).await.unwrap();
    let error = store.load(&run_id("FIRST")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Corrupt);
    for part in ["run FIRST", "event 1", "damaged"] {
        assert!(error.message.contains(part), "{error}");
    }
    assert_eq!(store.load(&run_id("SECOND")).await.unwrap().len(), 3);
    assert_eq!(store.runs(10).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_missing_segment_is_no_shorter_run() {
    for (sql, missing) in [
        (
            "DELETE FROM segment WHERE position = (SELECT max(position) FROM segment)",
            "event 2 is missing",
        ),
        (
            "DELETE FROM segment WHERE position & 0xffffffff = 1",
            "event 1 is missing",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        filled(folder.path()).await;
        changed(folder.path(), sql).await;
        let reader = Reader::open(folder.path()).await.unwrap();
        let error = reader.load(&run_id("SECOND")).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Corrupt);
        assert!(error.message.contains(missing), "{error}");
    }
}

#[tokio::test]
async fn a_lost_payload_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let run = run_id("PAYLOAD");
    let store = Store::open(folder.path()).await.unwrap();
    store.create(header(&run, 1)).await.unwrap();
    let large = event(1, &"large".repeat(1_000));
    store
        .append(append(&run, 0, vec![Event::RunReopened, large]))
        .await
        .unwrap();
    store.close().await;
    changed(folder.path(), "DELETE FROM blob WHERE size = 5000").await;
    let reader = Reader::open(folder.path()).await.unwrap();
    let error = reader.load(&run).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Corrupt);
    assert!(error.message.contains("event 1 is incomplete"), "{error}");
}

#[tokio::test]
async fn an_event_of_a_newer_version_is_named() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path()).await;
    let sealed = b"\0{\"t\":\"agent_dreamt\"}\n";
    let bytes = [&blake3::hash(sealed).as_bytes()[..4], sealed].concat();
    let store = Store::open(folder.path()).await.unwrap();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.path().join("troupe.db"));
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::query("UPDATE segment SET bytes = ? WHERE position & 0xffffffff = 2")
        .bind(bytes)
        .execute(&mut connection)
        .await
        .unwrap();
    sqlx::query("UPDATE run SET writer = '9.1.0'")
        .execute(&mut connection)
        .await
        .unwrap();
    let error = store.load(&run_id("FIRST")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Corrupt);
    for part in [
        "run FIRST",
        "event 2 (`agent_dreamt`)",
        "Troupe 9.1.0",
        env!("CARGO_PKG_VERSION"),
    ] {
        assert!(error.message.contains(part), "{error}");
    }
    // Lists and looks go on, and the blobs that it may mention stay.
    assert_eq!(store.runs(10).await.unwrap().len(), 2);
    assert_eq!(store.run(&run_id("FIRST")).await.unwrap().events, 3);
    assert_eq!(store.reader().faults().await.unwrap(), Vec::<String>::new());
    assert_eq!(store.reader().versions().await.unwrap().writers, ["9.1.0"]);
    assert_eq!(store.forget_orphans(u64::MAX).await.unwrap(), 0);
}

#[tokio::test]
async fn equal_payloads_take_room_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    let large = "the same document ".repeat(1_000);
    for name in ["ONE", "TWO"] {
        let run = run_id(name);
        store.create(header(&run, 1)).await.unwrap();
        for sequence in 0..5 {
            let events = vec![event(sequence, &large)];
            store.append(append(&run, sequence, events)).await.unwrap();
        }
    }
    store.close().await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.path().join("troupe.db"));
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    let sizes: Vec<i64> = sqlx::query_scalar("SELECT size FROM blob ORDER BY size")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    assert_eq!(
        sizes.len(),
        2,
        "the document and the sources, which both runs share: {sizes:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_open_a_fresh_folder_and_one_wins_each_sequence() {
    const EVENTS: u64 = 30;
    let folder = tempfile::tempdir().unwrap();
    let opened = (0..6).map(|_| {
        let path = folder.path().to_owned();
        tokio::spawn(async move { Store::open(&path).await })
    });
    let mut stores = Vec::new();
    for opened in opened.collect::<Vec<_>>() {
        stores.push(opened.await.unwrap().unwrap());
    }
    let run = run_id("CONTESTED");
    stores[0].create(header(&run, 1)).await.unwrap();
    let writers = stores.iter().cloned().enumerate().map(|(writer, store)| {
        let run = run.clone();
        tokio::spawn(async move {
            let mut won = Vec::new();
            for n in 0..EVENTS {
                match store
                    .append(append(&run, n, vec![event(n, &format!("{writer}"))]))
                    .await
                {
                    Ok(()) => won.push((n, writer)),
                    Err(refused) => assert_eq!(refused.kind, ErrorKind::Conflict, "{refused}"),
                }
            }
            won
        })
    });
    let mut won = Vec::new();
    for writer in writers.collect::<Vec<_>>() {
        won.extend(writer.await.unwrap());
    }
    won.sort_unstable();
    let entries = stores[1].load(&run).await.unwrap();
    assert_eq!(entries.len() as u64, EVENTS);
    assert_eq!(won.len() as u64, EVENTS, "each sequence has one winner: {won:?}");
    for (entry, (n, writer)) in entries.iter().zip(won) {
        assert_eq!(entry.event, event(n, &format!("{writer}")));
    }
}

#[tokio::test]
async fn a_database_that_was_never_finished_holds_no_run() {
    let folder = tempfile::tempdir().unwrap();
    // What a process leaves that is killed between making the file and making its tables.
    std::fs::write(folder.path().join("troupe.db"), b"").unwrap();
    let nothing = Reader::open(folder.path()).await.unwrap_err();
    assert_eq!(nothing.kind, ErrorKind::Missing, "{nothing}");
    let store = Store::open(folder.path()).await.unwrap();
    assert_eq!(store.runs(9).await.unwrap(), []);
    store.close().await;
    assert!(Reader::open(folder.path()).await.is_ok());
}
