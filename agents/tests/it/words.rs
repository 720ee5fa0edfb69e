//! Words from outside: taken once, by whoever drives the run, and settled when what follows is journaled.

use crate::approve::{asking, family, run_of};
use crate::fixture::{Mortal, header, live, resume, run_id, with};
use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use troupe_agents::{Handle, Run, decided, questions};
use troupe_core::event::Event;
use troupe_core::id::{CallId, RunId, StepIndex};
use troupe_core::input::Part;
use troupe_core::ir::Workflow;
use troupe_core::port::approver::Answer;
use troupe_core::port::dispatch::{Dispatch, Post, Word};
use troupe_core::port::journal::{Journal as _, RunStatus};
use troupe_core::port::{Error, ErrorKind};
use troupe_testkit::workflow;

pub fn answer(choice: &str) -> Answer {
    Answer {
        choice: choice.into(),
        comment: None,
        by: "somebody".into(),
    }
}

/// The word that answers the question at `place`.
pub async fn word(run: &Run, journal: &Mortal, place: &str, choice: &str) -> Word {
    let questions = questions(journal, &run_id(), &run.workflow).await.unwrap();
    let question = questions.into_iter().find(|question| question.place == place).unwrap();
    Word::Answer {
        run: question.run,
        call: question.call,
        answer: answer(choice),
    }
}

async fn start(run: &Run) -> Handle {
    let (inputs, env) = Default::default();
    troupe_agents::start(run.clone(), header(), inputs, env).await.unwrap()
}

async fn until(mut happens: impl AsyncFnMut() -> bool) {
    while !happens().await {
        tokio::task::yield_now().await;
    }
}

async fn is_settled(journal: &Mortal) -> bool {
    journal.posted(&run_id()).await.unwrap().is_empty()
}

/// The choices that were made in the run of this name, in order.
pub async fn chosen(journal: &Mortal, name: &str) -> Vec<String> {
    let entries = journal.load(&RunId::parse(name).unwrap()).await.unwrap();
    let chosen = entries.into_iter().filter_map(|entry| match entry.event {
        Event::ItemSucceeded {
            by: Some(_), output, ..
        } => Some(output?["choice"].as_str()?.to_owned()),
        _ => None,
    });
    chosen.collect()
}

/// The same workflow with a step that goes on for ever beside the others.
fn beside_work(mut workflow: Workflow) -> Workflow {
    let works = workflow::agent_step(&workflow, "works", &[], 0, workflow::literal("Go on."));
    workflow.steps.push(works);
    workflow
}

#[tokio::test]
async fn an_answer_is_taken_while_another_branch_works() {
    let (run, journal) = run_of(beside_work(asking(None, None)));
    let handle = start(&run).await;
    until(async || {
        !questions(journal.as_ref(), &run_id(), &run.workflow)
            .await
            .unwrap()
            .is_empty()
    })
    .await;
    let yes = word(&run, &journal, "sign_off", "approve").await;
    let no = word(&run, &journal, "sign_off", "reject").await;
    for word in [yes.clone(), no, yes] {
        journal.post(&run_id(), word).await.unwrap();
    }
    until(async || is_settled(&journal).await).await;
    assert_eq!(chosen(&journal, "TEST").await, ["approve"], "the first word decides");
    assert_eq!(journal.status("TEST").await, RunStatus::Running);
    journal.post(&run_id(), Word::Cancel).await.unwrap();
    assert_eq!(handle.outcome().await.unwrap().status, RunStatus::Cancelled);
    assert!(is_settled(&journal).await);
}

#[tokio::test]
async fn an_answer_goes_down_to_the_run_that_asks_while_the_one_above_works() {
    let (run, journal) = run_of(beside_work(family(None)));
    let handle = start(&run).await;
    until(async || journal.status_now("TEST.review-1").await == Some(RunStatus::Waiting)).await;
    let asked = questions(journal.as_ref(), &run_id(), &run.workflow).await.unwrap();
    assert_eq!(asked.len(), 3);
    for (place, choice) in [("review[b]/sign_off", "reject"), ("own", "approve")] {
        let word = word(&run, &journal, place, choice).await;
        journal.post(&run_id(), word).await.unwrap();
    }
    until(async || is_settled(&journal).await).await;
    assert_eq!(chosen(&journal, "TEST.review-1").await, ["reject"]);
    assert_eq!(chosen(&journal, "TEST").await, ["approve"]);
    for question in &asked {
        let decision = decided(journal.as_ref(), question, &run.workflow).await.unwrap();
        let expected = match question.place.as_str() {
            "own" => Some("approve"),
            "review[b]/sign_off" => Some("reject"),
            _ => None,
        };
        assert_eq!(decision.map(|decision| decision.choice).as_deref(), expected);
    }
    until(async || journal.status("TEST.review-1").await == RunStatus::Succeeded).await;
    // A word for a run that is over, and one for a run that never was.
    for name in ["TEST.review-1", "TEST.review-7.x"] {
        let stale = Word::Answer {
            run: RunId::parse(name).unwrap(),
            call: CallId(0),
            answer: answer("approve"),
        };
        journal.post(&run_id(), stale).await.unwrap();
    }
    until(async || is_settled(&journal).await).await;
    assert_eq!(chosen(&journal, "TEST.review-1").await, ["reject"]);
    handle.remote().cancel();
    handle.outcome().await.unwrap();
}

#[tokio::test]
async fn a_word_about_a_call_that_is_no_question_changes_nothing() {
    let (run, journal) = run_of(beside_work(asking(None, None)));
    let handle = start(&run).await;
    until(async || journal.events().await.len() > 3).await;
    let events = journal.events().await;
    for call in 0..8 {
        let is_asked = word(&run, &journal, "sign_off", "approve").await;
        let other = Word::Answer {
            run: run_id(),
            call: CallId(call),
            answer: answer("approve"),
        };
        if other != is_asked {
            journal.post(&run_id(), other).await.unwrap();
        }
    }
    until(async || is_settled(&journal).await).await;
    assert_eq!(journal.events().await, events);
    handle.remote().cancel();
    assert_eq!(handle.outcome().await.unwrap().status, RunStatus::Cancelled);
}

#[tokio::test]
async fn words_that_were_left_for_nobody_are_the_first_that_is_done() {
    let (run, journal) = run_of(family(None));
    assert_eq!(live(run.clone()).await.unwrap().status, RunStatus::Waiting);
    let places = [
        ("review[a]/sign_off", "approve"),
        ("own", "approve"),
        ("review[b]/sign_off", "reject"),
    ];
    for (place, choice) in places {
        let word = word(&run, &journal, place, choice).await;
        journal.post(&run_id(), word).await.unwrap();
    }
    assert_eq!(journal.due(0, 9).await.unwrap(), [run_id()]);
    let outcome = resume(run).await.unwrap();
    assert_eq!(outcome.outputs["choices"], serde_json::json!(["approve", "reject"]));
    assert!(is_settled(&journal).await && journal.due(u64::MAX, 9).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_cancellation_that_waits_outruns_everything_and_is_forgotten_when_the_run_is_reopened() {
    let (run, journal) = run_of(asking(None, None));
    live(run.clone()).await.unwrap();
    let yes = word(&run, &journal, "sign_off", "approve").await;
    let before = journal.events().await.len();
    for word in [Word::Cancel, yes] {
        journal.post(&run_id(), word).await.unwrap();
    }
    let cancelled = resume(run.clone()).await.unwrap();
    assert_eq!(cancelled.status, RunStatus::Cancelled);
    assert_eq!(journal.events().await[before..], [Event::RunCancelled]);
    assert!(is_settled(&journal).await);
    // Said to a run that was over already.
    journal.post(&run_id(), Word::Cancel).await.unwrap();
    let waiting = resume(run).await.unwrap();
    assert_eq!(waiting.status, RunStatus::Waiting);
    assert!(is_settled(&journal).await);
}

#[tokio::test]
async fn a_run_that_nobody_drives_is_cancelled_by_one_event() {
    let (run, journal) = run_of(family(None));
    live(run.clone()).await.unwrap();
    journal.post(&run_id(), Word::Cancel).await.unwrap();
    let cancel = async || {
        troupe_agents::cancel(
            &journal.inner,
            &journal.inner,
            &run_id(),
            &run.workflow,
            Default::default(),
            7,
        )
        .await
    };
    let before = journal.events().await.len();
    cancel().await.unwrap();
    assert_eq!(journal.events().await[before..], [Event::RunCancelled]);
    assert_eq!(journal.status("TEST").await, RunStatus::Cancelled);
    assert!(is_settled(&journal).await);
    let again = cancel().await.unwrap_err();
    assert_eq!(again.to_string(), "the run is over: cancelled");
}

#[tokio::test]
async fn a_run_that_never_began_is_cancelled_with_its_beginning() {
    let (run, journal) = run_of(asking(None, None));
    journal.create(header()).await.unwrap();
    troupe_agents::cancel(
        &journal.inner,
        &journal.inner,
        &run_id(),
        &run.workflow,
        Default::default(),
        7,
    )
    .await
    .unwrap();
    let events = journal.events().await;
    assert!(matches!(events.first(), Some(Event::RunStarted { .. })), "{events:?}");
    assert_eq!(events.last(), Some(&Event::RunCancelled));
}

/// Forgets words only after having been told so often.
struct Reluctant {
    inner: Arc<Mortal>,
    refusals: AtomicU32,
}

#[async_trait]
impl Dispatch for Reluctant {
    async fn post(&self, run: &RunId, word: Word) -> Result<(), Error> {
        self.inner.post(run, word).await
    }
    async fn posted(&self, run: &RunId) -> Result<Vec<Post>, Error> {
        self.inner.posted(run).await
    }
    async fn settle(&self, run: &RunId, number: u64) -> Result<(), Error> {
        let fewer = |left: u32| left.checked_sub(1);
        match self.refusals.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fewer) {
            Ok(_) => Err(Error::new(ErrorKind::Unavailable, "another program holds the database")),
            Err(_) => self.inner.settle(run, number).await,
        }
    }
    async fn due(&self, now_ms: u64, limit: u32) -> Result<Vec<RunId>, Error> {
        self.inner.due(now_ms, limit).await
    }
}

#[tokio::test]
async fn a_word_that_cannot_be_settled_at_once_is_taken_once() {
    for refusals in [0, 1, 2] {
        let (run, journal) = run_of(beside_work(family(None)));
        let dispatch = Arc::new(Reluctant {
            inner: journal.clone(),
            refusals: AtomicU32::new(refusals),
        });
        let run = with(&run, &|ports| ports.dispatch = dispatch.clone());
        let handle = start(&run).await;
        until(async || journal.status_now("TEST.review-1").await == Some(RunStatus::Waiting)).await;
        for place in ["review[b]/sign_off", "own"] {
            let word = word(&run, &journal, place, "approve").await;
            journal.post(&run_id(), word).await.unwrap();
        }
        until(async || is_settled(&journal).await).await;
        assert_eq!(chosen(&journal, "TEST.review-1").await, ["approve"]);
        assert_eq!(chosen(&journal, "TEST").await, ["approve"]);
        handle.remote().cancel();
        handle.outcome().await.unwrap();
    }
}

#[tokio::test]
async fn a_secret_in_a_comment_is_written_as_its_marker() {
    let (run, journal) = run_of(asking(None, None));
    let run = with(&run, &|ports| {
        ports.secrets = troupe_agents::Secrets::new(vec![("KEY".into(), "sesame-open".into())], Vec::new());
    });
    live(run.clone()).await.unwrap();
    let Word::Answer {
        run: asks,
        call,
        answer,
    } = word(&run, &journal, "sign_off", "approve").await
    else {
        unreachable!("an answer was made");
    };
    let answer = Answer {
        comment: Some("it is sesame-open".into()),
        ..answer
    };
    let word = Word::Answer {
        run: asks,
        call,
        answer,
    };
    journal.post(&run_id(), word).await.unwrap();
    let outcome = resume(run).await.unwrap();
    let comment = outcome.outputs["decision"]["comment"].as_str().unwrap();
    assert!(
        comment.starts_with("it is ") && !comment.contains("sesame"),
        "{comment}"
    );
}

#[tokio::test]
async fn a_part_of_a_run_below_is_stopped() {
    let (run, journal) = run_of(beside_work(family(None)));
    let handle = start(&run).await;
    until(async || journal.status_now("TEST.review-1").await == Some(RunStatus::Waiting)).await;
    let stop = |name: &str| Word::Stop {
        run: RunId::parse(name).unwrap(),
        part: Part::Step(StepIndex(0)),
        by: "ada".into(),
    };
    // One for a run that never was is as good as heard.
    journal.post(&run_id(), stop("TEST.review-7")).await.unwrap();
    until(async || is_settled(&journal).await).await;
    assert_eq!(journal.status_now("TEST.review-1").await, Some(RunStatus::Waiting));
    journal.post(&run_id(), stop("TEST.review-1")).await.unwrap();
    let outcome = handle.outcome().await.unwrap();
    assert_eq!(journal.status("TEST.review-1").await, RunStatus::Failed);
    let (place, failure) = outcome.failure.unwrap();
    assert_eq!(place.as_deref(), Some("review[b]"));
    assert_eq!(
        failure.to_string(),
        "workflow `asking` failed at step `sign_off`: stopped by ada (stopped)"
    );
    assert!(is_settled(&journal).await);
}
