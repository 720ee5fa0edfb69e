//! Power that fails: whatever was not synced may be missing or torn. What was acknowledged is there, each
//! run is a prefix of what was appended to it, and appending goes on.

use std::collections::BTreeMap;
use std::path::Path;
use tempfile::TempDir;
use troupe_core::event::Event;
use troupe_core::port::ErrorKind;
use troupe_core::port::journal::{Fork, Journal, RunHeader};
use troupe_store::Store;
use troupe_testkit::conformance::journal::{append, event, header, run_id};

/// Bytes of a frame of SQLite's log, and of what stands before the first.
const FRAME: usize = 24 + 4096;
const BEFORE_FRAMES: usize = 32;

/// What a machine had on its disk when its power failed, and what it had acknowledged.
struct Machine {
    /// The database, into which nothing of the log was copied yet.
    database: Vec<u8>,
    /// The log, whole.
    log: Vec<u8>,
    /// The database after all of the log was copied into it.
    copied: Vec<u8>,
    /// Every event of each run, shared ones included.
    events: BTreeMap<&'static str, Vec<Event>>,
    /// So many events of a run were acknowledged when the log was so long.
    acknowledged: Vec<(usize, &'static str, usize)>,
}

async fn machine() -> Machine {
    let folder = tempfile::tempdir().unwrap();
    let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    // So that the log begins with the runs, and not with the schema.
    Store::open(folder.path()).await.unwrap().close().await;
    let store = Store::open(folder.path()).await.unwrap();
    let (mut events, mut acknowledged) = (BTreeMap::new(), Vec::new());
    for (name, past) in [("FIRST", None), ("SECOND", None), ("FORK", Some(("FIRST", 3)))] {
        let forked = past.map(|(past, events)| Fork {
            run: run_id(past),
            events,
        });
        let header = RunHeader {
            forked,
            ..header(&run_id(name), 1)
        };
        store.create(header).await.unwrap();
        let mut said: Vec<Event> = past.map_or(Vec::new(), |(past, events)| {
            let past: &Vec<Event> = &acknowledged_events(&acknowledged, past);
            past[..events as usize].to_vec()
        });
        for round in 0..4_u64 {
            let first = said.len() as u64;
            // Small ones, several at once, and payloads beside the events.
            let text = format!("{name} says {round} {}", "and more ".repeat((round * 331) as usize));
            let batch: Vec<Event> = (first..=first + round % 3).map(|n| event(n, &text)).collect();
            store.append(append(&run_id(name), first, batch.clone())).await.unwrap();
            said.extend(batch);
            acknowledged.push((read("troupe.db-wal").len(), name, said.clone()));
        }
        events.insert(name, said);
    }
    let (database, log) = (read("troupe.db"), read("troupe.db-wal"));
    store.close().await;
    let acknowledged = acknowledged
        .into_iter()
        .map(|(length, name, said)| (length, name, said.len()));
    Machine {
        database,
        log,
        copied: read("troupe.db"),
        events,
        acknowledged: acknowledged.collect(),
    }
}

fn acknowledged_events(acknowledged: &[(usize, &'static str, Vec<Event>)], name: &str) -> Vec<Event> {
    let last = acknowledged.iter().rev().find(|(_, run, _)| *run == name);
    last.map_or(Vec::new(), |(_, _, said)| said.clone())
}

impl Machine {
    /// Starts again with such files. `intact` bytes of the log are as they were.
    async fn restarted(&self, database: &[u8], log: &[u8], intact: usize) -> Found {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| std::fs::write(Path::new(folder.path()).join(name), bytes).unwrap();
        write("troupe.db", database);
        write("troupe.db-wal", log);
        let store = Store::open(folder.path()).await.unwrap();
        let mut lengths = BTreeMap::new();
        for (name, said) in &self.events {
            let loaded = match store.load(&run_id(name)).await {
                Ok(entries) => entries,
                Err(missing) if missing.kind == ErrorKind::Missing => Vec::new(),
                Err(error) => panic!("{error}"),
            };
            for (entry, sequence) in loaded.iter().zip(0..) {
                assert_eq!(entry.sequence, sequence);
                assert_eq!(entry.event, said[entry.sequence as usize]);
            }
            lengths.insert(*name, loaded.len());
        }
        for (end, name, events) in &self.acknowledged {
            let was_synced = *end <= intact;
            assert!(
                !was_synced || lengths[name] >= *events,
                "{name} lost event {events} of a log of {intact}"
            );
        }
        Found { folder, store, lengths }
    }
}

struct Found {
    folder: TempDir,
    store: Store,
    lengths: BTreeMap<&'static str, usize>,
}

impl Found {
    /// Every run that is there takes another event, and the file is in order.
    async fn goes_on(self) {
        for (name, length) in self.lengths {
            let run = run_id(name);
            match self
                .store
                .append(append(&run, length as u64, vec![event(0, "goes on")]))
                .await
            {
                Ok(()) => assert_eq!(self.store.load(&run).await.unwrap().len(), length + 1),
                Err(missing) => assert_eq!((missing.kind, length), (ErrorKind::Missing, 0), "{missing}"),
            }
        }
        assert_eq!(self.store.reader().faults().await.unwrap(), Vec::<String>::new());
        self.store.close().await;
        drop(self.folder);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_cut_anywhere_keeps_all_that_was_acknowledged_before() {
    let machine = machine().await;
    let log = &machine.log;
    let ends = (BEFORE_FRAMES..=log.len()).step_by(FRAME);
    let mut cuts: Vec<usize> = ends.flat_map(|end| [end - 1, end, end + 1]).collect();
    cuts.extend((0..log.len()).step_by(7_919));
    cuts.retain(|cut| *cut <= log.len());
    cuts.sort_unstable();
    let mut longest = BTreeMap::new();
    for (at, cut) in cuts.into_iter().enumerate() {
        let found = machine.restarted(&machine.database, &log[..cut], cut).await;
        for (name, length) in &found.lengths {
            let before = longest.insert(*name, *length).unwrap_or(0);
            assert!(before <= *length, "more of the log holds less of {name}, at {cut}");
        }
        if at % 7 == 0 {
            found.goes_on().await;
        }
    }
    for (name, said) in &machine.events {
        assert_eq!(longest[name], said.len(), "the whole log holds all of {name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_torn_anywhere_keeps_all_that_was_acknowledged_before() {
    let machine = machine().await;
    let log = &machine.log;
    for (at, tear) in (BEFORE_FRAMES..log.len()).step_by(9_973).enumerate() {
        let mut torn = log.clone();
        match at % 4 {
            // A bit, a sector that was never written, one of something else, and all that follows.
            0 => torn[tear] ^= 0x40,
            1 => torn[tear..].iter_mut().take(512).for_each(|byte| *byte = 0),
            2 => torn[tear..]
                .iter_mut()
                .take(512)
                .for_each(|byte| *byte = byte.wrapping_mul(7) ^ 0x5a),
            _ => torn[tear..].iter_mut().for_each(|byte| *byte = 0xff),
        }
        let found = machine.restarted(&machine.database, &torn, tear).await;
        if at % 7 == 0 {
            found.goes_on().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_copied_halfway_is_copied_again() {
    let machine = machine().await;
    for cut in (0..machine.copied.len()).step_by(5_003) {
        // Up to the cut the new pages, behind it what was there before.
        let mut database = machine.copied[..cut].to_vec();
        database.extend(machine.database.get(cut..).unwrap_or_default());
        let found = machine.restarted(&database, &machine.log, machine.log.len()).await;
        for (name, said) in &machine.events {
            assert_eq!(found.lengths[name], said.len(), "{name}, copied up to {cut}");
        }
        found.goes_on().await;
    }
}
