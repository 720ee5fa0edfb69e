//! Every screen at 80×24 and 120×40, and at sizes that nobody has; the loop on a terminal in memory.

use super::model::Heard;
use super::run::Keyboard;
use super::sample::*;
use super::*;
use crate::sample::{crowd, fan_out, finished, half_way};
use insta::assert_snapshot;
use proptest::prelude::*;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::KeyCode;
use ratatui::layout::Rect;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use troupe_core::event::Event;
use troupe_core::id::ActorId;
use troupe_core::id::CallId;
use troupe_core::message::Message as Text;
use troupe_core::port::journal::RunStatus;

const SIZES: [(u16, u16); 2] = [(80, 24), (120, 40)];

fn check(name: &str, make: impl Fn((u16, u16)) -> Model) {
    for (width, height) in SIZES {
        assert_snapshot!(format!("{name}_{width}x{height}"), shown(&make((width, height))));
    }
}

#[test]
fn the_fleet() {
    check("fleet", |size| {
        let mut model = model(None, size);
        tell(&mut model, fleet());
        let details = Details {
            steps_over: 2,
            steps: 4,
            cost_micros: 250_000,
        };
        tell(&mut model, News::Details(id("01M81YS1CVPR"), details));
        model
    });
}

#[test]
fn a_run_half_way() {
    check("run", |size| of_run(&half_way(), size));
}

#[test]
fn a_run_that_failed_and_the_way_out() {
    check("failed", |size| of_run(&failed(), size));
}

#[test]
fn a_fan_out_is_folded() {
    check("fan_out", |size| of_run(&fan_out(), size));
}

#[test]
fn a_run_that_asks() {
    check("asks", |size| {
        let mut model = model(Some("01A"), size);
        let mut story = half_way();
        story.view.status = RunStatus::Waiting;
        model.now_ms = story.now_ms;
        let mut facts = facts("01A", RunStatus::Waiting);
        facts.questions.push(question());
        tell(&mut model, loaded(&story, facts));
        press(&mut model, "a");
        model
    });
}

#[test]
fn a_run_along_time() {
    check("timeline", |size| {
        let mut story = half_way();
        story.wait(700);
        for actor in [4, 6] {
            let reply = troupe_core::message::Reply {
                wall_ms: 2_000,
                queue_ms: 1_400,
                ..Default::default()
            };
            story
                .gets(actor, 10)
                .thinks(actor)
                .wait(2_000)
                .tell(Event::ModelReplied {
                    actor: ActorId(actor),
                    call: CallId(0),
                    reply,
                });
        }
        let mut model = of_run(&story, size);
        press(&mut model, "2");
        model
    });
}

#[test]
fn what_was_read() {
    check("retrieval", |size| {
        let mut model = of_run(&reading(), size);
        press(&mut model, "3");
        model
    });
    check("retrieval_by_chunk", |size| {
        let mut model = of_run(&reading(), size);
        press(&mut model, "3s");
        model
    });
}

#[test]
fn an_agent_and_its_transcript() {
    check("agent", |size| {
        let mut model = of_agent(size);
        press(&mut model, "g");
        model
    });
}

#[test]
fn an_agent_that_writes() {
    check("writing", |size| {
        let mut model = of_agent(size);
        let text =
            "The words \u{1b}[31mcost\u{1b}[0m and tokens stand in two abstracts, so the next thing is to read both.";
        tell(&mut model, News::Writing(id("01A"), ActorId(4), text.into()));
        // Rows are brought onto the screen once for all that was written until then.
        let now_ms = model.now_ms;
        update::update(&mut model, Message::Tick(now_ms));
        model
    });
}

#[test]
fn a_chunk() {
    check("passage", |size| {
        let mut model = of_run(&half_way(), size);
        let passage = Passage {
            title: "chunk 2602.03442".into(),
            file: Some("corpus/2602.03442.md".into()),
            text: "# A-RAG\n\nA-RAG provides three retrieval tools: keyword search, semantic search, and chunk read, \
                   enabling the agent to adaptively search and retrieve information across multiple granularities."
                .into(),
        };
        tell(&mut model, News::Passage(passage));
        model
    });
}

#[test]
fn the_environments() {
    check("environments", |size| {
        let mut model = model(None, size);
        tell(&mut model, fleet());
        press(&mut model, "2");
        let pool = [
            environment("troupe/requests:2.33", Some("troupe/requests:2.32"), "2.33"),
            environment("troupe/requests:2.32", Some("troupe/requests:2.31"), "2.32"),
            environment("troupe/requests:2.31", None, "2.31"),
            environment("troupe/requests:2.32-b", Some("troupe/requests:2.31"), "2.32"),
        ];
        tell(&mut model, News::Environments(pool.into()));
        tell(&mut model, News::Builds(builds().into()));
        model
    });
}

#[test]
fn a_build_at_work() {
    check("build", |size| {
        let mut model = model(None, size);
        tell(&mut model, fleet());
        press(&mut model, "2");
        let pool = [
            environment("troupe/requests:2.33", Some("troupe/requests:2.32"), "2.33"),
            environment("troupe/requests:2.32", Some("troupe/requests:2.31"), "2.32"),
            environment("troupe/requests:2.31", None, "2.31"),
        ];
        tell(&mut model, News::Environments(pool.into()));
        tell(&mut model, News::Builds(builds().into()));
        let wishes = press(&mut model, "g<enter>");
        let asked = wishes
            .iter()
            .any(|wish| matches!(wish, Wish::Look(interest) if interest.build.as_deref() == Some("5")));
        assert!(asked, "{wishes:?}");
        tell(&mut model, News::BuildLog("5".into(), LOG.into()));
        model
    });
}

#[test]
fn earlier_builds_are_shown_when_asked_for() {
    let mut model = model(None, (80, 24));
    tell(&mut model, fleet());
    press(&mut model, "2");
    tell(&mut model, News::Environments(Vec::new().into()));
    tell(&mut model, News::Builds(builds().into()));
    assert!(!shown(&model).contains("requests-2.30"));
    press(&mut model, "G<enter>");
    assert!(shown(&model).contains("requests-2.30"));
    // What was asked of one build is told: its attempts, and how their commands ended.
    press(&mut model, "g<enter><enter>");
    let told = shown(&model);
    assert!(told.contains("exit code 1") && told.contains("because"), "{told}");
}

#[test]
fn the_past() {
    check("past", |size| {
        let story = half_way();
        let mut model = of_run(&story, size);
        press(&mut model, "[");
        let at = 20;
        let folds = Arc::new(Folds::of(Arc::new(story.workflow.clone()), &story.entries[..20]));
        let base = folds.clone();
        model.past = Some(model::Past {
            at,
            folds: Some(folds),
            base,
        });
        model
    });
}

#[test]
fn the_help_and_trouble() {
    check("help", |size| {
        let mut model = of_run(&failed(), size);
        tell(
            &mut model,
            News::Trouble(Some("run 01A was written by Troupe 9.0".into())),
        );
        press(&mut model, "?");
        model
    });
}

#[test]
fn without_unicode_everything_is_ascii() {
    let story = half_way();
    let mut model = Model::new(
        &WatchOptions {
            unicode: false,
            ..options(Some("01A"))
        },
        (120, 40),
        story.now_ms,
    );
    tell(&mut model, loaded(&story, facts("01A", RunStatus::Running)));
    for keys in ["", "2", "3", "1?"] {
        press(&mut model, keys);
        let shown = shown(&model);
        assert!(shown.is_ascii(), "{shown}");
    }
}

#[test]
fn no_colour_is_no_style() {
    let model = of_run(&failed(), (80, 24));
    let mut buffer = Buffer::empty(Rect::new(0, 0, 80, 24));
    screen::draw(&model, &mut buffer);
    let plain = buffer
        .content
        .iter()
        .all(|cell| cell.style() == ratatui::buffer::Cell::default().style());
    assert!(plain);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Any size, any keys: nothing panics, nothing leaves the screen, nothing is obeyed.
    #[test]
    fn any_size_survives(
        width in prop_oneof![Just(1u16), Just(500), 1u16..130],
        height in prop_oneof![Just(1u16), Just(200), 1u16..50],
        keys in proptest::collection::vec(prop_oneof!["[a-zA-Z0-9/?{}.^#]", Just("<enter>".to_owned()), Just("<esc>".to_owned()), Just("<tab>".to_owned())], 0..30),
        which in 0usize..4,
    ) {
        let mut model = match which {
            0 => of_agent((width, height)),
            1 => of_run(&reading(), (width, height)),
            2 => { let mut model = model(None, (width, height)); tell(&mut model, fleet()); model }
            _ => {
                let mut model = model(None, (width, height));
                tell(&mut model, fleet());
                press(&mut model, "2");
                tell(&mut model, News::Environments([environment("a\u{1b}[2J", None, "1")].into()));
                tell(&mut model, News::Builds(builds().into()));
                tell(&mut model, News::BuildLog("5".into(), LOG.into()));
                model
            }
        };
        for key in keys {
            press(&mut model, &key);
            tell(&mut model, News::Writing(id("01A"), ActorId(4), "a\u{1b}[2Jb".into()));
            let shown = shown(&model);
            prop_assert!(is_harmless(&shown), "{shown}");
        }
    }
}

/// Whether an escape sequence is seen to be one (`^[[2J`), wherever a line was broken or cut. What draws would leave
/// out the escape and show the rest as if somebody had written it.
fn is_harmless(shown: &str) -> bool {
    let all_seen = shown.match_indices("[2J").all(|(at, _)| {
        let before = shown[..at].chars().next_back();
        before.is_none_or(|before| matches!(before, '[' | '…' | ' ' | '\n'))
    });
    all_seen && !shown.chars().any(|letter| letter.is_control() && letter != '\n')
}

#[test]
fn what_is_no_escape_any_more_is_seen() {
    assert!(is_harmless("a^[[2Jb") && is_harmless("a^\n[[2Jb"));
    assert!(!is_harmless("a[2Jb") && !is_harmless("\u{1b}"));
}

#[test]
fn huge_texts_are_shown_in_part() {
    let mut model = of_agent((80, 24));
    let long = "x".repeat(4_000_000);
    let mut transcript = (*transcript()).clone();
    Arc::make_mut(&mut transcript.said[0]).message = Arc::new(Text::User { text: long.clone() });
    model.transcript = Some(Heard {
        run: id("01A"),
        actor: ActorId(4),
        at: None,
        transcript: Arc::new(transcript),
    });
    let begun = std::time::Instant::now();
    press(&mut model, "g");
    assert!(shown(&model).contains("xxxx"));
    let (title, file) = ("long".into(), None);
    tell(
        &mut model,
        News::Passage(Passage {
            title,
            file,
            text: long,
        }),
    );
    assert!(shown(&model).contains("xxxx"));
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_page_holds_every_screen_and_no_markup_of_others() {
    let mut story = half_way();
    story.workflow.name = "<script>alert(1)</script>".into();
    story.view.workflow.clone_from(&story.workflow.name);
    let folds = Folds::of(Arc::new(story.workflow.clone()), &story.entries);
    let heard = vec![(ActorId(4), transcript())];
    let facts = || facts("01A", RunStatus::Running);
    let page = html(facts(), folds, heard, story.now_ms, None);
    assert!(!page.contains("<script"), "{page}");
    let agents = story.view.agents.len();
    let left_out = format!("<p>What was said is here for 1 of {agents} agents;");
    assert!(page.contains(&left_out) && !page.contains("<p>As it was"), "{page}");
    for part in [
        "run</summary>",
        "timeline</summary>",
        "retrieval</summary>",
        "id=\"agent-4\"",
        "Cite chunk ids.",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains('\u{1b}'));
    // Of the past a page tells only the past.
    let past = Folds::of(Arc::new(story.workflow.clone()), &story.entries[..1]);
    let page = html(
        facts(),
        past,
        Vec::new(),
        story.now_ms,
        Some(story.entries.len() as u64),
    );
    let events = format!("<p>As it was after 1 of {} events.</p>", story.entries.len());
    assert!(page.contains(&events) && !page.contains("agent-4"), "{page}");
}

/// A source that tells a story, and remembers what it was asked.
struct Script {
    news: VecDeque<News>,
    begun: Vec<Wanted>,
}

impl Source for Script {
    fn look(&mut self, _: &Interest) {}

    fn begin(&mut self, wanted: Wanted) {
        self.begun.push(wanted);
    }

    fn news(&mut self) -> Option<News> {
        self.news.pop_front()
    }

    fn outside(&mut self, _: Errand) -> Option<News> {
        None
    }
}

/// Somebody who presses keys.
struct Fingers(VecDeque<Input>);

impl Keyboard for Fingers {
    fn next(&mut self, _: Duration) -> std::io::Result<Option<Input>> {
        Ok(self.0.pop_front())
    }

    fn step_aside(&mut self) -> std::io::Result<()> {
        Ok(())
    }

    fn come_back(&mut self) -> std::io::Result<()> {
        Ok(())
    }

    fn copy(&mut self, _: &str) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn the_loop_takes_news_and_keys_and_ends() {
    let news = VecDeque::from([fleet(), loaded(&half_way(), facts("01M81YS1CVPR", RunStatus::Running))]);
    let source = Script {
        news,
        begun: Vec::new(),
    };
    let keys = ["j", "x", "<enter>"]
        .map(|_| Input::key(KeyCode::Char('k')))
        .into_iter();
    let keys = keys.chain([Input::key(KeyCode::Enter), Input::key(KeyCode::Char('q'))]);
    let watch = Watch::new(
        TestBackend::new(80, 24),
        Fingers(keys.collect()),
        source,
        &options(None),
        || NOW_MS,
    );
    let (ending, source) = watch.unwrap().run().unwrap();
    assert_eq!((ending, source.begun), (Ending::Closed, Vec::new()));
}

#[test]
fn crowds_are_drawn_in_time() {
    let story = crowd(10_000);
    let mut model = of_run(&story, (120, 40));
    let begun = std::time::Instant::now();
    for _ in 0..10 {
        press(&mut model, "j");
        shown(&model);
    }
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert_eq!(finished().view.status, RunStatus::Succeeded);
}
