//! Runs whose processes come and go, and what several processes may do to one run.

use crate::fixture::Place;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A command at work.
pub struct Process {
    pub child: Child,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Process {
    /// Starts it; what it writes goes to files of this name.
    pub fn start(place: &Place, name: &str, arguments: &[&str]) -> Self {
        Self::of(place, name, place.command(arguments))
    }

    fn of(place: &Place, name: &str, mut command: Command) -> Self {
        let file = |kind: &str| place.path().join(format!("{name}.{kind}"));
        let (stdout, stderr) = (file("out"), file("err"));
        let write = |path: &Path| Stdio::from(std::fs::File::create(path).unwrap());
        let child = command.stdout(write(&stdout)).stderr(write(&stderr)).spawn().unwrap();
        Self { child, stdout, stderr }
    }

    pub fn stdout(&self) -> String {
        std::fs::read_to_string(&self.stdout).unwrap()
    }

    pub fn stderr(&self) -> String {
        std::fs::read_to_string(&self.stderr).unwrap()
    }

    pub fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        let sent = std::process::Command::new("kill")
            .args([signal, &pid])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// Its exit code, once it has one.
    pub fn code(&mut self) -> Option<i32> {
        let mut code = None;
        until("the process ends", || {
            code = self.child.try_wait().unwrap().map(|status| status.code());
            code.is_some()
        });
        code.flatten()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until something is so.
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let patience = Instant::now() + Duration::from_secs(120);
    while !is_so() {
        assert!(Instant::now() < patience, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Asks a person, and pauses for an hour beside it.
const BUSY: &str = "troupe: 1
name: busy
steps:
  sign: { approve: Publish?, choices: [yes-please, no-thanks] }
  pauses: { run: [test, -e, never], retry: { attempts: 2, backoff: 1h } }
";

/// Asks a person, and writes down what was decided.
const ASKING: &str = "troupe: 1
name: asking
steps:
  sign: { approve: Publish?, choices: [first, second] }
  note: { run: 'echo \"$CHOICE\" >> decided', env: { CHOICE: \"${{ steps.sign.output.choice }}\" } }
outputs: { choice: \"${{ steps.sign.output.choice }}\" }
";

/// A process that works on a run of [`BUSY`]: it waits for the end of the pause.
pub fn busy(place: &Place) -> Process {
    place.file("busy.yaml", BUSY);
    let process = Process::start(place, "busy", &["run", "busy.yaml", "--allow-host-commands"]);
    until("the pause begins", || process.stderr().contains("; again in"));
    process
}

pub fn status(place: &Place) -> String {
    place.troupe(&["ls", "--json"]).json()[0]["status"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// Who decided, in the order of the events of a run.
pub fn decisions(place: &Place, run: &str) -> Vec<String> {
    let events = place.troupe(&["show", run, "--events"]);
    let events = events.stdout.lines();
    let events = events.map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    events
        .filter(|entry| entry["event"]["by"].is_string())
        .map(|entry| entry["event"]["output"]["choice"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_part_of_a_run_is_stopped_and_the_rest_goes_on() {
    let place = Place::new();
    place.file(
        "parts.yaml",
        "troupe: 1
name: parts
steps:
  long: { run: 'touch begun; sleep 600', on_error: continue }
  after: { run: [echo, went on], needs: [long] }
outputs: { said: \"${{ steps.after.output.stdout }}\", error: \"${{ steps.long.errors[0] }}\" }
",
    );
    let mut works = Process::start(
        &place,
        "parts",
        &["run", "parts.yaml", "--allow-host-commands", "--json"],
    );
    until("the long command works", || place.path().join("begun").exists());
    let unknown = place.troupe(&["cancel", "last", "short"]);
    assert_eq!(unknown.code, 2, "{unknown:?}");
    assert!(
        unknown.stderr.contains("nothing named `short` is at work"),
        "{unknown:?}"
    );
    assert!(unknown.stderr.contains("at work are `long`"), "{unknown:?}");
    let stopped = place.troupe(&["cancel", "last", "long", "--json"]);
    assert_eq!(
        (stopped.code, &stopped.json()["stopped"]),
        (0, &json!(true)),
        "{stopped:?}"
    );
    assert_eq!(works.code(), Some(0), "{}", works.stderr());
    let ended: Value = serde_json::from_str(&works.stdout()).unwrap();
    assert_eq!(ended["outputs"]["said"], "went on\n", "{ended:#}");
    assert_eq!(ended["outputs"]["error"]["kind"], "stopped", "{ended:#}");
    let over = place.troupe(&["cancel", "last", "long"]);
    assert_eq!(over.code, 2, "{over:?}");
    let same = place.troupe(&["replay", "last"]);
    assert_eq!(same.code, 0, "its journal is derived again: {same:?}");
}

#[test]
fn a_run_that_failed_at_its_limit_is_given_more_and_goes_on() {
    let place = Place::new();
    place.file(
        "workflow.yaml",
        "troupe: 1
name: two
agents: { reader: { model: builtin/reader } }
steps:
  one: { agent: reader, prompt: Hello. }
  two: { agent: reader, prompt: Hello., needs: [one] }
limits: { agents: 1 }
",
    );
    let failed = place.troupe(&["run", "workflow.yaml"]);
    assert_eq!(failed.code, 1, "{failed:?}");
    for (given, said) in [
        ("agents=1", "may use 1 of `agents` as it is"),
        ("seconds=9", "it can of turns, tokens, cost"),
        ("tokens=many", "many is no number of tokens"),
    ] {
        let wrong = place.troupe(&["raise", "last", given]);
        assert_eq!(wrong.code, 2, "{wrong:?}");
        assert!(wrong.stderr.contains(said), "{wrong:?}");
    }
    let raised = place.troupe(&["raise", "last", "agents=2", "--json"]);
    assert_eq!(raised.code, 0, "{raised:?}");
    assert_eq!(raised.json()["limits"]["agents"], json!(2));
    let resumed = place.troupe(&["resume", "last"]);
    assert_eq!(resumed.code, 0, "{resumed:?}");
    let same = place.troupe(&["replay", "last"]);
    assert_eq!(same.code, 0, "{same:?}");

    // Who waits for a person waits for one afterwards.
    let place = Place::new();
    place.file("asking.yaml", ASKING);
    assert_eq!(place.troupe(&["run", "asking.yaml", "--allow-host-commands"]).code, 3);
    let told = place.troupe(&["raise", "last", "cost=2000.5", "--json"]).json();
    assert_eq!(
        (&told["status"], &told["limits"]["cost"]),
        (&json!("waiting"), &json!(2000.5)),
        "{told:#}"
    );
    assert_eq!(status(&place), "waiting");

    let place = Place::new();
    let mut works = busy(&place);
    let told = place.troupe(&["raise", "last", "tokens=30000000", "agents=300000"]);
    assert_eq!(told.code, 0, "{told:?}");
    assert!(
        told.stderr.contains("may use 300000 of `agents`; told process"),
        "{told:?}"
    );
    place.troupe(&["cancel", "last"]);
    assert_eq!(works.code(), Some(130));
}

#[test]
fn an_answer_reaches_the_process_that_works_on_the_run() {
    let place = Place::new();
    let mut works = busy(&place);
    let told = place.troupe(&["approve", "last", "yes-please", "--json"]);
    assert_eq!(
        (told.code, &told.json()["choice"]),
        (0, &"yes-please".into()),
        "{told:?}"
    );
    let who = format!("sign: yes-please; told process {}", works.child.id());
    assert!(told.stderr.contains(&who), "{told:?}");
    assert_eq!(decisions(&place, "last"), ["yes-please"]);
    let again = place.troupe(&["approve", "last", "no-thanks"]);
    assert_eq!(again.code, 2, "{again:?}");
    assert!(again.stderr.contains("asks nothing"), "{again:?}");

    let cancelled = place.troupe(&["cancel", "last"]);
    assert_eq!(cancelled.code, 0, "{cancelled:?}");
    let who = format!("told process {}", works.child.id());
    assert!(
        cancelled.stderr.contains(&who) && cancelled.stderr.contains("is cancelled"),
        "{cancelled:?}"
    );
    assert_eq!(works.code(), Some(130));
    assert_eq!(status(&place), "cancelled");
}

#[test]
fn what_a_called_workflow_asks_is_answered_while_its_caller_works() {
    let place = Place::new();
    place.file("sign.yaml", ASKING);
    let caller = "troupe: 1\nname: caller\nsteps:\n  review: { workflow: sign.yaml }\n  \
                  pauses: { run: [test, -e, never], retry: { attempts: 2, backoff: 1h } }\n";
    place.file("caller.yaml", caller);
    let works = Process::start(&place, "caller", &["run", "caller.yaml", "--allow-host-commands"]);
    until("the pause begins", || works.stderr().contains("; again in"));
    let run = place.troupe(&["ls", "--json"]).json()[0]["run"]
        .as_str()
        .unwrap()
        .to_owned();
    let line = format!("review: run {run}.review");
    assert!(works.stderr().contains(&line), "{}", works.stderr());
    let told = place.troupe(&["approve", "last", "review/sign", "second"]);
    assert_eq!(told.code, 0, "{told:?}");
    assert_eq!(decisions(&place, &format!("{run}.review")), ["second"]);
    until("the child goes on", || place.path().join("decided").exists());
    assert_eq!(status(&place), "running");
}

#[test]
fn one_process_works_on_a_run_and_the_others_are_told_which() {
    let place = Place::new();
    let mut works = busy(&place);
    let second = place.troupe(&["resume", "last"]);
    assert_eq!(second.code, 1, "{second:?}");
    let by = format!("already being worked on by process {}", works.child.id());
    assert!(
        second.stderr.contains(&by) && second.stderr.contains(" since 2"),
        "{second:?}"
    );

    works.signal("-KILL");
    assert_eq!(works.code(), None);
    assert_eq!(status(&place), "interrupted");
    let resume = |name| Process::start(&place, name, &["resume", "last"]);
    let mut both = [resume("one"), resume("other")];
    until("one of two is refused", || {
        both.iter_mut()
            .any(|process| process.child.try_wait().unwrap().is_some())
    });
    let refused = both
        .iter_mut()
        .position(|process| process.child.try_wait().unwrap().is_some())
        .unwrap();
    assert_eq!(both[refused].code(), Some(1));
    let holder = both[1 - refused].child.id();
    let by = format!("already being worked on by process {holder}");
    assert!(both[refused].stderr().contains(&by), "{}", both[refused].stderr());

    both[1 - refused].signal("-KILL");
    let mut approve = Process::start(&place, "approve", &["approve", "last", "no-thanks"]);
    until("the answer is journaled", || decisions(&place, "last") == ["no-thanks"]);
    let cancelled = place.troupe(&["cancel", "last"]);
    assert!(
        cancelled
            .stderr
            .contains(&format!("told process {}", approve.child.id())),
        "{cancelled:?}"
    );
    assert_eq!(approve.code(), Some(130));
}

#[test]
fn of_two_answers_one_decides_and_the_other_person_is_told() {
    for round in 0..4 {
        let place = Place::new();
        place.file("asking.yaml", ASKING);
        assert_eq!(place.troupe(&["run", "asking.yaml", "--allow-host-commands"]).code, 3);
        let answer = |choice| Process::start(&place, choice, &["approve", "last", choice]);
        let mut answers = [answer("first"), answer("second")];
        let codes = answers.each_mut().map(|answer| answer.code());
        let decided = decisions(&place, "last");
        assert_eq!(decided.len(), 1, "round {round}: {codes:?}");
        let winner = usize::from(decided[0] == "second");
        assert_eq!(codes[winner], Some(0), "{}", answers[winner].stderr());
        assert_ne!(codes[1 - winner], Some(0));
        let told = answers[1 - winner].stderr();
        let before = format!("sign was decided before: {}, by ", decided[0]);
        let is_told = [before.as_str(), "waits for nobody: it is succeeded", "asks nothing"];
        assert!(is_told.iter().any(|words| told.contains(words)), "{told}");
        let noted = std::fs::read_to_string(place.path().join("decided")).unwrap();
        assert_eq!(noted.trim(), decided[0]);
    }
}

#[test]
fn an_answer_and_a_deadline_decide_once() {
    let place = Place::new();
    let text = ASKING.replace("choices:", "deadline: 1s, on_deadline: second, choices:");
    place.file("asking.yaml", text);
    assert_eq!(place.troupe(&["run", "asking.yaml", "--allow-host-commands"]).code, 3);
    // In time by its own clock or not, and beside a process that sees the deadline pass.
    let mut answer = Process::start(&place, "answer", &["approve", "last", "first"]);
    until("somebody decides", || {
        place.troupe(&["resume", "--all"]);
        status(&place) == "succeeded"
    });
    let code = answer.code();
    let decided = decisions(&place, "last");
    assert_eq!(decided.len(), 1);
    assert_eq!(code == Some(0), decided[0] == "first", "{code:?}: {}", answer.stderr());
}

#[test]
fn a_run_that_nobody_works_on_is_cancelled_and_one_that_is_over_is_not() {
    let place = Place::new();
    place.file("asking.yaml", ASKING);
    assert_eq!(place.troupe(&["run", "asking.yaml", "--allow-host-commands"]).code, 3);
    let events = || place.troupe(&["show", "last", "--events"]).stdout.lines().count();
    let before = events();
    let cancelled = place.troupe(&["cancel", "last", "--json"]);
    assert_eq!(
        (cancelled.code, &cancelled.json()["status"]),
        (0, &"cancelled".into()),
        "{cancelled:?}"
    );
    assert_eq!(events(), before + 1, "nothing but the cancellation is written");
    let again = place.troupe(&["cancel", "last"]);
    assert_eq!(again.code, 2);
    assert!(
        again.stderr.contains("is over (cancelled): there is nothing to cancel"),
        "{again:?}"
    );
    assert_eq!(place.troupe(&["resume", "last"]).code, 3, "it asks again");
    assert_eq!(place.troupe(&["approve", "last", "first"]).code, 0);
    assert_eq!(decisions(&place, "last"), ["first"]);
}

#[test]
fn a_secret_in_an_answer_is_not_kept_where_words_wait() {
    const KEY: &str = "planted-0b7e51";
    let place = Place::new();
    let env = "env: { KEY: \"${{ secrets.KEY }}\" },";
    place.file("busy.yaml", BUSY.replace("retry:", &format!("{env} retry:")));
    let command = |arguments: &[&str]| {
        let mut command = place.command(arguments);
        command.env("KEY", KEY);
        command
    };
    let works = Process::of(&place, "busy", command(&["run", "busy.yaml", "--allow-host-commands"]));
    until("the pause begins", || works.stderr().contains("; again in"));
    let comment = format!("it is {KEY}");
    let answer = ["approve", "last", "sign", "yes-please", "--comment", &comment];
    assert_eq!(Process::of(&place, "answer", command(&answer)).code(), Some(0));
    assert_eq!(decisions(&place, "last"), ["yes-please"]);
    for file in std::fs::read_dir(place.path().join(".troupe")).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            let is_there = bytes.windows(KEY.len()).any(|window| window == KEY.as_bytes());
            assert!(!is_there, "{}", path.display());
        }
    }
}
