//! Tests of the live view on a terminal in memory.

use super::{Live, LiveOptions};
use crate::sample::{Story, crowd, fan_out, finished, half_way};
use crate::writing::{NOTHING, Writing};
use insta::assert_snapshot;
use proptest::prelude::*;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use troupe_core::event::Event;
use troupe_core::failure::{Failure, FailureKind};
use troupe_core::id::{ActorId, StepIndex};

pub(crate) const PLAIN: LiveOptions = LiveOptions {
    colour: false,
    unicode: true,
};

fn live(width: u16, height: u16, options: LiveOptions) -> Live<TestBackend> {
    Live::on(TestBackend::new(width, height), options).unwrap()
}

/// The screen as text, without blanks at the end of lines and of the screen.
pub(crate) fn text(buffer: &Buffer) -> String {
    let width = usize::from(buffer.area.width.max(1));
    let lines = buffer.content.chunks(width).map(|cells| {
        let mut line = String::new();
        let mut covered = 0;
        for cell in cells {
            if covered == 0 {
                line.push_str(cell.symbol());
                covered = crate::text::width(cell.symbol());
            }
            covered = covered.saturating_sub(1);
        }
        line.trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n").trim_end().to_owned()
}

fn screen(story: &Story, width: u16, height: u16, options: LiveOptions) -> String {
    let mut live = live(width, height, options);
    live.draw(&story.view, story.now_ms, &NOTHING).unwrap();
    text(live.terminal.backend().buffer())
}

#[test]
fn a_lead_and_its_wave_at_80_by_24() {
    assert_snapshot!(screen(&half_way(), 80, 24, PLAIN), @r#"
    wide-research · running · 10.7 s · 6/9 agents live · 3 tool calls · 15.3k tok
    ✓ collect   succeeded  tool                                               850 ms
    ● research  running    9 agents, 6 live                      15.3k tok     9.8 s
      └ ● lead            leading 12 subagents               turn 1   1.2k     8.9 s
        ├ ● seeker[4]     keyword_search keywords: [cost, t… turn 1   1.2k     8.4 s
        ├ ● seeker[5]     read_chunk chunk_ids: [2510.01234… turn 2   2.5k     3.1 s
        ├ ● seeker[6]     keyword_search keywords: [cost, t… turn 1   1.2k     8.2 s
        ├ ● seeker[7]     keyword_search keywords: [cost, t… turn 1   1.2k     8.1 s
        ├ ● seeker[8]     keyword_search keywords: [cost, t… turn 1   1.2k     8.0 s
        ├ ✗ seeker[3]     failed: the provider answered 500… turn 1   1.2k     1.6 s
        ├ ✓ seeker[1]     answered: Seek.                    turn 2   2.5k     1.6 s
        ├ ✓ seeker[2]     answered: Seek.                    turn 2   2.5k     1.6 s
        └ … 4 more waiting
    ○ check     waiting
    ○ publish   waiting
    "#);
}

#[test]
fn a_lead_and_its_wave_at_120_by_40() {
    assert_snapshot!(screen(&half_way(), 120, 40, PLAIN), @r#"
    wide-research · running · 10.7 s · 6/9 agents live · 3 tool calls · 15.3k tok
    ✓ collect   succeeded  tool                                                                                       850 ms
    ● research  running    9 agents, 6 live                                                              15.3k tok     9.8 s
      └ ● lead                  leading 12 subagents                                             turn 1   1.2k tok     8.9 s
        ├ ● seeker[4]           keyword_search keywords: [cost, tokens], top_k: 5                turn 1   1.2k tok     8.4 s
        ├ ● seeker[5]           read_chunk chunk_ids: [2510.01234-3]                             turn 2   2.5k tok     3.1 s
        ├ ● seeker[6]           keyword_search keywords: [cost, tokens], top_k: 5                turn 1   1.2k tok     8.2 s
        ├ ● seeker[7]           keyword_search keywords: [cost, tokens], top_k: 5                turn 1   1.2k tok     8.1 s
        ├ ● seeker[8]           keyword_search keywords: [cost, tokens], top_k: 5                turn 1   1.2k tok     8.0 s
        ├ ✗ seeker[3]           failed: the provider answered 500 three times (model)            turn 1   1.2k tok     1.6 s
        ├ ✓ seeker[1]           answered: Seek.                                                  turn 2   2.5k tok     1.6 s
        ├ ✓ seeker[2]           answered: Seek.                                                  turn 2   2.5k tok     1.6 s
        └ … 4 more waiting
    ○ check     waiting
    ○ publish   waiting
    "#);
}

#[test]
fn a_fan_out_at_80_by_24() {
    assert_snapshot!(screen(&fan_out(), 80, 24, PLAIN), @r#"
    wide-research · running · 1 m 01 s · 8/21 agents live · 12 tool calls · 42.2k t…
    ✓ collect   succeeded  tool                                               850 ms
    ✓ research  succeeded                                         1.2k tok      0 ms
    ● check     running    ██░░░░░░░░ 12/50 · 20 agents, 8 live  40.9k tok  1 m 01 s
      ├ ● [12]/seeker     keyword_search keywords: [x]       turn 1   1.2k  1 m 00 s
      ├ ● [13]/seeker     keyword_search keywords: [x]       turn 1   1.2k  1 m 00 s
      ├ ● [14]/seeker     keyword_search keywords: [x]       turn 1   1.2k  1 m 00 s
      ├ ● [15]/seeker     keyword_search keywords: [x]       turn 1   1.2k  1 m 00 s
      ├ ● [16]/seeker     keyword_search keywords: [x]       turn 1   1.2k  1 m 00 s
      ├ ● [17]/seeker     keyword_search keywords: [x]       turn 1   1.2k  1 m 00 s
      ├ ● [18]/seeker     keyword_search keywords: [x]       turn 1   1.2k  1 m 00 s
      ├ ● [19]/seeker     keyword_search keywords: [x]       turn 1   1.2k  1 m 00 s
      ├ ✓ [0]/seeker      answered                           turn 2   2.5k      0 ms
      ├ ✓ [1]/seeker      answered                           turn 2   2.5k      0 ms
      └ … 10 more answered
    ○ publish   waiting
    "#);
}

#[test]
fn a_crowd_in_ascii_at_120_by_40() {
    let ascii = LiveOptions {
        unicode: false,
        ..PLAIN
    };
    let screen = screen(&crowd(300), 120, 40, ascii);
    assert!(screen.is_ascii());
    assert_snapshot!(screen, @r#"
    wide-research | running | 850 ms | 201/301 agents live | 100 tool calls | 513k tok
    + collect   succeeded  tool                                                                                       850 ms
    * research  running    301 agents, 201 live                                                           513k tok      0 ms
      `-* lead                  leading 300 subagents                                            turn 1   1.2k tok      0 ms
        |-* seeker[1]           keyword_search keywords: [cost, tokens], top_k: 5                turn 1   1.2k tok      0 ms
        |-* seeker[2]           keyword_search keywords: [cost, tokens], top_k: 5                turn 1   1.2k tok      0 ms
        |-* seeker[4]           keyword_search keywords: [cost, tokens], top_k: 5                turn 1   1.2k tok      0 ms
        |-* seeker[5]           keyword_search keywords: [cost, tokens], top_k: 5                turn 1   1.2k tok      0 ms
        |-* seeker[7]           keyword_search keywords: [cost, tokens], top_k: 5                turn 1   1.2k tok      0 ms
        |-* seeker[8]           keyword_search keywords: [cost, tokens], top_k: 5                turn 1   1.2k tok      0 ms
        |-* seeker[10]          keyword_search keywords: [cost, tokens], top_k: 5                turn 1   1.2k tok      0 ms
        |-* seeker[11]          keyword_search keywords: [cost, tokens], top_k: 5                turn 1   1.2k tok      0 ms
        |-* seeker[13]          keyword_search keywords: [cost, tokens], top_k: 5                turn 1   1.2k tok      0 ms
        `-... 291 more: 191 working, 100 answered
    o check     waiting
    o publish   waiting
    "#);
}

#[test]
fn a_screen_of_20_by_5() {
    assert_snapshot!(screen(&half_way(), 20, 5, PLAIN), @r#"
    wide-rese… · running
    ● research  running…
      └ ● lead
    … 3 more steps: 1 s…
    "#);
}

#[test]
fn a_screen_of_one_cell() {
    assert_snapshot!(screen(&half_way(), 1, 1, PLAIN), @"…");
}

#[test]
fn before_the_first_event() {
    let story = Story::begin();
    let view = troupe_core::view::RunView::new(&story.workflow);
    let mut live = live(80, 24, PLAIN);
    live.draw(&view, story.now_ms, &NOTHING).unwrap();
    assert_snapshot!(text(live.terminal.backend().buffer()), @r#"
    wide-research · running
    ○ collect   waiting
    ○ research  waiting
    ○ check     waiting
    ○ publish   waiting
    "#);
}

#[test]
fn what_a_model_writes_is_shown_by_its_end_and_never_obeyed() {
    let mut story = Story::begin();
    story.tool_step(0, 10).step(1, None).item(1, 0).thinks(0);
    let written = "First line.\n\x1b]0;owned\x07 then \u{202e}much more text than a row can hold, 日本語, and the end";
    let mut writing = Writing::new(400);
    writing.write(ActorId(0), written);
    let mut live = live(80, 24, PLAIN);
    live.draw(&story.view, story.now_ms, &writing).unwrap();
    assert_snapshot!(text(live.terminal.backend().buffer()), @r#"
    wide-research · running · 10 ms · 1/1 agent live
    ✓ collect   succeeded  tool                                                10 ms
    ● research  running                                                         0 ms
      └ ● lead            …row can hold, 日本語, and the end turn 1      0      0 ms
    ○ check     waiting
    ○ publish   waiting
    "#);
    writing.end(ActorId(0));
    writing.write(ActorId(0), "a\x1b[2J\r\u{9b}31m\u{202e}");
    live.draw(&story.view, story.now_ms, &writing).unwrap();
    assert_snapshot!(text(live.terminal.backend().buffer()).lines().nth(3).unwrap(), @"  └ ● lead            a^[[2J^M<U+009B>31m<U+202E>        turn 1      0      0 ms");
}

#[test]
fn a_failed_run_says_where_and_why() {
    let mut story = half_way();
    let failure = Failure::new(FailureKind::Model, "the provider refused the key; set OPENAI_API_KEY");
    story.tell(Event::ItemFailed {
        step: StepIndex(1),
        item: troupe_core::id::ItemIndex(0),
        failure: failure.clone(),
        retry_after_ms: None,
        used: troupe_core::input::Used::default(),
    });
    let step = Some(StepIndex(1));
    story.tell(Event::RunFailed {
        step,
        item: None,
        failure,
    });
    assert_snapshot!(screen(&story, 80, 24, PLAIN), @r#"
    wide-research · failed · 10.7 s · 9 agents · 3 tool calls · 15.3k tok
    ✗ research: the provider refused the key; set OPENAI_API_KEY (model)
    ✓ collect   succeeded  tool                                               850 ms
    ✗ research  failed     9 agents · the provider refused the…  15.3k tok     9.8 s
      └ – lead            stopped: leading 12 subagents · 8… turn 1   1.2k     9.8 s
        ├ ✗ seeker[3]     failed: the provider answered 500… turn 1   1.2k     1.6 s
        ├ ✓ seeker[1]     answered: Seek.                    turn 2   2.5k     1.6 s
        ├ ✓ seeker[2]     answered: Seek.                    turn 2   2.5k     1.6 s
        ├ – seeker[4]     stopped: keyword_search keywords:… turn 1   1.2k     8.9 s
        ├ – seeker[5]     stopped: read_chunk chunk_ids: [2… turn 2   2.5k     8.9 s
        ├ – seeker[6]     stopped: keyword_search keywords:… turn 1   1.2k     8.9 s
        ├ – seeker[7]     stopped: keyword_search keywords:… turn 1   1.2k     8.9 s
        ├ – seeker[8]     stopped: keyword_search keywords:… turn 1   1.2k     8.9 s
        └ … 4 more waiting
    ○ check     waiting
    ○ publish   waiting
    "#);
}

#[test]
fn a_cancelled_run_shows_what_was_stopped_and_a_resumed_one_goes_on() {
    let mut story = half_way();
    story.tell(Event::RunCancelled);
    assert_snapshot!(screen(&story, 100, 24, PLAIN), @r#"
    wide-research · cancelled · 10.7 s · 9 agents · 3 tool calls · 15.3k tok
    ✓ collect   succeeded  tool                                                                   850 ms
    – research  stopped    9 agents                                                  15.3k tok     9.8 s
      └ – lead                  stopped: leading 12 subagents · 8 subagents… turn 1   1.2k tok     9.8 s
        ├ ✗ seeker[3]           failed: the provider answered 500 three tim… turn 1   1.2k tok     1.6 s
        ├ ✓ seeker[1]           answered: Seek.                              turn 2   2.5k tok     1.6 s
        ├ ✓ seeker[2]           answered: Seek.                              turn 2   2.5k tok     1.6 s
        ├ – seeker[4]           stopped: keyword_search keywords: [cost, to… turn 1   1.2k tok     8.9 s
        ├ – seeker[5]           stopped: read_chunk chunk_ids: [2510.01234-… turn 2   2.5k tok     8.9 s
        ├ – seeker[6]           stopped: keyword_search keywords: [cost, to… turn 1   1.2k tok     8.9 s
        ├ – seeker[7]           stopped: keyword_search keywords: [cost, to… turn 1   1.2k tok     8.9 s
        ├ – seeker[8]           stopped: keyword_search keywords: [cost, to… turn 1   1.2k tok     8.9 s
        └ … 4 more waiting
    ○ check     waiting
    ○ publish   waiting
    "#);
    story.wait(60_000).tell(Event::RunReopened).wait(500);
    assert_snapshot!(screen(&story, 100, 24, PLAIN), @r#"
    wide-research · running · 1 m 11 s · 6/9 agents live · 3 tool calls · 15.3k tok
    ✓ collect   succeeded  tool                                                                   850 ms
    ● research  running    9 agents, 6 live                                          15.3k tok  1 m 10 s
      └ ● lead                  leading 12 subagents                         turn 1   1.2k tok  1 m 09 s
        ├ ● seeker[4]           keyword_search keywords: [cost, tokens], to… turn 1   1.2k tok  1 m 08 s
        ├ ● seeker[5]           read_chunk chunk_ids: [2510.01234-3]         turn 2   2.5k tok  1 m 03 s
        ├ ● seeker[6]           keyword_search keywords: [cost, tokens], to… turn 1   1.2k tok  1 m 08 s
        ├ ● seeker[7]           keyword_search keywords: [cost, tokens], to… turn 1   1.2k tok  1 m 08 s
        ├ ● seeker[8]           keyword_search keywords: [cost, tokens], to… turn 1   1.2k tok  1 m 08 s
        ├ ✗ seeker[3]           failed: the provider answered 500 three tim… turn 1   1.2k tok     1.6 s
        ├ ✓ seeker[1]           answered: Seek.                              turn 2   2.5k tok     1.6 s
        ├ ✓ seeker[2]           answered: Seek.                              turn 2   2.5k tok     1.6 s
        └ … 4 more waiting
    ○ check     waiting
    ○ publish   waiting
    "#);
}

#[test]
fn notes_go_above_and_a_summary_stays() {
    let mut live = live(60, 12, PLAIN);
    let story = half_way();
    live.draw(&story.view, story.now_ms, &NOTHING).unwrap();
    let before = text(live.terminal.backend().buffer());
    live.note("index: 50 files, 212 chunks").unwrap();
    let after = text(live.terminal.backend().buffer());
    assert_eq!(after, format!("index: 50 files, 212 chunks\n{before}"));
    live.note("a warning that is long enough to be wrapped on a screen of sixty columns")
        .unwrap();
    let story = finished();
    live.draw(&story.view, story.now_ms, &NOTHING).unwrap();
    live.close(&story.view).unwrap();
    let backend = live.terminal.backend();
    assert!(backend.cursor_visible());
    let all = [text(backend.scrollback()), text(backend.buffer())];
    assert_snapshot!(all.join("\n"), @r#"
    index: 50 files, 212 chunks
    a warning that is long enough to be wrapped on a screen of
    sixty columns
    wide-research · succeeded · 11.9 s · 13 agents · 8 tool cal…
    ✓ collect   succeeded  tool                           850 ms
    ✓ research  succeeded  13 agents         28.1k tok    11.1 s
      └ ✓ lead            answered · 12 subagents: 1…     11.1 s
        ├ ✗ seeker[3]     failed: the provider answe…      1.6 s
        ├ ✓ seeker[1]     answered: Seek.                  1.6 s
        ├ ✓ seeker[2]     answered: Seek.                  1.6 s
        ├ ✓ seeker[4]     answered: Seek.                  8.9 s
        ├ ✓ seeker[5]     answered: Seek.                  8.9 s
        ├ ✓ seeker[6]     answered: Seek.                  8.9 s
        ├ ✓ seeker[7]     answered: Seek.                  8.9 s
        ├ ✓ seeker[8]     answered: Seek.                  9.0 s
        ├ ✓ seeker[9]     answered: Seek.                 300 ms
        ├ ✓ seeker[10]    answered: Seek.                 300 ms
        ├ ✓ seeker[11]    answered: Seek.                 300 ms
        └ ✓ seeker[12]    answered: Seek.                 300 ms
    ✓ check     succeeded  no items · agent                 0 ms
    – publish   skipped    run
    "#);
}

#[test]
fn colour_is_never_the_only_carrier() {
    let colour = LiveOptions {
        colour: true,
        unicode: true,
    };
    let story = half_way();
    assert_eq!(screen(&story, 80, 24, colour), screen(&story, 80, 24, PLAIN));
    let styled = |options| {
        let mut live = live(80, 24, options);
        live.draw(&story.view, story.now_ms, &NOTHING).unwrap();
        let buffer = live.terminal.backend().buffer().clone();
        buffer
            .content
            .iter()
            .any(|cell| cell.style() != ratatui::buffer::Cell::EMPTY.style())
    };
    assert!(styled(colour));
    assert!(!styled(PLAIN));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_size_and_no_moment_panics(width in 1u16..140, height in 1u16..50, moment in 0usize..120) {
        let told = finished();
        let mut view = troupe_core::view::RunView::new(&told.workflow);
        told.entries.iter().take(moment).for_each(|entry| view.fold(&told.workflow, entry));
        let mut live = live(width, height, PLAIN);
        let mut writing = Writing::new(400);
        writing.write(ActorId(0), "日本\x1b[m");
        live.draw(&view, told.now_ms, &writing).unwrap();
        live.note("note").unwrap();
        live.finish(&view).unwrap();
    }
}
