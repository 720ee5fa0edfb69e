//! What every journal must do for runs that share a past.

use super::journal::{append, begun, event, header, run_id, texts, texts_of};
use troupe_core::event::Event;
use troupe_core::id::RunId;
use troupe_core::port::ErrorKind;
use troupe_core::port::journal::{Entry, Fork, Journal, Progress, RunHeader};

/// Every law of forks, each on a fresh journal of `make`.
pub(super) async fn check<J: Journal>(make: &impl AsyncFn() -> J) {
    a_fork_begins_with_the_past_and_goes_its_own_way(&make().await).await;
    a_past_may_be_cut_anywhere(&make().await).await;
    forks_of_forks_see_through(&make().await).await;
    a_past_must_be_there(&make().await).await;
}

/// A header of a run that shares the first `events` events of `past`.
pub(super) fn forked(run: &str, past: &RunId, events: u64) -> RunHeader {
    RunHeader {
        forked: Some(Fork {
            run: past.clone(),
            events,
        }),
        ..header(&run_id(run), 50)
    }
}

/// Appends one event that says `text`; gives the entry that comes of it.
pub(super) async fn says(journal: &impl Journal, run: &RunId, sequence: u64, text: &str) -> Entry {
    let event = event(sequence, text);
    journal
        .append(append(run, sequence, vec![event.clone()]))
        .await
        .expect("appended");
    Entry {
        sequence,
        at_ms: 1_000 + sequence,
        event,
    }
}

async fn a_fork_begins_with_the_past_and_goes_its_own_way(journal: &impl Journal) {
    let past = begun(journal, "PAST").await;
    let mut common = Vec::new();
    for sequence in 0..4 {
        common.push(says(journal, &past, sequence, &"a document ".repeat(500)).await);
    }
    let header = forked("FORK", &past, 3);
    let fork = header.run.clone();
    journal.create(header.clone()).await.expect("created");
    let record = journal.run(&fork).await.expect("found");
    assert_eq!(record.header, header);
    assert_eq!(
        (record.events, record.updated_ms, record.progress),
        (3, 50, Progress::default())
    );
    assert_eq!(journal.load(&fork).await.expect("loaded"), common[..3]);

    for wrong in [0, 2, 4] {
        let refused = journal.append(append(&fork, wrong, vec![Event::RunReopened])).await;
        assert_eq!(refused.expect_err("not the next").kind, ErrorKind::Conflict, "{wrong}");
    }
    let own = says(journal, &fork, 3, "otherwise").await;
    let later = says(journal, &past, 4, "as before").await;
    assert_eq!(
        journal.load(&fork).await.expect("loaded"),
        [&common[..3], &[own]].concat()
    );
    assert_eq!(
        journal.load(&past).await.expect("loaded"),
        [&common[..], &[later]].concat()
    );
    assert_eq!(journal.run(&past).await.expect("found").header.forked, None);
    let listed = journal.runs(1).await.expect("listed").remove(0);
    assert_eq!((listed.header.forked, listed.events), (header.forked, 4));
}

async fn a_past_may_be_cut_anywhere(journal: &impl Journal) {
    let past = begun(journal, "BATCHES").await;
    // Batches of several events, so that a cut falls into one.
    let mut events: Vec<Event> = Vec::new();
    for size in [3_u64, 1, 4] {
        let first = events.len() as u64;
        let batch: Vec<Event> = (first..first + size).map(|n| event(n, &format!("past {n}"))).collect();
        journal
            .append(append(&past, first, batch.clone()))
            .await
            .expect("appended");
        events.extend(batch);
    }
    for cut in 0..=events.len() {
        let header = forked(&format!("CUT-{cut}"), &past, cut as u64);
        let fork = header.run.clone();
        journal.create(header).await.expect("created");
        assert_eq!(
            texts(&journal.load(&fork).await.expect("loaded")),
            texts_of(&events[..cut])
        );
        says(journal, &fork, cut as u64, "own").await;
        let entries = journal.load(&fork).await.expect("loaded");
        assert_eq!(texts(&entries[..cut]), texts_of(&events[..cut]), "{cut}");
        assert_eq!(entries[cut].event, event(cut as u64, "own"));
    }
}

async fn forks_of_forks_see_through(journal: &impl Journal) {
    const DEPTH: u64 = 12;
    let mut run = begun(journal, "F0").await;
    let mut expected = vec![says(journal, &run, 0, "F0").await, says(journal, &run, 1, "F0").await];
    for depth in 1..=DEPTH {
        // Each keeps all but the last event of the one before it, and appends two of its own.
        let header = forked(&format!("F{depth}"), &run, depth);
        run = header.run.clone();
        journal.create(header).await.expect("created");
        expected.truncate(usize::try_from(depth).expect("few"));
        for sequence in [depth, depth + 1] {
            expected.push(says(journal, &run, sequence, &format!("F{depth}")).await);
        }
        assert_eq!(journal.load(&run).await.expect("loaded"), expected);
    }
    // A cut far back, in events that the run itself shares.
    let back = forked("BACK", &run, 2);
    journal.create(back.clone()).await.expect("created");
    assert_eq!(journal.load(&back.run).await.expect("loaded"), expected[..2]);
    let own = says(journal, &back.run, 2, "back").await;
    assert_eq!(
        journal.load(&back.run).await.expect("loaded"),
        [&expected[..2], &[own]].concat()
    );
    assert_eq!(
        journal.load(&run).await.expect("loaded"),
        expected,
        "the others stay as they are"
    );
}

async fn a_past_must_be_there(journal: &impl Journal) {
    let past = begun(journal, "SHORT").await;
    says(journal, &past, 0, "all there is").await;
    let missing = journal.create(forked("FORK", &run_id("NOWHERE"), 0)).await;
    assert_eq!(missing.expect_err("no past").kind, ErrorKind::Missing);
    let short = journal.create(forked("FORK", &past, 2)).await;
    assert_eq!(short.expect_err("too few").kind, ErrorKind::Invalid);
    assert_eq!(
        journal.run(&run_id("FORK")).await.expect_err("refused").kind,
        ErrorKind::Missing
    );
    let taken = journal.create(forked("SHORT", &past, 1)).await;
    assert_eq!(taken.expect_err("taken").kind, ErrorKind::Conflict);
    journal.create(forked("FORK", &past, 1)).await.expect("created");
}
