//! Making room: runs that are forgotten, answers that are old, blobs that nobody mentions, empty pages.

use crate::inspect::{orphans, take_mentioned};
use crate::journal::Store;
use crate::remove;
use crate::segment;
use crate::writer::Position;
use futures_util::TryStreamExt;
use sqlx::{Connection, Row, SqliteConnection};
use std::collections::{HashMap, HashSet};
use troupe_core::id::RunId;
use troupe_core::port::Error;
use troupe_core::port::blob::Digest;

/// Empty pages, of a file with so many pages for each, that are worth writing the file anew.
const WORTHWHILE: u64 = 4;

impl Store {
    /// Forgets a run that nobody works on, with its lease's file, as [`Journal::remove`] does.
    ///
    /// # Errors
    /// `Conflict` when a process works on it; as [`Journal::remove`].
    ///
    /// [`Journal::remove`]: troupe_core::port::journal::Journal::remove
    pub async fn discard(&self, run: &RunId, holder: &str) -> Result<(), Error> {
        let held = self.take(run, holder).await?;
        remove::remove(&self.database, run).await?;
        held.delete(self.database.folder(), run);
        Ok(())
    }

    /// Forgets the answers that were kept before `answers_before_ms`.
    ///
    /// # Errors
    /// `Unavailable`, `Storage` or `Corrupt` when the database cannot be written.
    pub async fn forget_answers(&self, answers_before_ms: u64) -> Result<u64, Error> {
        let fault = |error: sqlx::Error| self.database.fault(&error);
        let mut connection = self.database.connect().await.map_err(fault)?;
        let forgotten = sqlx::query("DELETE FROM answer WHERE at_ms < ?")
            .bind(i64::try_from(answers_before_ms).unwrap_or(i64::MAX))
            .execute(&mut connection)
            .await
            .map_err(fault)?;
        connection.close().await.map_err(fault)?;
        Ok(forgotten.rows_affected())
    }

    /// Forgets the blobs that nobody mentions and that were not put at `kept_after_ms` or later; gives
    /// how many. Others may write meanwhile: they wait only while rows are deleted.
    ///
    /// # Errors
    /// `Corrupt` when an event is damaged: what it mentions cannot be told, and all blobs stay.
    /// `Unavailable` or `Storage` when the database cannot be written.
    pub async fn forget_orphans(&self, kept_after_ms: u64) -> Result<u64, Error> {
        let fault = |error: sqlx::Error| self.database.fault(&error);
        let mut connection = self.database.connect().await.map_err(fault)?;
        let forgotten = forget_orphans(&mut connection, kept_after_ms).await;
        // Closing rolls back what was not committed.
        let closed = connection.close().await;
        let forgotten = forgotten.map_err(fault)?.ok_or_else(|| self.reader().undecided())?;
        closed.map_err(fault)?;
        Ok(forgotten)
    }

    /// Deletes the lease files of runs that are gone; gives how many.
    ///
    /// # Errors
    /// As [`Reader::runs`](crate::Reader::runs).
    pub async fn forget_leases(&self, holder: &str) -> Result<u64, Error> {
        let mut deleted = 0;
        for run in self.reader().stray_leases().await? {
            // Whoever holds it is about to begin the run or to find it gone.
            if let Ok(held) = self.take(&run, holder).await {
                held.delete(self.database.folder(), &run);
                deleted += 1;
            }
        }
        Ok(deleted)
    }

    /// Makes the file smaller where that is worth writing it anew; gives the bytes of the database and
    /// its log that came back.
    ///
    /// # Errors
    /// `Unavailable` when others are at work in the database; `Storage` when there is no room for a copy.
    pub async fn compact(&self) -> Result<u64, Error> {
        let fault = |error: sqlx::Error| self.database.fault(&error);
        let before = self.database.bytes();
        let mut connection = self.database.connect().await.map_err(fault)?;
        let (free, pages): (u64, u64) =
            sqlx::query_as("SELECT freelist_count, page_count FROM pragma_freelist_count, pragma_page_count")
                .fetch_one(&mut connection)
                .await
                .map_err(fault)?;
        if free > 0 && free * WORTHWHILE >= pages {
            // A copy of the whole file does not belong in memory.
            for sql in ["PRAGMA temp_store = FILE", "VACUUM"] {
                sqlx::query(sql).execute(&mut connection).await.map_err(fault)?;
            }
        }
        // A reader elsewhere keeps the log from being emptied: then whoever closes last does that.
        let _ = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
            .execute(&mut connection)
            .await;
        connection.close().await.map_err(fault)?;
        let after = self.database.bytes();
        Ok((before.0 + before.1).saturating_sub(after.0 + after.1))
    }
}

/// Where runs stood: number and next sequence by name.
type Standing = HashMap<String, (i64, u64)>;

async fn forget_orphans(connection: &mut SqliteConnection, kept_after_ms: u64) -> Result<Option<u64>, sqlx::Error> {
    let mut snapshot = connection.begin().await?;
    let then = standing(&mut snapshot).await?;
    let Some(orphans) = orphans(&mut snapshot, kept_after_ms).await? else {
        return Ok(None);
    };
    snapshot.commit().await?;
    let mut unused: HashSet<Digest> = orphans.into_iter().collect();
    let mut writing = connection.begin_with("BEGIN IMMEDIATE").await?;
    // What was written since may mention some of them again.
    for (name, (key, next)) in standing(&mut writing).await? {
        let seen = match then.get(&name) {
            Some((then_key, seen)) if *then_key == key => *seen,
            _ => 0,
        };
        if seen < next && !unused.is_empty() && !take_mentioned_from(&mut writing, key, seen, &mut unused).await? {
            return Ok(None);
        }
    }
    let mut forgotten = 0;
    for name in unused {
        let deleted = sqlx::query(
            "DELETE FROM blob WHERE hash = ?1 AND NOT EXISTS (SELECT 1 FROM header WHERE sources = ?1) \
             AND NOT EXISTS (SELECT 1 FROM answer WHERE hash = ?1) \
             AND NOT EXISTS (SELECT 1 FROM kept WHERE hash = ?1 AND at_ms >= ?2)",
        )
        .bind(name.0.as_slice())
        .bind(i64::try_from(kept_after_ms).unwrap_or(i64::MAX))
        .execute(&mut *writing)
        .await?;
        forgotten += deleted.rows_affected();
    }
    writing.commit().await?;
    Ok(Some(forgotten))
}

async fn standing(connection: &mut SqliteConnection) -> Result<Standing, sqlx::Error> {
    let rows: Vec<(String, i64, u64)> = sqlx::query_as("SELECT id, key, next_sequence FROM run")
        .fetch_all(connection)
        .await?;
    Ok(rows.into_iter().map(|(id, key, next)| (id, (key, next))).collect())
}

/// Takes out what a run's segments from a sequence on mention; false when one is damaged.
async fn take_mentioned_from(
    connection: &mut SqliteConnection,
    key: i64,
    sequence: u64,
    unused: &mut HashSet<Digest>,
) -> Result<bool, sqlx::Error> {
    let mut rows = sqlx::query("SELECT bytes FROM segment WHERE position >= ?1 AND position < ?2")
        .bind(Position::of_segment(key, sequence))
        .bind(Position::of_segment(key + 1, 0))
        .fetch(connection);
    while let Some(row) = rows.try_next().await? {
        let Some((lines, _)) = segment::lines(row.get(0)) else {
            return Ok(false);
        };
        take_mentioned(&lines, unused);
    }
    Ok(true)
}
