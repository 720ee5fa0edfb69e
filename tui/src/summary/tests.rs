//! Tests of the summary.

use super::summary;
use crate::sample::{Story, crowd, fan_out, finished, half_way};
use insta::assert_snapshot;
use troupe_core::event::Event;
use troupe_core::id::{ActorId, CallId};
use troupe_core::limits::{LimitHit, Owner, Reached};
use troupe_core::message::{Reply, Usage};
use troupe_core::view::RunView;

#[test]
fn a_finished_run() {
    assert_snapshot!(summary(&finished().view, 120), @r#"
    wide-research · succeeded · 11.9 s

                                status      turns      in     out  retrieved       time  tools
    collect  succeeded · tool · 850 ms
    research  succeeded · agent · 11.1 s
      research/lead             answered        2    2.4k     160          0     11.1 s  create_sub_agents×1
        seeker[1]               answered        2    2.4k     160        830      1.6 s  keyword_search×1
        seeker[2]               answered        2    2.4k     160        410      1.6 s  keyword_search×1
        seeker[3]               failed          1    1.2k      80          0      1.6 s
          failed: the provider answered 500 three times (model)
        seeker[4]               answered        2    2.4k     160         50      8.9 s  keyword_search×1
        seeker[5]               answered        3    3.6k     240        110      8.9 s  keyword_search×1, read_chunk×1
        seeker[6]               answered        2    2.4k     160         50      8.9 s  keyword_search×1
        seeker[7]               answered        2    2.4k     160         50      8.9 s  keyword_search×1
        seeker[8]               answered        2    2.4k     160         50      9.0 s  keyword_search×1
        seeker[9]               answered        1    1.2k      80          0     300 ms
        seeker[10]              answered        1    1.2k      80          0     300 ms
        seeker[11]              answered        1    1.2k      80          0     300 ms
        seeker[12]              answered        1    1.2k      80          0     300 ms
    check  succeeded · agent · 0 ms
    publish  skipped · run

    total: 13 agents · 8 tool calls · 26.4k tokens in · 1.7k out · 1.5k retrieved · 7 chunks read
    "#);
}

#[test]
fn a_run_at_work_on_80_columns() {
    let mut story = half_way();
    story.gets(4, 10).tell(Event::TurnStarted {
        actor: ActorId(4),
        forced: Some(Reached {
            limit: LimitHit::Turns,
            most: 20,
            used: 20,
            needed: 0,
            owner: Owner::Agent { name: "seeker".into() },
        }),
    });
    assert_snapshot!(summary(&story.view, 80), @r#"
    wide-research · running · 10.7 s

                             status      turns      in     out  retrieved       time
    collect  succeeded · tool · 850 ms
    research  running · agent · 9.8 s
      research/lead          leading         1    1.2k      80          0      9.8 s
        create_sub_agents×1
        seeker[1]            answered        2    2.4k     160        830      1.6 s
          keyword_search×1
        seeker[2]            answered        2    2.4k     160        410      1.6 s
          keyword_search×1
        seeker[3]            failed          1    1.2k      80          0      1.6 s
          failed: the provider answered 500 three times (model)
        seeker[4]            thinking        1    1.2k      80         10      8.9 s
          turns limit · keyword_search×1
        seeker[5]            acting          2    2.4k     160         90      8.9 s
          keyword_search×1
        seeker[6]            acting          1    1.2k      80          0      8.9 s
        seeker[7]            acting          1    1.2k      80          0      8.9 s
        seeker[8]            acting          1    1.2k      80          0      8.9 s
        … 4 more waiting
    check  waiting · agent
    publish  waiting · run

    total: 9 agents · 4 tool calls · 14.4k tokens in · 960 out · 1.3k retrieved · 4
    chunks read
    "#);
}

#[test]
fn wide_waves_are_counted() {
    let mut story = crowd(1_000);
    story.fails(998, "it broke");
    let summary = summary(&story.view, 100);
    assert!(summary.lines().count() < 100);
    assert!(summary.contains("seeker[998]"));
    assert!(summary.contains("… 959 more: 639 working, 320 answered"), "{summary}");
}

#[test]
fn nothing_is_wider_than_asked() {
    for story in [Story::begin(), half_way(), fan_out(), finished(), crowd(60)] {
        for width in [80, 100, 160] {
            let summary = summary(&story.view, width);
            let widest = summary.lines().map(crate::text::width).max().unwrap();
            assert!(widest <= width, "{widest} columns of {width}:\n{summary}");
        }
    }
}

#[test]
fn before_the_first_event() {
    let story = Story::begin();
    assert_snapshot!(summary(&RunView::new(&story.workflow), 80), @r#"
    wide-research · running · 0 ms

    collect  waiting · tool
    research  waiting · agent
    check  waiting · agent
    publish  waiting · run

    total: 0 agents · 0 tool calls · 0 tokens in · 0 out
    "#);
}

#[test]
fn what_the_cache_saved_and_who_waited() {
    let mut story = half_way();
    let reply = |cached, queue_ms| Reply {
        queue_ms,
        cached,
        saved: Usage {
            prompt_tokens: if cached { 4_000 } else { 0 },
            completion_tokens: if cached { 200 } else { 0 },
            ..Usage::default()
        },
        ..Reply::default()
    };
    for (actor, reply) in [(4, reply(true, 0)), (4, reply(false, 3_250)), (5, reply(false, 999))] {
        story.tell(Event::ModelReplied {
            actor: ActorId(actor),
            call: CallId(0),
            reply,
        });
    }
    let text = summary(&story.view, 160);
    assert!(text.contains("1 of 3 turns from the cache · queued 3.2 s"), "{text}");
    assert_eq!(text.matches("queued").count(), 1, "{text}");
    assert!(
        text.contains("1 of 19 calls from the cache · 4.2k tokens saved"),
        "{text}"
    );
}
