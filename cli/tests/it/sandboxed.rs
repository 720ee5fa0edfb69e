//! Agents and steps in sandboxes, through the program, on a real engine and with a model that follows a script.

use crate::fixture::{Place, image};
use crate::server::{Request, Server};
use serde_json::{Value, json};
use std::process::Stdio;
use std::time::{Duration, Instant};

fn streamed(delta: &Value, finish: &str) -> Option<String> {
    let chunk = json!({ "choices": [{ "index": 0, "delta": delta, "finish_reason": finish }] });
    let body = format!("data: {chunk}\n\ndata: [DONE]\n\n");
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length";
    Some(format!("{head}: {}\r\n\r\n{body}", body.len()))
}

/// An answer of a model.
pub fn says(text: &str) -> Option<String> {
    streamed(&json!({ "content": text }), "stop")
}

fn calls(tool: &str, arguments: &Value) -> Option<String> {
    let call = json!({ "index": 0, "id": "call_1", "type": "function",
        "function": { "name": tool, "arguments": arguments.to_string() } });
    streamed(&json!({ "tool_calls": [call] }), "tool_calls")
}

/// What a model is asked: its system prompt, and the texts of the messages behind it.
pub fn asked(request: &Request) -> (String, Vec<String>) {
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    let texts = body["messages"].as_array().unwrap().iter();
    let mut texts = texts.map(|message| message["content"].as_str().unwrap_or_default().to_owned());
    (texts.next().unwrap(), texts.collect())
}

/// A workflow in which a step, an agent and a step again meet in one sandbox.
fn workflow(image: &str, server: &Server) -> String {
    format!(
        "troupe: 1\nname: shared\nmodels: {{ m: {{ provider: openai, model: x, base_url: {}, attempts: 1 }} }}\n\
         sandboxes: {{ shop: {{ image: '{image}', share: run }}, own: '{image}' }}\n\
         agents: {{ fixer: {{ model: m, system: Mend., tools: [shop] }}, stranger: {{ model: m, system: Look., tools: [own] }} }}\n\
         steps:\n  begin: {{ run: echo begun > state, sandbox: shop }}\n  \
         fix: {{ agent: fixer, prompt: Go., needs: [begin] }}\n  \
         look: {{ agent: stranger, prompt: Go., needs: [fix] }}\n  \
         end: {{ tool: shop.read_file, with: {{ path: state }}, needs: [look] }}\n\
         outputs: {{ state: '${{{{ steps.end.output.text }}}}', fix: '${{{{ steps.fix.output }}}}', look: '${{{{ steps.look.output }}}}' }}\n",
        server.address
    )
}

/// Writes a line to the sandbox with its first call, and tells what its last one gave.
fn follows(request: &Request) -> Option<String> {
    let (system, texts) = asked(request);
    match (system.contains("Look."), texts.len()) {
        (true, 1) => calls("shell", &json!({ "command": "cat state 2>&1; pwd" })),
        (false, 1) => calls("shell", &json!({ "command": "echo mended >> state; wc -l < state" })),
        (false, 3) => calls(
            "apply_patch",
            &json!({ "patch": "--- a/state\n+++ b/state\n@@\n begun\n-mended\n+patched\n" }),
        ),
        _ => says(texts.last().unwrap()),
    }
}

#[test]
fn agents_and_steps_meet_in_a_shared_sandbox_and_leave_nothing() {
    let Some(image) = image() else { return };
    let server = Server::start(follows);
    let place = Place::new();
    let _guard = Sandboxes(&place);
    place.file("w.yaml", workflow(&image, &server));
    let run = place.troupe(&["run", "w.yaml", "--json"]);
    assert_eq!(run.code, 0, "{run:?}");
    let outputs = &run.json()["outputs"];
    assert_eq!(outputs["state"], "begun\npatched\n");
    assert_eq!(outputs["fix"], "state: changed");
    let look = outputs["look"].as_str().unwrap();
    assert!(
        look.contains("No such file") && look.contains("/work") && look.contains("The sandbox is new"),
        "{look}"
    );
    let name = run.json()["run"].as_str().unwrap().to_owned();
    assert!(kept(&place, &name).is_empty());
}

/// The sandboxes that wait for a run.
fn kept(place: &Place, run: &str) -> Vec<Value> {
    let listed = place.troupe(&["sandbox", "ls", "--json"]).json();
    let all = listed.as_array().unwrap().clone();
    all.into_iter().filter(|sandbox| sandbox["run"] == run).collect()
}

/// The sandboxes that are kept for the runs of a place: they go with the test, however it ends.
struct Sandboxes<'a>(&'a Place);

impl Drop for Sandboxes<'_> {
    fn drop(&mut self) {
        let listed = self.0.troupe(&["sandbox", "ls", "--json"]).stdout;
        let listed: Vec<Value> = serde_json::from_str(&listed).unwrap_or_default();
        let here = self.0.path().join(".troupe").canonicalize().unwrap_or_default();
        let here = here.display().to_string();
        let own = listed.iter().filter(|sandbox| sandbox["workspace"] == *here);
        let runs = own.filter_map(|sandbox| sandbox["run"].as_str()?.split('.').next());
        let runs: std::collections::BTreeSet<&str> = runs.collect();
        if !runs.is_empty() {
            let words: Vec<&str> = ["sandbox", "gc"].into_iter().chain(runs).collect();
            let _ = self.0.troupe(&words);
        }
    }
}

/// A workflow whose second step fails until there is a file `go` beside it.
fn stumbling(image: &str, network: &str) -> String {
    format!(
        "troupe: 1\nname: stumbling\n\
         sandboxes: {{ shop: {{ image: '{image}', network: {network}, share: run }} }}\nsteps:\n  \
         begin: {{ run: echo begun > state, sandbox: shop }}\n  \
         end: {{ run: test -e /workflow/go && cat state && ls /sys/class/net, sandbox: shop, needs: [begin] }}\n\
         outputs: {{ said: '${{{{ steps.end.output.stdout }}}}' }}\n"
    )
}

/// The name of a place's newest run.
fn newest(place: &Place) -> String {
    place.troupe(&["ls", "--json"]).json()[0]["run"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn a_failed_run_finds_its_sandbox_as_it_was_and_as_it_is_wanted() {
    let Some(image) = image() else { return };
    let place = Place::new();
    let _guard = Sandboxes(&place);
    place.file("w.yaml", stumbling(&image, "none"));
    let failed = place.troupe(&["run", "w.yaml"]);
    assert_eq!(failed.code, 1, "{failed:?}");
    let run = newest(&place);
    let told = format!("of its files stay for that, 7 days at most; `troupe sandbox gc {run}` removes what stays");
    assert!(
        failed.stderr.contains("1 sandbox with ") && failed.stderr.contains(&told),
        "{failed:?}"
    );
    // Whoever tidies up leaves it, and says until when.
    assert_eq!(place.troupe(&["sandbox", "gc"]).code, 0);
    assert_eq!(place.troupe(&["gc"]).code, 0);
    let kept_now = kept(&place, &run);
    assert!(kept_now.len() == 1 && kept_now[0]["until"].is_string(), "{kept_now:?}");
    place.file("go", "").file("w.yaml", stumbling(&image, "all"));
    let resumed = place.troupe(&["resume", &run, "--accept-changes", "--json"]);
    assert_eq!(resumed.code, 0, "{resumed:?}");
    assert_eq!(resumed.json()["outputs"]["said"], "begun\neth0\nlo\n");
    assert!(kept(&place, &run).is_empty());
}

#[test]
fn what_is_kept_of_failed_runs_goes_with_its_time_or_its_run() {
    let Some(image) = image() else { return };
    let place = Place::new();
    let _guard = Sandboxes(&place);
    place.file("w.yaml", stumbling(&image, "none"));
    let runs = [(); 3].map(|()| {
        assert_eq!(place.troupe(&["run", "w.yaml", "--quiet"]).code, 1);
        newest(&place)
    });
    let left = || runs.each_ref().map(|run| kept(&place, run).len());
    assert_eq!(left(), [1, 1, 1]);
    assert_eq!(place.troupe(&["sandbox", "gc", &runs[1]]).code, 0);
    assert_eq!(left(), [1, 0, 1]);
    // No bytes at all: the newest run's stay.
    assert_eq!(place.troupe(&["sandbox", "gc", "--keep-bytes", "0"]).code, 0);
    assert_eq!(left(), [0, 0, 1]);
    let gone = place.troupe(&["gc", "--status", "failed", "--json"]);
    assert_eq!(gone.json()["sandboxes"], 1, "{gone:?}");
    assert_eq!(left(), [0, 0, 0]);
}

#[test]
fn a_fork_begins_with_a_copy_where_nothing_has_moved() {
    let Some(image) = image() else { return };
    let place = Place::new();
    let _guard = Sandboxes(&place);
    place.file("w.yaml", stumbling(&image, "none"));
    assert_eq!(place.troupe(&["run", "w.yaml", "--quiet"]).code, 1);
    let run = newest(&place);
    // The first command was under way at the third event.
    let early = place.troupe(&["fork", &run, "--at", "3"]);
    let told = format!("sandbox `shop` begins anew: run {run} had a command in it then or later");
    assert!(early.stderr.contains(&told), "{early:?}");
    place.file("go", "");
    let forked = place.troupe(&["fork", &run]);
    assert_eq!(forked.code, 0, "{forked:?}");
    assert!(
        forked.stderr.contains("sandbox `shop` begins as it was after event "),
        "{forked:?}"
    );
    assert!(forked.stdout.contains("begun"), "{forked:?}");
    assert_eq!(kept(&place, &run).len(), 1, "that of the other run is its own");
    let resumed = place.troupe(&["resume", &run, "--json"]);
    assert_eq!(resumed.json()["outputs"]["said"], "begun\nlo\n", "{resumed:?}");
    let late = place.troupe(&[
        "fork",
        &run,
        "--set",
        "end.output={\"exit_code\":0,\"stdout\":\"\",\"stderr\":\"\"}",
    ]);
    let told = format!("sandbox `shop` begins anew: that of run {run} is gone");
    assert!(late.stderr.contains(&told), "{late:?}");
}

#[test]
fn a_killed_run_finds_its_sandbox_as_it_was() {
    let Some(image) = image() else { return };
    let stuck = Server::start(|request: &Request| {
        let (_, texts) = asked(request);
        (texts.len() < 3).then(|| follows(request)).flatten()
    });
    let place = Place::new();
    let _guard = Sandboxes(&place);
    place.file("w.yaml", workflow(&image, &stuck));
    let mut child = place
        .command(&["run", "w.yaml", "--quiet"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while stuck.all().len() < 2 {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "the second request never came"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let name = place.troupe(&["ls", "--json"]).json()[0]["run"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(kept(&place, &name).len(), 1);
    // Somebody who tidies up leaves it alone.
    assert_eq!(place.troupe(&["sandbox", "gc"]).code, 0);
    assert_eq!(kept(&place, &name).len(), 1);
    let server = Server::start(follows);
    place.file("w.yaml", workflow(&image, &server));
    let resumed = place.troupe(&["resume", &name, "--accept-changes", "--json"]);
    assert_eq!(resumed.code, 0, "{resumed:?}");
    assert_eq!(resumed.json()["outputs"]["state"], "begun\npatched\n");
    assert!(kept(&place, &name).is_empty());
}

/// Plans for [`odd`]: the first command is wrong, and the log of the next round says so.
fn plans(request: &Request) -> Option<String> {
    let (system, texts) = asked(request);
    if system.contains("You find out how") {
        let summary =
            json!({ "language": "Perl", "build_system": "none", "dependencies": [], "how_tests_run": "check.sh" });
        return says(&summary.to_string());
    }
    if system.contains("You write the bash script") {
        if texts.len() == 1 {
            return calls("shell", &json!({ "command": "ls; touch tried" }));
        }
        assert!(texts.last().unwrap().contains("Answer.pm"), "{texts:?}");
        let script = "mkdir -p /opt/answer && echo 42 > /opt/answer/is";
        return says(&json!({ "script": script, "reason": "it is read" }).to_string());
    }
    let command = match texts[0].contains("no-such-program: command not found") {
        true => "test ! -e tried && sh check.sh",
        false => "no-such-program",
    };
    says(&json!({ "command": command, "prints": "tap" }).to_string())
}

/// An instance that no rule is for: its tests lie where nobody looks, and want a file that is nowhere.
fn odd(place: &Place, name: &str) -> Value {
    let test = "--- /dev/null\n+++ b/checks/answer.pl\n@@ -0,0 +1,4 @@\n+use Test::More tests => 1;\n+use Answer;\n+open my $file, '<', '/opt/answer/is';\n+is(Answer::is(), 0 + <$file>, 'answer');\n";
    let fix =
        "--- a/Answer.pm\n+++ b/Answer.pm\n@@ -1,3 +1,3 @@\n package Answer;\n-sub is { 41 }\n+sub is { 42 }\n 1;\n";
    place
        .file("project/Answer.pm", "package Answer;\nsub is { 41 }\n1;\n")
        .file("project/check.sh", "exec perl -I. checks/answer.pl\n");
    let id = format!("{name}-{}", std::process::id());
    json!({ "instance_id": id, "path": "project", "language": "Perl", "test_patch": test, "patch": fix })
}

#[test]
fn agents_make_the_environment_that_rules_cannot() {
    let Some(image) = image() else { return };
    let server = Server::start(plans);
    let place = Place::new();
    let instance = odd(&place, "answer");
    place.file("inputs.json", json!({ "instance": instance }).to_string());
    place.file(
        "w.yaml",
        format!(
            "troupe: 1\ninputs: {{ instance: any }}\nmodels: {{ m: {{ provider: openai, model: x, base_url: {}, attempts: 1 }} }}\n\
             defaults: {{ model: m }}\nsteps:\n  build:\n    workflow: std/environment\n    \
             with: {{ instance: '${{{{ inputs.instance }}}}', base: '{image}' }}\n\
             outputs: {{ environment: '${{{{ steps.build.output.environment }}}}' }}\n",
            server.address
        ),
    );
    let run = place.troupe(&["run", "w.yaml", "--inputs", "inputs.json", "--json"]);
    assert_eq!(run.code, 0, "{run:?}");
    let environment = &run.json()["outputs"]["environment"];
    assert_eq!(environment["verdict"], "fail_to_pass", "{environment:#}");
    assert_eq!(environment["fail_to_pass"], json!(["answer"]), "{environment:#}");
    let shown = place.troupe(&["ls", "--all", "--json"]).json();
    let runs = shown.as_array().unwrap().iter();
    let mut run_of_std = runs
        .filter(|run| run["workflow"] == "environment")
        .map(|run| run["run"].as_str().unwrap());
    let steps = place
        .troupe(&["show", run_of_std.next_back().unwrap(), "--json"])
        .json()["steps"]
        .clone();
    assert_eq!(steps[0]["verb"], "environment", "{steps:#}");
    let listed = place.troupe(&["env", "ls", "--json"]).json();
    assert_eq!(listed[0]["instance"], instance["instance_id"], "{listed:#}");
    assert_eq!(place.troupe(&["env", "gc", "--keep", "0"]).code, 0);
}

/// How environments are built with agents whose model answers at an address.
fn building<'a>(image: &'a str, url: &'a str, told: &'a str) -> [&'a str; 12] {
    [
        "env",
        "build",
        "instances.jsonl",
        "--base",
        image,
        "--repeats",
        "1",
        "--model",
        "openai/x",
        "--model-url",
        url,
        told,
    ]
}

#[test]
fn a_batch_asks_agents_once_about_what_rules_cannot() {
    let Some(image) = image() else { return };
    let server = Server::start(plans);
    let place = Place::new();
    place.file("instances.jsonl", format!("{}\n", odd(&place, "batch")));
    let build = || place.troupe(&building(&image, &server.address, "--json"));
    let built = build();
    assert_eq!(built.code, 0, "{built:?}");
    let report = built.json();
    let record = &report["instances"][0];
    assert_eq!(record["verdict"], "fail_to_pass", "{report:#}");
    assert!(report["summary"]["all"]["tokens"].is_u64(), "{report:#}");
    let asked = server.all().len();
    std::fs::remove_file(
        place
            .path()
            .join("environments")
            .join(record["instance_id"].as_str().unwrap())
            .join("record.json"),
    )
    .unwrap();
    // The plan is in the journal: building again asks nobody.
    assert_eq!(build().code, 0);
    assert_eq!(server.all().len(), asked);
    assert_eq!(place.troupe(&["env", "gc", "--keep", "0"]).code, 0);
}

#[test]
fn agents_that_cannot_be_asked_are_trouble_and_asked_again() {
    let Some(image) = image() else { return };
    let broken = Server::start(|_| Some("HTTP/1.1 401 Unauthorized\r\ncontent-length: 9\r\n\r\nno such k"));
    let place = Place::new();
    let instance = odd(&place, "trouble");
    place.file("instances.jsonl", format!("{instance}\n"));
    let build = |url: &str| place.troupe(&building(&image, url, "--json"));
    let refused = build(&broken.address);
    assert_eq!(refused.code, 1, "{refused:?}");
    let report = refused.json();
    let trouble = report["troubles"][0]["trouble"].as_str().unwrap();
    assert!(trouble.contains("the agents that plan failed at `build`"), "{trouble}");
    assert_eq!(
        report["instances"],
        json!([]),
        "nothing is known of the repository: {report:#}"
    );
    let server = Server::start(plans);
    let built = build(&server.address);
    assert_eq!(built.json()["instances"][0]["verdict"], "fail_to_pass", "{built:?}");
    assert_eq!(place.troupe(&["env", "gc", "--keep", "0"]).code, 0);
}

#[test]
fn a_batch_that_is_stopped_leaves_no_agent_at_work() {
    let Some(image) = image() else { return };
    // The installer has its sandbox, and hears nothing more.
    let stuck = Server::start(|request: &Request| {
        let (_, texts) = asked(request);
        (texts.len() < 3).then(|| plans(request)).flatten()
    });
    let place = Place::new();
    let guard = Sandboxes(&place);
    let instance = odd(&place, "stopped");
    let id = instance["instance_id"].as_str().unwrap().to_owned();
    place.file("instances.jsonl", format!("{instance}\n"));
    let mut child = place
        .command(&building(&image, &stuck.address, "--quiet"))
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    let hangs = || stuck.all().iter().any(|request| asked(request).1.len() >= 3);
    while !hangs() {
        assert!(
            begun.elapsed() < Duration::from_secs(120),
            "the installer was never asked twice"
        );
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(
        std::process::Command::new("kill")
            .args(["-TERM", &child.id().to_string()])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let left = place.troupe(&["sandbox", "ls", "--json"]).json();
    let left = left.as_array().unwrap().iter();
    let of_it: Vec<_> = left
        .filter(|sandbox| sandbox["kept"] == false && sandbox.to_string().contains(&id))
        .collect();
    assert!(of_it.is_empty(), "{of_it:?}");
    // Where they stopped, the same command goes on: until then nothing runs there.
    let all = place.troupe(&["sandbox", "ls", "--json"]).json();
    let own = all.as_array().unwrap().iter();
    let here = place.path().display().to_string();
    let mut own = own.filter(|sandbox| sandbox["workspace"].as_str().is_some_and(|it| it.starts_with(&here)));
    assert!(own.all(|sandbox| sandbox["runs"] == false), "{all:#}");
    drop(guard);
    assert_eq!(place.troupe(&["env", "gc", "--keep", "0"]).code, 0);
}
