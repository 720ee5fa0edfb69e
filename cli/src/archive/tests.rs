//! There and back, over simulated runs; and files that are not whole.

use super::{Archive, take, write};
use crate::exit::Usage;
use proptest::prelude::*;
use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;
use troupe_core::event::Event;
use troupe_core::id::RunId;
use troupe_core::message::Usage as Tokens;
use troupe_core::port::artifact::Artifacts as _;
use troupe_core::port::journal::{Append, Entry, Fork, Journal, Progress, RunHeader, RunRecord, RunStatus};
use troupe_testkit::artifacts::{FolderArtifacts, contents};
use troupe_testkit::journal::MemoryJournal;
use troupe_testkit::simulation::{Weather, recorded};
use troupe_testkit::workflow;

const ALLOWED: &str = "{\"models\":[],\"allow_host_commands\":true}";

fn id(name: &str) -> RunId {
    RunId::parse(name).unwrap()
}

fn header(name: &str, settings: &str, forked: Option<Fork>) -> RunHeader {
    RunHeader {
        run: id(name),
        workflow: "test".into(),
        path: "/a/workflow.yaml".into(),
        fingerprint: "f".into(),
        sources: vec![("workflow.yaml".into(), "troupe: 1\n".into())],
        settings: settings.into(),
        started_ms: 5,
        forked,
    }
}

/// Appends events in groups of `size`, each at a time of its own, and notes at last that the run waits.
async fn fill(runs: &MemoryJournal, header: RunHeader, events: Vec<Event>, size: usize) {
    let run = header.run.clone();
    let mut first = header.forked.as_ref().map_or(0, |fork| fork.events);
    runs.create(header).await.unwrap();
    let mut at_ms = 10;
    for group in events.chunks(size).map(<[Event]>::to_vec).chain([Vec::new()]) {
        let is_note = group.is_empty();
        let append = Append {
            run: run.clone(),
            first,
            at_ms,
            events: group.clone().into(),
            progress: Progress {
                status: if is_note {
                    RunStatus::Waiting
                } else {
                    RunStatus::Running
                },
                agents: 3,
                tool_calls: 4,
                usage: Tokens::default(),
                wake_ms: is_note.then_some(99),
            },
        };
        runs.append(append).await.unwrap();
        (first, at_ms) = (first + group.len() as u64, at_ms + 3);
    }
}

/// A run that another one's fork shares, with children on both sides.
async fn family(seed: u64, size: usize) -> MemoryJournal {
    let weather = Weather {
        crash_one_in: 7,
        fail_one_in: 9,
        cancel_one_in: 20,
        travel_one_in: 0,
        word_one_in: 0,
    };
    let runs = MemoryJournal::new();
    let everything = recorded(&workflow::everything(), seed, weather).1.events;
    let child = recorded(&workflow::everything(), seed + 1, weather).1.events;
    let shared = everything.len() as u64 / 2;
    let rest = everything[everything.len() / 2..].to_vec();
    let fork = Fork {
        run: id("A"),
        events: shared,
    };
    fill(&runs, header("A", ALLOWED, None), everything, size).await;
    fill(&runs, header("A.score-0", "{}", None), child.clone(), size).await;
    fill(&runs, header("B", ALLOWED, Some(fork)), rest, size).await;
    fill(&runs, header("B.score-1", "{}", None), child, 1).await;
    fill(&runs, header("C", "{}", None), Vec::new(), 1).await;
    runs
}

async fn bytes(runs: &MemoryJournal, run: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(runs, &FolderArtifacts::new(), &id(run), &mut bytes)
        .await
        .unwrap();
    bytes
}

/// A file of these bytes, in a folder that lives as long as it.
fn file(bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.troupe");
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

fn open(bytes: &[u8]) -> anyhow::Result<Archive> {
    let (_folder, path) = file(bytes);
    block_on(Archive::open(&path))
}

async fn kept(runs: &MemoryJournal, run: &str) -> (RunRecord, Vec<Entry>) {
    (runs.run(&id(run)).await.unwrap(), runs.load(&id(run)).await.unwrap())
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(work)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn what_is_taken_up_is_what_was_written(seed in 1_u64..5_000, size in 1_usize..9) {
        block_on(async {
            let here = family(seed, size).await;
            let written = bytes(&here, "B").await;
            assert_eq!(written, bytes(&here, "B").await, "the same runs give the same bytes");
            let (_folder, path) = file(&written);
            let archive = Archive::open(&path).await.unwrap();
            let there = MemoryJournal::new();
            let taken = take(&there, &FolderArtifacts::new(), &archive, None, true).await.unwrap();
            assert_eq!((taken.new, taken.known, taken.forbidden), (4, 0, false));
            for run in ["A", "A.score-0", "B", "B.score-1"] {
                assert_eq!(kept(&here, run).await, kept(&there, run).await, "run {run}");
            }
            assert!(there.run(&id("C")).await.is_err(), "what does not belong to it stays where it is");
            assert_eq!(written, bytes(&there, "B").await);
            let again = take(&there, &FolderArtifacts::new(), &archive, None, true).await.unwrap();
            assert_eq!((again.new, again.known, again.events), (0, 4, 0));
        });
    }
}

#[test]
fn another_run_of_the_name_is_refused_and_another_name_is_taken() {
    block_on(async {
        let here = family(7, 3).await;
        let (_folder, path) = file(&bytes(&here, "B").await);
        let archive = Archive::open(&path).await.unwrap();
        let there = family(8, 3).await;
        let before = kept(&there, "A").await;
        let refused = take(&there, &FolderArtifacts::new(), &archive, None, true)
            .await
            .unwrap_err();
        assert_eq!(
            refused.to_string(),
            "there is another run A here already; `--as NAME` takes this one up under another name"
        );
        assert_eq!(kept(&there, "A").await, before);
        let apart = MemoryJournal::new();
        take(&apart, &FolderArtifacts::new(), &archive, Some(&id("X")), true)
            .await
            .unwrap();
        let (renamed, entries) = kept(&apart, "X").await;
        let (origin, expected) = kept(&here, "B").await;
        assert_eq!(entries, expected);
        assert_eq!(renamed.header.forked, origin.header.forked);
        assert_eq!(kept(&apart, "X.score-1").await.1, kept(&here, "B.score-1").await.1);
        assert!(apart.run(&id("B")).await.is_err());
    });
}

#[test]
fn a_permission_to_start_commands_does_not_travel_by_itself() {
    block_on(async {
        let here = family(9, 4).await;
        let (_folder, path) = file(&bytes(&here, "A").await);
        let archive = Archive::open(&path).await.unwrap();
        let there = MemoryJournal::new();
        let taken = take(&there, &FolderArtifacts::new(), &archive, None, false)
            .await
            .unwrap();
        assert!(taken.forbidden);
        let settings = kept(&there, "A").await.0.header.settings;
        assert_eq!(settings, "{\"models\":[],\"allow_host_commands\":false}");
        assert_eq!(
            take(&there, &FolderArtifacts::new(), &archive, None, true)
                .await
                .unwrap()
                .known,
            2,
            "it is the same run still"
        );
    });
}

#[test]
fn no_file_that_was_cut_or_changed_is_believed() {
    let whole = block_on(async { bytes(&family(3, 5).await, "A").await });
    assert!(open(&whole).is_ok());
    let step = (whole.len() / 150).max(1);
    for at in (0..whole.len()).step_by(step) {
        let cut = open(&whole[..at]).unwrap_err();
        assert!(cut.is::<Usage>(), "cut at {at}: {cut}");
        // What the frame's head says of its window may change without a change of what is inside.
        if (4..6).contains(&at) {
            continue;
        }
        let mut changed = whole.clone();
        changed[at] ^= 0x55;
        assert!(open(&changed).is_err(), "byte {at} was changed");
    }
    let longer = [whole.as_slice(), b"more"].concat();
    assert!(open(&longer).is_err());
}

/// The file's lines, changed, as a whole file again.
fn rewritten(bytes: &[u8], change: impl Fn(String) -> String) -> Vec<u8> {
    let mut text = String::new();
    zstd::stream::read::Decoder::new(bytes)
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    let body = text.lines().count() - 1;
    let mut changed: String = text
        .lines()
        .take(body)
        .map(|line| change(line.to_owned()) + "\n")
        .collect();
    let hash = blake3::hash(changed.as_bytes()).to_hex();
    changed.push_str(&format!("{{\"blake3\":\"{hash}\"}}\n"));
    let mut frame = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    frame.write_all(changed.as_bytes()).unwrap();
    frame.finish().unwrap()
}

#[test]
fn what_a_newer_version_wrote_is_told_as_such() {
    let whole = block_on(async { bytes(&family(3, 5).await, "A").await });
    assert!(open(&rewritten(&whole, |line| line)).is_ok());
    let newer = open(&rewritten(&whole, |line| {
        line.replace("{\"troupe_export\":2,", "{\"troupe_export\":3,")
    }));
    let told = newer.unwrap_err().to_string();
    assert!(told.contains("in format 3, and this is Troupe"), "{told}");
    let unknown = open(&rewritten(&whole, |line| {
        line.replace("\"t\":\"run_started\"", "\"t\":\"run_imagined\"")
    }));
    let told = unknown.unwrap_err().to_string();
    assert!(
        told.contains("event 0 of run A") && told.contains("`run_imagined`"),
        "{told}"
    );
}

#[test]
fn other_files_are_told_apart() {
    for other in [
        b"".as_slice(),
        b"troupe: 1\n",
        &zstd::bulk::compress(b"{\"a\":1}\n", 1).unwrap(),
    ] {
        let told = open(other).unwrap_err().to_string();
        assert!(
            told.ends_with("is no export of a run; `troupe export RUN` writes one"),
            "{told}"
        );
    }
}

#[test]
fn a_hundred_thousand_events_go_there_and_back() {
    block_on(async {
        let here = MemoryJournal::new();
        let events: Arc<[Event]> = vec![Event::RunReopened; 100_000].into();
        fill(&here, header("A", "{}", None), events.to_vec(), 7).await;
        let written = bytes(&here, "A").await;
        let (_folder, path) = file(&written);
        let there = MemoryJournal::new();
        let taken = take(
            &there,
            &FolderArtifacts::new(),
            &Archive::open(&path).await.unwrap(),
            None,
            false,
        )
        .await
        .unwrap();
        assert_eq!(taken.events, 100_000);
        assert!(kept(&here, "A").await == kept(&there, "A").await);
    });
}

#[test]
fn files_travel_with_the_runs_that_tell_of_them() {
    block_on(async {
        let artifacts = FolderArtifacts::new();
        let gathered = artifacts.gather().await.unwrap();
        std::fs::create_dir_all(gathered.folder().join("out/empty")).unwrap();
        std::fs::write(gathered.folder().join("out/none"), "").unwrap();
        std::fs::write(gathered.folder().join("out/large"), vec![7; 2_000_000]).unwrap();
        let given = artifacts.keep(gathered, Vec::new()).await.unwrap();
        let lost = format!("/artifacts/{}", "0".repeat(64));
        let told = format!("see /artifacts/{}/out and {lost}/x", given.set);
        let started = Event::RunStarted {
            inputs: [("told".to_owned(), told.into())].into_iter().collect(),
            env: Default::default(),
            allowance: None,
        };
        let here = MemoryJournal::new();
        fill(&here, header("A", "{}", None), vec![started], 1).await;
        let mut bytes = Vec::new();
        let written = write(&here, &artifacts, &id("A"), &mut bytes).await.unwrap();
        assert_eq!((written.sets, written.absent), (1, 1));
        let (_folder, path) = file(&bytes);
        let (there, taken) = (MemoryJournal::new(), FolderArtifacts::new());
        let archive = Archive::open(&path).await.unwrap();
        take(&there, &taken, &archive, None, true).await.unwrap();
        let folder = taken.find(&given.set).await.unwrap().unwrap();
        assert_eq!(
            contents(&folder),
            contents(&artifacts.find(&given.set).await.unwrap().unwrap())
        );
        let mut again = Vec::new();
        write(&there, &taken, &id("A"), &mut again).await.unwrap();
        assert_eq!(again, bytes);
    });
}
