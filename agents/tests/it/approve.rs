//! A person decides, now or later, or not in time.

use crate::fixture::{Mortal, Person, Told, live, resume, run_id, wired, with};
use std::sync::Arc;
use troupe_agents::{Clock as _, Run, questions};
use troupe_core::event::Event;
use troupe_core::failure::FailureKind;
use troupe_core::ir::{FanOut, Retry, Verb, Workflow};
use troupe_core::port::approver::{Answer, Approver, Question};
use troupe_core::port::journal::{Journal as _, RunStatus};
use troupe_testkit::model::{Line, Scripted};
use troupe_testkit::tool::Answering;
use troupe_testkit::workflow;

/// Asks once, and gives what was decided.
pub fn asking(deadline_ms: Option<u64>, on_deadline: Option<&str>) -> Workflow {
    let mut workflow = workflow::team(1, 1);
    workflow.steps = vec![workflow::approve_step("sign_off", &[], workflow::literal("Publish?"))];
    if let Verb::Approve(approve) = &mut workflow.steps[0].verb {
        (approve.deadline_ms, approve.on_deadline) = (deadline_ms, on_deadline.map(str::to_owned));
    }
    workflow.outputs = vec![workflow::output("decision", "steps.sign_off.output")];
    workflow
}

/// Calls [`asking`] for two items, and asks itself at the same time.
pub fn family(deadline_ms: Option<u64>) -> Workflow {
    let mut workflow = workflow::team(1, 1);
    let mut called = asking(deadline_ms, None);
    called.name = "asking".into();
    workflow.workflows = vec![Arc::new(called)];
    let mut review = workflow::workflow_step("review", &[], 0, Vec::new());
    review.fan_out = Some(FanOut {
        items: workflow::expression("[\"a\", \"b\"]"),
        variable: "paper".into(),
        parallel: 2,
        key: Some(workflow::expression("paper")),
    });
    let own = workflow::approve_step("own", &[], workflow::literal("Begin?"));
    workflow.steps = vec![review, own];
    workflow.outputs = vec![workflow::output(
        "choices",
        "steps.review.outputs.map(o, o.decision.choice)",
    )];
    workflow
}

pub fn run_of(workflow: Workflow) -> (Run, Arc<Mortal>) {
    let journal = Mortal::new(u64::MAX);
    let model = Arc::new(Scripted::new(|_: &_| Line::Hang));
    let tool = Arc::new(Answering::new(|_| Ok(String::new())));
    let (run, _) = wired(workflow, journal.clone(), model, tool);
    (run, journal)
}

fn answered(run: &Run, choice: &'static str) -> Run {
    with(run, &|ports| {
        ports.approver = Arc::new(Person(move |_: &_| Some(choice)))
    })
}

fn places(outcome: &troupe_agents::Outcome) -> Vec<&str> {
    outcome
        .questions
        .iter()
        .map(|question| question.place.as_str())
        .collect()
}

#[tokio::test]
async fn a_person_at_hand_decides_at_once() {
    let (run, journal) = run_of(asking(None, None));
    let outcome = live(answered(&run, "reject")).await.unwrap();
    assert_eq!(outcome.outputs["decision"]["choice"], "reject");
    assert_eq!(outcome.outputs["decision"]["comment"], "seen");
    let events = journal.events().await;
    let by = events.iter().find_map(|event| match event {
        Event::ItemSucceeded { by, .. } => by.clone(),
        _ => None,
    });
    assert_eq!(by.as_deref(), Some("somebody"));
}

#[tokio::test]
async fn a_run_waits_and_goes_on_with_the_answer() {
    let (run, journal) = run_of(asking(None, None));
    let waiting = live(run.clone()).await.unwrap();
    assert_eq!(
        (waiting.status, places(&waiting)),
        (RunStatus::Waiting, vec!["sign_off"])
    );
    assert_eq!(journal.status("TEST").await, RunStatus::Waiting);
    let events = journal.events().await.len();
    let again = resume(run.clone()).await.unwrap();
    assert_eq!(
        (again.status, again.questions),
        (RunStatus::Waiting, waiting.questions.clone())
    );
    assert_eq!(journal.events().await.len(), events, "to wait is no event");
    let asked = questions(journal.as_ref(), &run_id(), &run.workflow).await.unwrap();
    assert_eq!(asked, waiting.questions);
    let done = resume(answered(&run, "approve")).await.unwrap();
    assert_eq!(done.outputs["decision"]["choice"], "approve");
    assert_eq!(journal.status("TEST").await, RunStatus::Succeeded);
}

#[tokio::test]
async fn what_other_runs_ask_is_answered_through_the_one_that_started_them() {
    let (run, journal) = run_of(family(None));
    let waiting = live(run.clone()).await.unwrap();
    let mut found = places(&waiting);
    found.sort_unstable();
    assert_eq!(found, ["own", "review[a]/sign_off", "review[b]/sign_off"]);
    for name in ["TEST", "TEST.review-0", "TEST.review-1"] {
        assert_eq!(journal.status(name).await, RunStatus::Waiting, "{name}");
    }
    let mut asked = questions(journal.as_ref(), &run_id(), &run.workflow).await.unwrap();
    asked.sort_by(|a, b| a.place.cmp(&b.place));
    assert_eq!(asked[2].run.as_str(), "TEST.review-1");
    assert_eq!((asked[2].step.as_str(), &asked[2].item), ("sign_off", &None));

    let one = with(&run, &|ports| {
        ports.approver = Arc::new(Person(|question: &Question| {
            (question.place == "review[b]/sign_off").then_some("reject")
        }));
    });
    let waiting = resume(one).await.unwrap();
    let mut found = places(&waiting);
    found.sort_unstable();
    assert_eq!(found, ["own", "review[a]/sign_off"]);
    let done = resume(answered(&run, "approve")).await.unwrap();
    assert_eq!(done.outputs["choices"], serde_json::json!(["approve", "reject"]));
}

#[tokio::test]
async fn a_deadline_that_passed_meanwhile_decides_on_resume() {
    for (on_deadline, expected) in [(Some("reject"), RunStatus::Succeeded), (None, RunStatus::Failed)] {
        let (run, _) = run_of(asking(Some(60_000), on_deadline));
        let clock = Told::at(1_000_000);
        let told = with(&run, &|ports| ports.clock = clock.clone());
        let waiting = live(told.clone()).await.unwrap();
        assert_eq!(waiting.questions[0].deadline_ms, Some(1_060_000));
        clock.pass(59_000);
        let waiting = resume(told.clone()).await.unwrap();
        assert_eq!(
            waiting.questions[0].deadline_ms,
            Some(1_060_000),
            "a resume gives no more time"
        );
        assert_eq!(*clock.asked.lock().unwrap(), [60_000, 1_000]);
        clock.pass(2_000);
        // Whoever answers after the deadline comes too late.
        let over = resume(answered(&told, "approve")).await.unwrap();
        assert_eq!(over.status, expected);
        match over.failure {
            None => assert_eq!(over.outputs["decision"]["choice"], "reject"),
            Some((place, failure)) => {
                assert_eq!(
                    (place.as_deref(), failure.kind),
                    (Some("sign_off"), FailureKind::Timeout)
                );
                assert!(failure.message.contains("60 s") && failure.message.contains("on_deadline"));
            }
        }
    }
}

#[tokio::test]
async fn a_deadline_in_another_run_ends_the_waiting_while_this_one_works() {
    let mut workflow = family(Some(5_000));
    // The own step is one that goes on for a while: the run is driven, and waits for nobody.
    workflow.steps[1] = workflow::agent_step(&workflow, "own", &[], 0, workflow::literal("Go on."));
    let (run, journal) = run_of(workflow);
    let clock = Told::at(1_000);
    let run = with(&run, &|ports| ports.clock = clock.clone());
    let handle = troupe_agents::start(run, crate::fixture::header(), Default::default(), Default::default())
        .await
        .unwrap();
    while journal.status_now("TEST.review-1").await != Some(RunStatus::Waiting) {
        tokio::task::yield_now().await;
    }
    clock.pass(5_000);
    let outcome = handle.outcome().await.unwrap();
    let (place, failure) = outcome.failure.unwrap();
    // Both deadlines pass at once, and one of them is heard of first.
    assert!(place.is_some_and(|place| place.starts_with("review[")));
    assert_eq!(failure.kind, FailureKind::Timeout);
    assert!(
        failure
            .message
            .starts_with("workflow `asking` failed at step `sign_off`:"),
        "{failure}"
    );
}

/// Answers at one place, after a while.
struct Slow(Arc<Told>);

#[async_trait::async_trait]
impl Approver for Slow {
    async fn ask(&self, question: Question) -> Option<Answer> {
        if question.place != "own" {
            return None;
        }
        self.0.sleep(10_000).await;
        Some(Answer {
            choice: "approve".into(),
            comment: None,
            by: "somebody".into(),
        })
    }
}

#[tokio::test]
async fn a_run_below_that_waited_and_was_decided_by_its_deadline_gives_its_outputs() {
    let mut workflow = family(None);
    let mut called = asking(Some(5_000), Some("reject"));
    called.name = "asking".into();
    workflow.workflows = vec![Arc::new(called)];
    let (run, journal) = run_of(workflow);
    let clock = Told::at(1_000);
    let run = with(&run, &|ports| {
        ports.clock = clock.clone();
        ports.approver = Arc::new(Slow(clock.clone()));
    });
    let (inputs, env) = Default::default();
    let handle = troupe_agents::start(run, crate::fixture::header(), inputs, env)
        .await
        .unwrap();
    for status in [RunStatus::Waiting, RunStatus::Succeeded] {
        while journal.status_now("TEST.review-1").await != Some(status) {
            tokio::task::yield_now().await;
        }
        clock.pass(5_000);
    }
    let outcome = handle.outcome().await.unwrap();
    assert_eq!(outcome.outputs["choices"], serde_json::json!(["reject", "reject"]));
}

#[tokio::test]
async fn an_answer_that_is_no_choice_fails_the_step() {
    let (run, _) = run_of(asking(None, None));
    let outcome = live(answered(&run, "maybe")).await.unwrap();
    let (_, failure) = outcome.failure.unwrap();
    assert_eq!(failure.message, "`maybe` is none of the choices approve, reject");
}

/// Drives a run until so many events are there and nothing moves any more, then ends as `kill -9` does:
/// the runtime goes, and with it every task. Gives what was slept for.
fn drive_and_kill(run: &Run, journal: &Mortal, clock: &Told, events: usize) -> Vec<u64> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let (inputs, env) = Default::default();
        let _handle = troupe_agents::resume(run.clone(), inputs, env).await.unwrap();
        while journal.events().await.len() < events {
            tokio::task::yield_now().await;
        }
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    });
    let mut asked = std::mem::take(&mut *clock.asked.lock().unwrap());
    asked.sort_unstable();
    asked
}

#[test]
fn pauses_and_timeouts_run_on_across_restarts() {
    let mut workflow = workflow::team(1, 1);
    let mut ask = workflow::agent_step(&workflow, "ask", &[], 0, workflow::literal("Why?"));
    ask.timeout_ms = Some(60_000);
    ask.retry = Retry {
        attempts: 2,
        backoff_ms: 10_000,
        errors: Vec::new(),
    };
    workflow.steps = vec![ask];
    let (run, journal) = run_of(workflow);
    let clock = Told::at(1_000);
    let run = with(&run, &|ports| ports.clock = clock.clone());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(journal.create(crate::fixture::header())).unwrap();
    let kill = |events| drive_and_kill(&run, &journal, &clock, events);
    // Started, with the step, its item and its agent's first turn.
    assert_eq!(kill(4), [60_000, 3_600_000]);
    clock.pass(20_000);
    assert_eq!(
        kill(4),
        [40_000, 3_600_000],
        "nobody worked meanwhile: an agent keeps its seconds"
    );
    clock.pass(40_000);
    assert_eq!(
        kill(5),
        [10_000],
        "the timeout passed: a pause before the second attempt"
    );
    clock.pass(4_000);
    assert_eq!(kill(5), [6_000]);
    clock.pass(6_000);
    assert_eq!(
        kill(7),
        [60_000, 3_600_000],
        "the pause is over: the second attempt begins"
    );
}
