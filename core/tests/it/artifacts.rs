//! Files that commands give: what a command is asked for, what expressions see, and what nobody can say was done.

use serde_json::json;
use troupe_core::artifact::{Wanted, WantedPath};
use troupe_core::effect::{Command, Effect, Want};
use troupe_core::engine::{self, Decision, State};
use troupe_core::event::Event;
use troupe_core::input::{Exit, Input};
use troupe_core::ir::{ArtifactPath, Artifacts, EffectClass, OnCrash, Step, Verb, Workflow};
use troupe_core::port::approver::Answer;
use troupe_core::port::blob::Digest;
use troupe_core::port::journal::RunStatus;
use troupe_core::types::Type;
use troupe_core::{Object, Value, view};
use troupe_testkit::process::given;
use troupe_testkit::workflow::{literal, output, run, step, team, text};

/// A step whose command gives files.
fn giving(artifacts: Artifacts, says_json: bool, kind: Type) -> Workflow {
    let mut verb = run(&["make"]);
    if let Verb::Run { command, json } = &mut verb {
        command.artifacts = Some(artifacts);
        *json = says_json;
    }
    let mut workflow = team(1, 1);
    workflow.steps = vec![Step {
        effect: EffectClass::Once,
        on_crash: OnCrash::Ask,
        output: kind,
        ..step("build", &[], verb)
    }];
    workflow.outputs = vec![output("built", "steps.build.output")];
    workflow
}

fn path(text: &str, is_pattern: bool) -> ArtifactPath {
    ArtifactPath {
        text: literal(text),
        is_pattern,
    }
}

fn started(workflow: &Workflow) -> (State, Vec<Event>, Effect) {
    let mut state = State::new(workflow);
    let start = Input::Start {
        inputs: Object::new(),
        env: Object::new(),
        allowance: None,
    };
    let Decision { events, effects, .. } = engine::handle(workflow, &mut state, start).unwrap();
    let process = effects
        .into_iter()
        .find(|effect| matches!(effect.want, Want::Process(_)));
    (state, events, process.expect("the command is wanted"))
}

fn command(effect: &Effect) -> &Command {
    match &effect.want {
        Want::Process(command) => command,
        other => panic!("no process: {other:?}"),
    }
}

/// What the run gives when the command exits with `stdout`, all that it was asked for given.
fn built(workflow: &Workflow, stdout: &str) -> Value {
    let (mut state, mut events, effect) = started(workflow);
    let exit = Exit {
        stdout: stdout.to_owned(),
        artifacts: given(command(&effect)),
        ..Exit::default()
    };
    let call = effect.call;
    events.extend(
        engine::handle(workflow, &mut state, Input::ProcessExited { call, exit })
            .unwrap()
            .events,
    );
    assert_eq!(
        state.status(),
        Some(RunStatus::Succeeded),
        "{:?}",
        state.failure(workflow)
    );
    assert_eq!(engine::fold(workflow, &events), state);
    let told = view::artifacts(workflow, events.iter());
    assert_eq!((told[0].step.as_str(), &told[0].item), ("build", &None));
    assert_eq!(Some(&told[0].given), given(command(&effect)).as_ref());
    state.outputs()["built"].clone()
}

fn at(path: &str) -> String {
    format!("/artifacts/{}/{path}", Digest([2; 32]))
}

#[test]
fn paths_are_in_the_output_as_a_list_or_by_name() {
    let list = Artifacts::List(vec![path("target/app", false), path("reports/*", true)]);
    assert_eq!(list.kind().to_string(), "[file]");
    let output = built(&giving(list, false, Type::Any), "made");
    let expected =
        json!({ "exit_code": 0, "stdout": "made", "stderr": "", "artifacts": [at("target/app"), at("reports/all")] });
    assert_eq!(output, expected);

    let named = || {
        Artifacts::Named(vec![
            ("app".into(), path("app", false)),
            ("rest".into(), path("*", true)),
        ])
    };
    assert_eq!(named().kind().to_string(), "{app: file, rest: [file]}");
    let kind = Type::Object(
        [
            ("n".to_owned(), Type::Integer),
            ("artifacts".to_owned(), named().kind()),
        ]
        .into_iter()
        .collect(),
    );
    let output = built(&giving(named(), true, kind), "{\"n\": 3}");
    assert_eq!(
        output,
        json!({ "n": 3, "artifacts": { "app": at("app"), "rest": [at("all")] } })
    );
}

#[test]
fn a_command_is_asked_for_what_expressions_say() {
    let mut workflow = giving(
        Artifacts::List(vec![ArtifactPath {
            text: text("out/", "'a' + '*'"),
            is_pattern: false,
        }]),
        false,
        Type::Any,
    );
    workflow.limits.artifact_mb = 3;
    let wanted = Wanted {
        paths: vec![WantedPath {
            text: "out/a*".into(),
            is_pattern: false,
        }],
        most_bytes: 3 << 20,
    };
    assert_eq!(command(&started(&workflow).2).artifacts, Some(wanted));
}

#[test]
fn nobody_can_say_that_files_were_given() {
    let workflow = giving(Artifacts::List(vec![path("app", false)]), false, Type::Any);
    let (_, events, _) = started(&workflow);
    let mut state = engine::fold(&workflow, &events);
    engine::handle(&workflow, &mut state, Input::Recover).unwrap();
    let question = engine::outstanding(&workflow, &state)
        .into_iter()
        .find(|effect| matches!(effect.want, Want::Approve(_)))
        .unwrap();
    let Want::Approve(request) = &question.want else {
        unreachable!()
    };
    assert_eq!(request.choices, ["repeat", "fail"]);
    let decided = Input::Decided {
        call: question.call,
        answer: Answer {
            choice: "done".into(),
            comment: Some("made".into()),
            by: "ada".into(),
        },
    };
    let events = engine::handle(&workflow, &mut state, decided).unwrap().events;
    let [
        Event::EffectDoubted {
            refused: Some(refused), ..
        },
    ] = events.as_slice()
    else {
        panic!("it was believed: {events:?}")
    };
    assert_eq!(
        refused.reason,
        "the files that it gives were not taken: choose `repeat` or `fail`"
    );
}
