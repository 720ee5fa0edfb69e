//! The worst case, against numbers worked out by hand, and the laws that hold whatever the numbers are.

use proptest::prelude::*;
use std::sync::Arc;
use troupe_core::Object;
use troupe_core::estimate::{Worst, estimate};
use troupe_core::id::{AgentIndex, StepIndex, WorkflowIndex};
use troupe_core::ir::{Approve, CommandTemplate, FanOut, Price, Repeat, Retry, Step, Verb, Workflow};
use troupe_core::limits::{Limits, RunLimits};
use troupe_testkit::workflow::{agent_step, everything, expression, literal, step, team};

/// Agent 0 alone takes 3 ordinary turns and a forced one, each with 1,000 tokens of prompt and 200 of answer.
fn small() -> Workflow {
    let mut workflow = team(3, 4);
    workflow.models[0].sampling.max_tokens = Some(200);
    workflow.models[0].price = Some(Price {
        input: 1.0,
        output: 10.0,
    });
    workflow.agents[0].limits = Limits {
        turns: 3,
        tokens: 1_000_000,
        context_tokens: 1_000,
        seconds: 100,
        ..Limits::AGENT
    };
    workflow.agents[1].limits = Limits {
        turns: 2,
        tokens: u64::MAX,
        context_tokens: 1_000,
        seconds: 200,
        ..Limits::LEAD
    };
    workflow.limits.fan_out = 50;
    workflow
}

fn total(workflow: &Workflow) -> Worst {
    estimate(workflow, &Object::new()).total
}

fn ask(workflow: &Workflow, name: &str) -> Step {
    agent_step(workflow, name, &[], 0, literal("Go."))
}

fn process(name: &str) -> Step {
    let command = CommandTemplate {
        arguments: vec![literal("true")],
        env: Vec::new(),
        stdin: None,
        sandbox: None,
        artifacts: None,
    };
    step(name, &[], Verb::Run { command, json: false })
}

fn each(items: &str, parallel: u32) -> FanOut {
    FanOut {
        items: expression(items),
        variable: "row".into(),
        parallel,
        key: None,
    }
}

#[test]
fn one_agent_by_its_turns() {
    let mut workflow = small();
    workflow.steps = vec![ask(&workflow, "ask")];
    let worst = total(&workflow);
    assert_eq!((worst.agents, worst.turns, worst.tokens), (1, 4, 4 * 1_200));
    // 4,000 tokens of prompt at 1 dollar a million, 800 of answer at 10.
    assert!((worst.cost.dollars - 0.012).abs() < 1e-12, "{worst:?}");
    // 100 seconds of work and one request of 60 seconds.
    assert_eq!(worst.seconds, Some(160));
}

#[test]
fn a_limit_of_tokens_is_spent_on_the_dearest() {
    let mut workflow = small();
    workflow.agents[0].limits.tokens = 1_000;
    workflow.steps = vec![ask(&workflow, "ask")];
    let worst = total(&workflow);
    assert_eq!(worst.tokens, 1_000);
    // 800 tokens of answer, and 200 of prompt for the rest.
    assert!((worst.cost.dollars - 0.0082).abs() < 1e-12, "{worst:?}");
}

#[test]
fn a_lead_has_a_wave_each_turn() {
    let mut workflow = small();
    workflow.steps = vec![agent_step(&workflow, "lead", &[], 1, literal("Go."))];
    let worst = total(&workflow);
    // 2 turns with 4 members each, every one with 4 calls; the lead itself has 3.
    assert_eq!((worst.agents, worst.turns), (9, 8 * 4 + 3));
    assert_eq!(worst.tokens, (8 * 4 + 3) * 1_200);
    let Verb::Agent { limits, .. } = &mut workflow.steps[0].verb else {
        panic!("an agent step");
    };
    limits.tokens = 5_000;
    assert_eq!(total(&workflow).tokens, 5_000, "the lead's limit holds its members too");
}

#[test]
fn items_rounds_and_attempts_multiply() {
    let mut workflow = small();
    let mut again = ask(&workflow, "again");
    again.fan_out = Some(each("[1, 2, 3, 4, 5]", 2));
    again.repeat = Some(Repeat {
        until: expression("true"),
        max: 3,
        carry: None,
    });
    again.retry = Retry {
        attempts: 2,
        backoff_ms: 1_500,
        errors: Vec::new(),
    };
    workflow.steps = vec![again];
    let found = estimate(&workflow, &Object::new());
    let only = &found.steps[0];
    assert_eq!((only.items, only.rounds, only.attempts), (5, 3, 2));
    assert_eq!(found.total.agents, 30);
    // Three rows of items, three rounds each: two attempts of 160 seconds and a pause of 2, rounded up.
    assert_eq!(found.total.seconds, Some(3 * 3 * (320 + 2)));
}

#[test]
fn a_list_has_its_length_where_it_is_known_and_the_limit_elsewhere() {
    let mut workflow = small();
    let items = |list: &str, inputs: &Object| {
        let mut workflow = workflow.clone();
        let mut ask = ask(&workflow, "ask");
        ask.fan_out = Some(each(list, 8));
        workflow.steps = vec![ask];
        estimate(&workflow, inputs).steps[0].items
    };
    let none = Object::new();
    let given = serde_json::json!({ "question": "why?", "names": ["a", "b"] });
    let given = given.as_object().expect("an object");
    assert_eq!(items("[1, 2]", &none), 2);
    assert_eq!(items("[]", &none), 0);
    assert_eq!(items("inputs.names", given), 2);
    assert_eq!(items("inputs.names.filter(n, n == 'a')", given), 1);
    assert_eq!(items("inputs.names", &none), 50);
    assert_eq!(
        items("has(inputs.question) ? [1, 2] : []", &none),
        2,
        "what is missing is not absent"
    );
    assert_eq!(items("steps.find.outputs", given), 50);
    assert_eq!(items("[0, 1].map(n, inputs.names)", given), 2);
    workflow.limits.fan_out = 1;
    let mut ask = ask(&workflow, "ask");
    ask.fan_out = Some(each("[1, 2]", 8));
    workflow.steps = vec![ask];
    assert_eq!(
        estimate(&workflow, &none).steps[0].items,
        1,
        "never more than the limit"
    );
}

#[test]
fn a_list_made_of_outputs_is_no_longer_than_they_are() {
    let mut workflow = small();
    let mut first = ask(&workflow, "first");
    first.fan_out = Some(each("[1, 2, 3]", 8));
    for (list, items) in [
        ("steps.first.outputs", 3),
        ("steps.first.outputs.filter(o, o != null).map(o, [o, o])", 3),
        ("steps.first.outputs + [1, 2]", 5),
        ("steps.first.status == 'succeeded' ? steps.first.outputs : [1]", 3),
        ("steps.first.output", 50),
        ("other.first.outputs", 50),
        ("steps.first.outputs + steps.first.output", 50),
    ] {
        let mut second = ask(&workflow, "second");
        second.fan_out = Some(each(list, 8));
        workflow.steps = vec![first.clone(), second];
        assert_eq!(estimate(&workflow, &Object::new()).steps[1].items, items, "{list}");
    }
}

#[test]
fn prices_that_nobody_said_are_unknown_and_what_runs_here_is_free() {
    let mut workflow = small();
    workflow.steps = vec![ask(&workflow, "ask")];
    workflow.models[0].price = None;
    let unknown = total(&workflow).cost;
    assert_eq!(
        (unknown.dollars, unknown.unpriced),
        (0.0, vec!["scripted/test".to_owned()])
    );
    for provider in ["builtin", "local"] {
        workflow.models[0].provider = provider.into();
        let free = total(&workflow).cost;
        assert_eq!((free.dollars, free.unpriced), (0.0, Vec::new()));
    }
}

#[test]
fn seconds_are_those_of_the_longest_chain_and_unknown_where_nothing_bounds_them() {
    let mut workflow = small();
    let mut quick = process("quick");
    quick.timeout_ms = Some(30_000);
    let mut later = ask(&workflow, "later");
    later.after = vec![StepIndex(0)];
    let beside = ask(&workflow, "beside");
    workflow.steps = vec![quick, later, beside];
    assert_eq!(total(&workflow).seconds, Some(30 + 160));
    assert_eq!(total(&workflow).commands, 1);
    workflow.steps[0].timeout_ms = None;
    let open = estimate(&workflow, &Object::new());
    assert_eq!((open.total.seconds, open.steps[2].worst.seconds), (None, Some(160)));
    let approve = |deadline_ms| {
        Verb::Approve(Approve {
            message: literal("Shall we?"),
            choices: vec!["approve".into()],
            deadline_ms,
            on_deadline: None,
        })
    };
    workflow.steps = vec![step("ask", &[], approve(Some(1_001)))];
    assert_eq!(total(&workflow).seconds, Some(2));
    workflow.steps = vec![step("ask", &[], approve(None))];
    assert_eq!(total(&workflow).seconds, None);
}

#[test]
fn called_workflows_count_with_their_own_limits() {
    let mut called = small();
    called.steps = vec![ask(&called, "ask"), process("make")];
    called.limits.tokens = 3_000;
    let mut workflow = small();
    let call = |name: &str| {
        let verb = Verb::Workflow {
            workflow: WorkflowIndex(0),
            inputs: literal(serde_json::json!({})),
        };
        step(name, &[], verb)
    };
    workflow.steps = vec![call("one"), call("two")];
    workflow.workflows = vec![Arc::new(called)];
    let worst = total(&workflow);
    assert_eq!((worst.agents, worst.commands, worst.tokens), (2, 2, 6_000));
}

/// Doubling at every level must not double the work.
#[test]
fn workflows_that_are_called_twice_are_looked_at_once() {
    let mut innermost = small();
    innermost.steps = vec![process("make")];
    let mut called = Arc::new(innermost);
    for _ in 0..60 {
        let mut outer = small();
        let verb = || Verb::Workflow {
            workflow: WorkflowIndex(0),
            inputs: literal(serde_json::json!({})),
        };
        outer.steps = vec![step("one", &[], verb()), step("two", &[], verb())];
        outer.workflows = vec![called];
        called = Arc::new(outer);
    }
    assert_eq!(total(&called).commands, 1 << 60);
}

#[test]
fn numbers_without_end_stay_numbers() {
    let mut workflow = everything();
    for agent in &mut workflow.agents {
        agent.limits = Limits {
            turns: u32::MAX,
            tokens: u64::MAX,
            context_tokens: u64::MAX,
            seconds: u64::MAX,
            ..agent.limits
        };
    }
    for step in &mut workflow.steps {
        step.retry = Retry {
            attempts: u32::MAX,
            backoff_ms: u64::MAX,
            errors: Vec::new(),
        };
        if let Verb::Agent {
            agent: AgentIndex(at),
            limits,
            ..
        } = &mut step.verb
        {
            *limits = workflow.agents[*at as usize].limits;
        }
    }
    let worst = total(&workflow);
    assert_eq!((worst.tokens, worst.turns), (u64::MAX, u64::MAX));
    assert_eq!(worst.agents, u64::from(RunLimits::DEFAULT.agents));
}

/// A step: its verb, items, rounds, attempts, timeout in milliseconds, and whether it waits for the one before.
type Wanted = (u32, Option<usize>, Option<u32>, u32, Option<u64>, bool);

prop_compose! {
    fn any_step()(
        verb in 0..4_u32, items in proptest::option::of(0..200_usize), rounds in proptest::option::of(1..5_u32),
        attempts in 1..6_u32, timeout_ms in proptest::option::of(1..100_000_u64), after in any::<bool>(),
    ) -> Wanted {
        (verb, items, rounds, attempts, timeout_ms, after)
    }
}

fn build(workflow: &mut Workflow, wanted: &[Wanted]) {
    for (n, (verb, items, rounds, attempts, timeout_ms, after)) in wanted.iter().enumerate() {
        let mut step = match verb {
            0 | 1 => agent_step(workflow, "agent", &[], *verb, literal("Go.")),
            2 => process("process"),
            _ => step("none", &[], Verb::Unavailable { verb: "plan" }),
        };
        step.name = format!("s{n}");
        step.fan_out = items.map(|n| each(&format!("{:?}", vec![0; n]), 3));
        step.repeat = rounds.map(|max| Repeat {
            until: expression("true"),
            max,
            carry: None,
        });
        step.retry.attempts = *attempts;
        step.timeout_ms = *timeout_ms;
        step.after = (*after && n > 0).then(|| StepIndex(n as u32 - 1)).into_iter().collect();
        workflow.steps.push(step);
    }
}

/// Whether `more` is at least `less`; sums of floats may differ in their last digit.
fn at_least(more: &Worst, less: &Worst) -> bool {
    let seconds = match (more.seconds, less.seconds) {
        (None, _) => true,
        (Some(more), Some(less)) => more >= less,
        (Some(_), None) => false,
    };
    more.agents >= less.agents
        && more.turns >= less.turns
        && more.commands >= less.commands
        && more.tokens >= less.tokens
        && more.cost.dollars >= less.cost.dollars * (1.0 - 1e-9)
        && less
            .cost
            .unpriced
            .iter()
            .all(|model| more.cost.unpriced.contains(model))
        && seconds
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_step_more_never_lowers_the_worst_case_and_limits_hold(
        steps in proptest::collection::vec(any_step(), 1..6), tokens in 1..200_000_u64, agents in 1..50_u32,
        output in 0..20_u32,
    ) {
        let mut workflow = small();
        workflow.limits = RunLimits { tokens, agents, fan_out: 100, ..RunLimits::DEFAULT };
        // Answers may be dearer than prompts, or cheaper, or free.
        workflow.models[0].price = Some(Price { input: 2.0, output: f64::from(output) / 4.0 });
        let mut before = total(&workflow);
        for n in 0..steps.len() {
            workflow.steps.clear();
            build(&mut workflow, &steps[..=n]);
            let found = estimate(&workflow, &Object::new());
            prop_assert!(at_least(&found.total, &before), "{before:?}\n{found:?}");
            prop_assert!(found.total.tokens <= tokens && found.total.agents <= u64::from(agents));
            let dearest = f64::from(output) / 4.0;
            prop_assert!(found.total.cost.dollars <= tokens as f64 * dearest.max(2.0) / 1e6 * (1.0 + 1e-9));
            for step in &found.steps {
                prop_assert!(at_least(&found.total, &step.worst), "a step is part of the run: {found:?}");
            }
            before = found.total;
        }
    }
}
