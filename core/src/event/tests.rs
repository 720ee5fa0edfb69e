//! The wire format of every event, pinned: a change here is a change of every journal.

use super::*;
use crate::artifact::{Artifact, Wanted, WantedPath};
use crate::failure::FailureKind;
use crate::limits::{LimitHit, Owner};
use crate::message::{AssistantMessage, Retrieved, ToolCall, Usage};
use crate::port::blob::Digest;
use serde_json::json;
use std::sync::Arc;

fn samples() -> Vec<Event> {
    [
        run_samples(),
        attempt_samples(),
        end_samples(),
        doubt_samples(),
        agent_samples(),
    ]
    .concat()
}

fn run_samples() -> Vec<Event> {
    let (step, item) = (StepIndex(2), ItemIndex(3));
    let failure = Failure::new(FailureKind::Model, "gone");
    let allowance = Allowance {
        tokens: 9,
        agents: 4,
        run: Some("above".into()),
        ..Allowance::UNLIMITED
    };
    vec![
        Event::RunStarted {
            inputs: object(json!({ "q": 1 })),
            env: Object::new(),
            allowance: None,
        },
        Event::RunStarted {
            inputs: Object::new(),
            env: object(json!({ "HOME": "/" })),
            allowance: Some(allowance.clone()),
        },
        Event::RunReopened,
        Event::OutputEdited {
            step,
            item: None,
            output: json!("o"),
        },
        Event::OutputEdited {
            step,
            item: Some(item),
            output: Value::Null,
        },
        Event::AllowanceGiven {
            allowance: allowance.clone(),
        },
        Event::LimitRaised {
            limit: LimitHit::Tokens,
            most: 500_000,
        },
        Event::RunCancelled,
        Event::RunSucceeded {
            outputs: object(json!({ "a": [] })),
        },
        Event::RunFailed {
            step: Some(step),
            item: None,
            failure: failure.clone(),
        },
        Event::RunFailed {
            step: Some(step),
            item: Some(item),
            failure: failure.clone(),
        },
        Event::StepSkipped { step },
        Event::StepStarted {
            step,
            items: None,
            keys: Vec::new(),
        },
        Event::StepStarted {
            step,
            items: Some(vec![json!(1)]),
            keys: vec!["one".into()],
        },
        Event::StepFailed {
            step,
            failure: failure.clone(),
        },
    ]
}

fn object(value: Value) -> Object {
    value.as_object().cloned().unwrap_or_default()
}

fn attempt_samples() -> Vec<Event> {
    let (step, item) = (StepIndex(2), ItemIndex(3));
    let allowance = Allowance {
        tokens: 9,
        agents: 4,
        run: Some("above".into()),
        ..Allowance::UNLIMITED
    };
    let process = Command {
        arguments: vec!["true".into()],
        env: vec![("A".into(), "b".into())],
        stdin: None,
        sandbox: None,
        artifacts: Some(Wanted {
            paths: vec![WantedPath {
                text: "out/*".into(),
                is_pattern: true,
            }],
            most_bytes: 5,
        }),
    };
    vec![
        Event::ItemStarted {
            step,
            item,
            attempt: 1,
            round: 1,
            work: Work::Agent { prompt: "p".into() },
        },
        Event::ItemStarted {
            step,
            item,
            attempt: 2,
            round: 3,
            work: Work::Tool { arguments: json!({}) },
        },
        Event::ItemStarted {
            step,
            item,
            attempt: 1,
            round: 1,
            work: Work::Process { command: process },
        },
        Event::ItemStarted {
            step,
            item,
            attempt: 1,
            round: 1,
            work: Work::Workflow {
                inputs: object(json!({ "q": 1 })),
                allowance,
            },
        },
        Event::ItemStarted {
            step,
            item,
            attempt: 1,
            round: 1,
            work: Work::Approve { message: "Go?".into() },
        },
    ]
}

fn end_samples() -> Vec<Event> {
    let (step, item) = (StepIndex(2), ItemIndex(3));
    let failure = Failure::new(FailureKind::Model, "gone");
    let retrieved = Retrieved {
        shown: vec!["a".into()],
        read: vec!["b".into()],
        tokens: 9,
    };
    let used = Used {
        agents: 1,
        tool_calls: 2,
        usage: Usage {
            prompt_tokens: 3,
            cached_tokens: 0,
            completion_tokens: 4,
            gpu_ms: 5,
        },
        turns: 6,
        cost_micros: 7,
        working_ms: 8,
    };
    vec![
        Event::ItemSucceeded {
            step,
            item,
            output: None,
            retrieved: Retrieved::default(),
            used: Used::default(),
            by: None,
            cached: false,
            artifacts: None,
        },
        Event::ItemSucceeded {
            step,
            item,
            output: Some(json!(1)),
            retrieved: retrieved.clone(),
            used,
            by: Some("somebody".into()),
            cached: true,
            artifacts: Some(Given {
                set: Digest([2; 32]),
                files: vec![Artifact {
                    wanted: 0,
                    path: "out".into(),
                    bytes: 9,
                    files: Some(3),
                    hash: Digest([1; 32]),
                }],
            }),
        },
        Event::RoundEnded {
            step,
            item,
            output: None,
            carry: Value::Null,
            retrieved: Retrieved::default(),
            used: Used::default(),
            by: None,
            cached: false,
            artifacts: None,
        },
        Event::RoundEnded {
            step,
            item,
            output: Some(json!(1)),
            carry: json!({ "n": 2 }),
            retrieved,
            used,
            by: Some("somebody".into()),
            cached: true,
            artifacts: None,
        },
        Event::ItemFailed {
            step,
            item,
            failure: failure.clone(),
            retry_after_ms: Some(5),
            used: Used::default(),
        },
        Event::ItemFailed {
            step,
            item,
            failure,
            retry_after_ms: None,
            used,
        },
    ]
}

fn doubt_samples() -> Vec<Event> {
    let (step, item) = (StepIndex(2), ItemIndex(3));
    vec![
        Event::EffectDoubted {
            step,
            item,
            refused: None,
        },
        Event::EffectDoubted {
            step,
            item,
            refused: Some(Refused {
                answer: Answer {
                    choice: "done".into(),
                    comment: Some("{".into()),
                    by: "somebody".into(),
                },
                reason: "no JSON".into(),
            }),
        },
        Event::EffectRepeated { step, item, by: None },
        Event::EffectRepeated {
            step,
            item,
            by: Some("somebody".into()),
        },
    ]
}

fn agent_samples() -> Vec<Event> {
    let (actor, call) = (ActorId(7), CallId(41));
    let reached = Reached {
        limit: LimitHit::Context,
        most: 9,
        used: 8,
        needed: 2,
        owner: Owner::Agent { name: "seeker".into() },
    };
    let failure = Failure::new(FailureKind::Model, "gone");
    let message = AssistantMessage {
        text: "t".into(),
        thinking: "h".into(),
        tool_calls: vec![ToolCall {
            id: "c".into(),
            name: "n".into(),
            arguments: "{}".into(),
        }],
    };
    let usage = Usage {
        prompt_tokens: 1,
        cached_tokens: 0,
        completion_tokens: 2,
        gpu_ms: 0,
    };
    let retrieved = Retrieved {
        shown: vec!["a".into()],
        read: vec!["b".into()],
        tokens: 9,
    };
    vec![
        Event::TurnStarted { actor, forced: None },
        Event::TurnStarted {
            actor,
            forced: Some(reached.clone()),
        },
        Event::LimitPassed {
            actor: None,
            limit: reached,
        },
        Event::ModelReplied {
            actor,
            call,
            reply: Reply {
                message: Arc::new(message),
                usage,
                ..Reply::default()
            },
        },
        Event::ModelReplied {
            actor,
            call,
            reply: Reply {
                cached: true,
                saved: usage,
                ..Reply::default()
            },
        },
        Event::ToolCalled {
            actor,
            position: 0,
            tool: ToolIndex(1),
        },
        Event::ToolRefused {
            actor,
            position: 0,
            message: "no".into(),
        },
        Event::ToolReplied {
            actor,
            call,
            output: ToolOutput {
                text: "t".into(),
                result: Value::Null,
                retrieved,
                cached: true,
                wall_ms: 12,
            },
        },
        Event::ToolFailed {
            actor,
            call,
            message: "no".into(),
        },
        Event::WaveStarted {
            actor,
            position: 0,
            members: vec![Member {
                agent: AgentIndex(0),
                prompt: "p".into(),
            }],
            dropped: 1,
            invalid: 0,
        },
        Event::MemberStarted { actor, member: 0 },
        Event::WaveEnded { actor },
        Event::AnswerRejected {
            actor,
            reason: "r".into(),
        },
        Event::AgentAnswered { actor },
        Event::AgentFailed { actor, failure },
    ]
}

#[test]
fn the_wire_format_is_what_journals_hold() {
    let lines: Vec<String> = samples()
        .iter()
        .map(|event| serde_json::to_string(event).unwrap())
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn events_of_the_first_version_are_read() {
    for line in [
        r#"{"t":"run_started","inputs":{"q":1}}"#,
        r#"{"t":"run_failed","step":2,"failure":{"kind":"model","message":"gone"}}"#,
        r#"{"t":"step_started","step":2,"items":[1]}"#,
        r#"{"t":"item_started","step":2,"item":3,"attempt":1,"work":{"verb":"agent","prompt":"p"}}"#,
        r#"{"t":"item_succeeded","step":2,"item":3,"output":1}"#,
        r#"{"t":"tool_replied","actor":7,"call":1,"output":{"text":"t"}}"#,
        r#"{"t":"item_failed","step":2,"item":3,"failure":{"kind":"model","message":"gone"},"retry_after_ms":5}"#,
    ] {
        let event: Event = serde_json::from_str(line).unwrap();
        assert_eq!(serde_json::to_string(&event).unwrap(), line);
    }
}

#[test]
fn what_the_first_version_did_not_say_of_limits_is_unbounded_or_unknown() {
    let read = |line: &str| serde_json::from_str::<Event>(line).unwrap();
    let allowance = Allowance {
        tokens: 9,
        agents: 4,
        ..Allowance::UNLIMITED
    };
    let started = Event::RunStarted {
        inputs: Object::new(),
        env: Object::new(),
        allowance: Some(allowance),
    };
    assert_eq!(
        read(r#"{"t":"run_started","inputs":{},"allowance":{"tokens":9,"agents":4}}"#),
        started
    );
    let reached = Reached {
        limit: LimitHit::Context,
        most: 0,
        used: 0,
        needed: 0,
        owner: Owner::Unknown,
    };
    let forced = Event::TurnStarted {
        actor: ActorId(7),
        forced: Some(reached),
    };
    assert_eq!(read(r#"{"t":"turn_started","actor":7,"forced":"context"}"#), forced);
}

#[test]
fn what_is_written_is_read_back() {
    for event in samples() {
        let text = serde_json::to_string(&event).unwrap();
        assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event, "{text}");
    }
}
