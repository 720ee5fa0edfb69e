//! What every journal must do when a run is to be forgotten.

use super::fork::{forked, says};
use super::journal::{begun, header, run_id};
use troupe_core::id::RunId;
use troupe_core::port::ErrorKind;
use troupe_core::port::journal::Journal;

/// Every law of removal, each on a fresh journal of `make`.
pub(super) async fn check<J: Journal>(make: &impl AsyncFn() -> J) {
    a_run_goes_with_those_that_it_started(&make().await).await;
    a_shared_past_stays(&make().await).await;
}

async fn names(journal: &impl Journal) -> Vec<RunId> {
    let mut names: Vec<RunId> = journal
        .runs(100)
        .await
        .expect("listed")
        .into_iter()
        .map(|record| record.header.run)
        .collect();
    names.sort();
    names
}

async fn a_run_goes_with_those_that_it_started(journal: &impl Journal) {
    for name in ["A", "A.review", "A.review.sign-2", "AB", "A-B", "B", "B.A"] {
        let run = begun(journal, name).await;
        says(journal, &run, 0, &"the same payload ".repeat(500)).await;
    }
    let missing = journal.remove(&run_id("NOWHERE")).await.expect_err("no run");
    assert_eq!(missing.kind, ErrorKind::Missing);
    journal.remove(&run_id("A")).await.expect("removed");
    assert_eq!(names(journal).await, ["A-B", "AB", "B", "B.A"].map(run_id));
    for gone in ["A", "A.review", "A.review.sign-2"].map(run_id) {
        assert_eq!(journal.load(&gone).await.expect_err("gone").kind, ErrorKind::Missing);
        assert_eq!(journal.remove(&gone).await.expect_err("gone").kind, ErrorKind::Missing);
    }
    for stays in ["A-B", "AB", "B", "B.A"].map(run_id) {
        assert_eq!(journal.load(&stays).await.expect("loaded").len(), 1, "{stays}");
    }
    // A part of a run may go alone, and a name may be used again: by an empty run.
    journal.remove(&run_id("B.A")).await.expect("removed");
    assert_eq!(names(journal).await, ["A-B", "AB", "B"].map(run_id));
    journal.create(header(&run_id("A"), 2)).await.expect("created");
    assert_eq!(journal.load(&run_id("A")).await.expect("loaded"), []);
    says(journal, &run_id("A"), 0, "anew").await;
}

async fn a_shared_past_stays(journal: &impl Journal) {
    let past = begun(journal, "PAST").await;
    let part = begun(journal, "PAST.part").await;
    for run in [&past, &part] {
        says(journal, run, 0, "shared").await;
    }
    // Within a family nobody is in the way.
    journal.create(forked("PAST.again", &part, 1)).await.expect("created");
    journal.create(forked("FORK", &part, 1)).await.expect("created");
    journal
        .create(forked("FURTHER", &run_id("FORK"), 0))
        .await
        .expect("created");
    for (kept, by) in [("PAST", "FORK"), ("PAST.part", "FORK"), ("FORK", "FURTHER")] {
        let refused = journal.remove(&run_id(kept)).await.expect_err("shared");
        assert_eq!(refused.kind, ErrorKind::Conflict);
        assert!(refused.message.contains(by), "{refused}");
    }
    assert_eq!(journal.load(&run_id("FORK")).await.expect("loaded").len(), 1);
    for goes in ["FURTHER", "FORK", "PAST"] {
        journal.remove(&run_id(goes)).await.expect("removed");
    }
    assert_eq!(names(journal).await, []);
}
