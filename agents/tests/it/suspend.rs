//! Runs whose process has gone: when they are due, and what time alone decides.

use crate::approve::{asking, family, run_of};
use crate::fixture::{Mortal, Told, header, live, resume, run_id, with};
use crate::words::{chosen, word};
use std::sync::Arc;
use troupe_agents::{Clock as _, Run};
use troupe_core::event::Event;
use troupe_core::ir::{Retry, Workflow};
use troupe_core::port::dispatch::Dispatch as _;
use troupe_core::port::journal::{Journal as _, RunStatus};
use troupe_core::port::{Error, ErrorKind};
use troupe_testkit::model::{Line, Scripted};
use troupe_testkit::tool::Answering;
use troupe_testkit::workflow;

const HOUR: u64 = 60 * 60 * 1000;
const DAY: u64 = 24 * HOUR;

fn at(run: &Run, clock: &Arc<Told>) -> Run {
    with(run, &|ports| ports.clock = clock.clone())
}

async fn is_due(journal: &Mortal, clock: &Told) -> bool {
    !journal.due(clock.now_ms(), 9).await.unwrap().is_empty()
}

async fn wake_ms(journal: &Mortal) -> Option<u64> {
    journal.run(&run_id()).await.unwrap().progress.wake_ms
}

#[tokio::test]
async fn a_deadline_of_days_makes_a_run_due_and_decides() {
    let (run, journal) = run_of(asking(Some(3 * DAY), Some("reject")));
    let clock = Told::at(5 * DAY);
    let run = at(&run, &clock);
    let waiting = live(run.clone()).await.unwrap();
    assert_eq!(
        (waiting.status, waiting.progress.wake_ms),
        (RunStatus::Waiting, Some(8 * DAY))
    );
    assert_eq!(wake_ms(&journal).await, Some(8 * DAY));
    clock.pass(3 * DAY - 1);
    assert!(!is_due(&journal, &clock).await);
    clock.pass(1);
    assert!(is_due(&journal, &clock).await);
    let over = resume(run).await.unwrap();
    assert_eq!(over.outputs["decision"]["choice"], "reject");
    assert_eq!((wake_ms(&journal).await, is_due(&journal, &clock).await), (None, false));
}

#[tokio::test]
async fn a_deadline_in_a_run_below_makes_the_whole_due() {
    let (run, journal) = run_of(family(Some(DAY)));
    let clock = Told::at(DAY);
    let run = at(&run, &clock);
    assert_eq!(live(run.clone()).await.unwrap().progress.wake_ms, Some(2 * DAY));
    assert_eq!(wake_ms(&journal).await, Some(2 * DAY));
    clock.pass(DAY);
    assert!(is_due(&journal, &clock).await);
    assert_eq!(resume(run).await.unwrap().status, RunStatus::Failed);
}

#[tokio::test]
async fn a_run_without_a_deadline_is_due_for_words_alone() {
    let (run, journal) = run_of(asking(None, None));
    live(run.clone()).await.unwrap();
    // The run's own seconds end some day, which is the only time that it wakes for.
    let end_ms = wake_ms(&journal).await.unwrap();
    assert_eq!(journal.due(end_ms - 1, 9).await.unwrap(), []);
    assert_eq!(journal.due(end_ms, 9).await.unwrap(), [run_id()]);
    let word = word(&run, &journal, "sign_off", "approve").await;
    journal.post(&run_id(), word).await.unwrap();
    assert_eq!(journal.due(0, 9).await.unwrap(), [run_id()]);
}

#[tokio::test]
async fn whoever_answered_in_time_is_not_outrun_by_the_deadline() {
    let (run, journal) = run_of(asking(Some(DAY), Some("reject")));
    let clock = Told::at(DAY);
    let run = at(&run, &clock);
    live(run.clone()).await.unwrap();
    let word = word(&run, &journal, "sign_off", "approve").await;
    journal.post(&run_id(), word).await.unwrap();
    clock.pass(2 * DAY);
    assert_eq!(resume(run).await.unwrap().outputs["decision"]["choice"], "approve");
    assert_eq!(chosen(&journal, "TEST").await, ["approve"]);
}

#[tokio::test]
async fn an_answer_and_a_deadline_at_once_decide_once() {
    let mut workflow = asking(Some(1_000), Some("reject"));
    let works = workflow::agent_step(&workflow, "works", &[], 0, workflow::literal("Go on."));
    workflow.steps.push(works);
    let (run, journal) = run_of(workflow);
    let clock = Told::at(DAY);
    let run = at(&run, &clock);
    let (inputs, env) = Default::default();
    let handle = troupe_agents::start(run.clone(), header(), inputs, env).await.unwrap();
    while journal.events().await.len() < 4 || clock.asked.lock().unwrap().len() < 2 {
        tokio::task::yield_now().await;
    }
    let word = word(&run, &journal, "sign_off", "approve").await;
    journal.post(&run_id(), word).await.unwrap();
    clock.pass(1_000);
    while !journal.posted(&run_id()).await.unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(chosen(&journal, "TEST").await.len(), 1);
    handle.remote().cancel();
    handle.outcome().await.unwrap();
}

#[tokio::test]
async fn a_clock_that_jumps_loses_and_doubles_nothing() {
    let (run, journal) = run_of(asking(Some(3 * DAY), Some("reject")));
    let clock = Told::at(10 * DAY);
    let run = at(&run, &clock);
    live(run.clone()).await.unwrap();
    let events = journal.events().await.len();
    for now_ms in [2 * DAY, 12 * DAY, 0, 10 * DAY] {
        clock.jump(now_ms);
        assert!(!is_due(&journal, &clock).await);
        let waiting = resume(run.clone()).await.unwrap();
        assert_eq!(
            (waiting.status, waiting.progress.wake_ms),
            (RunStatus::Waiting, Some(13 * DAY))
        );
        assert_eq!(waiting.questions[0].deadline_ms, Some(13 * DAY));
        assert_eq!(journal.events().await.len(), events);
    }
    clock.jump(400 * DAY);
    assert!(is_due(&journal, &clock).await);
    assert_eq!(resume(run.clone()).await.unwrap().status, RunStatus::Succeeded);
    for now_ms in [DAY, 400 * DAY] {
        clock.jump(now_ms);
        assert!(!is_due(&journal, &clock).await);
    }
    assert_eq!(chosen(&journal, "TEST").await, ["reject"]);
}

/// Fails once, and is tried again after `backoff_ms`.
fn pausing(backoff_ms: u64) -> (Run, Arc<Mortal>) {
    let journal = Mortal::new(u64::MAX);
    let failed = std::sync::atomic::AtomicBool::new(false);
    let model = Arc::new(Scripted::new(move |_: &_| {
        if failed.swap(true, std::sync::atomic::Ordering::SeqCst) {
            Line::Say("well".into())
        } else {
            Line::Fail(Error::new(ErrorKind::Unavailable, "not now"))
        }
    }));
    let tool = Arc::new(Answering::new(|_| Ok(String::new())));
    let (run, _) = crate::fixture::wired(retrying(backoff_ms), journal.clone(), model, tool);
    (run, journal)
}

fn retrying(backoff_ms: u64) -> Workflow {
    let mut workflow = workflow::team(1, 1);
    let mut ask = workflow::agent_step(&workflow, "ask", &[], 0, workflow::literal("How?"));
    ask.retry = Retry {
        attempts: 2,
        backoff_ms,
        errors: Vec::new(),
    };
    workflow.steps = vec![ask];
    workflow.outputs = vec![workflow::output("answer", "steps.ask.output")];
    workflow
}

#[tokio::test]
async fn a_long_pause_rests_where_nobody_has_the_patience() {
    let (run, journal) = pausing(HOUR);
    let clock = Told::at(DAY);
    let run = Run {
        patience_ms: Some(60_000),
        ..at(&run, &clock)
    };
    let resting = live(run.clone()).await.unwrap();
    assert_eq!(
        (resting.status, resting.questions.len(), resting.progress.wake_ms),
        (RunStatus::Waiting, 0, Some(DAY + HOUR))
    );
    assert!(!is_due(&journal, &clock).await);
    clock.pass(HOUR);
    assert!(is_due(&journal, &clock).await);
    let done = resume(run).await.unwrap();
    assert_eq!(done.outputs["answer"], "well");
    let attempts = journal.events().await;
    let attempts = attempts
        .iter()
        .filter(|event| matches!(event, Event::ItemStarted { .. }));
    assert_eq!(attempts.count(), 2);
}

#[tokio::test]
async fn a_short_pause_and_any_pause_with_patience_are_waited_for() {
    for (pause_ms, patience_ms) in [(50_000, Some(60_000)), (HOUR, None)] {
        let (run, journal) = pausing(pause_ms);
        let clock = Told::at(DAY);
        let run = Run {
            patience_ms,
            ..at(&run, &clock)
        };
        let (inputs, env) = Default::default();
        let handle = troupe_agents::start(run, header(), inputs, env).await.unwrap();
        while !clock.asked.lock().unwrap().contains(&pause_ms) {
            tokio::task::yield_now().await;
        }
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert_eq!(journal.status("TEST").await, RunStatus::Running);
        clock.pass(pause_ms);
        assert_eq!(handle.outcome().await.unwrap().outputs["answer"], "well");
    }
}
