//! A planted key: commands get it, and nothing that is kept or shown holds it.

use crate::families::{Family, ports};
use crate::fixture::Place;
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
