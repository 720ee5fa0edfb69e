//! Models with something to show, for tests.

use super::*;
use crate::live::tests::text;
use crate::sample::{Story, half_way};
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::KeyCode;
use ratatui::layout::Rect;
use std::sync::Arc;
use troupe_core::event::Event;
use troupe_core::failure::{Failure, FailureKind};
use troupe_core::id::{ActorId, CallId, ItemIndex, RunId, StepIndex};
use troupe_core::message::{AssistantMessage, Message as Text, Retrieved, ToolCall, ToolOutput, Usage};
use troupe_core::port::approver::Question;
use troupe_core::port::build::{BuildEntry, BuildEvent, Command, Way};
use troupe_core::port::journal::RunStatus;
use troupe_core::port::pool::Environment;
use troupe_core::view::{BuildView, Said, Transcript, Turn};

pub(super) const NOW_MS: u64 = 1_800_000_600_000;

pub(super) fn id(text: &str) -> RunId {
    RunId::parse(text).unwrap()
}

pub(super) fn options(run: Option<&str>) -> WatchOptions {
    WatchOptions {
        colour: false,
        unicode: true,
        run: run.map(id),
        own: false,
    }
}

/// A model that shows the list, or a run.
pub(super) fn model(run: Option<&str>, size: (u16, u16)) -> Model {
    let mut model = Model::new(&options(run), size, NOW_MS);
    let (width, height) = size;
    update::update(&mut model, Message::Input(Input::Resize { width, height }));
    model
}

pub(super) fn tell(model: &mut Model, news: News) -> Vec<Wish> {
    update::update(model, Message::News(news))
}

/// Presses keys, one after the other: letters, and names between `<` and `>`.
pub(super) fn press(model: &mut Model, keys: &str) -> Vec<Wish> {
    let mut wishes = Vec::new();
    let mut rest = keys;
    while let Some(letter) = rest.chars().next() {
        let named = rest.strip_prefix('<').and_then(|rest| rest.split_once('>'));
        let code = match named {
            Some((name, after)) => {
                rest = after;
                match name {
                    "enter" => KeyCode::Enter,
                    "esc" => KeyCode::Esc,
                    "tab" => KeyCode::Tab,
                    "back" => KeyCode::Backspace,
                    "down" => KeyCode::Down,
                    other => panic!("no key {other}"),
                }
            }
            None => {
                rest = &rest[letter.len_utf8()..];
                KeyCode::Char(letter)
            }
        };
        wishes.extend(update::update(model, Message::Input(Input::key(code))));
    }
    wishes
}

pub(super) fn shown(model: &Model) -> String {
    let mut buffer = Buffer::empty(Rect::new(0, 0, model.size.0, model.size.1));
    screen::draw(model, &mut buffer);
    text(&buffer)
}

pub(super) fn row(
    run: &str,
    workflow: &str,
    status: RunStatus,
    interrupted: bool,
    started_ms: u64,
    tokens: u64,
) -> RunRow {
    RunRow {
        run: id(run),
        workflow: workflow.into(),
        standing: Standing { status, interrupted },
        started_ms,
        updated_ms: started_ms + 61_000,
        events: 120,
        agents: 9,
        tool_calls: 12,
        tokens,
    }
}

pub(super) fn fleet() -> News {
    let rows = [
        row(
            "01M81YS1CVPR",
            "wide-research",
            RunStatus::Running,
            false,
            NOW_MS - 65_000,
            1_234_567,
        ),
        row(
            "01M81YS1CVPQ",
            "review",
            RunStatus::Waiting,
            false,
            NOW_MS - 3_700_000,
            33_700,
        ),
        row(
            "01M81YS1CVPP",
            "papers",
            RunStatus::Running,
            true,
            NOW_MS - 86_400_000,
            800,
        ),
        row(
            "01M81YS1CVPN",
            "papers",
            RunStatus::Succeeded,
            false,
            NOW_MS - 90_000_000,
            33_700,
        ),
        row(
            "01M81YS1CVPM",
            "nächtlicher-abgleich-der-quellen",
            RunStatus::Failed,
            false,
            NOW_MS - 180_000_000,
            0,
        ),
        row(
            "01M81YS1CVPK",
            "論文",
            RunStatus::Cancelled,
            false,
            NOW_MS - 190_000_000,
            12,
        ),
    ];
    News::Fleet(rows.into())
}

pub(super) fn facts(run: &str, status: RunStatus) -> Facts {
    Facts {
        run: id(run),
        path: "/work/papers/workflow.yaml".into(),
        standing: Standing {
            status,
            interrupted: false,
        },
        forked: None,
        questions: Vec::new(),
    }
}

pub(super) fn loaded(story: &Story, facts: Facts) -> News {
    let history = History::of(Arc::new(story.workflow.clone()), &story.entries);
    News::Run(Box::new(Loaded { facts, history }))
}

/// A run on the screen.
pub(super) fn of_run(story: &Story, size: (u16, u16)) -> Model {
    let mut model = model(Some("01A"), size);
    model.now_ms = story.now_ms;
    tell(&mut model, loaded(story, facts("01A", story.view.status)));
    model
}

pub(super) fn failed() -> Story {
    let mut story = half_way();
    let failure = Failure::new(FailureKind::Model, "the provider answered 500 three times");
    story.tell(Event::RunFailed {
        step: Some(StepIndex(1)),
        item: Some(ItemIndex(0)),
        failure,
    });
    story
}

/// A run in which two agents search and read.
pub(super) fn reading() -> Story {
    let mut story = half_way();
    let output = |shown: &[&str], read: &[&str], tokens| ToolOutput {
        retrieved: Retrieved {
            shown: shown.iter().map(ToString::to_string).collect(),
            read: read.iter().map(ToString::to_string).collect(),
            tokens,
        },
        wall_ms: 12,
        ..ToolOutput::default()
    };
    for (actor, output) in [
        (4, output(&["2510.01234-3", "2602.03442"], &[], 410)),
        (5, output(&[], &["2602.03442"], 980)),
    ] {
        story.wait(900).tell(Event::ToolReplied {
            actor: ActorId(actor),
            call: CallId(0),
            output,
        });
    }
    story.thinks(5).says(5, "It is read twice [2602.03442].", None);
    story.tell(Event::AgentAnswered { actor: ActorId(5) });
    let failed = Event::ToolFailed {
        actor: ActorId(6),
        call: CallId(0),
        message: "`top_k` must be at least 1".into(),
    };
    story.wait(100).tell(failed);
    story
}

pub(super) fn transcript() -> Arc<Transcript> {
    let said = |message: Text| Said {
        message: Arc::new(message),
        at_ms: NOW_MS,
        omitted: false,
        turn: None,
        retrieved: Retrieved::default(),
        failed: false,
    };
    let turn = |number, entropy| Turn {
        number,
        usage: Usage {
            prompt_tokens: 1_200,
            completion_tokens: 80,
            ..Usage::default()
        },
        wall_ms: 3_200,
        queue_ms: if number == 1 { 1_100 } else { 0 },
        cached: number == 2,
        finish: troupe_core::message::Finish::Stop,
        forced: None,
        entropy,
    };
    let call = AssistantMessage {
        thinking: "The question names costs, so the words to look for are cost and tokens.".into(),
        text: String::new(),
        tool_calls: vec![ToolCall {
            id: "1".into(),
            name: "keyword_search".into(),
            arguments: r#"{"keywords":["cost","tokens"],"top_k":5}"#.into(),
        }],
    };
    let entropy: Vec<Option<f32>> = (0..60)
        .map(|at| (at % 7 != 3).then_some((at % 13) as f32 / 5.0))
        .collect();
    let found = "chunk_id: 2602.03442\nA-RAG provides three retrieval tools.\u{1b}[2J\u{1b}]0;owned\u{7}\n\
                 chunk_id: 2510.01234-3\nCosts fall with the number of agents.\n1\n2\n3\n4";
    Arc::new(Transcript {
        system: "You are the seeker.\nSearch first, then read the best chunks.\nCite chunk ids.\nBe short.".into(),
        said: [
            said(Text::User {
                text: "Which three retrieval tools does A-RAG provide?".into(),
            }),
            Said {
                turn: Some(turn(1, entropy)),
                ..said(Text::Assistant(call.into()))
            },
            Said {
                retrieved: Retrieved {
                    shown: vec!["2602.03442".into(), "2510.01234-3".into()],
                    read: Vec::new(),
                    tokens: 830,
                },
                ..said(Text::Tool {
                    id: "1".into(),
                    name: "keyword_search".into(),
                    text: found.into(),
                })
            },
            Said {
                omitted: true,
                ..said(Text::User {
                    text: "[turn 2 of 15]".into(),
                })
            },
            Said {
                turn: Some(turn(2, Vec::new())),
                ..said(Text::Assistant(
                    AssistantMessage {
                        text: "Keyword search, semantic search and chunk read. [2602.03442]".into(),
                        ..AssistantMessage::default()
                    }
                    .into(),
                ))
            },
        ]
        .map(Arc::new)
        .into(),
        asks: false,
    })
}

/// An agent on the screen.
pub(super) fn of_agent(size: (u16, u16)) -> Model {
    let mut model = of_run(&half_way(), size);
    model.enter_agent(ActorId(4));
    let (run, actor, at) = (id("01A"), ActorId(4), None);
    let transcript = transcript();
    tell(
        &mut model,
        News::Transcript {
            run,
            at,
            actor,
            transcript,
        },
    );
    model
}

pub(super) fn environment(image: &str, parent: Option<&str>, version: &str) -> Environment {
    Environment {
        image: image.into(),
        digest: "sha256:0".into(),
        instance: format!("requests-{version}"),
        repository: "psf/requests".into(),
        version: version.into(),
        created_at: String::new(),
        language: "python".into(),
        base: "debian:13".into(),
        parent: parent.map(Into::into),
        setup: "pip install .".into(),
        delta: parent.map(|_| "pip install -U urllib3".into()),
        evaluation: "pytest".into(),
        at_ms: NOW_MS - 3_600_000,
        ..Environment::default()
    }
}

fn build(name: &str, ago_ms: u64, at_work: bool, events: Vec<(u64, BuildEvent)>) -> BuildRow {
    let mut view = BuildView::default();
    for (after_ms, event) in events {
        let at_ms = NOW_MS - ago_ms + after_ms;
        view.fold(&BuildEntry { at_ms, event });
    }
    BuildRow {
        name: name.into(),
        view,
        at_work,
    }
}

fn begun(instance: &str, asked_by: Option<&str>) -> BuildEvent {
    BuildEvent::Begun {
        instance: instance.into(),
        repository: "psf/requests".into(),
        asked_by: asked_by.map(Into::into),
        attempts: 5,
    }
}

fn tried(way: Way, from: &str, image: &str) -> BuildEvent {
    BuildEvent::AttemptBegun {
        way,
        from: from.into(),
        image: image.into(),
        reasons: vec!["`setup.py` says Python".into()],
    }
}

/// One at work in its third attempt, one that was interrupted, and some that are over.
pub(super) fn builds() -> Vec<BuildRow> {
    let command = |command| BuildEvent::CommandBegun { command };
    let ended = |code| BuildEvent::CommandEnded { code };
    let came_to = |verdict: Option<&str>, verified, reason: &str| BuildEvent::AttemptEnded {
        verdict: verdict.map(Into::into),
        verified,
        reason: reason.into(),
    };
    let over = |verified, reason: &str| BuildEvent::Over {
        verified,
        reason: reason.into(),
        image: verified.then(|| "troupe/requests:2.32".into()),
    };
    let at_work = build(
        "5",
        200_000,
        true,
        vec![
            (0, begun("requests-2.34", Some("01M81YS1CVPR/environments[2]/a1/r1"))),
            (900, tried(Way::Reuse, "troupe/requests:2.33", "troupe/requests:2.34-a")),
            (1_000, command(Command::Files)),
            (2_000, ended(0)),
            (2_000, command(Command::After(1))),
            (12_000, ended(1)),
            (12_100, came_to(Some("fail_to_fail"), false, "fails with the fix too")),
            (12_200, tried(Way::Scratch, "debian:13", "troupe/requests:2.34-b")),
            (12_300, command(Command::Setup)),
            (72_300, ended(1)),
            (
                72_400,
                came_to(None, false, "the setup fails: install the package `libssl-dev`"),
            ),
            (72_500, tried(Way::Scratch, "debian:13", "troupe/requests:2.34-c")),
            (72_600, command(Command::Setup)),
            (150_000, ended(0)),
            (150_000, command(Command::After(1))),
        ],
    );
    let verified = |name: &str, ago_ms| {
        let begun = begun(&format!("requests-2.3{name}"), None);
        let events = vec![
            (0, begun),
            (10, tried(Way::Scratch, "debian:13", "troupe/requests:2.32")),
            (
                80_000,
                came_to(Some("fail_to_pass"), true, "fails before the fix and passes after it"),
            ),
            (80_000, over(true, "fails before the fix and passes after it")),
        ];
        build(name, ago_ms, false, events)
    };
    let interrupted = vec![
        (0, begun("requests-2.29", None)),
        (10, tried(Way::Scratch, "debian:13", "troupe/requests:2.29")),
        (20, command(Command::Setup)),
    ];
    let unbuildable = vec![
        (0, begun("\u{1b}[2Jrequests-1.0", None)),
        (
            5_000,
            over(false, "no language is known that this repository is written in"),
        ),
    ];
    vec![
        at_work,
        build("4", 900_000, false, interrupted),
        build("3", 950_000, false, unbuildable),
        verified("2", 1_000_000),
        verified("1", 2_000_000),
        verified("0", 3_000_000),
    ]
}

pub(super) const LOG: &str = "== setup\nReading package lists...\nSetting up libssl-dev:amd64 (3.0.15) ...\n\
    == tests with the fix\n============================= test session starts ==============================\n\
    collected 612 items\n\ntests/test_adapters.py .                                                 [  0%]\n\
    tests/test_requests.py ..........\u{1b}[31mF\u{1b}[0m..............................\u{7}\n";

pub(super) fn question() -> Question {
    Question {
        run: id("01A"),
        call: CallId(3),
        place: "sign_off".into(),
        step: "sign_off".into(),
        item: None,
        message: "Publish these three answers?".into(),
        choices: vec!["publish".into(), "discard".into()],
        deadline_ms: None,
    }
}
