//! What everybody who hands out work must do.

use super::journal::{append, header, run_id};
use troupe_core::id::{CallId, ItemIndex, RunId, StepIndex};
use troupe_core::input::Part;
use troupe_core::port::ErrorKind;
use troupe_core::port::approver::Answer;
use troupe_core::port::dispatch::{Dispatch, Post, Word};
use troupe_core::port::journal::{Append, Journal, Progress, RunStatus};

/// Every law of dispatch, each on a fresh one of `make`.
///
/// # Panics
/// When a law is broken.
pub async fn check<D: Dispatch + Journal>(make: impl AsyncFn() -> D) {
    words_wait_until_they_are_settled(&make().await).await;
    numbers_are_never_given_twice(&make().await).await;
    words_go_with_their_run(&make().await).await;
    what_can_be_gone_on_with_is_due(&make().await).await;
}

fn answer(comment: &str) -> Word {
    Word::Answer {
        run: run_id("ASKED.part"),
        call: CallId(7),
        answer: Answer {
            choice: "approve".to_owned(),
            comment: Some(comment.to_owned()),
            by: "somebody \"quoted\" \u{10}".to_owned(),
        },
    }
}

fn words(posts: &[Post]) -> Vec<&Word> {
    posts.iter().map(|post| &post.word).collect()
}

async fn posted(dispatch: &impl Dispatch, run: &RunId) -> Vec<Post> {
    let posts = dispatch.posted(run).await.expect("listed");
    assert!(
        posts.is_sorted_by(|a, b| a.number < b.number),
        "numbers grow: {posts:?}"
    );
    posts
}

async fn words_wait_until_they_are_settled<D: Dispatch + Journal>(dispatch: &D) {
    let (run, other) = (run_id("ASKED"), run_id("OTHER"));
    let missing = dispatch.post(&run, Word::Cancel).await.expect_err("no such run");
    assert_eq!(missing.kind, ErrorKind::Missing);
    assert_eq!(posted(dispatch, &run).await, []);
    for run in [&run, &other] {
        dispatch.create(header(run, 1)).await.expect("created");
    }
    let said = [
        answer("first"),
        Word::Cancel,
        answer(&"long ".repeat(2_000)),
        Word::Stop {
            run: run_id("ASKED.check-7"),
            part: Part::Item(StepIndex(3), ItemIndex(7)),
            by: "ada".into(),
        },
    ];
    for word in &said {
        dispatch.post(&run, word.clone()).await.expect("posted");
    }
    dispatch.post(&other, Word::Cancel).await.expect("posted");
    let posts = posted(dispatch, &run).await;
    assert_eq!(words(&posts), said.iter().collect::<Vec<_>>());
    dispatch.settle(&run, posts[1].number).await.expect("settled");
    assert_eq!(posted(dispatch, &run).await, posts[2..]);
    dispatch.settle(&run, posts[1].number).await.expect("settled again");
    assert_eq!(posted(dispatch, &run).await, posts[2..]);
    dispatch.settle(&run, posts[3].number).await.expect("settled");
    assert_eq!(posted(dispatch, &run).await, []);
    assert_eq!(
        words(&posted(dispatch, &other).await),
        [&Word::Cancel],
        "of another run"
    );
}

async fn numbers_are_never_given_twice<D: Dispatch + Journal>(dispatch: &D) {
    let run = run_id("NUMBERED");
    dispatch.create(header(&run, 1)).await.expect("created");
    let mut last = None;
    for _ in 0..3 {
        dispatch.post(&run, Word::Cancel).await.expect("posted");
        let number = posted(dispatch, &run).await[0].number;
        assert!(last < Some(number), "{number} after {last:?}");
        dispatch.settle(&run, number).await.expect("settled");
        last = Some(number);
    }
}

async fn words_go_with_their_run<D: Dispatch + Journal>(dispatch: &D) {
    let run = run_id("GOES");
    dispatch.create(header(&run, 1)).await.expect("created");
    dispatch.post(&run, Word::Cancel).await.expect("posted");
    dispatch.remove(&run).await.expect("removed");
    assert_eq!(posted(dispatch, &run).await, []);
    dispatch.create(header(&run, 2)).await.expect("created");
    assert_eq!(posted(dispatch, &run).await, []);
}

async fn what_can_be_gone_on_with_is_due<D: Dispatch + Journal>(dispatch: &D) {
    use RunStatus::{Cancelled, Failed, Running, Succeeded, Waiting};
    assert_eq!(dispatch.due(u64::MAX, 9).await.expect("listed"), []);
    // Name, status, timer, whether there are words, when it was heard of last.
    let runs = [
        ("RUNNING", Running, None, false, 60),
        ("RUNNING-OLD", Running, Some(9_999_999), false, 10),
        ("RUNNING.part", Running, None, false, 5),
        ("TIMER-DOWN", Waiting, Some(1_000), false, 40),
        ("TIMER-RUNS", Waiting, Some(1_001), false, 1),
        ("ASKED", Waiting, None, true, 30),
        ("ASKS", Waiting, None, false, 2),
        ("BOTH", Waiting, Some(10), true, 50),
        ("SUCCEEDED", Succeeded, Some(10), true, 3),
        ("FAILED", Failed, Some(10), true, 3),
        ("CANCELLED", Cancelled, Some(10), true, 3),
    ];
    for (name, status, wake_ms, has_words, at_ms) in runs {
        let run = run_id(name);
        dispatch.create(header(&run, 1)).await.expect("created");
        let progress = Progress {
            status,
            wake_ms,
            ..Progress::default()
        };
        let moved = Append {
            at_ms,
            progress,
            ..append(&run, 0, Vec::new())
        };
        dispatch.append(moved).await.expect("appended");
        if has_words {
            dispatch.post(&run, Word::Cancel).await.expect("posted");
        }
    }
    let due = async |now_ms, limit| dispatch.due(now_ms, limit).await.expect("listed");
    let all = ["RUNNING-OLD", "ASKED", "TIMER-DOWN", "BOTH", "RUNNING"].map(run_id);
    assert_eq!(due(1_000, 9).await, all);
    assert_eq!(due(1_000, 2).await, all[..2]);
    assert_eq!(due(1_000, 0).await, []);
    assert_eq!(due(9, 9).await, ["RUNNING-OLD", "ASKED", "BOTH", "RUNNING"].map(run_id));
    assert_eq!(due(u64::MAX, 1).await, [run_id("TIMER-RUNS")]);

    // What was settled no longer wakes anybody, and what goes on is no longer due as it was.
    let said = posted(dispatch, &run_id("ASKED")).await;
    dispatch
        .settle(&run_id("ASKED"), said[0].number)
        .await
        .expect("settled");
    let over = Progress {
        status: Succeeded,
        ..Progress::default()
    };
    let ends = Append {
        progress: over,
        ..append(&run_id("RUNNING-OLD"), 0, Vec::new())
    };
    dispatch.append(ends).await.expect("appended");
    assert_eq!(due(1_000, 9).await, ["TIMER-DOWN", "BOTH", "RUNNING"].map(run_id));
}
