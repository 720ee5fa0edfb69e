//! Bodies of child processes: this binary runs itself with one ignored test, told by the environment
//! which folder to work in.

use std::path::PathBuf;
use std::process::Command;
use troupe_core::port::journal::{Journal, Leases};
use troupe_store::{Reader, Store};
use troupe_testkit::conformance::journal::{append, event, header, run_id};

const FOLDER: &str = "TROUPE_STORE_TEST_FOLDER";

/// The arguments after the program that make this binary run `body`.
pub fn arguments(body: &str) -> [String; 4] {
    let test = format!("child::{body}");
    ["--exact", &test, "--ignored", "--nocapture"].map(str::to_owned)
}

/// Tells a child in which folder to work.
pub fn told(mut command: Command, folder: &std::path::Path) -> Command {
    command.env(FOLDER, folder);
    command
}

/// This binary.
pub fn program() -> PathBuf {
    std::env::current_exe().expect("a running test has a program")
}

fn folder() -> PathBuf {
    std::env::var_os(FOLDER).expect("only run by another test").into()
}

/// What a child's event says, so that its parent can tell it from any other.
pub fn saying(run: &str, sequence: u64) -> String {
    format!(
        "{run} says {sequence} {}",
        "and more ".repeat((sequence % 300) as usize)
    )
}

/// The runs of [`appends_for_ever`].
pub const RUNS: [&str; 4] = ["LEFT", "RIGHT", "UPPER", "LOWER"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the body of a child process"]
async fn appends_for_ever() {
    let store = Store::open(&folder()).await.unwrap();
    let lease = store.acquire(&run_id("LEFT"), "the child").await.unwrap();
    let writers = RUNS.map(|name| {
        let store = store.clone();
        tokio::spawn(async move {
            let run = run_id(name);
            store.create(header(&run, 1)).await.unwrap();
            for sequence in 0.. {
                let events = vec![event(sequence, &saying(name, sequence))];
                store.append(append(&run, sequence, events)).await.unwrap();
                println!("acknowledged {name} {sequence}");
            }
        })
    });
    for writer in writers {
        writer.await.unwrap();
    }
    drop(lease);
}

#[tokio::test]
#[ignore = "the body of a child process"]
async fn appends_until_the_disk_is_full_and_again() {
    let run = run_id("FULL");
    let mut store = Store::open(&folder()).await.unwrap();
    store.create(header(&run, 1)).await.unwrap();
    let mut sequence = 0;
    for round in 0..2 {
        let refused = loop {
            let events = vec![event(sequence, &saying("FULL", sequence))];
            match store.append(append(&run, sequence, events)).await {
                Ok(()) => sequence += 1,
                Err(refused) => break refused,
            }
        };
        println!("\nrefused {round} {:?} {sequence}", refused.kind);
        // Closing empties the log, the file that had grown to its limit.
        store.close().await;
        store = Store::open(&folder()).await.unwrap();
    }
    println!("acknowledged FULL {sequence}");
}

#[tokio::test]
#[ignore = "the body of a child process"]
async fn looks_into_a_folder_that_it_may_not_write() {
    match Store::open(&folder()).await {
        Ok(_) => println!("\nopened"),
        Err(refused) => println!("\nrefused {:?} {refused}", refused.kind),
    }
    let reader = Reader::open(&folder()).await.unwrap();
    println!("read {}", reader.runs(10).await.unwrap().len());
}

#[tokio::test]
#[ignore = "the body of a child process"]
async fn takes_a_lease_and_waits() {
    let store = Store::open(&folder()).await.unwrap();
    let holder = format!("process {}", std::process::id());
    let lease = store.acquire(&run_id("CONTESTED"), &holder).await;
    match &lease {
        Ok(_) => println!("\nlease: won"),
        Err(refused) => println!("\nlease: {refused}"),
    }
    std::io::read_to_string(std::io::stdin()).unwrap();
    drop(lease);
}
