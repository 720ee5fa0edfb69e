//! What every journal must do.

use super::{fork, removal};
use std::path::Path;
use std::sync::Arc;
use troupe_core::event::Event;
use troupe_core::id::{ActorId, CallId, RunId, StepIndex};
use troupe_core::message::{ToolOutput, Usage};
use troupe_core::port::ErrorKind;
use troupe_core::port::journal::{Append, Entry, Journal, Progress, RunHeader, RunStatus};

/// A run's name made of text that is known to fit.
///
/// # Panics
/// When it does not.
pub fn run_id(text: &str) -> RunId {
    RunId::parse(text).expect("a name for a test is well-formed")
}

/// A header for a run, begun at `started_ms`.
pub fn header(run: &RunId, started_ms: u64) -> RunHeader {
    RunHeader {
        run: run.clone(),
        workflow: "réunion".to_owned(),
        path: "/home/somebody/réunion.yaml".to_owned(),
        fingerprint: "f00d".to_owned(),
        sources: vec![
            ("réunion.yaml".to_owned(), "troupe: 1\nname: réunion\n".repeat(200)),
            ("prompts/lead.md".to_owned(), "Lead.".to_owned()),
        ],
        settings: r#"{"models":{"fast":"builtin/reader"}}"#.to_owned(),
        started_ms,
        forked: None,
    }
}

/// An event that carries `text`.
pub fn event(call: u64, text: &str) -> Event {
    Event::ToolReplied {
        actor: ActorId(0),
        call: CallId(call),
        output: ToolOutput {
            text: text.to_owned(),
            ..ToolOutput::default()
        },
    }
}

/// An append of `events` at `first`, with a projection that counts them.
pub fn append(run: &RunId, first: u64, events: Vec<Event>) -> Append {
    let tool_calls = u32::try_from(first).expect("tests are small") + u32::try_from(events.len()).expect("same");
    Append {
        run: run.clone(),
        first,
        at_ms: 1_000 + first,
        progress: Progress {
            tool_calls,
            ..Progress::default()
        },
        events: events.into(),
    }
}

/// Every law of a journal, each on a fresh one of `make`.
///
/// # Panics
/// When a law is broken.
pub async fn check<J: Journal + 'static>(make: impl AsyncFn() -> J) {
    numbers_come_back_exactly(&make().await).await;
    events_come_back_in_order(&make().await).await;
    an_append_is_whole_or_not_at_all(&make().await).await;
    what_is_missing_is_said_to_be(&make().await).await;
    names_are_taken_once(&make().await).await;
    the_projection_follows(&make().await).await;
    lists_are_newest_first(&make().await).await;
    awkward_text_survives(&make().await).await;
    an_append_without_events_moves_the_projection_only(&make().await).await;
    runs_are_written_at_the_same_time(Arc::new(make().await)).await;
    one_of_two_writers_wins(Arc::new(make().await)).await;
    many_events_survive(&make().await).await;
    clocks_may_jump(&make().await).await;
    fork::check(&make).await;
    removal::check(&make).await;
}

/// The laws of a journal that outlives its process. `open` opens what is kept in a folder.
///
/// # Panics
/// When a law is broken.
pub async fn check_durable<J: Journal + 'static>(open: impl AsyncFn(&Path) -> J) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = run_id("DURABLE");
    let large = "larger than a page ".repeat(5_000);
    let events = vec![event(0, "small"), event(1, &large), event(2, &large)];
    {
        let journal = open(folder.path()).await;
        journal.create(header(&run, 7)).await.expect("created");
        journal.append(append(&run, 0, events.clone())).await.expect("appended");
        // Dropped without a word, as a process that ends does.
    }
    let journal = open(folder.path()).await;
    assert_eq!(texts(&journal.load(&run).await.expect("loaded")), texts_of(&events));
    let record = journal.run(&run).await.expect("found");
    assert_eq!(record.header, header(&run, 7));
    assert_eq!(
        (record.events, record.updated_ms, record.progress.tool_calls),
        (3, 1_000, 3)
    );
    journal
        .append(append(&run, 3, vec![Event::RunReopened]))
        .await
        .expect("goes on where it ended");
    assert_eq!(journal.load(&run).await.expect("loaded").len(), 4);
}

pub(super) fn texts(entries: &[Entry]) -> Vec<&Event> {
    entries.iter().map(|entry| &entry.event).collect()
}

pub(super) fn texts_of(events: &[Event]) -> Vec<&Event> {
    events.iter().collect()
}

pub(super) async fn begun(journal: &impl Journal, name: &str) -> RunId {
    let run = run_id(name);
    journal.create(header(&run, 1)).await.expect("created");
    run
}

async fn events_come_back_in_order(journal: &impl Journal) {
    let run = begun(journal, "ORDER").await;
    assert_eq!(journal.load(&run).await.expect("loaded"), []);
    let mut expected = Vec::new();
    for size in [1_u64, 3, 1, 2, 5] {
        let first = expected.len() as u64;
        let events: Vec<Event> = (first..first + size).map(|n| event(n, &format!("{n}"))).collect();
        expected.extend(events.iter().zip(first..).map(|(event, sequence)| Entry {
            sequence,
            at_ms: 1_000 + first,
            event: event.clone(),
        }));
        journal.append(append(&run, first, events)).await.expect("appended");
    }
    assert_eq!(journal.load(&run).await.expect("loaded"), expected);
}

async fn numbers_come_back_exactly(journal: &impl Journal) {
    let run = begun(journal, "NUMBERS").await;
    let mut precise = event(0, "numbers");
    if let Event::ToolReplied { output, .. } = &mut precise {
        // The first is read back wrongly by parsers that round in haste.
        output.result = serde_json::json!([0.958_327_592_195_351_1, 0.1, 1e-300, -0.0, u64::MAX, i64::MIN]);
    }
    journal
        .append(append(&run, 0, vec![precise.clone()]))
        .await
        .expect("appended");
    assert_eq!(journal.load(&run).await.expect("loaded")[0].event, precise);
}

async fn an_append_is_whole_or_not_at_all(journal: &impl Journal) {
    let run = begun(journal, "WHOLE").await;
    journal
        .append(append(&run, 0, vec![event(0, "a"), event(1, "b")]))
        .await
        .expect("appended");
    for wrong in [0, 1, 3, 1_000_000] {
        let refused = journal
            .append(append(&run, wrong, vec![event(9, "x"), event(9, "y")]))
            .await
            .expect_err("not the next sequence");
        assert_eq!(refused.kind, ErrorKind::Conflict, "{refused}");
    }
    assert_eq!(journal.load(&run).await.expect("loaded").len(), 2);
    let record = journal.run(&run).await.expect("found");
    assert_eq!((record.events, record.progress.tool_calls), (2, 2));
}

async fn what_is_missing_is_said_to_be(journal: &impl Journal) {
    let run = run_id("NOWHERE");
    let appended = journal.append(append(&run, 0, vec![Event::RunReopened])).await;
    for missing in [
        appended.expect_err("no run").kind,
        journal.load(&run).await.expect_err("no run").kind,
        journal.run(&run).await.expect_err("no run").kind,
    ] {
        assert_eq!(missing, ErrorKind::Missing);
    }
    assert_eq!(journal.runs(10).await.expect("listed"), []);
}

async fn names_are_taken_once(journal: &impl Journal) {
    let run = begun(journal, "TAKEN").await;
    journal
        .append(append(&run, 0, vec![Event::RunReopened]))
        .await
        .expect("appended");
    let refused = journal.create(header(&run, 2)).await.expect_err("taken");
    assert_eq!(refused.kind, ErrorKind::Conflict);
    let record = journal.run(&run).await.expect("found");
    assert_eq!((record.events, record.header.started_ms), (1, 1));
}

async fn the_projection_follows(journal: &impl Journal) {
    let run = begun(journal, "PROJECTION").await;
    let record = journal.run(&run).await.expect("found");
    assert_eq!(record.header, header(&run, 1));
    assert_eq!(
        (record.progress, record.updated_ms, record.events),
        (Progress::default(), 1, 0)
    );
    let progress = Progress {
        status: RunStatus::Failed,
        agents: 3,
        tool_calls: u32::MAX,
        usage: Usage {
            prompt_tokens: 1 << 40,
            cached_tokens: 5,
            completion_tokens: 6,
        },
        wake_ms: Some(1_800_000_000_000),
    };
    let last = Append {
        at_ms: 1_764_000_000_000,
        progress,
        ..append(&run, 0, vec![Event::RunCancelled])
    };
    journal.append(last).await.expect("appended");
    let record = journal.run(&run).await.expect("found");
    assert_eq!(
        (record.progress, record.updated_ms, record.events),
        (progress, 1_764_000_000_000, 1)
    );
}

async fn lists_are_newest_first(journal: &impl Journal) {
    for (name, started_ms) in [("B", 20), ("A", 10), ("D", 30), ("C", 20)] {
        journal
            .create(header(&run_id(name), started_ms))
            .await
            .expect("created");
    }
    let records = journal.runs(3).await.expect("listed");
    let names: Vec<&str> = records.iter().map(|record| record.header.run.as_str()).collect();
    assert_eq!(names, ["D", "C", "B"]);
    assert!(records.iter().all(|record| record.header.sources.is_empty()));
    assert_eq!(journal.runs(0).await.expect("listed"), []);
    assert_eq!(journal.runs(u32::MAX).await.expect("listed").len(), 4);
}

async fn awkward_text_survives(journal: &impl Journal) {
    let run = begun(journal, "AWKWARD").await;
    let awkward = [
        String::new(),
        "\0\u{1}\u{10}\u{7f}\u{85}\u{2028}\u{feff}".to_owned(),
        "\u{10}b".to_owned() + &"0".repeat(64),
        "\u{10}\u{10}twice".to_owned(),
        "line\nline\r\nline\\n\\u0010\"quoted\"".to_owned(),
        "été 日本語 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 👩‍🚀 \u{202e}right to left".to_owned(),
        "é".repeat(5_000),
        "large ".repeat(200_000),
        "large ".repeat(200_000),
    ];
    let events: Vec<Event> = awkward.iter().zip(0..).map(|(text, n)| event(n, text)).collect();
    journal.append(append(&run, 0, events.clone())).await.expect("appended");
    for (text, first) in awkward.iter().zip(awkward.len() as u64..) {
        let alone = vec![event(first, text)];
        journal.append(append(&run, first, alone)).await.expect("appended");
    }
    let entries = journal.load(&run).await.expect("loaded");
    assert_eq!(texts(&entries[..awkward.len()]), texts_of(&events));
    for (entry, text) in entries[awkward.len()..].iter().zip(&awkward) {
        assert_eq!(entry.event, event(entry.sequence, text));
    }
}

async fn an_append_without_events_moves_the_projection_only(journal: &impl Journal) {
    let run = begun(journal, "EMPTY").await;
    journal
        .append(append(&run, 0, vec![event(0, "a")]))
        .await
        .expect("appended");
    let waiting = Append {
        progress: Progress {
            status: RunStatus::Waiting,
            ..Progress::default()
        },
        ..append(&run, 1, Vec::new())
    };
    journal.append(waiting).await.expect("appended");
    journal
        .append(append(&run, 1, Vec::new()))
        .await
        .expect("appended again");
    journal
        .append(append(&run, 1, vec![event(1, "b")]))
        .await
        .expect("appended");
    assert_eq!(journal.load(&run).await.expect("loaded").len(), 2);
}

async fn runs_are_written_at_the_same_time(journal: Arc<impl Journal + 'static>) {
    const RUNS: u64 = 16;
    const EVENTS: u64 = 40;
    let writers: Vec<_> = (0..RUNS)
        .map(|writer| {
            let journal = journal.clone();
            tokio::spawn(async move {
                let run = begun(&*journal, &format!("AT-ONCE-{writer}")).await;
                for n in 0..EVENTS {
                    let events = vec![event(n, &format!("{writer} {n}"))];
                    journal.append(append(&run, n, events)).await.expect("appended");
                }
                // An append that must fail in the same group as others that must not.
                let refused = journal.append(append(&run, 0, vec![Event::RunReopened])).await;
                assert_eq!(refused.expect_err("taken").kind, ErrorKind::Conflict);
                run
            })
        })
        .collect();
    for (writer, task) in writers.into_iter().enumerate() {
        let run = task.await.expect("a writer ended well");
        let entries = journal.load(&run).await.expect("loaded");
        let expected: Vec<Event> = (0..EVENTS).map(|n| event(n, &format!("{writer} {n}"))).collect();
        assert_eq!(texts(&entries), texts_of(&expected));
    }
}

async fn one_of_two_writers_wins(journal: Arc<impl Journal + 'static>) {
    const EVENTS: u64 = 60;
    let run = begun(&*journal, "CONTESTED").await;
    let writers: Vec<_> = ["left", "right", "third"]
        .into_iter()
        .map(|name| {
            let (journal, run) = (journal.clone(), run.clone());
            tokio::spawn(async move {
                let mut won = Vec::new();
                for n in 0..EVENTS {
                    match journal.append(append(&run, n, vec![event(n, name)])).await {
                        Ok(()) => won.push((n, name)),
                        Err(refused) => assert_eq!(refused.kind, ErrorKind::Conflict, "{refused}"),
                    }
                }
                won
            })
        })
        .collect();
    let mut won = Vec::new();
    for writer in writers {
        won.extend(writer.await.expect("a writer ended well"));
    }
    won.sort_unstable();
    let stored: Vec<Event> = won.iter().map(|(n, name)| event(*n, name)).collect();
    assert_eq!(texts(&journal.load(&run).await.expect("loaded")), texts_of(&stored));
    let sequences: Vec<u64> = won.iter().map(|(n, _)| *n).collect();
    assert_eq!(
        sequences,
        (0..EVENTS).collect::<Vec<_>>(),
        "each sequence has one winner"
    );
}

async fn many_events_survive(journal: &impl Journal) {
    const EVENTS: u64 = 10_000;
    let run = begun(journal, "MANY").await;
    let skipped = |n: u64| Event::StepSkipped {
        step: StepIndex(u32::try_from(n).expect("few")),
    };
    for first in (0..EVENTS).step_by(100) {
        let events = (first..first + 100).map(skipped).collect();
        journal.append(append(&run, first, events)).await.expect("appended");
    }
    let entries = journal.load(&run).await.expect("loaded");
    assert_eq!(entries.len() as u64, EVENTS);
    for (entry, n) in entries.iter().zip(0..) {
        assert_eq!((entry.sequence, &entry.event), (n, &skipped(n)));
    }
}

async fn clocks_may_jump(journal: &impl Journal) {
    let run = begun(journal, "JUMPS").await;
    let times = [5_000, 10, 10, 0, u64::from(u32::MAX), 1_764_000_000_000, 7];
    for (at_ms, first) in times.into_iter().zip(0..) {
        let jumped = Append {
            at_ms,
            ..append(&run, first, vec![event(first, "tick")])
        };
        journal.append(jumped).await.expect("appended");
    }
    let entries = journal.load(&run).await.expect("loaded");
    assert_eq!(entries.iter().map(|entry| entry.at_ms).collect::<Vec<_>>(), times);
    assert!(entries.iter().zip(0..).all(|(entry, n)| entry.sequence == n));
    let record = journal.run(&run).await.expect("found");
    assert_eq!((record.updated_ms, record.header.started_ms), (7, 1));
    // One that says that it started before the one that came first.
    journal.create(header(&run_id("BEFORE"), 0)).await.expect("created");
    let names: Vec<RunId> = journal
        .runs(9)
        .await
        .expect("listed")
        .into_iter()
        .map(|record| record.header.run)
        .collect();
    assert_eq!(names, [run, run_id("BEFORE")]);
}
