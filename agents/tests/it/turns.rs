//! One agent's turn loop: A-RAG's acceptance list, 13 to 16, and what happens when a context is full.

use crate::fixture::{Mortal, live, run_id, wired};
use std::sync::Arc;
use troupe_agents::Outcome;
use troupe_core::event::Event;
use troupe_core::failure::FailureKind;
use troupe_core::ir::{Verb, Workflow};
use troupe_core::limits::{LimitHit, Limits};
use troupe_core::message::Message;
use troupe_core::port::journal::{Journal as _, RunStatus};
use troupe_core::port::model::ModelRequest;
use troupe_core::types::Type;
use troupe_testkit::model::{Line, Scripted, tool_messages};
use troupe_testkit::tool::Answering;
use troupe_testkit::workflow;

/// A seeker on its own, with these limits and this output.
fn alone(limits: Limits, output: Type) -> Workflow {
    let mut workflow = workflow::team(1, 1);
    let mut step = workflow::agent_step(&workflow, "ask", &[], 0, workflow::literal("Why?"));
    if let Verb::Agent { limits: own, .. } = &mut step.verb {
        *own = limits;
    }
    step.output = output;
    workflow.steps = vec![step];
    workflow.outputs = vec![workflow::output("answer", "steps.ask.output")];
    workflow
}

async fn check(
    workflow: Workflow,
    found: &'static str,
    script: impl Fn(&ModelRequest) -> Line + Send + Sync + 'static,
) -> (Outcome, Vec<Event>) {
    let journal = Mortal::new(u64::MAX);
    let tool = Answering::new(move |_| Ok(found.into()));
    let (run, _) = wired(
        workflow,
        journal.clone(),
        Arc::new(Scripted::new(script)),
        Arc::new(tool),
    );
    let outcome = live(run).await.unwrap();
    let entries = journal.load(&run_id()).await.unwrap();
    (outcome, entries.into_iter().map(|entry| entry.event).collect())
}

fn lookups(n: usize) -> Line {
    Line::Call((0..n).map(|_| ("lookup", "{}".to_owned())).collect())
}

fn forced(events: &[Event]) -> Vec<LimitHit> {
    let limit = |event: &Event| match event {
        Event::TurnStarted { forced, .. } => forced.as_ref().map(|reached| reached.limit),
        _ => None,
    };
    events.iter().filter_map(limit).collect()
}

fn turns(events: &[Event]) -> usize {
    events
        .iter()
        .filter(|event| matches!(event, Event::ModelReplied { .. }))
        .count()
}

#[tokio::test]
async fn no_tool_call_is_an_answer_at_once() {
    let (outcome, events) = check(alone(Limits::AGENT, Type::String), "", |_| {
        Line::Say(" Because. ".into())
    })
    .await;
    assert_eq!((&outcome.outputs["answer"], turns(&events)), (&"Because.".into(), 1));
}

#[tokio::test]
async fn the_calls_of_one_message_are_answered_in_order_under_their_ids() {
    let (outcome, _) = check(
        alone(Limits::AGENT, Type::String),
        "found",
        |request| match tool_messages(request) {
            0 => lookups(2),
            _ => Line::Say(format!(
                "{:?}",
                request
                    .messages
                    .iter()
                    .skip(2)
                    .map(|m| (**m).clone())
                    .collect::<Vec<Message>>()
            )),
        },
    )
    .await;
    let answer = outcome.outputs["answer"].as_str().unwrap();
    let (first, second) = (answer.find("call_0").unwrap(), answer.find("call_1").unwrap());
    assert!(first < second && answer.matches("found").count() == 2, "{answer}");
}

#[tokio::test]
async fn the_turn_cap_gives_exactly_one_more_call_without_tools() {
    let limits = Limits {
        turns: 3,
        ..Limits::AGENT
    };
    let (outcome, events) = check(alone(limits, Type::String), "found", |request| {
        assert_eq!(request.tools.is_empty(), request.forced);
        if request.forced {
            Line::Say("as far as I got".into())
        } else {
            lookups(1)
        }
    })
    .await;
    assert_eq!(outcome.outputs["answer"], "as far as I got");
    assert_eq!((turns(&events), forced(&events)), (4, vec![LimitHit::Turns]));
}

#[tokio::test]
async fn the_token_cap_has_room_for_each_call_before_it_is_made() {
    let limits = Limits {
        tokens: 80,
        ..Limits::AGENT
    };
    let mut workflow = alone(limits, Type::String);
    workflow.models[0].sampling.max_tokens = Some(5);
    let (outcome, events) = check(workflow, "a result of some forty bytes, to be counted", |request| {
        if request.forced {
            Line::Say("enough".into())
        } else {
            lookups(1)
        }
    })
    .await;
    assert_eq!(outcome.status, RunStatus::Succeeded);
    assert_eq!(forced(&events), [LimitHit::Tokens]);
    assert!(turns(&events) > 2, "what fits is an ordinary turn");
    let ordinary = |event: &Event| match event {
        Event::ModelReplied { reply, .. } => reply.usage.total(),
        _ => 0,
    };
    let spent: Vec<u64> = events.iter().map(ordinary).filter(|tokens| *tokens > 0).collect();
    let (_, before) = spent.split_last().unwrap();
    assert!(before.iter().sum::<u64>() <= 80, "{spent:?}");
}

#[tokio::test]
async fn a_result_larger_than_the_context_is_cut_with_a_notice() {
    let limits = Limits {
        context_tokens: 120,
        ..Limits::AGENT
    };
    const LONG: &str = "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\
        0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\
        0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\
        0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\
        0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789";
    let (outcome, events) = check(alone(limits, Type::String), LONG, |request| {
        if request.forced {
            Line::Say(format!("{:?}", request.messages))
        } else {
            lookups(1)
        }
    })
    .await;
    assert_eq!(forced(&events), [LimitHit::Context]);
    assert!(
        outcome.outputs["answer"]
            .as_str()
            .unwrap()
            .contains("of 500 bytes fit into the context]"),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn an_answer_of_the_wrong_shape_goes_back_twice_and_then_fails() {
    let stubborn = |_: &ModelRequest| Line::Say("forty-two".into());
    let (outcome, events) = check(alone(Limits::AGENT, Type::Integer), "", stubborn).await;
    let (_, failure) = outcome.failure.unwrap();
    assert_eq!(
        (outcome.status, failure.kind, turns(&events)),
        (RunStatus::Failed, FailureKind::Output, 3)
    );
    assert!(
        failure.message.contains("integer") && failure.message.contains("forty-two"),
        "{failure}"
    );

    let mends = |request: &ModelRequest| Line::Say(if request.messages.len() > 1 { "42" } else { "forty-two" }.into());
    let (outcome, _) = check(alone(Limits::AGENT, Type::Integer), "", mends).await;
    assert_eq!(outcome.outputs["answer"], 42);
}
