//! `kill -9` in the middle, then `troupe resume`.

use crate::fixture::{Ended, Place, examples, small};
use std::collections::BTreeSet;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Events of the newest run, as they stand in the journal.
fn events(place: &Place) -> Vec<serde_json::Value> {
    let shown = place.troupe(&["show", "last", "--events"]);
    shown
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["event"].clone())
        .collect()
}

fn replies(events: &[serde_json::Value]) -> Vec<(String, u64)> {
    let is_reply =
        |event: &&serde_json::Value| ["model_replied", "tool_replied"].contains(&event["t"].as_str().unwrap());
    events
        .iter()
        .filter(is_reply)
        .map(|event| (event["t"].to_string(), event["call"].as_u64().unwrap()))
        .collect()
}

/// Starts the quickstart and kills it so long after it took its lease; false when it was already over.
fn run_and_kill(place: &Place, delay: Duration) -> bool {
    let example = examples().join("01-papers");
    let mut child = place.command(&["run", example.to_str().unwrap(), "--json"]);
    let mut child = child.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let leases = place.path().join(".troupe/leases");
    while !leases.exists() && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
    std::thread::sleep(delay);
    child.kill().unwrap();
    !child.wait().unwrap().success()
}

#[test]
fn a_killed_quickstart_resumes_to_the_same_outputs() {
    let calm = Place::new();
    let example = examples().join("01-papers");
    let expected = calm.troupe(&["run", example.to_str().unwrap(), "--json"]).json();
    let mut interrupted = 0;
    for step in 0..16 {
        let place = Place::new();
        if !run_and_kill(&place, Duration::from_millis(step)) {
            continue;
        }
        if place.troupe(&["ls", "--json"]).json().as_array().unwrap().is_empty() {
            continue;
        }
        let before = replies(&events(&place));
        let resumed: Ended = place.troupe(&["resume", "last", "--json"]);
        assert_eq!(
            (resumed.code, &resumed.json()["outputs"]),
            (0, &expected["outputs"]),
            "{resumed:?}"
        );
        let after = replies(&events(&place));
        assert_eq!(after[..before.len()], before, "finished calls stay as they were");
        let distinct: BTreeSet<_> = after.iter().collect();
        assert_eq!(distinct.len(), after.len(), "no call was answered twice");
        interrupted += 1;
    }
    assert!(interrupted > 0, "every kill came too early or too late");
}

#[test]
fn a_run_of_commands_says_what_is_in_doubt() {
    let place = small();
    place.file(
        "slow.yaml",
        "troupe: 1\nname: slow\nsteps:\n  first: { run: echo once >> log }\n  slow: { needs: first, run: echo begun >> log; test -e go || sleep 60 }\n",
    );
    let mut child = place.command(&["run", "slow.yaml", "--allow-host-commands"]);
    let mut child = child.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let log = || std::fs::read_to_string(place.path().join("log")).unwrap_or_default();
    let deadline = Instant::now() + Duration::from_secs(60);
    while !log().contains("begun") && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(20));
    }
    let list = place.troupe(&["ls", "--json"]).json();
    assert_eq!(list[0]["status"], "running");
    let held = place.troupe(&["resume", "last"]);
    assert_eq!(held.code, 1);
    assert!(held.stderr.contains("already being worked on by process"), "{held:?}");
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(place.troupe(&["ls", "--json"]).json()[0]["status"], "interrupted");
    place.file("go", "");
    let doubtful = place.troupe(&["resume", "last", "--json"]);
    assert_eq!(
        (doubtful.code, &doubtful.json()["error"]["kind"]),
        (1, &"in_doubt".into()),
        "{doubtful:?}"
    );
    let repeated = place.troupe(&["resume", "last", "--json"]);
    assert_eq!(
        (repeated.code, &repeated.json()["status"]),
        (0, &"succeeded".into()),
        "{repeated:?}"
    );
    assert_eq!(
        log(),
        "once\nbegun\nbegun\n",
        "the finished command was not repeated, the doubtful one was"
    );
}

#[test]
fn ctrl_c_winds_down_and_the_run_goes_on_later() {
    let place = small();
    place.file(
        "slow.yaml",
        "troupe: 1\nname: slow\nsteps: { slow: { run: echo begun >> log; test -e go || sleep 60 } }\n",
    );
    let mut child = place.command(&["run", "slow.yaml", "--allow-host-commands", "--json"]);
    let mut child = child.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while !place.path().join("log").exists() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(20));
    }
    let pid = child.id().to_string();
    assert!(
        std::process::Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(place.troupe(&["ls", "--json"]).json()[0]["status"], "cancelled");
    place.file("go", "");
    assert_eq!(place.troupe(&["resume", "last"]).code, 0);
}
