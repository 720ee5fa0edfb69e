//! The wire format of every event, pinned: a change here is a change of every journal.

use super::*;
use crate::failure::FailureKind;
use crate::message::{AssistantMessage, Retrieved, ToolCall, Usage};
use serde_json::json;
use std::sync::Arc;

fn samples() -> Vec<Event> {
    let mut samples = run_samples();
    samples.extend(agent_samples());
    samples
}

fn run_samples() -> Vec<Event> {
    let (step, item) = (StepIndex(2), ItemIndex(3));
    let failure = Failure::new(FailureKind::Model, "gone");
    let object = |value: Value| value.as_object().cloned().unwrap_or_default();
    let retrieved = Retrieved {
        shown: vec!["a".into()],
        read: vec!["b".into()],
        tokens: 9,
    };
    let process = Command {
        arguments: vec!["true".into()],
        env: vec![("A".into(), "b".into())],
        stdin: None,
    };
    vec![
        Event::RunStarted {
            inputs: object(json!({ "q": 1 })),
            env: Object::new(),
        },
        Event::RunReopened,
        Event::RunCancelled,
        Event::RunSucceeded {
            outputs: object(json!({ "a": [] })),
        },
        Event::RunFailed {
            step: Some(step),
            failure: failure.clone(),
        },
        Event::StepSkipped { step },
        Event::StepStarted { step, items: None },
        Event::StepStarted {
            step,
            items: Some(vec![json!(1)]),
        },
        Event::StepFailed {
            step,
            failure: failure.clone(),
        },
        Event::ItemStarted {
            step,
            item,
            attempt: 1,
            work: Work::Agent { prompt: "p".into() },
        },
        Event::ItemStarted {
            step,
            item,
            attempt: 2,
            work: Work::Tool { arguments: json!({}) },
        },
        Event::ItemStarted {
            step,
            item,
            attempt: 1,
            work: Work::Process { command: process },
        },
        Event::ItemSucceeded {
            step,
            item,
            output: None,
            retrieved: Retrieved::default(),
        },
        Event::ItemSucceeded {
            step,
            item,
            output: Some(json!(1)),
            retrieved,
        },
        Event::ItemFailed {
            step,
            item,
            failure: failure.clone(),
            retry_after_ms: Some(5),
        },
    ]
}

fn agent_samples() -> Vec<Event> {
    let (actor, call) = (ActorId(7), CallId(41));
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
            forced: Some(LimitHit::Context),
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
fn what_is_written_is_read_back() {
    for event in samples() {
        let text = serde_json::to_string(&event).unwrap();
        assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event, "{text}");
    }
}
