//! Time travel: outputs that a person sets, pasts that move to another workflow, journals that are derived again.

mod adapt;

use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use troupe_core::effect::{Effect, Want};
use troupe_core::engine::{self, Adaptation, Refusal, State};
use troupe_core::event::{Event, Work};
use troupe_core::failure::{Failure, FailureKind};
use troupe_core::id::{AgentIndex, CallId, ItemIndex, StepIndex, ToolIndex};
use troupe_core::input::{Edit, Input};
use troupe_core::ir::{FanOut, OnError, Repeat, Verb, Workflow};
use troupe_core::limits::{LimitHit, Owner, Reached};
use troupe_core::message::{AssistantMessage, Reply, ToolCall, ToolOutput};
use troupe_core::port::journal::{Entry, RunStatus};
use troupe_core::types::Type;
use troupe_core::view::{RunView, StepStatus};
use troupe_core::{Object, Value};
use troupe_testkit::random::Random;
use troupe_testkit::simulation::{Record, Weather, recorded};
use troupe_testkit::workflow::{agent_step, everything, expression, literal, output, step, team, text, workflow_step};

const ROUGH: Weather = Weather {
    crash_one_in: 0,
    fail_one_in: 9,
    cancel_one_in: 40,
    travel_one_in: 0,
    word_one_in: 40,
};

fn start() -> Input {
    Input::Start {
        inputs: Object::new(),
        env: Object::new(),
        allowance: None,
    }
}

/// A run in which every step is a tool call: `list`, `check` for each of three items, `sum` after it, and `other` alone.
fn sums() -> Workflow {
    let mut workflow = team(1, 1);
    let tool = |name: &str, after: &[u32], argument: &str, output: Type| {
        let arguments = troupe_core::expression::Template::Expression(expression(argument));
        let verb = Verb::Tool {
            tool: ToolIndex(0),
            arguments,
        };
        let mut step = step(name, after, verb);
        step.output = output;
        step
    };
    let list = tool("list", &[], "0", Type::List(Box::new(Type::Integer)));
    let mut check = tool("check", &[0], "n", Type::Integer);
    check.fan_out = Some(FanOut {
        items: expression("steps.list.output"),
        variable: "n".into(),
        parallel: 2,
        key: None,
    });
    let sum = tool("sum", &[1], "steps.check.outputs", Type::Integer);
    let other = tool("other", &[], "7", Type::Integer);
    workflow.steps = vec![list, check, sum, other];
    workflow.outputs = vec![output("sum", "steps.sum.output"), output("other", "steps.other.output")];
    workflow
}

/// What a tool gives: a list for 0, ten times any other number, the sum of a list.
fn result(arguments: &Value) -> Value {
    match arguments {
        Value::Array(numbers) => numbers.iter().filter_map(Value::as_i64).sum::<i64>().into(),
        number if number == 0 => json!([1, 2, 3]),
        number => (number.as_i64().unwrap() * 10).into(),
    }
}

#[derive(Clone)]
struct Life {
    workflow: Workflow,
    state: State,
    events: Vec<Event>,
    /// The arguments of the tool calls that were asked for.
    asked: Vec<Value>,
}

/// What is open, the run's own clock aside.
fn open(workflow: &Workflow, state: &State) -> Vec<Effect> {
    let open = engine::outstanding(workflow, state).into_iter();
    open.filter(|effect| effect.origin.is_some()).collect()
}

impl Life {
    fn new(workflow: Workflow) -> Self {
        Self {
            state: State::new(&workflow),
            workflow,
            events: Vec::new(),
            asked: Vec::new(),
        }
    }

    /// The same run after its first events.
    fn at(&self, events: usize) -> Self {
        let events = self.events[..events].to_vec();
        Self {
            state: engine::fold(&self.workflow, &events),
            events,
            asked: Vec::new(),
            workflow: self.workflow.clone(),
        }
    }

    fn take(&mut self, input: Input) -> Result<Vec<CallId>, Refusal> {
        let decision = engine::handle(&self.workflow, &mut self.state, input)?;
        self.events.extend(decision.events);
        Ok(decision.aborts)
    }

    /// Answers whatever is open until nothing is.
    fn live(&mut self) {
        while let Some(Effect { call, want, .. }) = open(&self.workflow, &self.state).into_iter().next() {
            let Want::Tool(request) = want else { panic!("{want:?}") };
            let result = result(&request.arguments);
            self.asked.push(request.arguments);
            let output = ToolOutput {
                result,
                ..ToolOutput::default()
            };
            self.take(Input::ToolReplied { call, output }).unwrap();
        }
    }

    fn edit(&self, step: &str, item: Option<&str>, output: Value) -> Result<Edit, String> {
        engine::read_edit(&self.workflow, &self.state, step, item, output)
    }

    /// Sets one output, and goes on to the end.
    fn with(mut self, step: &str, item: Option<&str>, output: Value) -> Self {
        let edit = self.edit(step, item, output).unwrap();
        self.take(Input::Edit(vec![edit])).unwrap();
        self.live();
        self
    }

    fn view(&self) -> RunView {
        RunView::of(&self.workflow, &entries(&self.events))
    }

    /// The run's outputs, what was asked for, and each step as people see it.
    fn summary(&self) -> String {
        let steps = self.view().steps;
        let steps = steps
            .iter()
            .map(|step| format!("{} {} {}/{}", step.name, step.status.word(), step.succeeded, step.items));
        let asked = Value::from(self.asked.clone());
        format!(
            "{} after {asked}: {}",
            json!(self.state.outputs()),
            steps.collect::<Vec<_>>().join(", ")
        )
    }
}

fn entries(events: &[Event]) -> Vec<Entry> {
    let entry = |(sequence, event): (u64, &Event)| Entry {
        sequence,
        at_ms: sequence,
        event: event.clone(),
    };
    (0..).zip(events).map(entry).collect()
}

fn summed() -> Life {
    let mut life = Life::new(sums());
    life.take(start()).unwrap();
    life.live();
    life.asked.clear();
    life
}

#[test]
fn what_comes_after_an_edit_is_due_again_and_nothing_else() {
    assert_snapshot!(summed().summary(), @r#"{"sum":60,"other":70} after []: list succeeded 1/1, check succeeded 3/3, sum succeeded 1/1, other succeeded 1/1"#);
    assert_snapshot!(summed().with("list", None, json!([5])).summary(), @r#"{"sum":50,"other":70} after [5,[50]]: list succeeded 1/1, check succeeded 1/1, sum succeeded 1/1, other succeeded 1/1"#);
    assert_snapshot!(summed().with("check", Some("1"), json!(1000)).summary(), @r#"{"sum":1040,"other":70} after [[10,1000,30]]: list succeeded 1/1, check succeeded 3/3, sum succeeded 1/1, other succeeded 1/1"#);
    assert_snapshot!(summed().with("check", None, json!([4])).summary(), @r#"{"sum":4,"other":70} after [[4]]: list succeeded 1/1, check succeeded 1/1, sum succeeded 1/1, other succeeded 1/1"#);
    assert_snapshot!(summed().with("sum", None, json!(-1)).summary(), @r#"{"sum":-1,"other":70} after []: list succeeded 1/1, check succeeded 3/3, sum succeeded 1/1, other succeeded 1/1"#);
}

#[test]
fn a_step_that_had_not_run_is_given_its_output_and_what_worked_on_one_is_aborted() {
    let life = summed();
    assert_snapshot!(life.at(1).with("sum", None, json!(-1)).summary(), @r#"{"sum":-1,"other":70} after [0,7,1,2,3]: list succeeded 1/1, check succeeded 3/3, sum succeeded 1/1, other succeeded 1/1"#);
    let is_check = |event: &Event| matches!(event, Event::ItemStarted { step: StepIndex(1), .. });
    let checking = life.events.iter().position(is_check).unwrap() + 2;
    let mut life = life.at(checking);
    let edit = life.edit("check", Some("0"), json!(0)).unwrap();
    let aborts = life.take(Input::Edit(vec![edit])).unwrap();
    assert_eq!(aborts.len(), 1);
    life.live();
    assert_snapshot!(life.summary(), @r#"{"sum":50,"other":70} after [7,2,3,[0,20,30]]: list succeeded 1/1, check succeeded 3/3, sum succeeded 1/1, other succeeded 1/1"#);
}

#[test]
fn a_failed_item_that_is_set_lets_the_run_go_on() {
    let mut life = Life::new(sums());
    life.take(start()).unwrap();
    let failure = Failure::new(FailureKind::Tool, "boom");
    let call = open(&life.workflow, &life.state)[0].call;
    life.take(Input::CallFailed { call, failure }).unwrap();
    assert_eq!(life.state.status(), Some(RunStatus::Failed));
    let life = life.with("list", None, json!([2]));
    assert_eq!(life.state.status(), Some(RunStatus::Succeeded));
    assert_eq!(life.view().steps[0].status, StepStatus::Succeeded);
    assert_snapshot!(life.summary(), @r#"{"sum":20,"other":70} after [7,2,[20]]: list succeeded 1/1, check succeeded 1/1, sum succeeded 1/1, other succeeded 1/1"#);
    let journal = engine::replay(&life.workflow, &life.events, 0, &BTreeSet::new());
    assert_eq!(journal, Ok(()));
}

#[test]
fn an_edit_that_cannot_stand_says_why() {
    let life = summed();
    let mut keyed = sums();
    keyed.steps[1].fan_out.as_mut().unwrap().key = Some(expression("\"n\" + string(n)"));
    let mut named = Life::new(keyed);
    named.take(start()).unwrap();
    named.live();
    let mut young = Life::new(sums());
    young.take(start()).unwrap();
    let reasons = [
        life.edit("chek", None, json!(1)),
        life.edit("sum", None, json!("many")),
        life.edit("list", None, json!([1, true])),
        life.edit("sum", Some("0"), json!(1)),
        life.edit("check", Some("9"), json!(1)),
        life.edit("check", Some("1"), json!([])),
        life.edit("check", None, json!([1, "x"])),
        named.edit("check", Some("1"), json!(1)),
        young.edit("check", Some("1"), json!(1)),
    ];
    let reasons: Vec<String> = reasons.into_iter().map(Result::unwrap_err).collect();
    assert_snapshot!(reasons.join("\n"), @r#"
    there is no step `chek`; the steps are list, check, sum, other
    `sum.output` must be integer, and it is string "many"
    `list.output[1]` must be integer, and it is boolean true
    step `sum` has no items: give `sum.output`
    step `check` has no item `9`; it has the items 0 to 2
    `check[1].output` must be integer, and it is a list of 0
    `check.output[1]` must be integer, and it is string "x"
    step `check` has no item `1`; its items are named by `key`, such as `n1`
    step `check` has no items yet: give the whole list as `check.output`
    "#);
    assert!(named.edit("check", Some("n2"), json!(1)).is_ok());
    let edits = vec![
        life.edit("check", Some("1"), json!(1)).unwrap(),
        life.edit("list", None, json!([])).unwrap(),
    ];
    let refused = life.clone().take(Input::Edit(edits)).unwrap_err();
    assert_snapshot!(refused.to_string(), @"the items of step `check` are due again, since it comes after `list`: give the whole list as `check.output`");
}

#[test]
fn edits_in_any_order_stand_together() {
    let mut life = summed();
    let edits = vec![
        life.edit("sum", None, json!(1)).unwrap(),
        life.edit("list", None, json!([9])).unwrap(),
    ];
    life.take(Input::Edit(edits)).unwrap();
    life.live();
    assert_snapshot!(life.summary(), @r#"{"sum":1,"other":70} after [9]: list succeeded 1/1, check succeeded 1/1, sum succeeded 1/1, other succeeded 1/1"#);
}

#[test]
fn no_edit_at_all_lets_a_run_that_succeeded_go_on() {
    let mut life = summed();
    let before = life.state.outputs().clone();
    life.take(Input::Edit(Vec::new())).unwrap();
    assert_eq!(life.events[life.events.len() - 2..].first(), Some(&Event::RunReopened));
    assert_eq!(life.state.outputs(), &before);
}

/// A lead with one subagent that looks something up, and a step after it: one thing at a time.
fn line() -> (Workflow, Vec<Event>) {
    let mut workflow = team(1, 1);
    let research = agent_step(&workflow, "research", &[], 1, text("Find ", "inputs.question"));
    let write = agent_step(&workflow, "write", &[0], 0, text("Write: ", "steps.research.output"));
    workflow.steps = vec![research, write];
    workflow.outputs = vec![output("text", "steps.write.output")];
    let mut state = State::new(&workflow);
    let mut events = engine::handle(&workflow, &mut state, start()).unwrap().events;
    let call = |name: &str, arguments: &str| ToolCall {
        id: "c".into(),
        name: name.into(),
        arguments: arguments.into(),
    };
    while let Some(effect) = engine::outstanding(&workflow, &state)
        .into_iter()
        .find(|effect| !matches!(effect.want, Want::Timer { .. }))
    {
        let input = match effect.want {
            Want::Model(request) => {
                let tool_calls = match (request.agent.0, request.turn) {
                    (1, 1) => vec![call("create_sub_agents", "{\"sub_agents\": [{\"prompt\": \"look\"}]}")],
                    (0, 1) => vec![call("lookup", "{}"), call("nonsense", "{}")],
                    _ => Vec::new(),
                };
                let text = if tool_calls.is_empty() {
                    "done".into()
                } else {
                    String::new()
                };
                let message = AssistantMessage {
                    text,
                    tool_calls,
                    ..AssistantMessage::default()
                };
                let reply = Reply {
                    message: message.into(),
                    ..Reply::default()
                };
                Input::ModelReplied {
                    call: effect.call,
                    reply,
                }
            }
            Want::Tool(_) => Input::ToolReplied {
                call: effect.call,
                output: ToolOutput::default(),
            },
            other => panic!("{other:?}"),
        };
        events.extend(engine::handle(&workflow, &mut state, input).unwrap().events);
    }
    (workflow, events)
}

fn agrees(workflow: &Workflow, events: &[Event]) -> bool {
    engine::replay(workflow, events, 0, &BTreeSet::new()).is_ok()
}

#[test]
fn a_journal_with_an_event_missing_or_out_of_place_is_caught() {
    let (workflow, events) = line();
    assert!(agrees(&workflow, &events));
    for at in 0..events.len() {
        let mut dropped = events.clone();
        dropped.remove(at);
        assert!(!agrees(&workflow, &dropped), "without event {at}: {:?}", events[at]);
    }
    for at in 0..events.len() - 1 {
        let mut swapped = events.clone();
        swapped.swap(at, at + 1);
        assert!(
            !agrees(&workflow, &swapped),
            "events {at} and {} swapped: {:?}",
            at + 1,
            events[at]
        );
    }
}

#[test]
fn a_decision_that_was_altered_is_caught_where_it_stands() {
    let (workflow, events) = line();
    let mut altered = 0;
    for at in 0..events.len() {
        let mut tampered = events.clone();
        match &mut tampered[at] {
            Event::RunStarted { inputs, .. } => _ = inputs.insert("question".into(), json!("who?")),
            Event::RunSucceeded { outputs } => _ = outputs.insert("text".into(), json!("other")),
            Event::StepStarted { items, .. } => *items = Some(Vec::new()),
            Event::ItemStarted {
                work: Work::Agent { prompt },
                ..
            } => prompt.push('!'),
            Event::ItemSucceeded { output, .. } => *output = Some(json!("other")),
            Event::TurnStarted { forced, .. } => {
                *forced = Some(Reached {
                    limit: LimitHit::Tokens,
                    most: 1,
                    used: 1,
                    needed: 1,
                    owner: Owner::Agent { name: "seeker".into() },
                })
            }
            Event::ToolCalled { position, .. } => *position += 1,
            Event::ToolRefused { message, .. } => message.push('!'),
            Event::WaveStarted { members, .. } => members[0].prompt.push('!'),
            Event::MemberStarted { member, .. } => *member += 1,
            _ => continue,
        }
        altered += 1;
        let difference = engine::replay(&workflow, &tampered, 0, &BTreeSet::new()).unwrap_err();
        // Inputs are facts from outside: what they lead to is not what the journal says.
        let is_fact = matches!(events[at], Event::RunStarted { .. });
        assert!(is_fact || difference.sequence == at as u64, "{at}: {difference:?}");
        assert!(
            is_fact || difference.engine.as_ref() == Some(&events[at]),
            "{at}: {difference:?}"
        );
    }
    assert!(altered > 12, "only {altered} events were altered");
}

#[test]
fn a_long_journal_is_derived_in_one_pass() {
    // Ten thousand items: a look at every item for every event would be a hundred million looks.
    let mut workflow = sums();
    workflow.steps[0].output = Type::Any;
    let mut life = Life::new(workflow);
    life.take(start()).unwrap();
    let call = open(&life.workflow, &life.state)[0].call;
    let numbers: Vec<u64> = (1..=10_000).collect();
    let output = ToolOutput {
        result: json!(numbers),
        ..ToolOutput::default()
    };
    life.take(Input::ToolReplied { call, output }).unwrap();
    life.live();
    assert!(life.events.len() > 20_000);
    assert!(agrees(&life.workflow, &life.events));
}
