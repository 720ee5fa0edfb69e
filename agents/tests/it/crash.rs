//! A crash after every append: nothing acknowledged is repeated, and the outputs are the same.

use crate::fixture::{Mortal, Person, live, resume, run_id, wired, with};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use troupe_core::event::Event;
use troupe_core::ir::{FanOut, Workflow};
use troupe_core::port::approver::Question;
use troupe_core::port::journal::{Journal as _, RunStatus};
use troupe_core::port::model::ModelRequest;
use troupe_testkit::model::{Line, Scripted, last_text, tool_messages};
use troupe_testkit::tool::Answering;
use troupe_testkit::workflow;

/// A lead with two subagents, then a fan-out over three items.
fn both() -> Workflow {
    let mut workflow = workflow::team(2, 4);
    let lead = workflow::agent_step(&workflow, "research", &[], 1, workflow::literal("Compare them."));
    let mut fan = workflow::agent_step(&workflow, "check", &[0], 0, workflow::text("Check ", "n"));
    fan.fan_out = Some(FanOut {
        items: workflow::expression("[1, 2, 3]"),
        variable: "n".into(),
        parallel: 2,
        key: None,
    });
    workflow.steps = vec![lead, fan];
    workflow.outputs = vec![
        workflow::output("answer", "steps.research.output"),
        workflow::output("checked", "steps.check.outputs"),
    ];
    workflow
}

fn script(request: &ModelRequest) -> Line {
    match (request.system.contains("lead"), tool_messages(request)) {
        (true, 0) => {
            let arguments = serde_json::json!({ "sub_agents": [{ "prompt": "one" }, { "prompt": "two" }] });
            Line::Call(vec![("create_sub_agents", arguments.to_string())])
        }
        (true, _) => Line::Say(last_text(request)),
        (false, 0) => Line::Call(vec![("lookup", "{}".into()), ("lookup", "{}".into())]),
        (false, _) => Line::Say("answered".into()),
    }
}

#[tokio::test]
async fn a_crash_after_any_append_changes_nothing_but_the_time() {
    let calm = Mortal::new(u64::MAX);
    let (run, _) = wired(
        both(),
        calm.clone(),
        Arc::new(Scripted::new(script)),
        Arc::new(Answering::new(|_| Ok("x".into()))),
    );
    let expected = live(run).await.unwrap();
    assert_eq!(expected.status, RunStatus::Succeeded);
    let all = calm.events().await.len() as u64;
    let mut crashes = 0;
    for appends in 1.. {
        assert!(appends <= all, "the run never finished");
        let journal = Mortal::new(appends);
        let model = Arc::new(Scripted::new(script));
        let tool = Arc::new(Answering::new(|_| Ok("x".into())));
        let (run, _) = wired(both(), journal.clone(), model.clone(), tool.clone());
        let Err(crash) = live(run.clone()).await else { break };
        assert!(crash.to_string().contains("no room left"), "{crash}");
        crashes += 1;
        let acknowledged = replies(&journal.events().await);
        let (asked, called) = (model.asked.load(Ordering::SeqCst), tool.keys().len());
        journal.appends_left.store(u64::MAX, Ordering::SeqCst);
        let outcome = resume(run).await.unwrap();
        assert_eq!(outcome.outputs, expected.outputs, "after a crash at append {appends}");
        let finished = replies(&journal.events().await);
        // What the second process asked for is exactly what the first had not journaled.
        assert_eq!(model.asked.load(Ordering::SeqCst) - asked, finished.0 - acknowledged.0);
        assert_eq!(tool.keys().len() - called, finished.1 - acknowledged.1);
        let keys: BTreeSet<String> = tool.keys()[called..].iter().cloned().collect();
        assert_eq!(
            keys.len(),
            tool.keys().len() - called,
            "no key is used twice in one process"
        );
    }
    assert!(crashes > 8, "only {crashes} crashes");
    assert!(calm.load(&run_id()).await.is_ok());
}

/// Runs of their own with lookups in them, in rounds, some of which fail; and a person who decides.
fn all_kinds() -> Workflow {
    let mut workflow = workflow::everything();
    // The team is in the test above, and what may be in doubt in `doubt`.
    workflow.steps.drain(7..);
    workflow.steps.drain(..5);
    for step in &mut workflow.steps {
        step.after.clear();
    }
    workflow.steps[1].after = vec![troupe_core::id::StepIndex(0)];
    workflow.outputs.truncate(3);
    workflow
}

fn scorer(request: &ModelRequest) -> Line {
    let first = request
        .messages
        .first()
        .map(|message| format!("{message:?}"))
        .unwrap_or_default();
    match tool_messages(request) {
        0 => Line::Call(vec![("lookup", "{}".into())]),
        // Rows 8 and 10 need another round; what is asked about 11 never has the right shape.
        _ if first.contains("11") => Line::Say("eleven".into()),
        _ if first.contains("8") || first.contains("10") => Line::Say("0".into()),
        _ => Line::Say("1".into()),
    }
}

#[tokio::test]
async fn a_crash_after_any_append_of_a_family_of_runs_changes_nothing() {
    let calm = Mortal::new(u64::MAX);
    let person = Arc::new(Person(|question: &Question| {
        Some(if question.message.is_empty() {
            "reject"
        } else {
            "approve"
        })
    }));
    let family = |journal: &Arc<Mortal>| {
        let model = Arc::new(Scripted::new(scorer));
        let tool = Arc::new(Answering::new(|_| Ok("x".into())));
        let (run, _) = wired(all_kinds(), journal.clone(), model.clone(), tool.clone());
        (with(&run, &|ports| ports.approver = person.clone()), model, tool)
    };
    let expected = live(family(&calm).0).await.unwrap();
    assert_eq!(expected.status, RunStatus::Succeeded, "{expected:?}");
    // Row 7 needs two rounds, row 9 fails in its second.
    let scores = serde_json::json!([{ "score": 1 }, { "score": 1 }, null]);
    assert_eq!(expected.outputs["scores"], scores);
    assert_eq!(
        (&expected.outputs["scoring"], &expected.outputs["signed"]),
        (&"failed".into(), &"approve".into())
    );
    let (mut crashes, mut finished_early) = (0, 0);
    for appends in 1.. {
        let journal = Mortal::new(appends);
        let (run, model, tool) = family(&journal);
        let Err(crash) = live(run.clone()).await else { break };
        assert!(crash.to_string().contains("no room left"), "{crash}");
        crashes += 1;
        let acknowledged = replies(&journal.all_events().await);
        finished_early += usize::from(acknowledged.0 > 0);
        let (asked, called) = (model.asked.load(Ordering::SeqCst), tool.keys().len());
        journal.appends_left.store(u64::MAX, Ordering::SeqCst);
        let outcome = resume(run).await.unwrap();
        assert_eq!(outcome.outputs, expected.outputs, "after a crash at append {appends}");
        assert_eq!(outcome.progress, expected.progress, "after a crash at append {appends}");
        let finished = replies(&journal.all_events().await);
        assert_eq!(model.asked.load(Ordering::SeqCst) - asked, finished.0 - acknowledged.0);
        assert_eq!(tool.keys().len() - called, finished.1 - acknowledged.1);
        let keys: BTreeSet<String> = tool.keys()[called..].iter().cloned().collect();
        assert_eq!(
            keys.len(),
            tool.keys().len() - called,
            "no key is used twice in one process"
        );
    }
    assert!(crashes > 30 && finished_early > 20, "only {crashes} crashes");
}

/// Model and tool answers in a journal.
fn replies(events: &[Event]) -> (usize, usize) {
    let count = |wanted: fn(&Event) -> bool| events.iter().filter(|event| wanted(event)).count();
    (
        count(|event| matches!(event, Event::ModelReplied { .. })),
        count(|event| matches!(event, Event::ToolReplied { .. })),
    )
}

#[tokio::test]
async fn nothing_is_done_before_its_facts_are_on_disk() {
    let journal = Mortal::new(0);
    let model = Arc::new(Scripted::new(script));
    let (run, witness) = wired(
        both(),
        journal,
        model.clone(),
        Arc::new(Answering::new(|_| Ok("x".into()))),
    );
    assert!(live(run).await.is_err());
    assert_eq!(model.asked.load(Ordering::SeqCst), 0);
    assert!(
        witness.0.lock().unwrap().is_empty(),
        "an observer sees durable facts alone"
    );
}

#[tokio::test]
async fn a_run_whose_first_event_was_lost_begins_on_resume() {
    let journal = Mortal::new(0);
    let model = Arc::new(Scripted::new(script));
    let tool = Arc::new(Answering::new(|_| Ok("x".into())));
    let (run, _) = wired(both(), journal.clone(), model, tool);
    assert!(live(run.clone()).await.is_err());
    assert_eq!(journal.events().await, []);
    journal.appends_left.store(u64::MAX, Ordering::SeqCst);
    assert_eq!(resume(run).await.unwrap().status, RunStatus::Succeeded);
}
