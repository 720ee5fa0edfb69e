//! The journal in memory keeps the journal's promises.

use super::MemoryJournal;
use crate::conformance;

#[tokio::test]
async fn keeps_the_promises_of_a_journal() {
    conformance::journal::check(async || MemoryJournal::new()).await;
}

#[tokio::test]
async fn keeps_the_promises_of_leases() {
    conformance::journal::check_leases(&MemoryJournal::new()).await;
}
