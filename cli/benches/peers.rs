//! The graphs that `benches/peers` compares, on the store, every event durable before what follows from it.
//!
//! `chain|fan-out COUNT STATE_BYTES RUNS`; prints one line of JSON. `benches/peers/README.md` says how it is run.

mod rig;

use async_trait::async_trait;
use serde_json::json;
use std::sync::Arc;
use std::time::Instant;
use troupe_core::expression::Template;
use troupe_core::id::ToolIndex;
use troupe_core::ir::{FanOut, Input, Step, Verb, Workflow};
use troupe_core::message::ToolOutput;
use troupe_core::port::Error;
use troupe_core::port::journal::RunStatus;
use troupe_core::port::tool::{Invocation, Tool, ToolSpec};
use troupe_core::types::Type;
use troupe_core::{Object, Value};
use troupe_store::Store;
use troupe_testkit::model::{Line, Scripted};
use troupe_testkit::random::Random;
use troupe_testkit::workflow;

/// As in the program itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Adds 1 to `n`.
struct Adding(ToolSpec);

#[async_trait]
impl Tool for Adding {
    fn spec(&self) -> &ToolSpec {
        &self.0
    }

    async fn call(&self, invocation: Invocation) -> Result<ToolOutput, Error> {
        let n = invocation.arguments["n"].as_i64().expect("the graph gives numbers");
        Ok(ToolOutput {
            result: json!({ "n": n + 1 }),
            ..ToolOutput::default()
        })
    }
}

fn main() {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with("--"))
        .collect();
    let number = |at: usize| words.get(at).and_then(|word| word.parse::<u32>().ok());
    let (count, bytes, runs) = (number(1).unwrap_or(50), number(2).unwrap_or(0), number(3).unwrap_or(1));
    let is_chain = words.first().is_none_or(|shape| shape == "chain");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime starts");
    runtime.block_on(measure(is_chain, count, bytes as usize, runs));
}

async fn measure(is_chain: bool, count: u32, bytes: usize, runs: u32) {
    let folder = rig::folder();
    let store = Store::open(folder.path()).await.expect("a store");
    let (workflow, inputs) = if is_chain {
        (chain(count), state(bytes))
    } else {
        (fan_out(count), numbers(count))
    };
    let (begun, cpu) = (Instant::now(), rig::cpu_seconds());
    for n in 0..runs {
        let model = Arc::new(Scripted::new(|_: &_| Line::Hang));
        let tool = Arc::new(Adding(ToolSpec {
            name: "add".into(),
            description: String::new(),
            parameters: json!({}),
            result: Type::Any,
        }));
        let run = rig::run(
            &format!("BENCH{n}"),
            workflow.clone(),
            Arc::new(store.clone()),
            Arc::new(store.clone()),
            model,
            tool,
        );
        let header = rig::header(&run);
        let handle = troupe_agents::start(run, header, inputs.clone(), Object::new())
            .await
            .expect("it starts");
        let outcome = handle.outcome().await.expect("it ends");
        assert_eq!(outcome.status, RunStatus::Succeeded, "{outcome:?}");
        let given: Vec<i64> = match &outcome.outputs["given"] {
            Value::Array(records) => records.iter().filter_map(|record| record["n"].as_i64()).collect(),
            last => vec![last.as_i64().expect("a chain gives a number")],
        };
        let expected = if is_chain {
            i64::from(count)..=i64::from(count)
        } else {
            1..=i64::from(count)
        };
        assert_eq!(given, expected.collect::<Vec<_>>());
    }
    let (cpu, wall) = (rig::cpu_seconds() - cpu, begun.elapsed().as_secs_f64());
    store.close().await;
    let steps = f64::from(runs) * f64::from(count);
    let line = json!({
        "cpu_us_a_step": cpu * 1e6 / steps,
        "wall_us_a_step": wall * 1e6 / steps,
        "bytes_a_run": rig::bytes_in(folder.path()) / u64::from(runs),
        "peak_mb": rig::peak_kib() as f64 / 1024.0,
    });
    println!("{line}");
}

fn adding(name: &str, after: &[u32], n: &str) -> Step {
    let verb = Verb::Tool {
        tool: ToolIndex(0),
        arguments: Template::Object(vec![("n".into(), Template::Expression(workflow::expression(n)))]),
    };
    let mut step = workflow::step(name, after, verb);
    step.output = Type::Any;
    step
}

/// Steps one after the other, each of which adds 1 to what the one before gave.
fn chain(count: u32) -> Workflow {
    let mut chain = workflow::team(1, 1);
    chain.inputs = vec![input("payload")];
    let step = |at: u32| match at.checked_sub(1) {
        None => adding("s0", &[], "0"),
        Some(before) => adding(&format!("s{at}"), &[before], &format!("steps.s{before}.output.n")),
    };
    chain.steps = (0..count).map(step).collect();
    chain.outputs = vec![workflow::output("given", &format!("steps.s{}.output.n", count - 1))];
    chain
}

/// A step for every number of a list, all wanted at once.
fn fan_out(count: u32) -> Workflow {
    let mut fan = workflow::team(1, 1);
    fan.inputs = vec![input("numbers")];
    let mut step = adding("work", &[], "n");
    step.fan_out = Some(FanOut {
        items: workflow::expression("inputs.numbers"),
        variable: "n".into(),
        parallel: count,
        key: None,
    });
    fan.steps = vec![step];
    fan.outputs = vec![workflow::output("given", "steps.work.outputs")];
    fan
}

fn input(name: &str) -> Input {
    Input {
        name: name.into(),
        kind: Type::Any,
        default: None,
    }
}

/// Text that does not compress to nothing, which no step changes.
fn state(bytes: usize) -> Object {
    let mut random = Random::new(7);
    let letter = |_| char::from(b'!' + u8::try_from(random.below(94)).expect("below 94"));
    let payload: String = (0..bytes).map(letter).collect();
    Object::from_iter([("payload".to_owned(), Value::from(payload))])
}

fn numbers(count: u32) -> Object {
    Object::from_iter([("numbers".to_owned(), (0..count).collect())])
}
