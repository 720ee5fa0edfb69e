//! Limits of driven runs: shares of runs that work at once, and seconds that go on across restarts.

use crate::fixture::{Mortal, Told, live, resume, wired, with};
use std::sync::Arc;
use troupe_core::event::{Event, Work};
use troupe_core::failure::FailureKind;
use troupe_core::id::RunId;
use troupe_core::ir::{FanOut, OnError, Workflow};
use troupe_core::limits::{Mode, RunLimits};
use troupe_core::port::journal::{Journal as _, RunStatus};
use troupe_core::port::model::ModelRequest;
use troupe_testkit::model::{Line, Scripted};
use troupe_testkit::tool::Answering;
use troupe_testkit::workflow;

fn run_of(
    workflow: Workflow,
    script: impl Fn(&ModelRequest) -> Line + Send + Sync + 'static,
) -> (troupe_agents::Run, Arc<Mortal>) {
    let journal = Mortal::new(u64::MAX);
    let tool = Arc::new(Answering::new(|_| Ok("found".into())));
    let (run, _) = wired(workflow, journal.clone(), Arc::new(Scripted::new(script)), tool);
    (run, journal)
}

/// Eight scorers at once, each a run of its own, whose agents look things up for as long as they may.
fn greedy(tokens: u64) -> Workflow {
    let mut workflow = workflow::team(1, 1);
    let mut scorer = workflow::scorer();
    scorer.models[0].sampling.max_tokens = Some(5);
    workflow.workflows = vec![Arc::new(scorer)];
    let row = troupe_core::expression::Template::Expression(workflow::expression("row"));
    let mut score = workflow::workflow_step("score", &[], 0, vec![("row".into(), row)]);
    score.fan_out = Some(FanOut {
        items: workflow::expression("[1, 2, 3, 4, 5, 6, 7, 8]"),
        variable: "row".into(),
        parallel: 8,
        key: None,
    });
    score.on_error = OnError::Continue;
    workflow.steps = vec![score];
    workflow.limits = RunLimits {
        tokens,
        ..RunLimits::DEFAULT
    };
    workflow
}

fn look_up(request: &ModelRequest) -> Line {
    match request.forced {
        true => Line::Say("3".into()),
        false => Line::Call(vec![("lookup", "{}".into())]),
    }
}

#[tokio::test]
async fn no_set_of_runs_below_has_more_than_the_run_above() {
    let (run, journal) = run_of(greedy(400), look_up);
    let outcome = live(run).await.unwrap();
    assert_eq!(outcome.status, RunStatus::Succeeded);
    let entries = journal.load(&RunId::parse("TEST").unwrap()).await.unwrap();
    let share = |event: &Event| match event {
        Event::ItemStarted {
            work: Work::Workflow { allowance, .. },
            ..
        } => Some(allowance.tokens),
        _ => None,
    };
    let shares: Vec<u64> = entries.iter().filter_map(|entry| share(&entry.event)).collect();
    assert_eq!(shares, [50; 8]);
    // Each may answer once beyond its share; that answer is a prompt of a few words and five tokens.
    let spent = outcome.used.usage.total();
    assert!((200..=400 + 8 * 50).contains(&spent), "{spent}");
    assert_eq!(outcome.used.agents, 8);
    assert_eq!(outcome.used.turns, outcome.used.amount().turns);
}

#[tokio::test]
async fn what_ended_a_run_below_names_the_run_above() {
    let mut workflow = greedy(400);
    workflow.limits.turns = 0;
    workflow.steps[0].on_error = OnError::Fail;
    let (run, journal) = run_of(workflow, look_up);
    let outcome = live(run.clone()).await.unwrap();
    let (_, failure) = outcome.failure.unwrap();
    assert_eq!(failure.kind, FailureKind::Limit);
    assert_eq!(
        failure.message,
        "workflow `scorer` failed at step `score`: 0 of 0 turns used of what run TEST left to this run: raise `limits.turns` of its workflow"
    );
    let below = journal.run(&RunId::parse("TEST.score-0").unwrap()).await.unwrap();
    assert_eq!(below.progress.status, RunStatus::Failed);
    // The way out that the failure tells is one.
    let mut raised = (*run.workflow).clone();
    raised.limits.turns = 1_000;
    raised.limits.tokens = 100_000;
    let raised = troupe_agents::Run {
        workflow: Arc::new(raised),
        ..run
    };
    assert_eq!(resume(raised).await.unwrap().status, RunStatus::Succeeded);
}

#[tokio::test]
async fn the_seconds_of_a_run_go_on_while_nobody_drives_it() {
    let mut workflow = workflow::team(1, 1);
    workflow.steps = vec![workflow::approve_step("sign", &[], workflow::literal("Go?"))];
    workflow.limits.seconds = 3_600;
    let (run, _) = run_of(workflow, look_up);
    let clock = Told::at(1_000);
    let run = with(&run, &|ports| ports.clock = clock.clone());
    assert_eq!(live(run.clone()).await.unwrap().status, RunStatus::Waiting);
    clock.pass(3_000_000);
    assert_eq!(resume(run.clone()).await.unwrap().status, RunStatus::Waiting);
    clock.pass(600_000);
    let over = resume(run.clone()).await.unwrap();
    assert_eq!(over.status, RunStatus::Failed);
    assert_eq!(
        over.failure.unwrap().1.message,
        "3600 s of 3600 s used: raise `limits.seconds` of workflow `test`, then resume the run"
    );
    assert_eq!(*clock.asked.lock().unwrap(), [3_600_000, 600_000]);
}

#[tokio::test]
async fn an_audited_run_ends_and_says_what_it_passed() {
    let mut workflow = greedy(10);
    workflow.limits.mode = Mode::Audit;
    let (run, journal) = run_of(workflow, |request| match request.messages.len() {
        1 => Line::Call(vec![("lookup", "{}".into())]),
        _ => Line::Say("3".into()),
    });
    let outcome = live(run).await.unwrap();
    assert_eq!((outcome.status, outcome.used.turns), (RunStatus::Succeeded, 16));
    let below = journal.load(&RunId::parse("TEST.score-0").unwrap()).await.unwrap();
    let passed = |event: &Event| match event {
        Event::LimitPassed { limit, .. } => Some(limit.word()),
        _ => None,
    };
    let passed: Vec<&str> = below.iter().filter_map(|entry| passed(&entry.event)).collect();
    assert_eq!(passed, ["tokens"]);
}
