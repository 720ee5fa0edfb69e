//! Loading a run: the events that it shares with the runs it was forked from, and its own.

use super::Reader;
use crate::blob::Blob;
use crate::database::VERSION;
use crate::segment::{self, Damage, Payloads, Slot, Stored};
use crate::writer::{Position, missing};
use futures_util::TryStreamExt;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};
use std::ops::Range;
use tokio::task::JoinHandle;
use troupe_core::id::RunId;
use troupe_core::port::blob::Digest;
use troupe_core::port::journal::Entry;
use troupe_core::port::{Error, ErrorKind};

/// Segments that are decoded at once, while the next ones are read.
const BATCH: usize = 2048;

/// A stretch of a run's events and the run whose segments hold them.
#[derive(Debug, sqlx::FromRow)]
struct Stretch {
    /// The number of that run.
    key: i64,
    /// The version of Troupe that appended to it last.
    writer: String,
    /// The sequence of the first event.
    begins: u32,
    /// The sequence after the last event. The segment before it may hold more, which are not shared.
    ends: u32,
}

impl Reader {
    /// All events of a run in order, those that it shares with others included.
    ///
    /// # Errors
    /// `Missing` when there is no such run; `Corrupt` when an event is damaged, missing, or of a kind
    /// that this version does not know: other runs can still be read.
    pub async fn load(&self, run: &RunId) -> Result<Vec<Entry>, Error> {
        self.load_between(run, 0..u64::MAX).await
    }

    /// The events of a run with these sequences, as far as there are any: whoever follows a run reads nothing twice, and
    /// whoever needs little of a long one does not hold it all.
    ///
    /// # Errors
    /// As [`Reader::load`].
    pub async fn load_between(&self, run: &RunId, wanted: Range<u64>) -> Result<Vec<Entry>, Error> {
        let bound = |sequence: u64| u32::try_from(sequence).unwrap_or(u32::MAX);
        let loaded = self.load_part(run, bound(wanted.start)..bound(wanted.end)).await;
        loaded.map_err(|error| match error.kind {
            // SQLite's own finding names no run.
            ErrorKind::Corrupt if !error.message.contains(run.as_str()) => Error {
                message: format!("run {run} cannot be read: {error}; other runs may still be read"),
                ..error
            },
            _ => error,
        })
    }

    async fn load_part(&self, run: &RunId, wanted: Range<u32>) -> Result<Vec<Entry>, Error> {
        // One view of the database for all that is read.
        let mut snapshot = self.pool.begin().await.map_err(|error| self.database.fault(&error))?;
        let stretches = self.stretches(&mut snapshot, run).await?;
        let own = stretches.last().ok_or_else(|| missing(run))?;
        let ends = own.ends.min(wanted.end);
        let mut slots = Vec::with_capacity(ends.saturating_sub(wanted.start) as usize);
        for stretch in &stretches {
            let part = stretch.begins.max(wanted.start)..stretch.ends.min(wanted.end);
            if part.is_empty() {
                continue;
            }
            let read = self.read(&mut snapshot, stretch, part, &mut slots).await?;
            read.map_err(|damage| self.damaged(run, &stretch.writer, damage))?;
        }
        let found = slots
            .iter()
            .map(|slot| Some(slot.sequence()))
            .chain(std::iter::repeat(None));
        let gap = (u64::from(wanted.start)..u64::from(ends))
            .zip(found)
            .find(|(sequence, found)| *found != Some(*sequence));
        if let Some((sequence, _)) = gap {
            return Err(self.damaged(run, &own.writer, Damage::Gap { sequence }));
        }
        let payloads = self.payloads(&mut snapshot, &slots).await?;
        let fill = move || {
            slots
                .into_iter()
                .map(|slot| slot.fill(&payloads))
                .collect::<Result<_, _>>()
        };
        in_background(fill)
            .await?
            .map_err(|damage| self.damaged(run, &own.writer, damage))
    }

    /// Where a run's events are, oldest first; nothing when there is no such run.
    async fn stretches(&self, connection: &mut SqliteConnection, run: &RunId) -> Result<Vec<Stretch>, Error> {
        sqlx::query_as(
            "WITH RECURSIVE line (depth, key, ends) AS ( \
               SELECT 0, key, next_sequence FROM run WHERE id = ? \
               UNION ALL \
               SELECT depth + 1, fork.past, min(fork.events, ends) \
               FROM line JOIN fork ON fork.run = line.key AND fork.past < line.key \
             ) \
             SELECT line.key, run.writer, coalesce(fork.events, 0) AS begins, ends \
             FROM line JOIN run ON run.key = line.key LEFT JOIN fork ON fork.run = line.key ORDER BY depth DESC",
        )
        .bind(run.as_str())
        .fetch_all(connection)
        .await
        .map_err(|error| self.database.fault(&error))
    }

    /// Reads segments on SQLite's thread and decodes them on others at the same time, appending to `slots`.
    async fn read(
        &self,
        connection: &mut SqliteConnection,
        stretch: &Stretch,
        part: Range<u32>,
        slots: &mut Vec<Slot>,
    ) -> Result<Result<(), Damage>, Error> {
        // The segment that holds the first wanted event may begin before it.
        let mut rows = sqlx::query(
            "SELECT position, at_ms, bytes FROM segment WHERE position >= coalesce( \
               (SELECT max(position) FROM segment WHERE position >= ?1 AND position <= ?2), ?2) \
             AND position < ?3 ORDER BY position",
        )
        .bind(Position::of_segment(stretch.key, stretch.begins.into()))
        .bind(Position::of_segment(stretch.key, part.start.into()))
        .bind(Position::of_segment(stretch.key, part.end.into()))
        .fetch(connection);
        let mut batches: Vec<JoinHandle<Result<Vec<Slot>, Damage>>> = Vec::new();
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            let row = rows.try_next().await.map_err(|error| self.database.fault(&error))?;
            let full = batch.len() == BATCH || row.is_none();
            if full {
                let ready = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
                let part = u64::from(part.start)..u64::from(part.end);
                batches.push(tokio::task::spawn_blocking(move || decode(ready, part)));
            }
            let Some(row) = row else { break };
            batch.push(stored(&row).map_err(|error| self.database.fault(&error))?);
        }
        for batch in batches {
            match batch.await.map_err(|_| ending())? {
                Ok(decoded) => slots.extend(decoded),
                Err(damage) => return Ok(Err(damage)),
            }
        }
        Ok(Ok(()))
    }

    async fn payloads(&self, connection: &mut SqliteConnection, slots: &[Slot]) -> Result<Payloads, Error> {
        let mut wanted: Vec<Digest> = slots.iter().flat_map(Slot::mentioned).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let mut payloads = Payloads::with_capacity(wanted.len());
        for name in wanted {
            let bytes: Option<Vec<u8>> = sqlx::query_scalar("SELECT bytes FROM blob WHERE hash = ?")
                .bind(name.0.as_slice())
                .fetch_optional(&mut *connection)
                .await
                .map_err(|error| self.database.fault(&error))?;
            // A payload that is gone or damaged is reported by the event that needs it.
            let content = bytes.and_then(|bytes| Blob::content(&name, &bytes));
            if let Some(text) = content.and_then(|content| String::from_utf8(content).ok()) {
                payloads.insert(name, text);
            }
        }
        Ok(payloads)
    }

    fn damaged(&self, run: &RunId, writer: &str, damage: Damage) -> Error {
        let way_out = match &damage {
            Damage::Unknown { .. } => {
                format!("it was written by Troupe {writer} and this is Troupe {VERSION}; use the newer one")
            }
            _ => "restore the database from a backup; other runs can still be read".to_owned(),
        };
        self.database
            .corrupt(format!("run {run} cannot be read, {damage}: {way_out}"))
            .caused_by(damage)
    }
}

async fn in_background<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.map_err(|_| ending())
}

fn ending() -> Error {
    Error::new(ErrorKind::Cancelled, "the program is ending")
}

/// The events of segments whose sequences are wanted.
fn decode(batch: Vec<Stored>, wanted: Range<u64>) -> Result<Vec<Slot>, Damage> {
    let mut slots = Vec::with_capacity(batch.len());
    for stored in batch {
        segment::decode(stored, &mut slots)?;
    }
    slots.retain(|slot| wanted.contains(&slot.sequence()));
    Ok(slots)
}

fn stored(row: &SqliteRow) -> Result<Stored, sqlx::Error> {
    Ok(Stored {
        first: Position::sequence_of(row.try_get(0)?),
        at_ms: row.try_get(1)?,
        bytes: row.try_get(2)?,
    })
}
