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

/// What the commands of a run have written.
fn logged(place: &Place) -> String {
    std::fs::read_to_string(place.path().join("log")).unwrap_or_default()
}

/// A run of `slow.yaml` whose command is at work.
fn begun(place: &Place) -> std::process::Child {
    let mut run = place.command(&["run", "slow.yaml", "--allow-host-commands"]);
    let child = run.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while !logged(place).contains("begun") && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(20));
    }
    child
}

#[test]
fn a_command_in_doubt_waits_for_one_persons_word() {
    let place = small();
    place.file(
        "slow.yaml",
        "troupe: 1\nname: slow\nsteps:\n  first: { run: echo once >> log }\n  slow: { needs: first, run: echo begun >> log; test -e go || sleep 60 }\n",
    );
    let mut child = begun(&place);
    let log = || logged(&place);
    let list = place.troupe(&["ls", "--json"]).json();
    assert_eq!(list[0]["status"], "running");
    let held = place.troupe(&["resume", "last"]);
    assert_eq!(held.code, 1);
    assert!(held.stderr.contains("already being worked on by process"), "{held:?}");
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(place.troupe(&["ls", "--json"]).json()[0]["status"], "interrupted");
    place.file("go", "");
    for _ in 0..2 {
        let doubtful = place.troupe(&["resume", "last", "--json"]);
        let object = doubtful.json();
        assert_eq!(
            (doubtful.code, &object["status"]),
            (3, &"waiting".into()),
            "{doubtful:?}"
        );
        assert_eq!(object["questions"][0]["step"], "slow");
        assert_eq!(
            object["questions"][0]["choices"],
            serde_json::json!(["repeat", "done", "fail"])
        );
        assert!(doubtful.stderr.contains(" slow done [--comment TEXT]"), "{doubtful:?}");
    }
    assert_eq!(place.troupe(&["ls", "--json"]).json()[0]["status"], "waiting");
    let shown = place.troupe(&["show", "last", "--json"]).json();
    let steps = &shown["steps"];
    assert_eq!(
        (&steps[1]["status"], &steps[1]["in_doubt"]),
        (&"in doubt".into(), &serde_json::json!([0]))
    );
    assert!(place.troupe(&["show", "last"]).stdout.contains("slow  in doubt"));
    assert_eq!(log(), "once\nbegun\n", "nothing is repeated before a person says so");
    // Two people say the same at once: both are content, and one process goes on.
    let decide = |choice: &str| {
        let mut decision = place.command(&["approve", "last", "slow", choice, "--json"]);
        decision.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let ended = [decide("repeat"), decide("repeat")].map(|child| child.wait_with_output().unwrap());
    let went_on = ended.iter().filter(|output| {
        let said: Result<serde_json::Value, _> = serde_json::from_slice(&output.stdout);
        output.status.success() && said.is_ok_and(|said| said["status"] == "succeeded")
    });
    assert_eq!(went_on.count(), 1, "{ended:?}");
    for late in ended.iter().filter(|output| !output.status.success()) {
        let told = String::from_utf8_lossy(&late.stderr);
        assert!(
            told.contains("waits for nobody") || told.contains("asks nothing"),
            "{told}"
        );
    }
    assert_eq!(
        log(),
        "once\nbegun\nbegun\n",
        "the finished command was not repeated, the doubtful one was"
    );
    assert_eq!(place.troupe(&["ls", "--json"]).json()[0]["status"], "succeeded");
}

/// Two who disagree at once: one of them is heard, and the other one is told.
#[test]
fn of_two_who_disagree_about_a_doubt_one_is_heard() {
    let place = small();
    place.file(
        "slow.yaml",
        "troupe: 1\nname: slow\nsteps: { slow: { run: echo begun >> log; test -e go || sleep 60 } }\n",
    );
    let mut child = begun(&place);
    let log = || logged(&place);
    child.kill().unwrap();
    child.wait().unwrap();
    place.file("go", "");
    assert_eq!(place.troupe(&["resume", "last"]).code, 3);
    let decide = |choice: &str| {
        let mut decision = place.command(&["approve", "last", "slow", choice, "--quiet"]);
        decision.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    let [repeat, done] = [decide("repeat"), decide("done")].map(|mut child| child.wait().unwrap().code().unwrap());
    match (repeat, done) {
        (0, late) if late > 0 => assert_eq!(log(), "begun\nbegun\n"),
        (late, 0) if late > 0 => assert_eq!(log(), "begun\n"),
        codes => panic!("{codes:?}"),
    }
    assert_eq!(place.troupe(&["ls", "--json"]).json()[0]["status"], "succeeded");
}

#[test]
fn a_person_who_looked_says_what_a_command_gave() {
    let place = small();
    place.file(
        "slow.yaml",
        "troupe: 1\nname: slow\nsteps:\n  slow:\n    run: echo \"$TROUPE_EFFECT_KEY\" >> log; sleep 60\n    output: { sum: integer }\n\
         outputs: { sum: \"${{ steps.slow.output.sum }}\" }\n",
    );
    let mut child = begun(&place);
    let log = || logged(&place);
    child.kill().unwrap();
    child.wait().unwrap();
    let run = place.troupe(&["ls", "--json"]).json()[0]["run"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        log().trim(),
        format!("{run}/slow/a1/r1"),
        "the key says whose effect it is"
    );
    assert_eq!(place.troupe(&["resume", "last"]).code, 3);
    let wrong = place.troupe(&["approve", "last", "done", "--comment", "much"]);
    assert_eq!(wrong.code, 3, "{wrong:?}");
    assert!(wrong.stderr.contains("The answer cannot be used"), "{wrong:?}");
    let done = place.troupe(&["approve", "last", "done", "--comment", "{\"sum\": 7}", "--json"]);
    assert_eq!((done.code, &done.json()["outputs"]["sum"]), (0, &7.into()), "{done:?}");
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
    // The command was stopped in the middle.
    assert_eq!(place.troupe(&["resume", "last"]).code, 3);
    place.file("go", "");
    assert_eq!(place.troupe(&["approve", "last", "repeat"]).code, 0);
}
