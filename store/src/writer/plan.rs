//! Which appends of a group are accepted, and what they come to.

use super::Batch;
use crate::blob::Blob;
use std::collections::HashSet;
use troupe_core::id::RunId;
use troupe_core::port::journal::RunHeader;
use troupe_core::port::{Error, ErrorKind};

/// Bits of a segment's position that are the sequence.
const SEQUENCE_BITS: u32 = 32;

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    /// The run's number in this database.
    pub(crate) key: i64,
    /// The sequence of its next event.
    pub(crate) next: u64,
}

impl Position {
    /// The position of the segment that begins at `sequence`, in the order of the file.
    pub(crate) fn of_segment(key: i64, sequence: u64) -> i64 {
        (key << SEQUENCE_BITS) | i64::try_from(sequence).expect("a run has fewer than 2^32 events")
    }

    /// The sequence at which a segment begins.
    pub(crate) fn sequence_of(segment: i64) -> u64 {
        segment.cast_unsigned() & u64::from(u32::MAX)
    }
}

/// Why a request was not granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The run exists already.
    Taken(RunId),
    /// There is no such run.
    Missing(RunId),
    /// Somebody else was faster, or the caller is mistaken.
    Moved { run: RunId, first: u64, next: u64 },
    /// The run would have more events than a position can count.
    Full(RunId),
    /// More events should be shared than there are.
    Short { past: RunId, shared: u64, next: u64 },
}

impl Refusal {
    /// For the caller.
    pub(crate) fn explain(self) -> Error {
        match self {
            Self::Taken(run) => Error::new(ErrorKind::Conflict, format!("there is a run {run} already")),
            Self::Missing(run) => missing(&run),
            Self::Moved { run, first, next } => Error::new(
                ErrorKind::Conflict,
                format!("run {run} was advanced by somebody else: its next event is {next}, not {first}"),
            ),
            Self::Full(run) => Error::new(
                ErrorKind::Invalid,
                format!("run {run} cannot have more than {} events", u32::MAX),
            ),
            Self::Short { past, shared, next } => Error::new(
                ErrorKind::Invalid,
                format!("run {past} has {next} events, so that {shared} of them cannot be shared"),
            ),
        }
    }
}

/// There is no such run.
pub(crate) fn missing(run: &RunId) -> Error {
    Error::new(
        ErrorKind::Missing,
        format!("there is no run {run}: `troupe ls` lists those that exist"),
    )
}

/// Whether a run may be opened: gives what it shares, the other run's number and how many of its events.
pub(crate) fn past(
    header: &RunHeader,
    position: impl Fn(&RunId) -> Option<Position>,
) -> Result<Option<Position>, Refusal> {
    if position(&header.run).is_some() {
        return Err(Refusal::Taken(header.run.clone()));
    }
    let Some(fork) = &header.forked else { return Ok(None) };
    let past = position(&fork.run).ok_or_else(|| Refusal::Missing(fork.run.clone()))?;
    if fork.events > past.next {
        return Err(Refusal::Short {
            past: fork.run.clone(),
            shared: fork.events,
            next: past.next,
        });
    }
    Ok(Some(Position {
        next: fork.events,
        ..past
    }))
}

/// The accepted appends of a group, in order.
#[derive(Debug, Default)]
pub(crate) struct Plan<'a> {
    accepted: Vec<(i64, &'a Batch)>,
}

impl<'a> Plan<'a> {
    /// Accepts a batch that begins where its run stands.
    pub(crate) fn accept(&mut self, position: Option<&mut Position>, batch: &'a Batch) -> Result<(), Refusal> {
        let run = || batch.run.clone();
        let position = position.ok_or_else(|| Refusal::Missing(run()))?;
        let (first, next) = (batch.first, position.next);
        if first != next {
            return Err(Refusal::Moved {
                run: run(),
                first,
                next,
            });
        }
        let after = next + u64::from(batch.segment.events);
        if after > u64::from(u32::MAX) {
            return Err(Refusal::Full(run()));
        }
        position.next = after;
        self.accepted.push((position.key, batch));
        Ok(())
    }

    /// The segments to write, with their runs; a batch without events has none.
    pub(crate) fn segments(&self) -> Vec<(i64, &'a Batch)> {
        let with_events = |(_, batch): &&(i64, &Batch)| batch.segment.events > 0;
        self.accepted.iter().filter(with_events).copied().collect()
    }

    /// The blobs to write.
    pub(crate) fn blobs(&self) -> Vec<&'a Blob> {
        self.accepted
            .iter()
            .flat_map(|(_, batch)| &batch.segment.blobs)
            .collect()
    }

    /// The last accepted batch of every run.
    pub(crate) fn changes(&self) -> Vec<(i64, &'a Batch)> {
        let mut seen = HashSet::new();
        let newest_first = self.accepted.iter().rev();
        newest_first.filter(|(run, _)| seen.insert(*run)).copied().collect()
    }
}

#[cfg(test)]
mod tests;
