//! Files that commands give: from one sandbox to another, to the machine, to an agent, into a folder, and elsewhere.

use crate::fixture::{Ended, Place, image};
use crate::server::{Request, Server};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

/// A workflow of one step that gives `artifacts` by a script.
fn giving(image: &str, script: &str, artifacts: &str, more: &str) -> String {
    format!(
        "troupe: 1\nname: giving\n{more}\nsteps:\n  build:\n    run: [sh, -c, {}]\n    sandbox: '{image}'\n    artifacts: {artifacts}\n",
        json!(script)
    )
}

/// A program in one sandbox, run in another, in a room and on the machine.
fn chain(image: &str) -> String {
    let build = "mkdir -p target reports empty; printf '#!/bin/sh\\necho built in $0\\n' > target/app; chmod +x target/app; \
                 echo a > reports/a.xml; echo bb > reports/b.xml; echo no > reports/c.txt; ln -s app target/latest";
    let see = "\"$APP\"; ls /artifacts/*; touch \"$APP\" 2>/dev/null || echo fixed";
    giving(
        image,
        build,
        "{ target: target, app: target/app, reports: 'reports/*.xml' }",
        &format!("sandboxes: {{ shop: {{ image: '{image}', share: run }} }}"),
    ) + &format!(
        "  early: {{ run: ls /artifacts, sandbox: shop }}\n\
             \x20 other: {{ run: [sh, -c, {see}], env: {{ APP: '${{{{ steps.build.output.artifacts.app }}}}' }}, sandbox: '{image}' }}\n\
             \x20 room: {{ run: [sh, -c, {see}], env: {{ APP: '${{{{ steps.build.output.artifacts.app }}}}' }}, sandbox: shop, needs: [early] }}\n\
             \x20 host: {{ run: ['${{{{ steps.build.output.artifacts.app }}}}'] }}\n\
             \x20 count: {{ run: [sh, -c, 'cat \"$@\"', sh, '${{{{ steps.build.output.artifacts.reports[0] }}}}', '${{{{ steps.build.output.artifacts.reports[1] }}}}'], sandbox: '{image}' }}\n\
             outputs:\n  app: ${{{{ steps.build.output.artifacts.app }}}}\n  early: ${{{{ steps.early.output.stdout }}}}\n  \
             other: ${{{{ steps.other.output.stdout }}}}\n  room: ${{{{ steps.room.output.stdout }}}}\n  \
             host: ${{{{ steps.host.output.stdout }}}}\n  count: ${{{{ steps.count.output.stdout }}}}\n",
        see = json!(see)
    )
}

fn succeeded(run: &Ended) -> (String, Value) {
    assert_eq!(run.code, 0, "{run:?}");
    let object = run.json();
    (object["run"].as_str().unwrap().to_owned(), object["outputs"].clone())
}

#[test]
fn a_file_goes_from_a_sandbox_to_all_others_and_into_a_folder() {
    let Some(image) = image() else { return };
    let place = Place::new();
    place.file("w.yaml", chain(&image));
    let (run, outputs) = succeeded(&place.troupe(&["run", "w.yaml", "--allow-host-commands", "--json"]));
    let app = outputs["app"].as_str().unwrap();
    let seen = format!("built in {app}\nreports\ntarget\nfixed\n");
    assert_eq!(
        (outputs["other"].as_str(), outputs["early"].as_str()),
        (Some(seen.as_str()), Some(""))
    );
    assert_eq!(outputs["room"], seen);
    let set = app.split('/').nth(2).unwrap();
    let kept = place.path().join(".troupe/artifacts/sets").join(set).join("target/app");
    assert_eq!(
        outputs["host"],
        format!("built in {}\n", kept.canonicalize().unwrap().display())
    );
    assert_eq!(outputs["count"], "a\nbb\n");

    let shown = place.troupe(&["show", &run]).stdout;
    for line in [
        "build: target, ",
        "build: target/app, 27 B",
        "build: reports/b.xml, 3 B",
    ] {
        assert!(shown.contains(line), "{line} in {shown}");
    }
    let told = place.troupe(&["show", &run, "--json"]).json()["artifacts"][0].clone();
    assert_eq!(
        (told["step"].as_str(), told["files"][1]["path"].as_str()),
        (Some("build"), Some(app))
    );
    let out = place.troupe(&["show", &run, "--artifacts", "out"]);
    assert_eq!(out.code, 0, "{out:?}");
    let read = |path: &str| std::fs::read_to_string(place.path().join("out/build").join(path)).unwrap();
    assert_eq!(
        (read("reports/a.xml"), read("target/latest")),
        ("a\n".into(), read("target/app"))
    );
    let mode = std::fs::metadata(place.path().join("out/build/target/app"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o300, 0o300, "it can be run and changed");
    assert!(!place.path().join("out/build/reports/c.txt").exists());
    let again = place.troupe(&["show", &run, "--artifacts", "out"]);
    assert!(
        again.code == 2 && again.stderr.contains("is there already"),
        "{again:?}"
    );
    assert_eq!(
        std::fs::read_dir(place.path().join(".troupe/artifacts/views"))
            .unwrap()
            .count(),
        0
    );
    travels(&place, &run, app);
}

/// A fork, an offline replay and another workspace have the same files.
fn travels(place: &Place, run: &str, app: &str) {
    let replayed = place.troupe(&["replay", run]);
    assert_eq!(replayed.code, 0, "{replayed:?}");
    let forked = place.troupe(&[
        "fork",
        run,
        "--set",
        "early.output={\"exit_code\":0,\"stdout\":\"x\",\"stderr\":\"\"}",
        "--json",
    ]);
    let (_, outputs) = succeeded(&forked);
    assert_eq!(
        (outputs["app"].as_str(), outputs["early"].as_str()),
        (Some(app), Some("x"))
    );
    assert!(outputs["room"].as_str().unwrap().contains("fixed"));

    let file = place.path().join("run.troupe").display().to_string();
    let exported = place.troupe(&["export", run, "--output", &file]);
    assert!(
        exported.code == 0 && exported.stderr.contains("1 artifact set"),
        "{exported:?}"
    );
    let there = Place::new();
    let imported = there.troupe(&["import", &file]);
    assert_eq!(imported.code, 0, "{imported:?}");
    let out = there.troupe(&["show", run, "--artifacts", "out"]);
    assert_eq!(out.code, 0, "{out:?}");
    let whole = std::fs::read_to_string(there.path().join("out/build/target/app")).unwrap();
    assert!(whole.contains("built in"), "{whole}");
    assert_eq!(there.troupe(&["doctor"]).code, 0);
    // What no run tells of any more goes, though not before a day has passed.
    let swept = there.troupe(&["gc", "--keep", "0", "--json"]).json();
    assert_eq!(
        (swept["removed"].as_array().unwrap().len(), swept["artifacts"].as_u64()),
        (1, Some(0))
    );
}

#[test]
fn what_cannot_be_taken_fails_the_step_and_says_why() {
    let Some(image) = image() else { return };
    let cases = [
        (
            "mkdir out",
            "[out, target/app]",
            "",
            "there is no `target/app` in /work",
        ),
        ("touch app.txt", "'*.xml'", "", "there is no `*.xml` in /work"),
        (
            "mkdir out; ln -s /etc/passwd out/mine",
            "out",
            "",
            "`out/mine` is a link to `/etc/passwd`",
        ),
        ("ln -s / up", "[up/etc/../../passwd]", "", "error"),
        ("mkfifo pipe", "pipe", "", "`pipe` is neither a file nor a folder"),
        (
            "head -c 3000000 /dev/zero > big",
            "big",
            "limits: { artifact_mb: 2 }",
            "more than the 2 MiB that `limits.artifact_mb`",
        ),
    ];
    for (script, artifacts, more, why) in cases {
        let place = Place::new();
        place.file("w.yaml", giving(&image, script, artifacts, more));
        let run = place.troupe(&["run", "w.yaml"]);
        assert!(run.code != 0 && run.stderr.contains(why), "{script}: {run:?}");
        let sets = place.path().join(".troupe/artifacts/sets");
        assert!(
            !sets.exists() || std::fs::read_dir(sets).unwrap().count() == 0,
            "{script}"
        );
    }
}

#[test]
fn a_large_file_is_taken_as_a_stream() {
    let Some(image) = image() else { return };
    let place = Place::new();
    let script = "head -c 300000000 /dev/urandom > big; sha256sum < big";
    let after = "  check: { run: [sh, -c, 'sha256sum < $0', '${{ steps.build.output.artifacts[0] }}'], sandbox: 'IMAGE' }\n\
                 outputs: { made: '${{ steps.build.output.stdout }}', found: '${{ steps.check.output.stdout }}' }\n";
    place.file(
        "w.yaml",
        giving(&image, script, "[big]", "") + &after.replace("IMAGE", &image),
    );
    let mut child = place
        .command(&["run", "w.yaml", "--json"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut most_kb = 0;
    while child.try_wait().unwrap().is_none() {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let peak = status.lines().find_map(|line| {
            line.strip_prefix("VmHWM:")?
                .trim()
                .strip_suffix(" kB")?
                .parse::<u64>()
                .ok()
        });
        most_kb = peak.unwrap_or(0).max(most_kb);
        std::thread::sleep(Duration::from_millis(20));
    }
    let output = child.wait_with_output().unwrap();
    let outputs = serde_json::from_slice::<Value>(&output.stdout).unwrap()["outputs"].clone();
    assert_eq!(outputs["made"], outputs["found"]);
    assert!(most_kb > 0 && most_kb < 200_000, "{most_kb} KB at most");
}

#[test]
fn a_killed_run_has_the_files_of_what_was_finished() {
    let Some(image) = image() else { return };
    let place = Place::new();
    let after = "  wait: { run: [sh, -c, 'touch begun; test -e go || sleep 600'], needs: [build], on_crash: retry }\n\
                 \x20 use: { run: [cat, '${{ steps.build.output.artifacts[0] }}'], sandbox: 'IMAGE', needs: [wait] }\n\
                 outputs: { text: '${{ steps.use.output.stdout }}' }\n";
    let build = giving(&image, "date +%N > made; echo $TROUPE_EFFECT_KEY >> made", "made", "");
    place.file("w.yaml", build + &after.replace("IMAGE", &image));
    let mut child = place
        .command(&["run", "w.yaml", "--allow-host-commands"])
        .spawn()
        .unwrap();
    let patience = Instant::now();
    while !place.path().join("begun").exists() {
        assert!(patience.elapsed() < Duration::from_secs(60), "the step never began");
        std::thread::sleep(Duration::from_millis(50));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let kept = place.troupe(&["show", "last", "--artifacts", "before"]);
    assert_eq!(kept.code, 0, "{kept:?}");
    let made = std::fs::read_to_string(place.path().join("before/build/made")).unwrap();
    place.file("go", "");
    let (_, outputs) = succeeded(&place.troupe(&["resume", "last", "--json"]));
    assert_eq!(outputs["text"], made, "the step that had finished was not done again");
}

#[test]
fn an_agent_reads_what_a_step_gave() {
    let Some(image) = image() else { return };
    let server = Server::start(|request: &Request| {
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let messages = body["messages"].as_array().unwrap();
        let text = |message: &Value| message["content"].as_str().unwrap_or_default().to_owned();
        let delta = match messages.len() {
            2 => {
                let prompt = text(&messages[1]);
                let path = prompt
                    .split_whitespace()
                    .find(|word| word.starts_with("/artifacts/"))
                    .unwrap();
                let arguments = json!({ "path": path }).to_string();
                json!({ "tool_calls": [{ "index": 0, "id": "c", "type": "function",
                    "function": { "name": "read_file", "arguments": arguments } }] })
            }
            _ => json!({ "content": text(messages.last().unwrap()) }),
        };
        let chunk = json!({ "choices": [{ "index": 0, "delta": delta, "finish_reason": "stop" }] });
        let body = format!("data: {chunk}\n\ndata: [DONE]\n\n");
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length";
        Some(format!("{head}: {}\r\n\r\n{body}", body.len()))
    });
    let place = Place::new();
    let more = format!(
        "models: {{ m: {{ provider: openai, model: x, base_url: {}, attempts: 1 }} }}\nsandboxes: {{ own: '{image}' }}\n\
         agents: {{ reader: {{ model: m, system: Read., tools: [own] }} }}",
        server.address
    );
    let after = "  read: { agent: reader, prompt: 'Read ${{ steps.build.output.artifacts[0] }} now.' }\n\
                 outputs: { text: '${{ steps.read.output }}' }\n";
    place.file(
        "w.yaml",
        giving(&image, "mkdir out; echo found it > out/report", "[out/report]", &more) + after,
    );
    let (_, outputs) = succeeded(&place.troupe(&["run", "w.yaml", "--json"]));
    assert!(outputs["text"].as_str().unwrap().contains("found it"), "{outputs}");
}
