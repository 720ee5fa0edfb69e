//! A run's events, played in stretches: a long run is never held as a whole by those who only look.

use crate::past::Past;
use troupe_core::id::RunId;
use troupe_core::port::journal::{Entry, RunHeader};
use troupe_store::Reader;

/// Events that are held at once.
const STRETCH: u64 = 2_048;

/// Plays the events of a run from one sequence up to another, told in the words of its workflow.
pub(super) async fn play(
    reader: &Reader,
    header: &RunHeader,
    (mut from, to): (u64, u64),
    mut take: impl FnMut(&[Entry]) + Send,
) -> anyhow::Result<()> {
    let run: &RunId = &header.run;
    if from >= to {
        return Ok(());
    }
    if header.forked.is_some() {
        // What a fork shares may have to be told in other words, which takes the whole of it.
        let entries = Past::read(reader, run).await?.entries;
        let at = |sequence: u64| usize::try_from(sequence).unwrap_or(usize::MAX).min(entries.len());
        tokio::task::block_in_place(|| take(&entries[at(from)..at(to)]));
        return Ok(());
    }
    while from < to {
        let entries = reader.load_between(run, from..to.min(from + STRETCH)).await?;
        if entries.is_empty() {
            break;
        }
        from += entries.len() as u64;
        tokio::task::block_in_place(|| take(&entries));
    }
    Ok(())
}
