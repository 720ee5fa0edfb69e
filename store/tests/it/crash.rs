//! What was acknowledged survives: `kill -9`, a disk at its limit, a log cut anywhere.

use crate::child;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use troupe_core::port::ErrorKind;
use troupe_core::port::journal::{Journal, Leases};
use troupe_store::Store;
use troupe_testkit::conformance::journal::{append, event, header, run_id};

/// Loads a run that a child wrote and checks that it says what the child said, in order.
async fn length_of_run_by_child(store: &Store, name: &str) -> u64 {
    let entries = store.load(&run_id(name)).await.expect("loaded");
    for (entry, sequence) in entries.iter().zip(0..) {
        assert_eq!(entry.sequence, sequence);
        assert_eq!(entry.event, event(sequence, &child::saying(name, sequence)));
    }
    entries.len() as u64
}

#[tokio::test]
async fn a_killed_process_loses_no_acknowledged_event() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = child::told(Command::new(child::program()), folder.path());
    command
        .args(child::arguments("appends_for_ever"))
        .stdout(Stdio::piped());
    let mut process = command.spawn().unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let mut acknowledged: BTreeMap<String, u64> = BTreeMap::new();
    let mut note = |line: String| {
        // The first of them stands behind what the test harness prints.
        let words = line
            .split_once("acknowledged ")
            .and_then(|(_, rest)| rest.split_once(' '));
        let Some((name, sequence)) = words else { return 0 };
        acknowledged.insert(name.to_owned(), sequence.parse().unwrap());
        acknowledged.values().sum()
    };
    while note(lines.next().expect("the child goes on").unwrap()) < 600 {}
    let store = Store::open(folder.path()).await.unwrap();
    let Err(refused) = store.acquire(&run_id("LEFT"), "the parent").await else {
        panic!("the child holds the lease")
    };
    assert!(refused.message.contains("the child"), "{refused}");
    process.kill().unwrap();
    process.wait().unwrap();
    // The last line may be cut; then it acknowledged nothing.
    for line in lines.map_while(Result::ok) {
        note(line);
    }

    assert_eq!(acknowledged.len(), child::RUNS.len());
    for (name, last) in &acknowledged {
        assert!(length_of_run_by_child(&store, name).await > *last, "{name} {last}");
    }
    let _given_back_by_death = store.acquire(&run_id("LEFT"), "the parent").await.unwrap();
    let next = length_of_run_by_child(&store, "LEFT").await;
    let more = append(&run_id("LEFT"), next, vec![event(0, "goes on")]);
    store.append(more).await.unwrap();
}

#[tokio::test]
async fn a_disk_at_its_limit_refuses_and_recovers() {
    let folder = tempfile::tempdir().unwrap();
    // Files may not grow beyond some hundred KiB; ignoring the signal makes writing fail instead.
    let mut command = Command::new("sh");
    command
        .args(["-c", r#"trap "" XFSZ; ulimit -f 600; exec "$0" "$@""#])
        .arg(child::program());
    command.args(child::arguments("appends_until_the_disk_is_full_and_again"));
    let output = child::told(command, folder.path()).output().unwrap();
    let output = String::from_utf8_lossy(&output.stdout).into_owned();
    let refused: Vec<u64> = output
        .lines()
        .filter_map(|line| line.strip_prefix("refused ")?.split_once(" Storage ")?.1.parse().ok())
        .collect();
    let [first, second] = refused[..] else {
        panic!("{output}")
    };
    assert!(0 < first && first < second, "{output}");
    let store = Store::open(folder.path()).await.unwrap();
    assert_eq!(length_of_run_by_child(&store, "FULL").await, second);
}

#[tokio::test]
async fn a_log_cut_or_damaged_anywhere_keeps_a_prefix() {
    const FRAME: usize = 24 + 4096;
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    let run = run_id("CUT");
    store.create(header(&run, 1)).await.unwrap();
    store.close().await;
    let store = Store::open(folder.path()).await.unwrap();
    for sequence in 0..10 {
        let events = vec![event(sequence, &child::saying("CUT", sequence * 30))];
        store.append(append(&run, sequence, events)).await.unwrap();
    }
    let database = std::fs::read(folder.path().join("troupe.db")).unwrap();
    let log = std::fs::read(folder.path().join("troupe.db-wal")).unwrap();
    store.close().await;
    assert!(log.len() > 10 * FRAME);

    let ends: Vec<usize> = (32..=log.len()).step_by(FRAME).collect();
    let mut cuts: Vec<usize> = ends.iter().flat_map(|end| [end - 1, *end, end + 1]).collect();
    cuts.extend((0..log.len()).step_by(2_741));
    cuts.retain(|cut| *cut <= log.len());
    cuts.sort_unstable();
    let mut longest = 0;
    for cut in cuts {
        let length = recovered(&database, &log[..cut]).await;
        assert!(length >= longest, "more of the log holds fewer events, at {cut}");
        longest = length;
    }
    assert_eq!(longest, 10, "the whole log holds every event");
    for at in (32..log.len()).step_by(3_301) {
        let mut damaged = log.clone();
        damaged[at] ^= 0x40;
        assert!(recovered(&database, &damaged).await < 10, "damage at {at}");
    }
}

/// How many events there are with such a log: the first so many, unchanged.
async fn recovered(database: &[u8], log: &[u8]) -> u64 {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(Path::new(folder.path()).join(name), bytes).unwrap();
    write("troupe.db", database);
    write("troupe.db-wal", log);
    let store = Store::open(folder.path()).await.unwrap();
    let entries = store.load(&run_id("CUT")).await.unwrap();
    for (entry, sequence) in entries.iter().zip(0..) {
        assert_eq!(entry.event, event(sequence, &child::saying("CUT", sequence * 30)));
    }
    assert_eq!(store.run(&run_id("CUT")).await.unwrap().events, entries.len() as u64);
    store.close().await;
    entries.len() as u64
}

#[tokio::test]
async fn a_closed_store_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    let run = run_id("CLOSED");
    store.create(header(&run, 1)).await.unwrap();
    store.close().await;
    store.close().await;
    let appended = store.append(append(&run, 0, vec![event(0, "late")])).await;
    assert_eq!(appended.unwrap_err().kind, ErrorKind::Unavailable);
    assert_eq!(store.load(&run).await.unwrap_err().kind, ErrorKind::Unavailable);
    let mut names: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["troupe.db", "troupe.lock"], "the log is gone");
}
