//! A lead and its subagents: the contract of WideSeek-style orchestration, and where it is better.

use crate::fixture::{Mortal, live, resume, run_id, wired};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use troupe_agents::Outcome;
use troupe_core::event::Event;
use troupe_core::failure::FailureKind;
use troupe_core::ir::Workflow;
use troupe_core::port::journal::{Journal as _, RunStatus};
use troupe_core::port::model::ModelRequest;
use troupe_core::port::{Error, ErrorKind};
use troupe_core::view::RunView;
use troupe_testkit::model::{Line, Scripted, last_text, tool_messages};
use troupe_testkit::tool::Answering;
use troupe_testkit::workflow;

/// A lead on `question`, whose answer is the output.
fn research(parallel: u32, per_wave: u32) -> Workflow {
    let mut workflow = workflow::team(parallel, per_wave);
    workflow.steps = vec![workflow::agent_step(
        &workflow,
        "research",
        &[],
        1,
        workflow::literal("Compare them."),
    )];
    workflow.outputs = vec![workflow::output("answer", "steps.research.output")];
    workflow
}

fn is_lead(request: &ModelRequest) -> bool {
    request.system.contains("lead")
}

/// Asks for subagents with these prompts.
fn delegate(prompts: &[&str]) -> Line {
    let entries: Vec<_> = prompts
        .iter()
        .map(|prompt| serde_json::json!({ "prompt": prompt }))
        .collect();
    Line::Call(vec![(
        "create_sub_agents",
        serde_json::json!({ "sub_agents": entries }).to_string(),
    )])
}

/// Runs a team whose lead delegates once and then answers with what it was told, word for word.
async fn check(
    workflow: Workflow,
    prompts: &'static [&'static str],
    seeker: fn(&ModelRequest) -> Line,
) -> (Outcome, RunView) {
    let model = Scripted::new(
        move |request: &ModelRequest| match (is_lead(request), tool_messages(request)) {
            (true, 0) => delegate(prompts),
            (true, _) => Line::Say(last_text(request)),
            (false, _) => seeker(request),
        },
    );
    let tool = Answering::new(|invocation| match invocation.arguments["panic"].as_bool() {
        Some(true) => panic!("the tool broke"),
        _ => Ok("found".into()),
    });
    let journal = Mortal::new(u64::MAX);
    let (run, _) = wired(workflow, journal.clone(), Arc::new(model), Arc::new(tool));
    let workflow = run.workflow.clone();
    let outcome = live(run).await.unwrap();
    let entries = journal.load(&run_id()).await.unwrap();
    (outcome, RunView::of(&workflow, &entries))
}

fn answer(outcome: &Outcome) -> String {
    outcome
        .outputs
        .get("answer")
        .and_then(|value| value.as_str())
        .unwrap_or_default()
        .to_owned()
}

#[tokio::test]
async fn a_lead_is_told_final_answers_in_request_order() {
    let (outcome, view) = check(research(2, 10), &["one", "two", "three"], |request| {
        let first = request
            .messages
            .first()
            .map(|message| format!("{message:?}"))
            .unwrap_or_default();
        if tool_messages(request) == 0 && !first.contains("three") {
            return Line::Call(vec![("lookup", "{}".into())]);
        }
        let which = ["one", "two", "three"]
            .into_iter()
            .find(|word| first.contains(word))
            .unwrap_or("?");
        Line::Say(format!("answer {which}"))
    })
    .await;
    insta::assert_snapshot!(answer(&outcome), @r"
    ## Subagent 1
    Task: one
    Result:
    answer one

    ## Subagent 2
    Task: two
    Result:
    answer two

    ## Subagent 3
    Task: three
    Result:
    answer three

    [turn 2 of 4 is next]
    ");
    let addresses: Vec<&str> = view.agents.iter().map(|agent| agent.address.as_str()).collect();
    assert_eq!(
        addresses,
        [
            "research/lead",
            "research/lead/seeker[1]",
            "research/lead/seeker[2]",
            "research/lead/seeker[3]"
        ]
    );
    assert_eq!((view.tool_calls, view.agents[1].turns), (2, 2));
}

#[tokio::test]
async fn a_subagent_sees_the_main_task_and_its_own_and_nothing_else() {
    let (outcome, _) = check(research(2, 10), &["only this"], |request| {
        Line::Say(format!("I saw: {}", last_text(request)))
    })
    .await;
    insta::assert_snapshot!(answer(&outcome), @r"
    ## Subagent 1
    Task: only this
    Result:
    I saw: Main task:
    Compare them.

    Your subtask:
    only this

    [turn 1 of 6 is next]

    [turn 2 of 4 is next]
    ");
}

#[tokio::test]
async fn drops_and_every_cause_of_failure_reach_the_lead() {
    let (outcome, view) = check(
        research(2, 4),
        &["model", "turns", "panic", "empty", "dropped"],
        |request| {
            let first = request
                .messages
                .first()
                .map(|message| format!("{message:?}"))
                .unwrap_or_default();
            match ["model", "turns", "panic", "empty"]
                .into_iter()
                .find(|word| first.contains(word))
            {
                Some("model") => Line::Fail(Error::new(ErrorKind::Unavailable, "the server is gone")),
                Some("turns") if request.forced => Line::Say("what I have".into()),
                Some("panic") if tool_messages(request) > 0 => Line::Say(last_text(request)),
                Some("panic") => Line::Call(vec![("lookup", "{\"panic\": true}".into())]),
                Some("turns") => Line::Call(vec![("lookup", "{}".into())]),
                _ => Line::Say(String::new()),
            }
        },
    )
    .await;
    insta::assert_snapshot!(answer(&outcome), @r"
    ## Subagent 1
    Task: model
    Failed: model `fast`: the server is gone (model). You may ask again, differently.

    ## Subagent 2
    Task: turns
    Result (incomplete: the subagent reached its limit of turns):
    what I have

    ## Subagent 3
    Task: panic
    Result:
    Error: X0003: it panicked: the tool broke

    [turn 2 of 6 is next]

    ## Subagent 4
    Task: empty
    Failed: the answer is empty (output). You may ask again, differently.

    1 of the 5 requested subagents were NOT started: at most 4 per call. Ask for the rest in another call.

    [turn 2 of 4 is next]
    ");
    // Cap 6: six ordinary turns, then exactly one more without tools.
    assert_eq!(view.agents[2].turns, 7);
}

#[tokio::test]
async fn wrong_tools_and_wrong_arguments_go_back_to_the_model() {
    let (outcome, _) = check(research(1, 4), &["task"], |request| match tool_messages(request) {
        0 => Line::Call(vec![("create_sub_agents", "{}".into()), ("lookup", "{oops".into())]),
        _ => Line::Say(
            request
                .messages
                .iter()
                .skip(2)
                .map(|message| format!("{message:?}\n"))
                .collect(),
        ),
    })
    .await;
    let answer = answer(&outcome);
    assert!(
        answer.contains("Error: there is no tool `create_sub_agents`; the tools are lookup."),
        "{answer}"
    );
    assert!(
        answer.contains("the arguments of lookup are not a JSON object"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_lead_at_its_limit_gives_one_forced_answer() {
    let model = Scripted::new(|request: &ModelRequest| match (is_lead(request), request.forced) {
        (true, false) => delegate(&["again"]),
        (true, true) => Line::Say(format!("forced, with {} tools", request.tools.len())),
        (false, _) => Line::Say("an answer".into()),
    });
    let journal = Mortal::new(u64::MAX);
    let (run, _) = wired(
        research(1, 1),
        journal.clone(),
        Arc::new(model),
        Arc::new(Answering::new(|_| Ok(String::new()))),
    );
    let outcome = live(run).await.unwrap();
    assert_eq!(answer(&outcome), "forced, with 0 tools");
    let forced = journal
        .events()
        .await
        .iter()
        .filter(|event| matches!(event, Event::TurnStarted { forced: Some(_), .. }))
        .count();
    assert_eq!(forced, 1);
}

#[tokio::test]
async fn a_failed_model_keeps_the_transcript_for_a_resume() {
    let broken = Arc::new(AtomicBool::new(true));
    let seen = broken.clone();
    let model = Arc::new(Scripted::new(move |request: &ModelRequest| {
        match (is_lead(request), tool_messages(request)) {
            (true, 0) => delegate(&["one"]),
            (true, _) if seen.load(Ordering::SeqCst) => {
                Line::Fail(Error::new(ErrorKind::Unavailable, "the server is gone"))
            }
            (true, _) => Line::Say(last_text(request)),
            (false, _) => Line::Say("found once".into()),
        }
    }));
    let journal = Mortal::new(u64::MAX);
    let (run, _) = wired(
        research(1, 1),
        journal,
        model.clone(),
        Arc::new(Answering::new(|_| Ok(String::new()))),
    );
    let failed = live(run.clone()).await.unwrap();
    assert_eq!(failed.status, RunStatus::Failed);
    let (step, failure) = failed.failure.unwrap();
    assert_eq!((step.as_deref(), failure.kind), (Some("research"), FailureKind::Model));
    assert_eq!(failure.message, "model `fast`: the server is gone");
    broken.store(false, Ordering::SeqCst);
    let resumed = resume(run).await.unwrap();
    assert_eq!(resumed.status, RunStatus::Succeeded);
    assert!(answer(&resumed).contains("found once"));
    // The lead's first turn, the subagent, the failure; then the failed turn again, and nothing else.
    assert_eq!(model.asked.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn a_cancelled_run_leaves_nothing_at_work_and_can_go_on() {
    let hanging = Arc::new(AtomicBool::new(true));
    let seen = hanging.clone();
    let model = Arc::new(Scripted::new(move |request: &ModelRequest| {
        match (is_lead(request), tool_messages(request)) {
            (true, 0) => delegate(&["one", "two"]),
            (true, _) => Line::Say(last_text(request)),
            (false, _) if seen.load(Ordering::SeqCst) => Line::Hang,
            (false, _) => Line::Say("done".into()),
        }
    }));
    let journal = Mortal::new(u64::MAX);
    let (run, _) = wired(
        research(2, 2),
        journal,
        model.clone(),
        Arc::new(Answering::new(|_| Ok(String::new()))),
    );
    let handle = troupe_agents::start(
        run.clone(),
        crate::fixture::header(),
        Default::default(),
        Default::default(),
    )
    .await
    .unwrap();
    let remote = handle.remote();
    while model.asked.load(Ordering::SeqCst) < 3 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    remote.cancel();
    let outcome = tokio::time::timeout(Duration::from_secs(5), handle.outcome())
        .await
        .expect("it ends")
        .unwrap();
    assert_eq!(outcome.status, RunStatus::Cancelled);
    hanging.store(false, Ordering::SeqCst);
    let resumed = resume(run).await.unwrap();
    assert_eq!(resumed.status, RunStatus::Succeeded);
    assert_eq!(model.asked.load(Ordering::SeqCst), 6);
}

#[tokio::test]
async fn what_siblings_share_is_held_once_until_their_step_is_over() {
    let mut workflow = research(4, 4);
    let after = workflow::agent_step(&workflow, "after", &[0], 1, workflow::literal("And now?"));
    workflow.steps.push(after);
    let held_after = Arc::new(AtomicUsize::new(usize::MAX));
    let seen = Arc::clone(&held_after);
    let held = Arc::new(std::sync::OnceLock::<Arc<AtomicUsize>>::new());
    let now = Arc::clone(&held);
    let model = Arc::new(Scripted::new(move |request: &ModelRequest| {
        match (is_lead(request), tool_messages(request)) {
            (true, _) if last_text(request).contains("And now?") => {
                seen.store(now.get().unwrap().load(Ordering::Relaxed), Ordering::Relaxed);
                Line::Say("Done.".into())
            }
            (true, 0) => delegate(&["a", "b", "c", "d"]),
            (true, _) => Line::Say(last_text(request)),
            (false, _) => Line::Say("found".into()),
        }
    }));
    held.set(Arc::clone(&model.held)).unwrap();
    let tool = Answering::new(|_| Ok("found".into()));
    let (run, _) = wired(workflow, Mortal::new(u64::MAX), model.clone(), Arc::new(tool));
    assert_eq!(live(run).await.unwrap().status, RunStatus::Succeeded);
    // Four subagents, one prefix; the lead has no siblings.
    assert_eq!(model.holds.load(Ordering::Relaxed), 1);
    assert_eq!(
        held_after.load(Ordering::Relaxed),
        0,
        "the next step finds nothing held"
    );
}
