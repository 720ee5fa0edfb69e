//! A counter that nothing outside may see twice: crashes at every append, and what was done all the same.

use crate::fixture::{Mortal, Person, live, resume, wired, with};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use troupe_agents::Run;
use troupe_core::effect::Command;
use troupe_core::event::Event;
use troupe_core::expression::Template;
use troupe_core::id::ToolIndex;
use troupe_core::input::Exit;
use troupe_core::ir::{EffectClass, OnCrash, Step, Tool, ToolSource, Verb, Workflow};
use troupe_core::port::approver::Question;
use troupe_core::port::journal::RunStatus;
use troupe_core::port::model::ModelRequest;
use troupe_core::port::process::ProcessRunner;
use troupe_core::port::tool::Invocation;
use troupe_core::types::Type;
use troupe_testkit::model::{Line, Scripted, last_text, tool_messages};
use troupe_testkit::process::Pretended;
use troupe_testkit::tool::Answering;
use troupe_testkit::workflow;

/// A command, a call of a tool, and an agent that calls the same tool, one after the other.
fn risky(effect: EffectClass, on_crash: OnCrash) -> Workflow {
    let mut workflow = workflow::team(1, 1);
    workflow.tools[0] = Tool {
        path: "tracker.file".into(),
        source: ToolSource::Mcp {
            server: "tracker".into(),
            tool: "file".into(),
        },
        class: effect,
    };
    let filing = Verb::Tool {
        tool: ToolIndex(0),
        arguments: Template::Object(Vec::new()),
    };
    let step = |name, after: &[u32], verb| Step {
        effect,
        on_crash,
        output: Type::Any,
        ..workflow::step(name, after, verb)
    };
    let agent = workflow::agent_step(&workflow, "clerk", &[1], 0, workflow::literal("File it."));
    workflow.steps = vec![
        step("pay", &[], workflow::run(&["./pay.sh"])),
        step("ticket", &[0], filing),
        agent,
    ];
    workflow.outputs = vec![workflow::output("said", "steps.clerk.output")];
    workflow
}

/// Files once, whatever comes of it, and says what it heard.
fn clerk(request: &ModelRequest) -> Line {
    match tool_messages(request) {
        0 => Line::Call(vec![("lookup", "{}".into())]),
        _ => Line::Say(last_text(request)),
    }
}

/// A world that counts what is done in it, by key.
struct World {
    done: Arc<dyn Fn() -> BTreeMap<String, u32> + Send + Sync>,
    run: Run,
}

fn world(workflow: Workflow, journal: &Arc<Mortal>) -> World {
    let tool = Arc::new(Answering::new(|_: &Invocation| Ok("filed".into())));
    let processes = Arc::new(Pretended::new(|_: &Command| Some(Exit::default())));
    let model = Arc::new(Scripted::new(clerk));
    let (run, _) = wired(workflow, journal.clone(), model, tool.clone());
    let runner: Arc<dyn ProcessRunner> = processes.clone();
    let run = with(&run, &|ports| ports.processes = Some(runner.clone()));
    let done = move || {
        let commands = processes.begun().into_iter().map(|(key, _)| key);
        let mut counted = BTreeMap::new();
        for key in commands.chain(tool.keys()) {
            *counted.entry(key).or_insert(0) += 1;
        }
        counted
    };
    World {
        done: Arc::new(done),
        run,
    }
}

/// The run with a person who gives this answer to every question, and counts them.
fn answered(run: &Run, choice: &'static str, asked: &Arc<AtomicU64>) -> Run {
    let asked = asked.clone();
    with(run, &move |ports| {
        let asked = asked.clone();
        ports.approver = Arc::new(Person(move |_: &Question| {
            asked.fetch_add(1, Ordering::SeqCst);
            Some(choice)
        }));
    })
}

const PAY: &str = "TEST/pay/a1/r1";
const TICKET: &str = "TEST/ticket/a1/r1";
const CLERK: &str = "TEST/clerk/a1/r1/t1/0";

/// Crashes at every append, each followed by resumes to the end; what was done in each world, and
/// how many questions were asked.
async fn crashes(
    effect: EffectClass,
    on_crash: OnCrash,
    choice: &'static str,
) -> Vec<(BTreeMap<String, u32>, u64, Vec<Event>)> {
    let mut lives = Vec::new();
    for appends in 1.. {
        let journal = Mortal::new(appends);
        let World { done, run } = world(risky(effect, on_crash), &journal);
        if live(run.clone()).await.is_ok() {
            break;
        }
        journal.appends_left.store(u64::MAX, Ordering::SeqCst);
        let asked = Arc::new(AtomicU64::new(0));
        let person = answered(&run, choice, &asked);
        let mut outcome = resume(person.clone()).await.unwrap();
        // What failed, as in doubt, is tried again when a person says so.
        if outcome.status == RunStatus::Failed {
            outcome = resume(person).await.unwrap();
        }
        assert_eq!(outcome.status, RunStatus::Succeeded, "{outcome:?}");
        lives.push((done(), asked.load(Ordering::SeqCst), journal.events().await));
    }
    assert!(lives.len() > 5, "only {} crashes", lives.len());
    lives
}

#[tokio::test]
async fn what_must_not_happen_twice_happens_once_unless_a_person_says_otherwise() {
    let (mut questions, mut told) = (0, 0);
    for (done, asked, events) in crashes(EffectClass::Once, OnCrash::Ask, "done").await {
        for key in [PAY, TICKET, CLERK] {
            // Interrupted before it began, it did not happen: that, too, the person looked at.
            assert!(done.get(key).is_none_or(|times| *times == 1), "{key}: {done:?}");
        }
        assert_eq!(
            done.keys()
                .filter(|key| ![PAY, TICKET, CLERK].contains(&key.as_str()))
                .count(),
            0
        );
        let doubted = events
            .iter()
            .filter(|event| matches!(event, Event::EffectDoubted { .. }));
        assert_eq!(doubted.count() as u64, asked, "a question for each doubt");
        questions += asked;
        told += events
            .iter()
            .filter(|event| matches!(event, Event::ToolFailed { .. }))
            .count();
    }
    assert!(questions >= 2 && told >= 1, "{questions} questions, {told} told");
}

#[tokio::test]
async fn a_repetition_has_the_same_key_whoever_decided_it() {
    for (effect, on_crash, choice, asks) in [
        (EffectClass::Once, OnCrash::Ask, "repeat", true),
        (EffectClass::Once, OnCrash::Retry, "never asked", false),
        (EffectClass::Idempotent, OnCrash::Ask, "never asked", false),
        (EffectClass::Pure, OnCrash::Ask, "never asked", false),
    ] {
        let (mut questions, mut repeated) = (0, 0);
        for (done, asked, _) in crashes(effect, on_crash, choice).await {
            let keys: Vec<&str> = done.keys().map(String::as_str).collect();
            assert_eq!(
                keys.iter().filter(|key| ![PAY, TICKET, CLERK].contains(key)).count(),
                0,
                "a repetition is no new effect: {keys:?}"
            );
            assert!(done[PAY] <= 2 && done[TICKET] <= 2, "{done:?}");
            repeated += done.values().filter(|times| **times == 2).count();
            questions += asked;
        }
        assert_eq!(questions > 0, asks, "{effect:?} {on_crash:?}");
        assert!(
            repeated >= 2,
            "{effect:?} {on_crash:?}: no crash was between the deed and its fact"
        );
    }
}

#[tokio::test]
async fn with_fail_the_run_stops_and_only_a_second_word_begins_anew() {
    let mut stopped = 0;
    for (done, asked, events) in crashes(EffectClass::Once, OnCrash::Fail, "never asked").await {
        assert_eq!(asked, 0);
        let failed = events
            .iter()
            .filter(|event| matches!(event, Event::ItemFailed { .. }))
            .count();
        stopped += failed;
        // Whatever was begun anew after the failure is something new, with a key of its own.
        assert!(done.values().all(|times| *times == 1), "{done:?}");
        let anew = done.keys().filter(|key| key.contains("/a2/")).count();
        assert_eq!(anew, failed);
    }
    assert!(stopped >= 2, "{stopped}");
}

#[tokio::test]
async fn a_run_in_doubt_waits_for_a_person_and_survives_crashes_meanwhile() {
    // The command's start is the last thing that gets to the disk.
    let journal = Mortal::new(1);
    let World { done, run } = world(risky(EffectClass::Once, OnCrash::Ask), &journal);
    assert!(live(run.clone()).await.is_err());
    journal.appends_left.store(u64::MAX, Ordering::SeqCst);
    for _ in 0..3 {
        let waiting = resume(run.clone()).await.unwrap();
        assert_eq!(waiting.status, RunStatus::Waiting);
        let [question] = waiting.questions.as_slice() else {
            panic!("{:?}", waiting.questions)
        };
        assert_eq!(question.place, "pay");
        assert_eq!(question.choices, ["repeat", "done", "fail"]);
        assert!(
            question.message.starts_with("the command `./pay.sh` was interrupted"),
            "{question:?}"
        );
    }
    assert_eq!(journal.status("TEST").await, RunStatus::Waiting);
    assert_eq!(done()[PAY], 1, "nobody decided");
    let asked = Arc::new(AtomicU64::new(0));
    let outcome = resume(answered(&run, "repeat", &asked)).await.unwrap();
    assert_eq!(
        (outcome.status, asked.load(Ordering::SeqCst)),
        (RunStatus::Succeeded, 1)
    );
    assert_eq!(done()[PAY], 2);
}
