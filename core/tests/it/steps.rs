//! What steps come to: rounds, failures that are let pass, keys, decisions, other workflows, secrets.

use serde_json::json;
use std::sync::Arc;
use troupe_core::effect::{Effect, Want};
use troupe_core::engine::{self, State};
use troupe_core::event::Event;
use troupe_core::expression::Template;
use troupe_core::failure::{Failure, FailureKind};
use troupe_core::id::CallId;
use troupe_core::input::{Exit, Input, Used};
use troupe_core::ir::{CommandTemplate, EffectClass, FanOut, OnError, Repeat, Step, Verb, Workflow};
use troupe_core::port::approver::Answer;
use troupe_core::port::journal::RunStatus;
use troupe_core::types::Type;
use troupe_core::{Object, Value, secret};
use troupe_testkit::workflow::{
    self, approve_step, expression, literal, output, scorer, step, team, text, workflow_step,
};

/// A run that answers every effect by a function of what is wanted, to its end.
struct Life {
    state: State,
    events: Vec<Event>,
    commands: Vec<Vec<String>>,
}

fn live(workflow: &Workflow, answer: impl FnMut(&Effect) -> Input) -> Life {
    let mut life = Life {
        state: State::new(workflow),
        events: Vec::new(),
        commands: Vec::new(),
    };
    let start = Input::Start {
        inputs: Object::new(),
        env: Object::new(),
        allowance: None,
    };
    life.go(workflow, start, answer);
    life
}

impl Life {
    fn go(&mut self, workflow: &Workflow, first: Input, mut answer: impl FnMut(&Effect) -> Input) {
        let mut inputs = std::collections::VecDeque::from([first]);
        while let Some(input) = inputs.pop_front() {
            let decision = engine::handle(workflow, &mut self.state, input).unwrap();
            self.events.extend(decision.events);
            for effect in decision.effects {
                if let Want::Process(command) = &effect.want {
                    self.commands.push(command.arguments.clone());
                }
                if !matches!(effect.want, Want::Timer { .. }) {
                    inputs.push_back(answer(&effect));
                }
            }
        }
    }

    fn output(&self, name: &str) -> &Value {
        &self.state.outputs()[name]
    }
}

/// A step that runs a command of one argument and gives its stdout as JSON.
fn command(name: &str, after: &[u32], argument: Template) -> Step {
    let command = CommandTemplate {
        arguments: vec![literal("run"), argument],
        env: Vec::new(),
        stdin: None,
        sandbox: None,
        artifacts: None,
    };
    let mut step = step(name, after, Verb::Run { command, json: true });
    step.output = Type::Any;
    step
}

fn says(call: CallId, stdout: &str) -> Input {
    let exit = Exit {
        stdout: stdout.into(),
        ..Exit::default()
    };
    Input::ProcessExited { call, exit }
}

fn fails(call: CallId) -> Input {
    let failure = Failure::new(FailureKind::Process, "boom");
    Input::CallFailed { call, failure }
}

fn repeating(until: &str, max: u32) -> Workflow {
    let mut workflow = team(1, 1);
    let mut draft = command(
        "draft",
        &[],
        Template::Expression(expression("string(round) + \" \" + string(carry != null ? carry : 0)")),
    );
    draft.repeat = Some(Repeat {
        until: expression(until),
        max,
        carry: Some(Template::Expression(expression("output * 10 + round"))),
    });
    workflow.steps = vec![draft];
    workflow.outputs = vec![output("draft", "steps.draft.output")];
    workflow
}

#[test]
fn rounds_go_on_until_the_condition_holds_and_carry_what_they_found() {
    let workflow = repeating("output >= 7 && round > 1 && carry != null", 5);
    let mut n = 5;
    let life = live(&workflow, |effect| {
        n += 1;
        says(effect.call, &n.to_string())
    });
    let arguments: Vec<&str> = life.commands.iter().map(|command| command[1].as_str()).collect();
    assert_eq!(arguments, ["1 0", "2 61"]);
    assert_eq!(life.output("draft"), &json!(7));
}

#[test]
fn after_the_last_round_the_failure_says_the_way_out_and_a_resume_has_more() {
    let workflow = repeating("output > 100", 2);
    let mut life = live(&workflow, |effect| says(effect.call, "1"));
    let (place, failure) = life.state.failure(&workflow).unwrap();
    assert_eq!((place.as_deref(), failure.kind), (Some("draft"), FailureKind::Limit));
    assert_eq!(
        failure.message,
        "`draft` has had 2 rounds and its `until` never held: raise `max`, or add `|| round == 2` to `until` to take the last round's output"
    );
    life.go(&workflow, Input::Reopen, |effect| says(effect.call, "101"));
    assert_eq!(
        life.commands.last().unwrap()[1],
        "3 12",
        "what was found is not thrown away"
    );
    assert_eq!(life.output("draft"), &json!(101));
}

#[test]
fn a_failed_round_is_tried_again_and_finished_ones_are_not() {
    let mut workflow = repeating("round == 3", 3);
    workflow.steps[0].retry.attempts = 2;
    let mut asked = 0;
    let mut life = live(&workflow, |effect| {
        asked += 1;
        if asked == 2 {
            fails(effect.call)
        } else {
            says(effect.call, "1")
        }
    });
    // The pause before the second attempt of the second round.
    let pause = engine::outstanding(&workflow, &life.state).pop().unwrap().call;
    life.go(&workflow, Input::TimerFired { call: pause }, |effect| {
        says(effect.call, "1")
    });
    let rounds: Vec<&str> = life.commands.iter().map(|command| &command[1][..1]).collect();
    assert_eq!(rounds, ["1", "2", "2", "3"]);
    assert_eq!(life.state.status(), Some(RunStatus::Succeeded));
}

/// Three items of which the second fails, and a step that reads what they came to.
fn tolerant(key: Option<&str>) -> Workflow {
    let mut workflow = team(1, 1);
    let mut check = command("check", &[], Template::Expression(expression("row.name")));
    check.fan_out = Some(FanOut {
        items: expression("[{\"name\": \"a\"}, {\"name\": \"b\"}, {\"name\": \"c\"}]"),
        variable: "row".into(),
        parallel: 2,
        key: key.map(expression),
    });
    check.on_error = OnError::Continue;
    let mut after = command("after", &[0], literal("x"));
    after.when = Some(expression("steps.check.status == \"failed\""));
    workflow.steps = vec![check, after];
    workflow.outputs = vec![
        output("outputs", "steps.check.outputs"),
        output("errors", "steps.check.errors"),
        output("status", "steps.check.status"),
        output("after", "steps.after.status"),
        output("no_errors", "steps.after.errors"),
    ];
    workflow
}

fn second_fails(effect: &Effect) -> Input {
    match &effect.want {
        Want::Process(command) if command.arguments[1] == "b" => fails(effect.call),
        _ => says(effect.call, "1"),
    }
}

#[test]
fn with_continue_a_failed_item_is_null_and_stands_in_errors() {
    let life = live(&tolerant(None), second_fails);
    assert_eq!(life.state.status(), Some(RunStatus::Succeeded));
    assert_eq!(life.output("outputs"), &json!([1, null, 1]));
    assert_eq!(
        life.output("errors"),
        &json!([{ "item": 1, "key": null, "kind": "process", "message": "boom" }])
    );
    assert_eq!(
        (life.output("status"), life.output("after")),
        (&json!("failed"), &json!("succeeded"))
    );
    assert_eq!(life.output("no_errors"), &json!([]));
    let keyed = live(&tolerant(Some("row.name")), second_fails);
    assert_eq!(keyed.output("errors")[0]["key"], "b");
    let fine = live(&tolerant(None), |effect| says(effect.call, "1"));
    assert_eq!(
        (fine.output("status"), fine.output("after")),
        (&json!("succeeded"), &json!("skipped"))
    );
    assert_eq!(fine.output("errors"), &json!([]));
}

#[test]
fn a_cancelled_run_keeps_the_failures_that_it_let_pass() {
    let mut workflow = tolerant(None);
    workflow.steps[0].effect = EffectClass::Idempotent;
    let mut life = live(&workflow, |effect| match &effect.want {
        Want::Process(command) if command.arguments[1] == "b" => fails(effect.call),
        Want::Process(command) if command.arguments[1] == "c" => Input::Cancel,
        _ => says(effect.call, "1"),
    });
    assert_eq!(life.state.status(), Some(RunStatus::Cancelled));
    life.go(&workflow, Input::Reopen, |effect| says(effect.call, "1"));
    assert_eq!(life.output("outputs"), &json!([1, null, 1]));
    let names: Vec<&str> = life.commands.iter().map(|command| command[1].as_str()).collect();
    assert_eq!(names.iter().filter(|name| **name == "b").count(), 1);
}

#[test]
fn keys_are_looked_at_when_the_step_begins() {
    let cases = [
        (
            "row.name == \"c\" ? \"a\" : row.name",
            "items 0 and 2 have the same key `a`; a key must be unlike all others",
        ),
        (
            "row",
            "`key` needs a text or a whole number, and for item 0 it is an object",
        ),
        ("row.nothing", "there is no"),
    ];
    for (key, expected) in cases {
        let life = live(&tolerant(Some(key)), second_fails);
        let (place, failure) = life.state.failure(&tolerant(Some(key))).unwrap();
        assert_eq!(
            (place.as_deref(), failure.kind),
            (Some("check"), FailureKind::Expression)
        );
        assert!(failure.message.contains(expected), "{failure}");
        assert!(life.commands.is_empty());
    }
    let workflow = {
        let mut strict = tolerant(Some("row.name"));
        strict.steps[0].on_error = OnError::Fail;
        strict
    };
    let life = live(&workflow, second_fails);
    assert_eq!(life.state.failure(&workflow).unwrap().0.as_deref(), Some("check[b]"));
}

#[test]
fn a_decision_is_data_and_its_deadline_a_choice() {
    let mut workflow = team(1, 1);
    let mut sign = approve_step("sign", &[], text("Publish ", "inputs.question"));
    if let Verb::Approve(approve) = &mut sign.verb {
        (approve.deadline_ms, approve.on_deadline) = (Some(5_000), Some("reject".into()));
    }
    workflow.steps = vec![sign];
    workflow.outputs = vec![output("sign", "steps.sign.output")];
    let life = live(&workflow, |effect| match &effect.want {
        Want::Approve(request) => {
            assert_eq!((request.message.as_str(), &request.item), ("Publish why?", &None));
            let answer = Answer {
                choice: "approve".into(),
                comment: None,
                by: "somebody".into(),
            };
            Input::Decided {
                call: effect.call,
                answer,
            }
        }
        other => panic!("{other:?}"),
    });
    assert_eq!(life.output("sign"), &json!({ "choice": "approve", "comment": null }));
    let mut state = State::new(&workflow);
    let start = Input::Start {
        inputs: Object::new(),
        env: Object::new(),
        allowance: None,
    };
    let decision = engine::handle(&workflow, &mut state, start).unwrap();
    let timer = decision
        .effects
        .iter()
        .find(|effect| matches!(effect.want, Want::Timer { after_ms: 5_000, .. }))
        .unwrap();
    let question = decision
        .effects
        .iter()
        .find(|effect| matches!(effect.want, Want::Approve(_)))
        .unwrap();
    assert!(engine::waits(&state, |call| call == question.call) && !engine::waits(&state, |_| false));
    let fired = Input::TimerFired { call: timer.call };
    let decision = engine::handle(&workflow, &mut state, fired).unwrap();
    assert!(decision.aborts.contains(&question.call));
    assert_eq!(state.outputs()["sign"]["choice"], "reject");
}

#[test]
fn another_workflow_gets_inputs_that_fit_and_what_is_left() {
    let mut workflow = team(1, 1);
    let mut called = scorer();
    called.env = vec!["HOME".into()];
    workflow.workflows = vec![Arc::new(called)];
    let row = Template::Expression(expression("row"));
    let mut score = workflow_step("score", &[], 0, vec![("row".into(), row)]);
    score.fan_out = Some(FanOut {
        items: expression("[1, \"two\"]"),
        variable: "row".into(),
        parallel: 1,
        key: None,
    });
    score.on_error = OnError::Continue;
    score.output = Type::Object([("score".to_owned(), Type::Integer)].into_iter().collect());
    workflow.steps = vec![score];
    workflow.limits.agents = 9;
    workflow.outputs = vec![
        output("outputs", "steps.score.outputs"),
        output("errors", "steps.score.errors.map(e, e.message)"),
    ];
    let life = live(&workflow, |effect| match &effect.want {
        Want::Workflow(request) => {
            assert_eq!((request.name.as_str(), request.place.as_str()), ("score-0", "score[0]"));
            assert_eq!((request.allowance.agents, request.reopen), (9, false));
            let outputs = [("score".to_owned(), json!(3))].into_iter().collect();
            Input::WorkflowEnded {
                call: effect.call,
                outputs: Ok(outputs),
                used: Used {
                    agents: 4,
                    ..Used::default()
                },
                read: Vec::new(),
            }
        }
        other => panic!("{other:?}"),
    });
    assert_eq!(life.output("outputs"), &json!([{ "score": 3 }, null]));
    assert_eq!(
        life.output("errors"),
        &json!(["the inputs of workflow `scorer` do not fit: input `row`: expected integer, found string \"two\""])
    );
    assert_eq!(life.state.progress().agents, 4);
}

#[test]
fn a_secret_is_its_marker_and_an_absent_variable_is_not_there() {
    let mut workflow = team(1, 1);
    workflow.secrets = vec!["TOKEN".into()];
    workflow.steps = vec![command("call", &[], text("Bearer ", "secrets.TOKEN"))];
    workflow.outputs = vec![output("has", "has(env.HOME)")];
    let life = live(&workflow, |effect| says(effect.call, "1"));
    assert_eq!(life.commands[0][1], format!("Bearer {}", secret::marker("TOKEN")));
    assert_eq!(life.output("has"), &json!(false));
    for wrong in ["secrets.OTHER", "env.HOME"] {
        workflow.steps = vec![command("call", &[], text("", wrong))];
        let life = live(&workflow, |effect| says(effect.call, "1"));
        let (_, failure) = life.state.failure(&workflow).unwrap();
        assert_eq!(failure.message, format!("`{wrong}` failed: there is no `{wrong}`"));
    }
}

#[test]
fn what_is_not_available_fails_instead_of_doing_something_else() {
    let mut workflow = workflow::team(1, 1);
    workflow.steps = vec![step("plan", &[], Verb::Unavailable { verb: "plan" })];
    let life = live(&workflow, |effect| fails(effect.call));
    assert_eq!(
        life.state.failure(&workflow).unwrap().1.message,
        "`plan` is not available yet"
    );
}
