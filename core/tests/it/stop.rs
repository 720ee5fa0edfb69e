//! Parts that a person stops: what fails with them, and what goes on.

use serde_json::json;
use troupe_core::Object;
use troupe_core::effect::Want;
use troupe_core::engine::{self, Decision, State};
use troupe_core::event::Event;
use troupe_core::failure::FailureKind;
use troupe_core::id::{ActorId, CallId, ItemIndex, StepIndex};
use troupe_core::input::{Exit, Input, Part};
use troupe_core::ir::{FanOut, OnError, Retry, Workflow};
use troupe_core::message::{AssistantMessage, Message, Reply, ToolCall};
use troupe_core::port::journal::RunStatus;
use troupe_testkit::workflow::{agent_step, expression, literal, output, run, step, team};

fn begin(workflow: &Workflow) -> (State, Decision) {
    let mut state = State::new(workflow);
    let start = Input::Start {
        inputs: Object::new(),
        env: Object::new(),
        allowance: None,
    };
    let decision = engine::handle(workflow, &mut state, start).unwrap();
    (state, decision)
}

fn stop(workflow: &Workflow, state: &mut State, part: Part) -> Decision {
    let by = "ada".to_owned();
    engine::handle(workflow, state, Input::Stop { part, by }).unwrap()
}

/// Calls of models and processes that a decision begins.
fn wanted(decision: &Decision) -> Vec<CallId> {
    let effects = decision.effects.iter();
    let working = effects.filter(|effect| !matches!(effect.want, Want::Timer { .. }));
    working.map(|effect| effect.call).collect()
}

/// Three commands, two at once, each of which would be tried again.
fn commands(on_error: OnError) -> Workflow {
    let mut workflow = team(1, 1);
    let mut work = step("work", &[], run(&["work"]));
    work.fan_out = Some(FanOut {
        items: expression("[1, 2, 3]"),
        variable: "n".into(),
        parallel: 2,
        key: None,
    });
    work.on_error = on_error;
    work.retry = Retry {
        attempts: 3,
        backoff_ms: 1,
        errors: Vec::new(),
    };
    workflow.steps = vec![work];
    workflow.outputs = vec![output("errors", "steps.work.errors")];
    workflow
}

fn exits(call: CallId) -> Input {
    let exit = Exit::default();
    Input::ProcessExited { call, exit }
}

#[test]
fn an_item_is_stopped_for_good_and_the_next_one_has_its_place() {
    let workflow = commands(OnError::Continue);
    let (mut state, begun) = begin(&workflow);
    let calls = wanted(&begun);
    let item = Part::Item(StepIndex(0), ItemIndex(0));
    let stopped = stop(&workflow, &mut state, item);
    assert_eq!(stopped.aborts, [calls[0]]);
    let [
        Event::ItemFailed {
            failure,
            retry_after_ms,
            ..
        },
        Event::ItemStarted { item: next, .. },
    ] = &stopped.events[..]
    else {
        panic!("{:?}", stopped.events)
    };
    assert_eq!(
        (failure.kind, failure.message.as_str()),
        (FailureKind::Stopped, "stopped by ada")
    );
    assert_eq!((*retry_after_ms, *next), (None, ItemIndex(2)));
    assert_eq!(stop(&workflow, &mut state, item), Decision::default(), "it is over");
    for call in [calls[1], wanted(&stopped)[0]] {
        engine::handle(&workflow, &mut state, exits(call)).unwrap();
    }
    assert_eq!(state.status(), Some(RunStatus::Succeeded));
    let errors = json!([{ "item": 0, "key": null, "kind": "stopped", "message": "stopped by ada" }]);
    assert_eq!(state.outputs()["errors"], errors);
}

#[test]
fn a_step_is_stopped_with_all_its_items_and_a_run_that_needs_it_fails() {
    let workflow = commands(OnError::Fail);
    let (mut state, begun) = begin(&workflow);
    let stopped = stop(&workflow, &mut state, Part::Step(StepIndex(0)));
    assert!(wanted(&begun).iter().all(|call| stopped.aborts.contains(call)));
    assert!(stopped.effects.is_empty());
    let (place, failure) = state.failure(&workflow).unwrap();
    assert_eq!(
        (place.as_deref(), failure.kind),
        (Some("work[0]"), FailureKind::Stopped)
    );
    let again = engine::handle(&workflow, &mut state, Input::Reopen).unwrap();
    assert_eq!(wanted(&again).len(), 2, "whoever resumes wants it after all");
}

#[test]
fn a_subagent_is_stopped_alone_and_its_lead_is_told() {
    let mut workflow = team(2, 2);
    workflow.steps = vec![agent_step(&workflow, "ask", &[], 1, literal("Find out."))];
    let (mut state, begun) = begin(&workflow);
    let members = json!({ "sub_agents": [{ "prompt": "a" }, { "prompt": "b" }] });
    let call = ToolCall {
        id: "w".into(),
        name: troupe_core::ir::CREATE_SUB_AGENTS.into(),
        arguments: members.to_string(),
    };
    let says = |call: CallId, text: &str, tool_calls| {
        let message = AssistantMessage {
            text: text.into(),
            thinking: String::new(),
            tool_calls,
        };
        let reply = Reply {
            message: message.into(),
            ..Reply::default()
        };
        Input::ModelReplied { call, reply }
    };
    let wave = says(wanted(&begun)[0], "", vec![call]);
    let wave = engine::handle(&workflow, &mut state, wave).unwrap();
    let asked = wanted(&wave);
    let stopped = stop(&workflow, &mut state, Part::Agent(ActorId(1)));
    assert_eq!(stopped.aborts, [asked[0]]);
    let answered = engine::handle(&workflow, &mut state, says(asked[1], "b is so", Vec::new())).unwrap();
    let Some(Want::Model(request)) = answered.effects.first().map(|effect| &effect.want) else {
        panic!("{:?}", answered.effects)
    };
    let Message::Tool { text, .. } = &**request.messages.last().unwrap() else {
        panic!("{:?}", request.messages)
    };
    assert!(
        text.contains("Failed: stopped by ada (stopped). You may ask again, differently."),
        "{text}"
    );
    assert!(text.contains("b is so"), "{text}");
    // The lead itself goes with its item.
    stop(&workflow, &mut state, Part::Agent(ActorId(0)));
    assert_eq!(state.status(), Some(RunStatus::Failed));
}

#[test]
fn what_is_not_at_work_is_left_as_it_is() {
    let mut workflow = commands(OnError::Fail);
    workflow.steps.push(step("later", &[0], run(&["later"])));
    let (mut state, _) = begin(&workflow);
    for part in [
        Part::Step(StepIndex(1)),
        Part::Step(StepIndex(9)),
        Part::Item(StepIndex(0), ItemIndex(7)),
        Part::Item(StepIndex(1), ItemIndex(0)),
        Part::Agent(ActorId(3)),
    ] {
        assert_eq!(stop(&workflow, &mut state, part), Decision::default(), "{part:?}");
    }
}
