//! Runs that a run starts: begun, gone on with, cancelled, tried again.

use crate::fixture::{Mortal, live, resume, wired};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use troupe_core::failure::FailureKind;
use troupe_core::id::RunId;
use troupe_core::ir::{FanOut, Retry, Workflow};
use troupe_core::limits::{LimitHit, Reached, RunLimits};
use troupe_core::port::journal::{Journal as _, RunStatus};
use troupe_core::port::model::ModelRequest;
use troupe_core::port::{Error, ErrorKind};
use troupe_core::view::RunView;
use troupe_testkit::model::{Line, Scripted, last_text, tool_messages};
use troupe_testkit::tool::Answering;
use troupe_testkit::workflow;

/// Scores three rows, each by a run of its own that looks something up first.
fn scoring(parallel: u32) -> Workflow {
    let mut workflow = workflow::team(1, 1);
    workflow.workflows = vec![Arc::new(workflow::scorer())];
    let row = troupe_core::expression::Template::Expression(workflow::expression("row"));
    let mut score = workflow::workflow_step("score", &[], 0, vec![("row".into(), row)]);
    score.fan_out = Some(FanOut {
        items: workflow::expression("[7, 8, 9]"),
        variable: "row".into(),
        parallel,
        key: None,
    });
    workflow.steps = vec![score];
    workflow.outputs = vec![workflow::output("scores", "steps.score.outputs.map(o, o.score)")];
    workflow
}

/// The row that a scorer was asked about.
fn row(request: &ModelRequest) -> String {
    let first = request
        .messages
        .first()
        .map(|message| format!("{message:?}"))
        .unwrap_or_default();
    ["7", "8", "9"]
        .into_iter()
        .find(|row| first.contains(row))
        .unwrap_or_default()
        .to_owned()
}

fn score(request: &ModelRequest) -> Line {
    match tool_messages(request) {
        0 => Line::Call(vec![("lookup", "{}".into())]),
        _ => Line::Say(row(request)),
    }
}

type Wired<F> = (troupe_agents::Run, Arc<Mortal>, Arc<Scripted<F>>);

fn run_of<F: Fn(&ModelRequest) -> Line + Send + Sync + 'static>(workflow: Workflow, script: F) -> Wired<F> {
    let journal = Mortal::new(u64::MAX);
    let model = Arc::new(Scripted::new(script));
    let tool = Arc::new(Answering::new(|_| Ok("found".into())));
    let (run, _) = wired(workflow, journal.clone(), model.clone(), tool);
    (run, journal, model)
}

#[tokio::test]
async fn each_item_is_a_run_and_all_of_them_count() {
    let (run, journal, _) = run_of(scoring(2), score);
    let workflow = run.workflow.clone();
    let outcome = live(run).await.unwrap();
    assert_eq!(outcome.outputs["scores"], serde_json::json!([7, 8, 9]));
    assert_eq!((outcome.progress.agents, outcome.progress.tool_calls), (3, 3));
    let mut tokens = 0;
    for name in ["TEST.score-0", "TEST.score-1", "TEST.score-2"] {
        let record = journal.run(&RunId::parse(name).unwrap()).await.unwrap();
        assert_eq!(record.progress.status, RunStatus::Succeeded, "{name}");
        assert_eq!(
            (record.header.workflow.as_str(), record.header.path.as_str()),
            ("scorer", "/test.yaml")
        );
        tokens += record.progress.usage.total();
    }
    assert_eq!(outcome.progress.usage.total(), tokens);
    let entries = journal.load(&crate::fixture::run_id()).await.unwrap();
    let view = RunView::of(&workflow, &entries);
    assert_eq!((view.usage.total(), view.tool_calls, view.agents_below), (tokens, 3, 3));
    let children: Vec<_> = view.steps[0]
        .children
        .iter()
        .map(|child| (child.name.as_str(), child.status))
        .collect();
    assert_eq!(
        children,
        [
            ("score-0", RunStatus::Succeeded),
            ("score-1", RunStatus::Succeeded),
            ("score-2", RunStatus::Succeeded)
        ]
    );
}

#[tokio::test]
async fn a_failure_names_its_step_and_a_resume_goes_on_where_it_was() {
    let broken = Arc::new(AtomicBool::new(true));
    let seen = broken.clone();
    let (run, journal, model) = run_of(scoring(1), move |request: &ModelRequest| match row(request).as_str() {
        "8" if tool_messages(request) > 0 && seen.load(Ordering::SeqCst) => {
            Line::Fail(Error::new(ErrorKind::Unavailable, "the server is gone"))
        }
        _ => score(request),
    });
    let failed = live(run.clone()).await.unwrap();
    let (place, failure) = failed.failure.unwrap();
    assert_eq!((place.as_deref(), failure.kind), (Some("score[1]"), FailureKind::Model));
    assert_eq!(
        failure.message,
        "workflow `scorer` failed at step `score`: model `fast`: the server is gone"
    );
    assert_eq!(journal.status("TEST.score-1").await, RunStatus::Failed);
    let asked = model.asked.load(Ordering::SeqCst);
    broken.store(false, Ordering::SeqCst);
    let resumed = resume(run).await.unwrap();
    assert_eq!(resumed.outputs["scores"], serde_json::json!([7, 8, 9]));
    // The turn that failed again, and the two of the last row.
    assert_eq!(model.asked.load(Ordering::SeqCst) - asked, 3);
    assert_eq!((resumed.progress.agents, resumed.progress.tool_calls), (3, 3));
    let mut tokens = 0;
    for record in journal
        .runs(9)
        .await
        .unwrap()
        .iter()
        .filter(|record| record.header.run.parent().is_some())
    {
        tokens += record.progress.usage.total();
    }
    assert_eq!(
        resumed.progress.usage.total(),
        tokens,
        "what was used before is counted once"
    );
}

#[tokio::test]
async fn a_retry_begins_a_fresh_run() {
    let mut workflow = scoring(1);
    workflow.steps[0].retry = Retry {
        attempts: 2,
        backoff_ms: 1,
        errors: Vec::new(),
    };
    let once = AtomicBool::new(true);
    let (run, journal, _) = run_of(workflow, move |request: &ModelRequest| {
        if once.swap(false, Ordering::SeqCst) {
            return Line::Fail(Error::new(ErrorKind::Unavailable, "the server is gone"));
        }
        score(request)
    });
    assert_eq!(live(run).await.unwrap().status, RunStatus::Succeeded);
    assert_eq!(journal.status("TEST.score-0").await, RunStatus::Failed);
    assert_eq!(journal.status("TEST.score-0-a2").await, RunStatus::Succeeded);
}

#[tokio::test]
async fn a_cancelled_run_cancels_what_it_started_and_goes_on_with_it() {
    let hanging = Arc::new(AtomicBool::new(true));
    let seen = hanging.clone();
    let (run, journal, model) = run_of(scoring(3), move |request: &ModelRequest| match tool_messages(request) {
        0 => score(request),
        _ if seen.load(Ordering::SeqCst) => Line::Hang,
        _ => score(request),
    });
    let (inputs, env) = Default::default();
    let handle = troupe_agents::start(run.clone(), crate::fixture::header(), inputs, env)
        .await
        .unwrap();
    while model.asked.load(Ordering::SeqCst) < 6 {
        tokio::task::yield_now().await;
    }
    handle.remote().cancel();
    assert_eq!(handle.outcome().await.unwrap().status, RunStatus::Cancelled);
    for name in ["TEST", "TEST.score-0", "TEST.score-1", "TEST.score-2"] {
        assert_eq!(journal.status(name).await, RunStatus::Cancelled, "{name}");
    }
    hanging.store(false, Ordering::SeqCst);
    let resumed = resume(run).await.unwrap();
    assert_eq!(resumed.outputs["scores"], serde_json::json!([7, 8, 9]));
    assert_eq!(
        model.asked.load(Ordering::SeqCst),
        9,
        "only the turns that hung were asked again"
    );
}

#[tokio::test]
async fn a_run_gets_no_more_than_what_is_left() {
    let mut workflow = scoring(1);
    workflow.limits = RunLimits {
        agents: 2,
        tokens: 50,
        ..workflow.limits
    };
    workflow.steps[0].on_error = troupe_core::ir::OnError::Continue;
    workflow.outputs = vec![workflow::output("errors", "steps.score.errors")];
    let (run, journal, _) = run_of(workflow, |request: &ModelRequest| match request.forced {
        true => Line::Say(row(request)),
        false => Line::Call(vec![("lookup", last_text(request).len().to_string())]),
    });
    let outcome = live(run).await.unwrap();
    assert_eq!(outcome.status, RunStatus::Succeeded);
    assert_eq!(
        outcome.outputs["errors"],
        serde_json::json!([{
            "item": 2, "key": null, "kind": "limit",
            "message": "workflow `scorer` failed at step `score`: 0 of 0 agents used, and up to 1 more needed of what run TEST left to this run: raise `limits.agents` of its workflow",
        }])
    );
    let second = journal.load(&RunId::parse("TEST.score-1").unwrap()).await.unwrap();
    let forced = second.iter().position(|entry| {
        matches!(
            entry.event,
            troupe_core::event::Event::TurnStarted {
                forced: Some(Reached {
                    limit: LimitHit::Tokens,
                    ..
                }),
                ..
            }
        )
    });
    assert_eq!(forced, Some(3), "what the first run used up is not left to the second");
}
