//! Damaged pages: whatever is overwritten, nothing wrong is read, what cannot be read is said to be
//! damaged, and the rest is whole.

use std::path::Path;
use troupe_core::event::Event;
use troupe_core::port::ErrorKind;
use troupe_core::port::journal::Journal;
use troupe_store::{Reader, Store};
use troupe_testkit::conformance::journal::{append, event, header, run_id};

const PAGE: usize = 4096;
const RUNS: u64 = 6;
const EVENTS: u64 = 40;

fn name(run: u64) -> String {
    format!("DAMAGED-{run}")
}

fn said(run: u64) -> Vec<Event> {
    let text = |n: u64| {
        let words = format!("run {run} says {n} ");
        // Every tenth is larger than an event may be and becomes a blob.
        words.repeat(if n.is_multiple_of(10) { 400 } else { 12 })
    };
    (0..EVENTS).map(|n| event(n, &text(n))).collect()
}

async fn filled(folder: &Path) {
    let store = Store::open(folder).await.unwrap();
    for run in 0..RUNS {
        let id = run_id(&name(run));
        store.create(header(&id, run)).await.unwrap();
        for (event, first) in said(run).into_iter().zip(0..) {
            store.append(append(&id, first, vec![event])).await.unwrap();
        }
    }
    store.close().await;
}

/// How many runs can be read with such a file.
async fn readable(file: &Path, bytes: &[u8], page: usize) -> u64 {
    std::fs::write(file, bytes).unwrap();
    let reader = match Reader::open(file.parent().unwrap()).await {
        Ok(reader) => reader,
        Err(refused) => {
            assert_eq!(refused.kind, ErrorKind::Corrupt, "page {page}: {refused}");
            assert!(refused.message.contains("troupe.db"), "page {page}: {refused}");
            return 0;
        }
    };
    let mut readable = 0;
    for run in 0..RUNS {
        match reader.load(&run_id(&name(run))).await {
            Ok(entries) => {
                let events: Vec<Event> = entries.into_iter().map(|entry| entry.event).collect();
                assert_eq!(events, said(run), "page {page}");
                readable += 1;
            }
            // A page of names that reads as another one has lost its names.
            Err(error) if error.kind == ErrorKind::Missing => {}
            Err(error) => {
                assert_eq!(error.kind, ErrorKind::Corrupt, "page {page}: {error}");
                assert!(error.message.contains(&name(run)), "page {page}: {error}");
                assert!(error.message.contains("can still be read") || error.message.contains("may still be read"));
            }
        }
    }
    // A list may be damaged, and then says so.
    if let Err(error) = reader.runs(100).await {
        assert_eq!(error.kind, ErrorKind::Corrupt, "page {page}: {error}");
    }
    reader.close().await;
    readable
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_overwritten_page_spoils_little_and_never_silently() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path()).await;
    let file = folder.path().join("troupe.db");
    let sound = std::fs::read(&file).unwrap();
    let pages = sound.len() / PAGE;
    assert_eq!(readable(&file, &sound, 0).await, RUNS);
    let (mut spoilt, mut spared) = (0, 0);
    for page in 0..pages {
        for (from, length, with) in [(0, PAGE, 0), (0, PAGE, 0xa5), (1_024, 512, 0x31)] {
            let mut bytes = sound.clone();
            bytes[page * PAGE + from..][..length].fill(with);
            let readable = readable(&file, &bytes, page + 1).await;
            spoilt += u64::from(readable < RUNS);
            spared += readable;
        }
    }
    let all = 3 * pages as u64 * RUNS;
    assert!(
        spoilt > pages as u64,
        "only {spoilt} of {} overwritten pages were noticed",
        3 * pages
    );
    assert!(spared * 4 > all * 3, "only {spared} of {all} runs could still be read");
}

/// What begins a compressed content.
const FRAME: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_look_finds_every_damage() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path()).await;
    let file = folder.path().join("troupe.db");
    let sound = std::fs::read(&file).unwrap();
    let reader = Reader::open(folder.path()).await.unwrap();
    assert_eq!(reader.faults().await.unwrap(), Vec::<String>::new());
    let blobs = RUNS * EVENTS.div_ceil(10) + 1;
    assert_eq!(
        reader.damaged_blobs().await.unwrap(),
        (Vec::new(), blobs),
        "payloads and sources"
    );
    reader.close().await;

    for page in 1..sound.len() / PAGE {
        let mut bytes = sound.clone();
        bytes[page * PAGE..][..PAGE].fill(0);
        std::fs::write(&file, &bytes).unwrap();
        let Ok(reader) = Reader::open(folder.path()).await else {
            continue;
        };
        let faults = reader.faults().await;
        assert!(
            faults.is_err() || faults.is_ok_and(|faults| !faults.is_empty()),
            "page {}",
            page + 1
        );
        reader.close().await;
    }
    // Contents are no structure: SQLite sees nothing, their own checks do.
    let contents: Vec<usize> = frames(&sound).collect();
    assert!(contents.len() as u64 >= blobs, "{} frames", contents.len());
    for at in contents {
        let mut bytes = sound.clone();
        bytes[at + FRAME.len() + 4] ^= 0x10;
        std::fs::write(&file, &bytes).unwrap();
        let reader = Reader::open(folder.path()).await.unwrap();
        let (damaged, _) = reader.damaged_blobs().await.unwrap();
        let mut is_seen = !damaged.is_empty();
        for run in 0..RUNS {
            is_seen |= reader.load(&run_id(&name(run))).await.is_err();
        }
        assert!(is_seen, "the content at {at}");
        reader.close().await;
    }
}

/// Where compressed contents begin.
fn frames(bytes: &[u8]) -> impl Iterator<Item = usize> {
    let windows = bytes.windows(FRAME.len()).enumerate();
    windows.filter(|(_, window)| **window == FRAME).map(|(at, _)| at)
}
