//! Runs that are gone on with when they are due: `troupe serve` and `troupe resume --all`.

use crate::fixture::Place;
use crate::suspended::{Process, busy, decisions, status, until};
use std::collections::BTreeSet;

/// Waits for a person for a second, decides by itself, and writes its number down.
const DUE: &str = "troupe: 1
name: due
inputs: { n: string }
steps:
  ask: { approve: Now?, deadline: 1s, on_deadline: approve }
  note: { run: 'echo \"$N\" >> done', env: { N: \"${{ inputs.n }}\" }, needs: [ask] }
";

fn serve(place: &Place, name: &str) -> Process {
    Process::start(place, name, &["serve", "--jobs", "3", "--every", "100ms", "--json"])
}

fn begin(place: &Place, n: usize) {
    let n = format!("n={n}");
    let ended = place.troupe(&["run", "due.yaml", "--allow-host-commands", "-i", &n]);
    assert_eq!(ended.code, 3, "{ended:?}");
}

/// The events of a name that a server told.
fn told(server: &Process, event: &str) -> Vec<serde_json::Value> {
    let lines = server.stdout();
    // The last line may still be on its way.
    let lines = lines
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    lines.filter(|line| line["event"] == event).collect()
}

#[test]
fn two_servers_bring_many_runs_to_their_ends_once_each() {
    let place = Place::new();
    place.file("due.yaml", DUE);
    let runs = 12;
    (0..runs).for_each(|n| begin(&place, n));
    let mut servers = [serve(&place, "one"), serve(&place, "other")];
    let done = || std::fs::read_to_string(place.path().join("done")).unwrap_or_default();
    let ended = |servers: &[Process]| -> usize { servers.iter().map(|server| told(server, "succeeded").len()).sum() };
    until("all runs are over", || ended(&servers) >= runs);
    for server in &mut servers {
        server.signal("-TERM");
        assert_eq!(server.code(), Some(0), "{}", server.stderr());
    }
    assert_eq!(ended(&servers), runs, "each run ends in one place");
    let numbers: BTreeSet<String> = done().lines().map(str::to_owned).collect();
    assert_eq!((numbers.len(), done().lines().count()), (runs, runs));
    let list = place.troupe(&["ls", "--json"]).json();
    for run in list.as_array().unwrap() {
        assert_eq!(run["status"], "succeeded");
        assert_eq!(decisions(&place, run["run"].as_str().unwrap()), ["approve"]);
    }
}

#[test]
fn an_interrupted_run_goes_on_and_rests_for_a_long_pause() {
    let place = Place::new();
    let mut works = busy(&place);
    works.signal("-KILL");
    works.code();
    assert_eq!(status(&place), "interrupted");
    let mut server = serve(&place, "server");
    until("the run rests", || told(&server, "waiting").len() == 1);
    let rests = &told(&server, "waiting")[0];
    assert!(rests["wake_ms"].is_u64() && rests["questions"][0] == "sign", "{rests}");
    assert_eq!(status(&place), "waiting");
    // Somebody answers: what goes on in that process waits for the pause, and no server takes it away.
    let mut answers = Process::start(&place, "answers", &["approve", "last", "yes-please"]);
    until("the answer is journaled", || {
        decisions(&place, "last") == ["yes-please"]
    });
    assert_eq!(status(&place), "running");
    assert_eq!(place.troupe(&["cancel", "last"]).code, 0);
    assert_eq!(answers.code(), Some(130));
    server.signal("-INT");
    assert_eq!(server.code(), Some(0), "{}", server.stderr());
}

#[test]
fn a_run_that_cannot_go_on_is_told_once_and_tried_when_it_changed() {
    let place = Place::new();
    place.file("due.yaml", DUE);
    begin(&place, 1);
    let other = DUE.replace("echo", "/bin/echo");
    place.file("due.yaml", &other);
    let mut server = serve(&place, "server");
    until("it is refused", || told(&server, "refused").len() == 1);
    let why = told(&server, "refused")[0]["message"].as_str().unwrap().to_owned();
    assert!(
        why.contains("changed since run") && why.contains("--accept-changes"),
        "{why}"
    );
    // Another run is served meanwhile, many looks long.
    begin(&place, 2);
    until("the other one is over", || told(&server, "succeeded").len() == 1);
    assert_eq!(told(&server, "refused").len(), 1);
    place.file("due.yaml", DUE);
    until("the mended one is over", || told(&server, "succeeded").len() == 2);
    server.signal("-TERM");
    assert_eq!(server.code(), Some(0));
    assert!(
        server.stderr().contains("stopping when all runs rest"),
        "{}",
        server.stderr()
    );
}

#[test]
fn a_second_signal_leaves_what_is_at_work_interrupted() {
    let place = Place::new();
    let text =
        "troupe: 1\nname: short\nsteps:\n  pauses: { run: [test, -e, go], retry: { attempts: 2, backoff: 30s } }\n";
    place.file("short.yaml", text);
    let mut works = Process::start(&place, "works", &["run", "short.yaml", "--allow-host-commands"]);
    until("the pause begins", || works.stderr().contains("; again in"));
    works.signal("-KILL");
    works.code();
    let mut server = serve(&place, "server");
    until("it goes on", || told(&server, "resumed").len() == 1);
    server.signal("-TERM");
    until("it says so", || server.stderr().contains("stopping when all runs rest"));
    assert_eq!(status(&place), "running");
    server.signal("-TERM");
    assert_eq!(server.code(), Some(130));
    assert_eq!(status(&place), "interrupted");
    place.file("go", "");
    assert_eq!(place.troupe(&["resume", "last"]).code, 0);
}

#[test]
fn resume_all_takes_what_is_due_and_says_how_each_ended() {
    let place = Place::new();
    assert!(place.troupe(&["resume", "--all"]).stderr.contains("no run is due"));
    assert!(!place.path().join(".troupe").exists(), "a look creates nothing");
    let asking = "troupe: 1\nname: asking\nsteps: { ask: { approve: Now? } }\n";
    place.file("asking.yaml", asking);
    assert_eq!(place.troupe(&["run", "asking.yaml"]).code, 3);
    place.file("due.yaml", DUE);
    begin(&place, 1);
    place.file("broken.yaml", DUE.replace("name: due", "name: broken"));
    let broken = ["run", "broken.yaml", "--allow-host-commands", "-i", "n=2"];
    assert_eq!(place.troupe(&broken).code, 3);
    std::fs::remove_file(place.path().join("broken.yaml")).unwrap();
    std::thread::sleep(std::time::Duration::from_secs(1));
    let all = place.troupe(&["resume", "--all", "--jobs", "2"]);
    assert_eq!(all.code, 2, "{all:?}");
    let mut lines: Vec<&str> = all.stdout.lines().map(|line| &line[17..]).collect();
    lines.sort_unstable();
    assert_eq!(lines.len(), 2, "{all:?}");
    assert!(
        lines[0].starts_with("of broken: cannot go on: ") && lines[0].contains("cannot be read"),
        "{lines:?}"
    );
    assert_eq!(lines[1], "of due: succeeded");
    let again = place.troupe(&["resume", "--all", "--json"]);
    assert_eq!(
        (again.code, again.json().as_array().unwrap().len()),
        (2, 1),
        "{again:?}"
    );
    for wrong in [
        &["resume"][..],
        &["resume", "--all", "last"],
        &["resume", "last", "--jobs", "2"],
    ] {
        assert_eq!(place.troupe(wrong).code, 2, "{wrong:?}");
    }
}
