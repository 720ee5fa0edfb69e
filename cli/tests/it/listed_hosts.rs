//! Sandboxes that may reach some hosts only, through the program and on a real engine.

use crate::fixture::{Place, image};
use crate::sandboxed::says;
use crate::server::{Request, Server};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// A host that says hello.
fn host() -> Server {
    Server::start(|_| Some("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 5\r\n\r\nhello"))
}

/// Its address, as it is listed.
fn listed(host: &Server) -> &str {
    host.address.trim_start_matches("http://")
}

/// Asks for what a host has at its root: what bash has is enough to ask a proxy.
const ASK: &str = "ask() { exec 3<>/dev/tcp/127.0.0.1/3128; printf \"GET http://$1/ HTTP/1.1\\r\\n\\r\\n\" >&3; cat <&3; exec 3>&-; }; ";

/// A workflow of one command in a sandbox.
fn command(image: &str, network: &str, script: &str) -> String {
    format!(
        "troupe: 1\nname: listed\nsteps:\n  a:\n    run: [bash, -c, {}]\n    \
         sandbox: {{ image: '{image}', network: ['{network}'] }}\n\
         outputs: {{ out: '${{{{ steps.a.output.stdout }}}}', err: '${{{{ steps.a.output.stderr }}}}' }}\n",
        json!(format!("{ASK}{script}"))
    )
}

#[test]
fn a_command_reaches_listed_hosts_and_is_told_of_others() {
    let Some(image) = image() else { return };
    let host = host();
    let address = listed(&host);
    let place = Place::new();
    let script = format!("ask {address} | tail -n 1; ask other.example >/dev/null; echo; echo $http_proxy");
    place.file("w.yaml", command(&image, address, &script));
    let run = place.troupe(&["run", "w.yaml", "--json"]);
    assert_eq!(run.code, 0, "{run:?}");
    let outputs = &run.json()["outputs"];
    assert_eq!(outputs["out"], "hello\nhttp://127.0.0.1:3128\n");
    let told = format!("network: other.example:80 was not reached: the sandbox's `network` lists only {address}\n");
    assert_eq!(outputs["err"], told);
}

#[test]
fn a_proxy_of_the_machine_that_cannot_be_gone_through_is_told() {
    let Some(image) = image() else { return };
    let place = Place::new();
    place.file("w.yaml", command(&image, "far.invalid", "ask far.invalid >/dev/null"));
    let through = |arguments: &[&str]| {
        let mut command = place.command(arguments);
        for name in ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy"] {
            command.env_remove(name);
        }
        let ended = command.env("ALL_PROXY", "socks5://me:secret@127.0.0.1:1080").output();
        serde_json::from_slice::<Value>(&ended.unwrap().stdout).unwrap()
    };
    let why = "this machine goes through the proxy `socks5://127.0.0.1:1080` (`all_proxy`)";
    let told = through(&["run", "w.yaml", "--json"])["outputs"]["err"].to_string();
    assert!(
        told.contains("network: far.invalid:80 was not reached: ") && told.contains(why),
        "{told}"
    );
    let found = through(&["doctor", "--json"])["checks"].to_string();
    assert!(found.contains(why), "{found}");
}

/// A workflow in which a sandbox that stays reaches a host, before and after a model has answered and another sandbox
/// was there.
fn around(image: &str, model: &Server, network: &str) -> String {
    let script = json!(format!("{ASK}ask {network} | tail -n 1; echo $0"));
    format!(
        "troupe: 1\nname: around\nmodels: {{ m: {{ provider: openai, model: x, base_url: {}, attempts: 1 }} }}\n\
         sandboxes: {{ shop: {{ image: '{image}', network: ['{network}'], share: run }} }}\n\
         agents: {{ waits: {{ model: m, system: Wait. }} }}\n\
         steps:\n  first: {{ run: [bash, -c, {script}, '1'], sandbox: shop }}\n  \
         wait: {{ agent: waits, prompt: Go., needs: [first] }}\n  \
         other: {{ run: [bash, -c, {script}, '2'], sandbox: {{ image: '{image}', network: ['{network}'] }}, needs: [wait] }}\n  \
         last: {{ run: [bash, -c, {script}, '3'], sandbox: shop, needs: [other] }}\n\
         outputs: {{ out: '${{{{ steps.first.output.stdout }}}}${{{{ steps.other.output.stdout }}}}${{{{ steps.last.output.stdout }}}}' }}\n",
        model.address
    )
}

const REACHED: &str = "hello1\nhello2\nhello3\n";

/// Waits until a server is asked.
fn asked(server: &Server) {
    let begun = Instant::now();
    while server.all().is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(60), "it was never asked");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_sandbox_of_a_killed_run_reaches_its_hosts_again() {
    let Some(image) = image() else { return };
    let (host, place) = (host(), Place::new());
    let stuck = Server::start(|_: &Request| None::<String>);
    place.file("w.yaml", around(&image, &stuck, listed(&host)));
    let mut child = place.command(&["run", "w.yaml", "--quiet"]).spawn().unwrap();
    asked(&stuck);
    child.kill().unwrap();
    child.wait().unwrap();
    let run = place.troupe(&["ls", "--json"]).json()[0]["run"]
        .as_str()
        .unwrap()
        .to_owned();
    let model = Server::start(|_: &Request| says("gone on"));
    place.file("w.yaml", around(&image, &model, listed(&host)));
    let resumed = place.troupe(&["resume", &run, "--accept-changes", "--json"]);
    assert_eq!(resumed.code, 0, "{resumed:?}");
    assert_eq!(resumed.json()["outputs"]["out"], REACHED, "{resumed:?}");
}

#[test]
fn a_program_that_is_replaced_while_it_runs_still_serves_sandboxes() {
    let Some(image) = image() else { return };
    let (host, place) = (host(), Place::new());
    let program = place.path().join("program");
    let copy = |to: &Path| std::fs::copy(env!("CARGO_BIN_EXE_troupe"), to).unwrap();
    copy(&program);
    let going = place.path().join("going");
    let goes = going.clone();
    let model = Server::start(move |_: &Request| {
        while !goes.exists() {
            std::thread::sleep(Duration::from_millis(50));
        }
        says("gone on")
    });
    place.file("w.yaml", around(&image, &model, listed(&host)));
    let as_usual = place.command(&["run", "w.yaml", "--json"]);
    let mut command = std::process::Command::new(&program);
    command.args(as_usual.get_args()).current_dir(place.path());
    for (name, value) in as_usual.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    asked(&host);
    std::fs::remove_file(&program).unwrap();
    copy(&program);
    std::fs::write(&going, "").unwrap();
    let ended = child.wait_with_output().unwrap();
    let told: Value = serde_json::from_slice(&ended.stdout).unwrap();
    assert_eq!(told["outputs"]["out"], REACHED, "{told}");
}
