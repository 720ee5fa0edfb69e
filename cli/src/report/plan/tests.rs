//! A plan of what the other tests have no file for: called workflows, people, rounds, prices.

use super::{Circumstances, Plan};
use std::sync::Arc;
use troupe_core::Object;
use troupe_core::expression::Template;
use troupe_core::id::WorkflowIndex;
use troupe_core::ir::{Approve, CommandTemplate, FanOut, OnError, Price, Repeat, Verb, Workflow};
use troupe_testkit::workflow::{agent_step, expression, literal, step, team, text};

/// A workflow that starts a command and needs a secret.
fn called() -> Workflow {
    let mut called = team(1, 1);
    called.name = "publish".into();
    called.secrets = vec!["TOKEN".into()];
    let command = CommandTemplate {
        arguments: vec![literal("push"), text("to ", "inputs.question")],
        env: Vec::new(),
        stdin: None,
        sandbox: None,
        artifacts: None,
    };
    let mut push = step("push", &[], Verb::Run { command, json: false });
    push.timeout_ms = Some(60_000);
    called.steps = vec![push];
    called
}

fn everything() -> Workflow {
    let mut workflow = team(2, 3);
    workflow.models[0].price = Some(Price {
        input: 0.25,
        output: 2.0,
    });
    workflow.models[0].sampling.max_tokens = Some(500);
    workflow.agents[0].limits.context_tokens = 10_000;
    let mut draft = agent_step(&workflow, "draft", &[], 0, text("Draft: ", "inputs.question"));
    draft.fan_out = Some(FanOut {
        items: expression("['a', 'b']"),
        variable: "part".into(),
        parallel: 2,
        key: Some(expression("part")),
    });
    draft.repeat = Some(Repeat {
        until: expression("output.size() > 10"),
        max: 3,
        carry: None,
    });
    draft.on_error = OnError::Continue;
    let approve = Approve {
        message: text("Publish?\n", "steps.draft.outputs"),
        choices: vec!["yes".into(), "no".into()],
        deadline_ms: Some(172_800_000),
        on_deadline: Some("no".into()),
    };
    let call = Verb::Workflow {
        workflow: WorkflowIndex(0),
        inputs: Template::Object(vec![("question".into(), text("", "inputs.question"))]),
    };
    workflow.steps = vec![
        draft,
        step("ask", &[0], Verb::Approve(approve)),
        step("publish", &[1], call),
        step("talk", &[], Verb::Unavailable { verb: "discuss" }),
    ];
    workflow.workflows = vec![Arc::new(called())];
    workflow.unavailable = vec!["step `talk`: `discuss` cannot be run yet".into()];
    workflow
}

fn plan(allows_commands: bool) -> Plan {
    let inputs = serde_json::json!({ "question": "why?" });
    let inputs: Object = inputs.as_object().cloned().unwrap_or_default();
    let circumstances = Circumstances {
        inputs: &inputs,
        missing: &[],
        is_set: &|name| name == "TOKEN",
        allows_commands,
    };
    Plan::of(&everything(), &circumstances)
}

#[test]
fn every_verb_and_modifier_has_a_line() {
    insta::assert_snapshot!(plan(true).text(), @r#"
    plan of test; nothing was called

    it would be refused
      step `talk`: `discuss` cannot be run yet

    inputs
      question: string = "why?"

    steps
      1. draft
         agent seeker on scripted/test with lookup
         within 6 turns, 128,000 tokens (10,000 in one prompt), 1h
         for each part of ['a', 'b']: at most 2 items, 2 at once, known by part
         until output.size() > 10, at most 3 rounds
         the run goes on when it fails
         gives string
         worst case: 6 agents, 42 model calls, 441,000 tokens, $0.1470
      2. ask
         approve "Publish? ${{ steps.draft.outputs }}": yes or no
         after 2d it is no
         after draft
         gives string
      3. publish
         workflow publish with {"question":"${{ inputs.question }}"}
         after ask
         gives string
      4. talk
         discuss: not available yet
         gives string

    needs
      secret TOKEN: set
      --allow-host-commands: given; on this machine it would start
        publish/push: push "to ${{ inputs.question }}"

    worst case
      6 agents of 200,000 that the run may start
      42 model calls
      441,000 tokens of any number that the run may use
      1 command
      $0.1470 of $1,000.00 that the run may cost
      no bound on time: talk has no `timeout`
    "#);
}

#[test]
fn the_same_as_data() {
    let data = serde_json::to_value(plan(false)).unwrap_or_default();
    assert_eq!(data["steps"][0]["for_each"]["key"], "part");
    assert_eq!(data["steps"][0]["repeat"]["max"], 3);
    assert_eq!(data["steps"][0]["goes_on_after_failures"], true);
    assert_eq!(
        (&data["steps"][1]["verb"], &data["steps"][3]["verb"]),
        (&"approve".into(), &"unavailable".into())
    );
    assert_eq!(data["steps"][2]["with"]["question"], "${{ inputs.question }}");
    assert_eq!(data["needs"]["commands"][0]["workflow"], "publish");
    assert_eq!(data["needs"]["commands_allowed"], false);
    assert_eq!(data["worst_case"]["seconds"], serde_json::Value::Null);
    assert_eq!(data["unavailable"][0], "step `talk`: `discuss` cannot be run yet");
}
