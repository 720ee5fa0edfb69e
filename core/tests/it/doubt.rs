//! Effects in doubt: what becomes of them by class and policy, what a person may say, and the keys of repetitions.

use serde_json::json;
use std::collections::BTreeMap;
use troupe_core::Object;
use troupe_core::effect::{ApprovalRequest, Effect, Want};
use troupe_core::engine::{self, Decision, State};
use troupe_core::event::Event;
use troupe_core::expression::Template;
use troupe_core::failure::{Failure, FailureKind};
use troupe_core::id::ToolIndex;
use troupe_core::input::{Exit, Input};
use troupe_core::ir::{EffectClass, FanOut, OnCrash, Retry, Step, Verb, Workflow};
use troupe_core::message::{AssistantMessage, Message, Reply, ToolCall, ToolOutput};
use troupe_core::port::approver::Answer;
use troupe_core::port::journal::RunStatus;
use troupe_core::types::Type;
use troupe_testkit::workflow::{self, agent_step, literal, output, run, step, team};

/// One step that runs `pay.sh`.
fn paying(effect: EffectClass, on_crash: OnCrash) -> Workflow {
    let pay = Step {
        effect,
        on_crash,
        output: Type::Any,
        timeout_ms: Some(5_000),
        ..step("pay", &[], run(&["./pay.sh", "--all"]))
    };
    of(pay)
}

fn of(step: Step) -> Workflow {
    let mut workflow = team(1, 1);
    workflow.outputs = vec![output("paid", &format!("steps.{}.output", step.name))];
    workflow.steps = vec![step];
    workflow
}

/// A run, with what is open in it.
struct Life<'a> {
    workflow: &'a Workflow,
    state: State,
    events: Vec<Event>,
    open: BTreeMap<u64, Effect>,
}

impl<'a> Life<'a> {
    fn begin(workflow: &'a Workflow) -> Self {
        let mut life = Self {
            workflow,
            state: State::new(workflow),
            events: Vec::new(),
            open: BTreeMap::new(),
        };
        life.take(Input::Start {
            inputs: Object::new(),
            env: Object::new(),
            allowance: None,
        });
        life
    }

    /// The events that follow.
    fn take(&mut self, input: Input) -> Vec<Event> {
        let Decision { events, .. } = engine::handle(self.workflow, &mut self.state, input).unwrap();
        self.events.extend(events.clone());
        let open = engine::outstanding(self.workflow, &self.state).into_iter();
        // The run's own clock is no part of this.
        let open = open.filter(|effect| effect.origin.is_some());
        self.open = open.map(|effect| (effect.call.0, effect)).collect();
        events
    }

    /// The process dies, and another folds the journal.
    fn crash(&mut self) -> Vec<Event> {
        self.state = engine::fold(self.workflow, &self.events);
        self.take(Input::Recover)
    }

    fn cancel_and_reopen(&mut self) -> Vec<Event> {
        self.take(Input::Cancel);
        self.take(Input::Reopen)
    }

    fn find(&self, wanted: impl Fn(&Want) -> bool) -> Effect {
        let found = self.open.values().find(|effect| wanted(&effect.want));
        found
            .cloned()
            .unwrap_or_else(|| panic!("not open; what is: {:?}", self.open))
    }

    fn process(&self) -> Effect {
        self.find(|want| matches!(want, Want::Process(_)))
    }

    fn question(&self) -> (Effect, ApprovalRequest) {
        let effect = self.find(|want| matches!(want, Want::Approve(_)));
        let Want::Approve(request) = effect.want.clone() else {
            unreachable!()
        };
        (effect, request)
    }

    fn decide(&mut self, choice: &str, comment: Option<&str>) -> Vec<Event> {
        let (effect, _) = self.question();
        self.take(decided(&effect, choice, comment))
    }

    fn exits(&mut self, code: i32) -> Vec<Event> {
        let exit = Exit {
            code,
            ..Exit::default()
        };
        let call = self.process().call;
        self.take(Input::ProcessExited { call, exit })
    }

    fn keys(&self) -> Vec<&str> {
        self.open.values().map(|effect| effect.key.as_str()).collect()
    }

    fn failure(&self) -> &Failure {
        self.state.failure(self.workflow).unwrap().1
    }
}

fn decided(question: &Effect, choice: &str, comment: Option<&str>) -> Input {
    Input::Decided {
        call: question.call,
        answer: Answer {
            choice: choice.into(),
            comment: comment.map(str::to_owned),
            by: "ada".into(),
        },
    }
}

fn is_doubt(event: &Event) -> bool {
    matches!(event, Event::EffectDoubted { .. } | Event::EffectRepeated { .. })
}

#[test]
fn what_is_in_doubt_goes_by_class_and_policy() {
    for dies in [true, false] {
        let interrupt = |life: &mut Life<'_>| if dies { life.crash() } else { life.cancel_and_reopen() };
        for effect in [EffectClass::Pure, EffectClass::Idempotent] {
            let workflow = paying(effect, OnCrash::Ask);
            let mut life = Life::begin(&workflow);
            let key = life.process().key;
            assert!(
                !interrupt(&mut life).iter().any(is_doubt),
                "{effect:?} is asked for again"
            );
            assert_eq!(life.process().key, key);
        }
        let workflow = paying(EffectClass::Once, OnCrash::Retry);
        let mut life = Life::begin(&workflow);
        let key = life.process().key;
        let events = interrupt(&mut life);
        assert!(matches!(events.last(), Some(Event::EffectRepeated { by: None, .. })));
        assert_eq!(life.process().key, key);

        let workflow = paying(EffectClass::Once, OnCrash::Fail);
        let mut life = Life::begin(&workflow);
        interrupt(&mut life);
        assert_eq!(life.state.status(), Some(RunStatus::Failed));
        assert_eq!(life.failure().kind, FailureKind::InDoubt);
        assert_eq!(
            life.failure().message,
            "the command `./pay.sh --all` was interrupted, and may have done its work or not (`on_crash: fail`): \
             look before you go on, which begins it anew"
        );

        let workflow = paying(EffectClass::Once, OnCrash::Ask);
        let mut life = Life::begin(&workflow);
        assert!(matches!(
            interrupt(&mut life).last(),
            Some(Event::EffectDoubted { refused: None, .. })
        ));
        // No timeout runs while a person thinks.
        assert_eq!(life.keys(), ["pay/a1/r1/doubt1"]);
    }
}

#[test]
fn a_person_is_told_what_was_interrupted_and_decides() {
    let workflow = paying(EffectClass::Once, OnCrash::Ask);
    let doubtful = || {
        let mut life = Life::begin(&workflow);
        life.crash();
        life
    };
    let (_, request) = doubtful().question();
    assert_eq!((request.step.as_str(), &request.item), ("pay", &None));
    assert_eq!(request.choices, ["repeat", "done", "fail"]);
    assert_eq!(
        request.message,
        "the command `./pay.sh --all` was interrupted, and may have done its work or not. Look at what it changes, \
         then choose: `repeat` does it again, with the same idempotency key; `done` takes your comment as its stdout; \
         `fail` fails the step."
    );

    let mut life = doubtful();
    let events = life.decide("repeat", None);
    assert!(matches!(events.as_slice(), [Event::EffectRepeated { by: Some(by), .. }] if by == "ada"));
    // The same attempt, with all of its time.
    assert_eq!(life.keys(), ["pay/a1/r1", ""]);
    life.exits(0);
    assert_eq!(life.state.status(), Some(RunStatus::Succeeded));

    let mut life = doubtful();
    let events = life.decide("done", Some("paid 7"));
    assert!(matches!(&events[0], Event::ItemSucceeded { by: Some(by), .. } if by == "ada"));
    let paid = json!({ "exit_code": 0, "stdout": "paid 7", "stderr": "" });
    assert_eq!(life.state.outputs()["paid"], paid);

    let mut life = doubtful();
    life.decide("fail", Some("no money"));
    assert_eq!(life.failure().kind, FailureKind::InDoubt);
    assert_eq!(
        life.failure().message,
        "it was interrupted, and ada decided that it failed: no money"
    );
}

#[test]
fn a_question_survives_crashes_and_cancellations_and_is_answered_once() {
    let workflow = paying(EffectClass::Once, OnCrash::Ask);
    let mut life = Life::begin(&workflow);
    life.crash();
    let asked = life.question();
    assert_eq!(life.crash(), [], "the question stands already");
    assert_eq!(life.question(), asked);
    assert_eq!(life.cancel_and_reopen(), [Event::RunReopened]);
    let (again, request) = life.question();
    assert_eq!((&again.key, &request), (&asked.0.key, &asked.1));
    let stale = decided(&asked.0, "repeat", None);
    assert_eq!(life.take(stale), [], "that question was withdrawn");
    life.decide("repeat", None);
    let second = decided(&again, "repeat", None);
    assert_eq!(life.take(second), [], "two answers do not both proceed");
    assert_eq!(life.keys(), ["pay/a1/r1", ""]);
    // Interrupted once more, it is another doubt about the same effect.
    life.crash();
    assert_eq!(life.keys(), ["pay/a1/r1/doubt2"]);
}

#[test]
fn an_answer_that_cannot_be_used_is_asked_for_again() {
    let filing = Verb::Tool {
        tool: ToolIndex(0),
        arguments: Template::Object(vec![("title".into(), literal("Leak"))]),
    };
    let ticket = Step {
        effect: EffectClass::Once,
        output: Type::Object([("id".to_owned(), Type::Integer)].into_iter().collect()),
        ..step("ticket", &[], filing)
    };
    let workflow = of(ticket);
    let mut life = Life::begin(&workflow);
    life.crash();
    assert!(
        life.question()
            .1
            .message
            .starts_with("the call of `papers.keyword_search` with {\"title\":\"Leak\"} was interrupted"),
    );
    for (choice, comment, reason) in [
        ("perhaps", None, "`perhaps` is none of the choices repeat, done, fail"),
        (
            "done",
            None,
            "the comment must be its output, as JSON of type {id: integer}: the answer is empty",
        ),
    ] {
        let events = life.decide(choice, comment);
        assert!(
            matches!(events.as_slice(), [Event::EffectDoubted { refused: Some(refused), .. }] if refused.reason == reason)
        );
        let asked = life.question().1.message;
        assert!(
            asked.starts_with(&format!("The answer cannot be used: {reason}. ")),
            "{asked}"
        );
    }
    life.decide("done", Some("{\"id\": 7}"));
    assert_eq!(life.state.outputs()["paid"], json!({ "id": 7 }));
}

#[test]
fn what_ended_by_itself_is_tried_again_and_what_was_killed_is_asked_about() {
    let workflow = paying(EffectClass::Once, OnCrash::Ask);
    let mut life = Life::begin(&workflow);
    life.exits(3);
    assert!(!life.take(Input::Reopen).iter().any(is_doubt));
    assert_eq!(life.process().key, "pay/a2/r1", "a new attempt is something new");

    let timeout = life.find(|want| matches!(want, Want::Timer { .. })).call;
    life.take(Input::TimerFired { call: timeout });
    assert_eq!(life.failure().kind, FailureKind::Timeout);
    assert!(matches!(
        life.take(Input::Reopen).last(),
        Some(Event::EffectDoubted { .. })
    ));
    life.decide("repeat", None);
    assert_eq!(life.process().key, "pay/a2/r1");

    // Decided to have failed, it is no longer in doubt.
    life.crash();
    life.decide("fail", None);
    assert!(!life.take(Input::Reopen).iter().any(is_doubt));
    assert_eq!(life.process().key, "pay/a3/r1");
}

#[test]
fn nobody_to_ask_leaves_the_doubt_for_the_next_resume() {
    let workflow = paying(EffectClass::Once, OnCrash::Ask);
    let mut life = Life::begin(&workflow);
    life.crash();
    let call = life.question().0.call;
    let failure = Failure::new(FailureKind::Internal, "it panicked");
    life.take(Input::CallFailed { call, failure });
    assert_eq!(life.state.status(), Some(RunStatus::Failed));
    assert!(matches!(
        life.take(Input::Reopen).last(),
        Some(Event::EffectDoubted { .. })
    ));
}

#[test]
fn retries_see_the_failure_and_are_new_effects() {
    let mut workflow = paying(EffectClass::Once, OnCrash::Fail);
    workflow.steps[0].retry = Retry {
        attempts: 2,
        backoff_ms: 10,
        errors: vec![FailureKind::InDoubt],
    };
    let mut life = Life::begin(&workflow);
    life.crash();
    let pause = life.find(|want| matches!(want, Want::Timer { .. })).call;
    life.take(Input::TimerFired { call: pause });
    assert_eq!(life.process().key, "pay/a2/r1");
}

#[test]
fn only_the_interrupted_items_of_a_fan_out_are_in_doubt() {
    let mut workflow = paying(EffectClass::Once, OnCrash::Ask);
    workflow.steps[0].fan_out = Some(FanOut {
        items: workflow::expression("[\"a\", \"b\", \"c\"]"),
        variable: "bill".into(),
        parallel: 2,
        key: Some(workflow::expression("bill")),
    });
    let mut life = Life::begin(&workflow);
    life.exits(0);
    life.crash();
    let items = |life: &Life<'_>| -> Vec<Option<String>> {
        let requests = life.open.values().filter_map(|effect| match &effect.want {
            Want::Approve(request) => Some(request.item.clone()),
            _ => None,
        });
        requests.collect()
    };
    assert_eq!(items(&life), [Some("b".into()), Some("c".into())]);
    assert_eq!(life.keys(), ["pay[1]/a1/r1/doubt1", "pay[2]/a1/r1/doubt1"]);
}

#[test]
fn an_agent_is_told_that_its_call_may_have_happened() {
    let mut workflow = team(1, 1);
    workflow.steps = vec![agent_step(&workflow, "ask", &[], 0, literal("Go."))];
    for class in [EffectClass::Once, EffectClass::Idempotent, EffectClass::Pure] {
        workflow.tools[0].class = class;
        let mut life = Life::begin(&workflow);
        let model = life.find(|want| matches!(want, Want::Model(_)));
        assert_eq!(model.key, "ask/a1/r1/t1");
        let call = |n: u32| ToolCall {
            id: n.to_string(),
            name: "lookup".into(),
            arguments: "{}".into(),
        };
        let message = AssistantMessage {
            tool_calls: vec![call(0), call(1)],
            ..AssistantMessage::default()
        };
        let reply = Reply {
            message: message.into(),
            ..Reply::default()
        };
        life.take(Input::ModelReplied {
            call: model.call,
            reply,
        });
        let first = life.find(|want| matches!(want, Want::Tool(_)));
        life.take(Input::ToolReplied {
            call: first.call,
            output: ToolOutput::default(),
        });
        let second = life.find(|want| matches!(want, Want::Tool(_)));
        assert_eq!(
            (first.key.as_str(), second.key.as_str()),
            ("ask/a1/r1/t1/0", "ask/a1/r1/t1/1")
        );
        life.crash();
        if class != EffectClass::Once {
            assert_eq!(life.find(|want| matches!(want, Want::Tool(_))), second);
            continue;
        }
        let model = life.find(|want| matches!(want, Want::Model(_)));
        let Want::Model(request) = &model.want else {
            unreachable!()
        };
        let Message::Tool { text, .. } = request.messages.last().unwrap().as_ref() else {
            panic!("the model sees {:?}", request.messages)
        };
        assert!(text.contains("nobody knows whether it did its work"), "{text}");
        assert_eq!(model.key, "ask/a1/r1/t2");
    }
}
