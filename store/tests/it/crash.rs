//! What was acknowledged survives: `kill -9`, and a disk at its limit.

use crate::child;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
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

#[tokio::test]
async fn one_of_many_processes_wins_a_lease_and_its_death_gives_it_back() {
    const PROCESSES: usize = 5;
    let folder = tempfile::tempdir().unwrap();
    let contest = || {
        let mut command = child::told(Command::new(child::program()), folder.path());
        command.args(child::arguments("takes_a_lease_and_waits"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
    };
    let mut children: Vec<_> = (0..PROCESSES).map(|_| contest()).collect();
    let mut outputs: Vec<_> = children
        .iter_mut()
        .map(|child| BufReader::new(child.stdout.take().unwrap()).lines())
        .collect();
    let said: Vec<String> = outputs
        .iter_mut()
        .map(|lines| {
            let mut lines = lines.map_while(Result::ok);
            let said = lines.find_map(|line| line.split_once("lease: ").map(|(_, rest)| rest.to_owned()));
            said.unwrap()
        })
        .collect();
    let winners: Vec<usize> = (0..PROCESSES).filter(|child| said[*child] == "won").collect();
    let [winner] = winners[..] else { panic!("{said:?}") };
    let holder = format!("process {}", children[winner].id());
    let losers = said.iter().filter(|said| said.contains(&holder)).count();
    assert_eq!(losers, PROCESSES - 1, "each is told who won: {said:?}");

    let store = Store::open(folder.path()).await.unwrap();
    assert!(store.acquire(&run_id("CONTESTED"), "the parent").await.is_err());
    children[winner].kill().unwrap();
    children[winner].wait().unwrap();
    drop(store.acquire(&run_id("CONTESTED"), "the parent").await.unwrap());
    for mut child in children {
        // Whoever is still there reads that its input ended.
        drop(child.stdin.take());
        child.wait().unwrap();
    }
}
