//! A planted key: commands get it, and nothing that is kept or shown holds it.

use crate::families::{Family, ports};
use crate::fixture::Place;
use crate::server::{Request, Server};
use std::path::Path;
use std::sync::Arc;
use troupe_agents::Secrets;
use troupe_core::expression::{Expression, Segment, Template};
use troupe_core::ir::{CommandTemplate, OnError, Step, Verb, Workflow};
use troupe_core::port::journal::RunStatus;
use troupe_core::types::Type;
use troupe_sandbox::host;
use troupe_testkit::workflow;

const KEY: &str = "planted-7f3a\"9c";

/// A shell command with the secret in its environment, its arguments and its stdin.
fn shell(name: &str, after: &[u32], script: &str, stdin: Template) -> Step {
    let secret = || Template::Expression(workflow::expression("secrets.KEY"));
    let argument = Template::Text(vec![
        Segment::Text("key=".into()),
        Segment::Expression(workflow::expression("secrets.KEY")),
    ]);
    let command = CommandTemplate {
        arguments: vec![
            workflow::literal("sh"),
            workflow::literal("-c"),
            workflow::literal(script),
            argument,
        ],
        env: vec![("KEY".into(), secret())],
        stdin: Some(stdin),
        sandbox: None,
        artifacts: None,
    };
    let mut step = workflow::step(name, after, Verb::Run { command, json: false });
    step.output = Type::Any;
    step
}

fn spilling() -> Workflow {
    let mut workflow = workflow::team(1, 1);
    workflow.secrets = vec!["KEY".into()];
    let leak = "cat > given; printf %s \"$0\" >> given; echo \"$KEY\"; echo \"$0\" >&2";
    let first = shell(
        "spill",
        &[],
        leak,
        Template::Expression(workflow::expression("secrets.KEY")),
    );
    let stdout: Expression = workflow::expression("steps.spill.output.stdout");
    let mut fails = shell(
        "fail",
        &[0],
        "cat > again; echo \"401 for $KEY\" >&2; exit 3",
        Template::Expression(stdout),
    );
    fails.on_error = OnError::Continue;
    workflow.steps = vec![first, fails];
    workflow.outputs = vec![
        workflow::output("spilled", "steps.spill.output"),
        workflow::output("errors", "steps.fail.errors"),
    ];
    workflow
}

#[test]
fn a_secret_reaches_commands_and_is_kept_nowhere() {
    let place = Place::new();
    let family = Family::of(&place, spilling());
    let given = vec![("KEY".to_owned(), KEY.to_owned())];
    let host = host::Host::new(host::Options::in_directory(place.path()));
    let outcome = family.live(|store| {
        let mut ports = ports(store);
        ports.processes = Some(Arc::new(host.clone()));
        ports.secrets = Secrets::new(given.clone(), Vec::new());
        ports
    });
    assert_eq!(outcome.status, RunStatus::Succeeded, "{outcome:?}");
    let read = |name: &str| std::fs::read_to_string(place.path().join(name)).unwrap();
    assert_eq!(read("given"), format!("{KEY}key={KEY}"));
    assert_eq!(
        read("again"),
        format!("{KEY}\n"),
        "what was hidden is given back to commands"
    );
    let shown = format!("{outcome:?}");
    assert!(shown.contains("401 for") && shown.contains("secret:KEY"), "{shown}");
    let events = place.troupe(&["show", "last", "--events"]);
    assert!(events.stdout.contains("secret:KEY"), "{events:?}");
    for shown in [
        shown,
        format!("{events:?}"),
        format!("{:?}", place.troupe(&["ls", "--json"])),
    ] {
        assert!(!shown.contains("planted") && !shown.contains("7f3a"), "{shown}");
    }
    for entry in std::fs::read_dir(place.path().join(".troupe")).unwrap().flatten() {
        let bytes = std::fs::read(entry.path()).unwrap_or_default();
        let found = bytes.windows(7).any(|window| window == b"planted");
        assert!(!found, "{} holds the key", entry.path().display());
    }
}

#[test]
fn a_variable_that_is_not_set_is_said_to_be_and_fails_where_it_is_read() {
    let place = Place::new();
    place.file(
        "reads.yaml",
        "troupe: 1\nname: reads\nsteps:\n  say: { run: [echo, \"${{ env.TROUPE_TEST_UNSET }}\"] }\n",
    );
    let run = place.troupe(&["run", "reads.yaml", "--allow-host-commands", "--json"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(
        run.stderr
            .contains("warning: the workflow reads `env.TROUPE_TEST_UNSET`"),
        "{run:?}"
    );
    let message = run.json()["error"]["message"].to_string();
    assert!(message.contains("there is no `env.TROUPE_TEST_UNSET`"), "{message}");
}

/// Both need escaping in JSON; their beginnings are what is looked for.
const MODEL_KEY: &str = "planted-model-\"7f3a";
const TOKEN: &str = "planted-token-\\9c\"d";

/// A model that says all that it was told, and refuses in the same way where it is asked to.
fn parrot(request: &Request) -> Option<String> {
    let said = format!(
        "key {MODEL_KEY}, token {TOKEN}, as JSON {}",
        serde_json::json!([MODEL_KEY, TOKEN])
    );
    let (status, kind, body) = if request.path.starts_with("/refuses") {
        let body = serde_json::json!({ "error": { "message": format!("401 for {said}") } }).to_string();
        ("401 Unauthorized", "application/json", body)
    } else {
        let delta = serde_json::json!({ "content": said });
        let chunk = serde_json::json!({ "choices": [{ "index": 0, "delta": delta, "finish_reason": "stop" }] });
        (
            "200 OK",
            "text/event-stream",
            format!("data: {chunk}\n\ndata: [DONE]\n\n"),
        )
    };
    let length = body.len();
    Some(format!(
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n{body}"
    ))
}

fn spills(model: &str) -> String {
    format!(
        r#"troupe: 1
name: spills
models:
  says: {{ provider: openai, model: m, base_url: "{model}/says", api_key: "${{{{ secrets.MODEL_KEY }}}}" }}
  refuses: {{ provider: openai, model: m, base_url: "{model}/refuses", api_key: "${{{{ secrets.MODEL_KEY }}}}" }}
agents:
  parrot: {{ model: says, system: Say what you know. }}
  mute: {{ model: refuses, system: Say nothing. }}
steps:
  ask: {{ agent: parrot, prompt: What is your key? }}
  refused: {{ agent: mute, prompt: What is your key?, on_error: continue }}
  spill:
    needs: [ask, refused]
    run: printf '%s\n' "$TOKEN"; mkdir copied; cp .troupe/troupe.db* copied
    env: {{ TOKEN: "${{{{ secrets.TOKEN }}}}" }}
  fail:
    needs: spill
    run: echo "401 for $TOKEN" >&2; exit 3
    env: {{ TOKEN: "${{{{ secrets.TOKEN }}}}" }}
outputs:
  said: ${{{{ steps.ask.output }}}}
"#
    )
}

/// No beginning of a value is in there, under whatever name.
fn holds_none(what: &str, bytes: &[u8]) {
    for planted in [b"planted-model".as_slice(), b"planted-token"] {
        let found = bytes.windows(planted.len()).position(|window| window == planted);
        if let Some(at) = found {
            let around = &bytes[at.saturating_sub(200)..bytes.len().min(at + 100)];
            panic!(
                "{what} holds {}: {}",
                String::from_utf8_lossy(planted),
                String::from_utf8_lossy(around)
            );
        }
    }
}

fn files_hold_none(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().flatten();
    let check = |path: &Path| {
        if path.is_dir() {
            return files_hold_none(path);
        }
        holds_none(&path.display().to_string(), &std::fs::read(path).unwrap());
        1
    };
    entries.map(|entry| check(&entry.path())).sum()
}

#[test]
fn planted_values_are_in_no_store_log_trace_export_or_error() {
    let (place, model, collector) = (Place::new(), Server::start(parrot), Server::collector());
    place.file("spills.yaml", spills(&model.address));
    let contents = ("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "true");
    let said = |arguments: &[&str]| {
        let mut command = place.command(arguments);
        command
            .env("MODEL_KEY", MODEL_KEY)
            .env("TOKEN", TOKEN)
            .env(contents.0, contents.1);
        command.env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.address);
        command.env("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "http/json");
        command.env("TROUPE_LOG", "trace");
        let output = command.output().unwrap();
        holds_none(&format!("stdout of {arguments:?}"), &output.stdout);
        holds_none(&format!("stderr of {arguments:?}"), &output.stderr);
        output
    };
    let run = said(&["run", "spills.yaml", "--allow-host-commands"]);
    let log = String::from_utf8_lossy(&run.stderr).into_owned();
    assert_eq!(run.status.code(), Some(1), "{log}");
    assert!(log.contains("TRACE") && log.contains("401 for"), "{log}");
    let keys: Vec<Request> = model.all();
    let bearer = format!("authorization: bearer {}", MODEL_KEY.to_lowercase());
    assert!(
        !keys.is_empty() && keys.iter().all(|request| request.head.contains(&bearer)),
        "{keys:?}"
    );
    for arguments in [
        ["show", "last", "--json"].as_slice(),
        &["show", "last"],
        &["show", "last", "--events"],
        &["ls", "--json"],
        &["trace", "last"],
        &["trace", "last", "--format", "otlp-json"],
        &["trace", "last", "--send"],
        &["export", "last", "-o", "run.troupe"],
        &["resume", "last", "--json"],
    ] {
        said(arguments);
    }
    let sent = collector.all();
    let told = sent
        .iter()
        .any(|request| String::from_utf8_lossy(&request.body).contains("secret:TOKEN"));
    assert!(
        told && sent.iter().any(|request| request.path == "/v1/metrics"),
        "contents were to be sent"
    );
    for request in &sent {
        holds_none(&request.path, &request.body);
        holds_none(&request.path, request.head.as_bytes());
    }
    let exported = std::fs::read(place.path().join("run.troupe")).unwrap();
    let lines = zstd::stream::decode_all(exported.as_slice()).unwrap();
    assert!(
        String::from_utf8_lossy(&lines).contains("secret:MODEL_KEY")
            || String::from_utf8_lossy(&lines).contains("secret:TOKEN")
    );
    holds_none("the export", &lines);
    assert!(
        files_hold_none(&place.path().join("copied")) >= 2,
        "the database was copied with its log"
    );
    files_hold_none(&place.path().join(".troupe"));
}
