//! What a workspace keeps: `gc` forgets it by rules, `doctor` looks whether it is whole.

use crate::fixture::{Place, small};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use troupe_core::port::journal::{Append, Fork, Journal, Leases, Progress, RunHeader, RunStatus};
use troupe_store::Store;
use troupe_testkit::conformance::journal::{append, event, header, run_id};

const ASKS: &str = "troupe: 1\nname: asks\nsteps: { sign: { approve: Publish? } }\n";

fn state(place: &Place) -> PathBuf {
    place.path().join(".troupe")
}

/// The names of the runs there are, newest first.
fn runs(place: &Place) -> Vec<String> {
    let listed = place.troupe(&["ls", "--json"]).json();
    let name = |run: &Value| run["run"].as_str().unwrap().to_owned();
    listed.as_array().unwrap().iter().map(name).collect()
}

/// Works in the store of a place.
fn in_store<T>(place: &Place, work: impl AsyncFnOnce(&Store) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let store = Store::open(&state(place)).await.unwrap();
        let done = work(&store).await;
        store.close().await;
        done
    })
}

/// A run that was made elsewhere: one event, heard of last at `at_ms`.
async fn run_that(store: &Store, name: &str, status: RunStatus, at_ms: u64, past: Option<&str>) {
    let run = run_id(name);
    let forked = past.map(|past| Fork {
        run: run_id(past),
        events: 1,
    });
    let first = u64::from(past.is_some());
    let header = RunHeader {
        forked,
        ..header(&run, at_ms)
    };
    store.create(header).await.unwrap();
    let progress = Progress {
        status,
        ..Progress::default()
    };
    let ended = Append {
        at_ms,
        progress,
        ..append(&run, first, vec![event(0, &format!("{name} was here"))])
    };
    store.append(ended).await.unwrap();
}

/// The messages of a doctor's findings that are so bad, with their checks.
fn findings(found: &Value, marks: &[&str]) -> Vec<(String, String)> {
    let findings = found["checks"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let bad = findings.filter(|finding| marks.contains(&finding["mark"].as_str().unwrap()));
    bad.map(|finding| (text(&finding["check"]), text(&finding["message"])))
        .collect()
}

#[test]
fn runs_go_by_the_rules_and_their_bytes_come_back() {
    let place = small();
    place.file("asks.yaml", ASKS);
    assert_eq!(place.troupe(&["run", "asks.yaml"]).code, 3);
    for _ in 0..3 {
        assert_eq!(place.troupe(&["run", "workflow.yaml"]).code, 0);
    }
    let before = runs(&place);
    assert_eq!(before.len(), 4);

    let nothing = place.troupe(&["gc"]);
    assert_eq!((nothing.code, runs(&place)), (0, before.clone()), "{nothing:?}");
    let foreseen = place.troupe(&["gc", "--keep", "1", "--dry-run", "--json"]).json();
    assert_eq!(runs(&place), before, "nothing goes");
    let names = |value: &Value| {
        value
            .as_array()
            .unwrap()
            .iter()
            .map(|run| run["run"].clone())
            .collect::<Vec<_>>()
    };
    let mut expected = before[1..3].to_vec();
    expected.sort();
    assert_eq!(names(&foreseen["removed"]), expected);
    assert!(foreseen["bytes"].as_u64().unwrap() > 0);
    assert_eq!(foreseen["stays"], json!([{ "run": before[3], "why": "it waits" }]));

    let gone = place.troupe(&["gc", "--keep", "1", "--json"]).json();
    assert_eq!(names(&gone["removed"]), expected);
    assert!(gone["bytes"].as_u64().unwrap() > 0, "{gone}");
    assert_eq!(
        (&gone["leases"], &gone["notes"]),
        (&json!(0), &json!([])),
        "they went with their runs"
    );
    assert_eq!(runs(&place), [before[0].clone(), before[3].clone()]);
    assert_eq!(place.troupe(&["show", &before[0]]).code, 0);
    assert_eq!(place.troupe(&["show", &before[1]]).code, 2);
    assert_eq!(
        place.troupe(&["approve", &before[3], "approve"]).code,
        0,
        "who waited is still there"
    );
    assert_eq!(place.troupe(&["doctor"]).code, 0);
}

#[test]
fn what_must_stay_stays_and_why() {
    use RunStatus::{Cancelled, Failed, Running, Succeeded, Waiting};
    let place = Place::new();
    in_store(&place, async |store| {
        run_that(store, "PAST", Succeeded, 1_000, None).await;
        run_that(store, "FORK", Waiting, 2_000, Some("PAST")).await;
        run_that(store, "RUNNING", Running, 3_000, None).await;
        run_that(store, "HELD", Failed, 4_000, None).await;
        run_that(store, "GOES", Cancelled, 5_000, None).await;
        // Ahead of the clock: not old, whatever it says.
        run_that(store, "FUTURE", Failed, 4_000_000_000_000, None).await;
        let _held = store.acquire(&run_id("HELD"), "process 4711").await.unwrap();
        let gc = place.troupe(&["gc", "--older-than", "30d"]);
        assert_eq!(gc.code, 0, "{gc:?}");
        insta::assert_snapshot!(&gc.stdout[..gc.stdout.rfind("; ").unwrap()], @"
        gone: run GOES of réunion, cancelled, last heard of 1970-01-01T00:00:05Z, 79 B
        stays: run RUNNING: it runs, or was interrupted and can be resumed
        stays: run FORK: it waits
        stays: run PAST: run FORK was forked from it and stays
        stays: run HELD: run HELD is already being worked on by process 4711: wait for it or stop it
        1 run gone
        ");
    });
    assert_eq!(runs(&place), ["FUTURE", "HELD", "RUNNING", "FORK", "PAST"]);
    let only_failed = place.troupe(&["gc", "--status", "failed,cancelled", "--json"]).json();
    assert_eq!(only_failed["removed"].as_array().unwrap().len(), 2, "{only_failed}");
    assert_eq!(runs(&place), ["RUNNING", "FORK", "PAST"]);
    let wrong = place.troupe(&["gc", "--older-than", "soon"]);
    assert!(wrong.code == 2 && wrong.stderr.contains("12h, 30d"), "{wrong:?}");
}

#[test]
fn a_sound_workspace_is_said_to_be() {
    let place = small();
    assert_eq!(place.troupe(&["run", "workflow.yaml"]).code, 0);
    let found = place.troupe(&["doctor", "--json"]);
    assert_eq!(found.code, 0, "{found:?}");
    let found = found.json();
    assert_eq!(found["damaged"], false);
    assert_eq!(findings(&found, &["warning", "damage"]), []);
    let checks: Vec<&str> = found["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["check"].as_str().unwrap())
        .collect();
    for check in ["versions", "database", "runs", "blobs", "leftovers", "sizes", "machine"] {
        assert!(checks.contains(&check), "{check} in {checks:?}");
    }
    let text = place.troupe(&["doctor"]).stdout;
    assert!(text.lines().all(|line| line.starts_with('✓')), "{text}");
    assert!(text.contains("runs: 1 run with "), "{text}");
}

#[test]
fn leftovers_are_named_with_the_way_out() {
    let place = small();
    assert_eq!(place.troupe(&["run", "workflow.yaml"]).code, 0);
    in_store(&place, async |store| {
        run_that(store, "INTERRUPTED", RunStatus::Running, 1, None).await;
        drop(store.acquire(&run_id("GONE"), "somebody").await.unwrap());
    });
    std::fs::remove_file(place.path().join("workflow.yaml")).unwrap();
    std::fs::create_dir(state(&place).join("corpora/half-0123456789.building")).unwrap();
    std::fs::write(state(&place).join("corpora/half-0123456789.lock"), "").unwrap();
    let found = place.troupe(&["doctor"]);
    assert_eq!(found.code, 0, "{found:?}");
    for part in [
        "! leftovers: 1 run interrupted: INTERRUPTED\n    `troupe resume INTERRUPTED`",
        "! leftovers: 1 lease file of runs that are gone\n    `troupe gc`",
        "half-0123456789.building",
        "of workflows that are gone: animals-",
    ] {
        assert!(found.stdout.contains(part), "{part}\n{}", found.stdout);
    }
    assert_eq!(place.troupe(&["gc", "--json"]).json()["leases"], 1);
}

fn overwrite(file: &Path, what: &str, with: &str) {
    assert_eq!(what.len(), with.len());
    let mut bytes = std::fs::read(file).unwrap();
    let at = bytes
        .windows(what.len())
        .position(|window| window == what.as_bytes())
        .unwrap();
    bytes[at..at + what.len()].copy_from_slice(with.as_bytes());
    std::fs::write(file, bytes).unwrap();
}

#[test]
fn damage_is_named_and_the_rest_goes_on() {
    let place = Place::new();
    in_store(&place, async |store| {
        run_that(store, "SPOILT", RunStatus::Succeeded, 1, None).await;
        run_that(store, "SOUND", RunStatus::Succeeded, 2, None).await;
        store
            .append(append(&run_id("SOUND"), 1, vec![event(1, &"large ".repeat(1_000))]))
            .await
            .unwrap();
    });
    overwrite(&state(&place).join("troupe.db"), "SPOILT was here", "SPOILT was near");
    let found = place.troupe(&["doctor", "--json"]);
    assert_eq!((found.code, &found.json()["damaged"]), (1, &json!(true)));
    let damaged = findings(&found.json(), &["damage"]);
    let [(check, message)] = &damaged[..] else {
        panic!("{damaged:?}")
    };
    assert_eq!(check, "runs");
    assert!(
        message.contains("run SPOILT cannot be read, the bytes from event 0 on are damaged"),
        "{message}"
    );
    assert_eq!(runs(&place), ["SOUND", "SPOILT"]);
    assert_eq!(place.troupe(&["show", "SOUND", "--events"]).stdout.lines().count(), 2);
    let spoilt = place.troupe(&["show", "SPOILT", "--events"]);
    assert!(
        spoilt.code == 1 && spoilt.stderr.contains("other runs can still be read"),
        "{spoilt:?}"
    );
    // What is damaged may go, as everything else may; until then no blob does.
    let careful = place.troupe(&["gc", "--json"]).json();
    assert!(
        careful["notes"][0].as_str().unwrap().contains("troupe doctor"),
        "{careful}"
    );
    assert_eq!(place.troupe(&["gc", "--keep", "1"]).code, 0);
    assert_eq!(place.troupe(&["doctor"]).code, 0);
}

#[test]
fn a_place_without_runs_is_left_as_it_is() {
    let place = Place::new();
    let found = place.troupe(&["doctor"]);
    assert_eq!(found.code, 0);
    assert!(found.stdout.contains("! database: no run was started in"), "{found:?}");
    let gc = place.troupe(&["gc", "--keep", "0"]);
    assert_eq!((gc.code, gc.stdout.as_str()), (0, "0 runs gone; 0 B came back\n"));
    assert!(!state(&place).exists(), "nothing is created");
    place.file(".troupe/troupe.db", "dear diary, ".repeat(1_000));
    let found = place.troupe(&["doctor"]);
    assert_eq!(found.code, 1);
    assert!(found.stdout.contains("damaged or not a database"), "{found:?}");
}
