//! Runs below: what they are lent, what they give back, and how they tell who left them too little.

use super::{Life, crowd, reply, tokens};
use std::sync::Arc;
use troupe_core::effect::{Effect, Want};
use troupe_core::engine;
use troupe_core::expression::Template;
use troupe_core::failure::FailureKind;
use troupe_core::id::CallId;
use troupe_core::input::{Input, Used};
use troupe_core::ir::{FanOut, OnError, Workflow};
use troupe_core::limits::{Allowance, Amount, Mode, RunLimits};
use troupe_core::message::Usage;
use troupe_core::port::journal::RunStatus;
use troupe_testkit::workflow::{expression, scorer, team, workflow_step};

/// `items` scorers as runs of their own, `parallel` at once.
fn family(items: usize, parallel: u32) -> Workflow {
    let mut workflow = team(1, 1);
    let mut child = scorer();
    child.limits = RunLimits::DEFAULT;
    workflow.workflows = vec![Arc::new(child)];
    let row = Template::Expression(expression("row"));
    let mut score = workflow_step("score", &[], 0, vec![("row".into(), row)]);
    score.fan_out = Some(FanOut {
        items: expression(&format!("[{}]", vec!["1"; items].join(", "))),
        variable: "row".into(),
        parallel,
        key: None,
    });
    workflow.steps = vec![score];
    workflow.limits = tokens(1_200);
    workflow
}

fn allowances(life: &Life) -> Vec<(CallId, Allowance)> {
    let allowance = |effect: &Effect| match &effect.want {
        Want::Workflow(request) => Some((effect.call, request.allowance.clone())),
        _ => None,
    };
    life.wanted.iter().filter_map(allowance).collect()
}

fn ended(call: CallId, tokens: u64) -> Input {
    let usage = Usage {
        prompt_tokens: tokens,
        ..Usage::default()
    };
    let used = Used {
        agents: 1,
        turns: 1,
        usage,
        cost_micros: 7,
        working_ms: 9,
        ..Used::default()
    };
    let outputs = Ok([("score".to_owned(), 1.into())].into_iter().collect());
    Input::WorkflowEnded {
        call,
        outputs,
        used,
        read: Vec::new(),
    }
}

#[test]
fn runs_at_once_share_what_is_left_and_give_the_rest_back() {
    let workflow = family(4, 3);
    let mut life = Life::of(&workflow);
    let given: Vec<u64> = allowances(&life)
        .iter()
        .map(|(_, allowance)| allowance.tokens)
        .collect();
    assert_eq!(given, [400, 400, 400]);
    assert_eq!(life.state.reserved().tokens, 1_200);
    let first = allowances(&life)[0].0;
    life.answer(first, |call| ended(call, 100));
    // The last one takes the place of the first, with what that one gave back.
    let last = allowances(&life).pop().unwrap().1;
    assert_eq!((last.tokens, last.depth, last.mode), (300, 7, Mode::Enforce));
    life.until_the_end(|effect| ended(effect.call, 300));
    let spent = Amount {
        turns: 4,
        tokens: 1_000,
        cost_micros: 28,
        working_ms: 36,
        gpu_ms: 0,
    };
    assert_eq!((life.state.spent(), life.state.reserved()), (spent, Amount::default()));
}

#[test]
fn a_run_takes_no_more_than_it_declares_and_leaves_a_part_to_other_steps() {
    let mut workflow = family(1, 1);
    let mut small = scorer();
    small.limits = RunLimits {
        agents: 5,
        ..tokens(50)
    };
    workflow.workflows.push(Arc::new(small));
    let row = Template::Expression(expression("1"));
    workflow
        .steps
        .push(workflow_step("small", &[], 1, vec![("row".into(), row)]));
    let life = Life::of(&workflow);
    let given: Vec<(u64, u32)> = allowances(&life)
        .iter()
        .map(|(_, allowance)| (allowance.tokens, allowance.agents))
        .collect();
    assert_eq!(given, [(600, 100_000), (50, 5)]);
}

#[test]
fn depth_ends_calls_and_teams_below() {
    let mut workflow = family(1, 1);
    workflow.limits.depth = 0;
    let life = Life::of(&workflow);
    let (place, failure) = life.state.failure(&workflow).unwrap();
    assert_eq!((place.as_deref(), failure.kind), (Some("score[0]"), FailureKind::Limit));
    assert_eq!(
        failure.message,
        "0 of 0 depth used, and up to 1 more needed: raise `limits.depth` of workflow `test`, then resume the run"
    );
    let below = Allowance {
        depth: 0,
        run: Some("TOP".into()),
        ..Allowance::UNLIMITED
    };
    workflow.limits.depth = 8;
    let life = Life::under(&workflow, Some(below));
    let (_, failure) = life.state.failure(&workflow).unwrap();
    assert!(
        failure.message.contains("of what run TOP left to this run"),
        "{failure}"
    );
}

#[test]
fn what_a_run_above_left_is_told_with_its_name() {
    let workflow = crowd(2, RunLimits::DEFAULT);
    let allowance = Allowance {
        tokens: 0,
        run: Some("TOP.review".into()),
        ..Allowance::UNLIMITED
    };
    let life = Life::under(&workflow, Some(allowance));
    assert_eq!(life.state.status(), Some(RunStatus::Succeeded), "`on_error: continue`");
    assert_eq!(
        life.failures()[0].1,
        "0 of 0 tokens used of what run TOP.review left to this run: raise `limits.tokens` of its workflow"
    );
}

#[test]
fn a_reopened_run_has_what_is_left_to_it_on_top_of_what_it_used() {
    let mut workflow = crowd(1, RunLimits::DEFAULT);
    workflow.steps[0].on_error = OnError::Fail;
    let left = |tokens| Allowance {
        tokens,
        ..Allowance::UNLIMITED
    };
    let mut life = Life::under(&workflow, Some(left(0)));
    assert_eq!(life.state.status(), Some(RunStatus::Failed));
    life.take(Input::ReopenWithin { allowance: left(150) });
    assert!(life.forced().is_empty());
    life.until_the_end(|effect| reply(effect.call, 100, false));
    assert_eq!(life.state.status(), Some(RunStatus::Succeeded));
    assert_eq!(engine::fold(&workflow, &life.events), life.state);
}
