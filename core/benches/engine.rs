//! What the engine costs without any IO: `decide` + `apply` an event, a step of a chain, the fold of a long journal.
//!
//! `cargo bench --profile dev -p troupe-core`

use std::sync::Arc;
use troupe_core::Object;
use troupe_core::effect::{Effect, Want};
use troupe_core::engine::{self, State};
use troupe_core::event::Event;
use troupe_core::expression::Template;
use troupe_core::id::ToolIndex;
use troupe_core::input::Input;
use troupe_core::ir::{CREATE_SUB_AGENTS, Verb, Workflow};
use troupe_core::message::{AssistantMessage, Reply, ToolCall, ToolOutput, Usage};
use troupe_core::types::Type;
use troupe_testkit::workflow;

fn main() {
    divan::main();
}

/// A lead and `subagents` of it in one wave.
fn team(subagents: u32) -> Workflow {
    let mut workflow = workflow::team(subagents, subagents);
    workflow.steps = vec![workflow::agent_step(
        &workflow,
        "research",
        &[],
        1,
        workflow::literal("go"),
    )];
    workflow
}

/// What the world answers: the lead delegates once, a subagent calls a tool three times.
fn answer(effect: &Effect, subagents: u32) -> Option<Input> {
    let call = effect.call;
    let reply = |message: AssistantMessage| {
        let usage = Usage {
            prompt_tokens: 100,
            completion_tokens: 20,
            ..Usage::default()
        };
        Input::ModelReplied {
            call,
            reply: Reply {
                message: Arc::new(message),
                usage,
                ..Reply::default()
            },
        }
    };
    let calls = |name: &str, arguments: String| {
        let tool_calls = vec![ToolCall {
            id: "c".into(),
            name: name.into(),
            arguments,
        }];
        reply(AssistantMessage {
            tool_calls,
            ..AssistantMessage::default()
        })
    };
    let say = || {
        reply(AssistantMessage {
            text: "An answer of a few words.".into(),
            ..AssistantMessage::default()
        })
    };
    match &effect.want {
        Want::Timer { .. } | Want::Process(_) | Want::Workflow(_) | Want::Approve(_) => None,
        Want::Tool(_) => Some(Input::ToolReplied {
            call,
            output: ToolOutput {
                text: "found".into(),
                ..ToolOutput::default()
            },
        }),
        Want::Model(request) => Some(match (request.agent.0, request.turn) {
            (1, 1) => {
                let entries: Vec<_> = (0..subagents)
                    .map(|n| serde_json::json!({ "prompt": format!("task {n}") }))
                    .collect();
                calls(
                    CREATE_SUB_AGENTS,
                    serde_json::json!({ "sub_agents": entries }).to_string(),
                )
            }
            (1, _) => say(),
            (_, turn) if turn <= 3 => calls("lookup", "{\"keywords\":[\"x\"]}".into()),
            _ => say(),
        }),
    }
}

/// Runs a whole team to its end; the events, in order.
fn life(workflow: &Workflow, subagents: u32) -> Vec<Event> {
    let mut state = State::new(workflow);
    let mut journal = Vec::new();
    let mut inputs = std::collections::VecDeque::from([Input::Start {
        inputs: Object::new(),
        env: Object::new(),
        allowance: None,
    }]);
    while let Some(input) = inputs.pop_front() {
        let decision = engine::handle(workflow, &mut state, input).expect("the bench sends no wrong inputs");
        inputs.extend(decision.effects.iter().filter_map(|effect| answer(effect, subagents)));
        journal.extend(decision.events);
    }
    assert!(state.status().is_some_and(|status| status.is_over()));
    journal
}

/// The whole life of a team: divide by the events, which the counter does.
#[divan::bench(args = [100, 1_000, 6_600])]
fn decide_and_apply(bencher: divan::Bencher, subagents: u32) {
    let workflow = team(subagents);
    let events = life(&workflow, subagents).len();
    bencher
        .counter(divan::counter::ItemsCount::new(events))
        .bench_local(|| life(&workflow, subagents));
}

/// The fold alone, of a hundred thousand events.
#[divan::bench]
fn fold_100_000(bencher: divan::Bencher) {
    let workflow = team(6_700);
    let mut journal = life(&workflow, 6_700);
    assert!(journal.len() >= 100_000, "{}", journal.len());
    journal.truncate(100_000);
    bencher
        .counter(divan::counter::ItemsCount::new(journal.len()))
        .bench_local(|| engine::fold(&workflow, &journal));
}

/// Steps one after the other, each a tool call with an expression in its arguments.
fn chain(steps: u32) -> Workflow {
    let mut chain = workflow::team(1, 1);
    let step = |at: u32| {
        let before = at.checked_sub(1);
        let n = before.map_or("0".to_owned(), |before| format!("steps.s{before}.output.n + 1"));
        let arguments = Template::Object(vec![("n".into(), Template::Expression(workflow::expression(&n)))]);
        let tool = ToolIndex(0);
        let after: Vec<u32> = before.into_iter().collect();
        let mut step = workflow::step(&format!("s{at}"), &after, Verb::Tool { tool, arguments });
        step.output = Type::Any;
        step
    };
    chain.steps = (0..steps).map(step).collect();
    chain
}

/// What a step costs from the end of the one before to its own: divide by the steps, which the counter does.
#[divan::bench(args = [50, 1_000])]
fn chain_of_steps(bencher: divan::Bencher, steps: u32) {
    let workflow = chain(steps);
    bencher.counter(divan::counter::ItemsCount::new(steps)).bench_local(|| {
        let mut state = State::new(&workflow);
        let start = Input::Start {
            inputs: Object::new(),
            env: Object::new(),
            allowance: None,
        };
        let mut decision = engine::handle(&workflow, &mut state, start).expect("it starts");
        while let Some(Effect { call, want, .. }) = decision.effects.pop() {
            let Want::Tool(request) = want else { continue };
            let output = ToolOutput {
                result: serde_json::json!({ "n": request.arguments["n"] }),
                ..ToolOutput::default()
            };
            let replied = Input::ToolReplied { call, output };
            decision = engine::handle(&workflow, &mut state, replied).expect("it goes on");
        }
        assert!(state.status().is_some_and(|status| status.is_over()));
    });
}
