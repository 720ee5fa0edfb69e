//! The writer's SQL: few statements whatever the size of a group.
//!
//! Every statement costs a trip to SQLite's thread, and every new text is parsed again. So a group is
//! written by statements of many rows, and the number of rows is padded with nulls to a power of two:
//! eleven texts in all, which stay prepared. `OR ROLLBACK` spares SQLite from noting how to undo one
//! statement: when one fails, the group does.

use super::plan::Position;
use super::{Batch, Opening};
use crate::blob::Blob;
use crate::database::VERSION;
use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{AssertSqlSafe, Sqlite, SqliteConnection};
use std::collections::HashMap;
use troupe_core::port::blob::Digest;

/// Rows of one statement; SQLite takes 32,766 parameters.
const ROWS: usize = 1024;

type Statement = Query<'static, Sqlite, SqliteArguments>;

/// Begins the writing transaction and tells where these runs stand.
pub(crate) async fn begin(
    connection: &mut SqliteConnection,
    runs: &[&str],
) -> Result<HashMap<String, Position>, sqlx::Error> {
    let sql = format!(
        "BEGIN IMMEDIATE; SELECT json_group_array(json_array(id, key, next_sequence)) FROM run WHERE id IN ({})",
        repeated("?", runs.len())
    );
    let mut query = sqlx::query_scalar(AssertSqlSafe(sql));
    for run in runs {
        query = query.bind(*run);
    }
    // One row, because rows too are sent one by one from thread to thread.
    let found: String = query.fetch_one(connection).await?;
    let found: Vec<(String, i64, u64)> =
        serde_json::from_str(&found).map_err(|error| sqlx::Error::Decode(error.into()))?;
    let position = |(id, key, next)| (id, Position { key, next });
    Ok(found.into_iter().map(position).collect())
}

/// Writes a run that does not exist yet, with the past that it shares; gives its number.
pub(crate) async fn insert_run(
    connection: &mut SqliteConnection,
    opening: &Opening,
    past: Option<Position>,
) -> Result<i64, sqlx::Error> {
    let header = &opening.header;
    insert_blobs(connection, &[&opening.sources]).await?;
    let key: i64 = sqlx::query_scalar(
        "INSERT INTO run (id, started_ms, updated_ms, next_sequence, progress, writer) \
         VALUES (?1, ?2, ?2, ?3, ?4, ?5) RETURNING key",
    )
    .bind(header.run.as_str())
    .bind(integer(header.started_ms))
    .bind(integer(past.map_or(0, |past| past.next)))
    .bind(&opening.progress)
    .bind(VERSION)
    .fetch_one(&mut *connection)
    .await?;
    sqlx::query(
        "INSERT INTO header (run, workflow, path, fingerprint, settings, sources) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )
    .bind(key)
    .bind(&header.workflow)
    .bind(&header.path)
    .bind(&header.fingerprint)
    .bind(&header.settings)
    .bind(opening.sources.hash.0.as_slice())
    .execute(&mut *connection)
    .await?;
    if let Some(past) = past {
        sqlx::query("INSERT INTO fork (run, past, events) VALUES (?1, ?2, ?3)")
            .bind(key)
            .bind(past.key)
            .bind(integer(past.next))
            .execute(connection)
            .await?;
    }
    Ok(key)
}

/// Leaves a word for a run.
pub(crate) async fn insert_word(connection: &mut SqliteConnection, run: i64, word: &str) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO word (run, word) VALUES (?1, ?2)")
        .bind(run)
        .bind(word)
        .execute(connection)
        .await?;
    Ok(())
}

/// Forgets a run's words up to `number`.
pub(crate) async fn delete_words(connection: &mut SqliteConnection, run: i64, number: u64) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM word WHERE run = ?1 AND number <= ?2")
        .bind(run)
        .bind(integer(number))
        .execute(connection)
        .await?;
    Ok(())
}

/// Keeps a content, and when that was asked for last.
pub(crate) async fn keep(connection: &mut SqliteConnection, blob: &Blob, at_ms: u64) -> Result<(), sqlx::Error> {
    insert_blobs(connection, &[blob]).await?;
    sqlx::query("INSERT INTO kept (hash, at_ms) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET at_ms = excluded.at_ms")
        .bind(blob.hash.0.as_slice())
        .bind(integer(at_ms))
        .execute(connection)
        .await?;
    Ok(())
}

/// Keeps the answer to a question in place of an older one.
pub(crate) async fn keep_answer(
    connection: &mut SqliteConnection,
    question: &Digest,
    at_ms: u64,
    answer: &Blob,
) -> Result<(), sqlx::Error> {
    insert_blobs(connection, &[answer]).await?;
    sqlx::query(
        "INSERT INTO answer (question, at_ms, hash) VALUES (?1, ?2, ?3) \
         ON CONFLICT DO UPDATE SET at_ms = excluded.at_ms, hash = excluded.hash",
    )
    .bind(question.0.as_slice())
    .bind(integer(at_ms))
    .bind(answer.hash.0.as_slice())
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes blobs, leaving out those that are there.
pub(crate) async fn insert_blobs(connection: &mut SqliteConnection, blobs: &[&Blob]) -> Result<(), sqlx::Error> {
    for rows in blobs.chunks(ROWS) {
        let mut query = insert("OR IGNORE INTO blob (hash, size, bytes)", 3, rows.len());
        for blob in rows {
            query = query
                .bind(blob.hash.0.as_slice())
                .bind(integer(blob.size as u64))
                .bind(blob.bytes.as_slice());
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

/// Writes segments.
pub(crate) async fn insert_segments(
    connection: &mut SqliteConnection,
    segments: &[(i64, &Batch)],
) -> Result<(), sqlx::Error> {
    for rows in segments.chunks(ROWS) {
        let columns = "OR ROLLBACK INTO segment (position, at_ms, bytes)";
        let mut query = insert(columns, 3, rows.len());
        for (key, batch) in rows {
            query = query
                .bind(Position::of_segment(*key, batch.first))
                .bind(integer(batch.at_ms))
                .bind(batch.segment.bytes.as_slice());
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

/// Moves runs on to the end of their last batch, and makes the transaction durable.
pub(crate) async fn update_runs_and_commit(
    connection: &mut SqliteConnection,
    changes: &[(i64, &Batch)],
) -> Result<(), sqlx::Error> {
    if changes.is_empty() {
        sqlx::query("COMMIT").execute(connection).await?;
        return Ok(());
    }
    let sql = format!(
        "UPDATE OR ROLLBACK run SET next_sequence = new.column2, updated_ms = new.column3, progress = new.column4, \
         writer = '{VERSION}' FROM (VALUES {}) AS new WHERE run.key = new.column1; COMMIT",
        repeated("(?,?,?,?)", changes.len())
    );
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for (key, batch) in changes {
        query = query
            .bind(*key)
            .bind(integer(batch.first + u64::from(batch.segment.events)))
            .bind(integer(batch.at_ms))
            .bind(batch.progress.as_str());
    }
    query.execute(connection).await?;
    Ok(())
}

/// Ends a transaction that has nothing to write.
pub(crate) async fn rollback(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::query("ROLLBACK").execute(connection).await?;
    Ok(())
}

fn insert(into: &str, columns: usize, rows: usize) -> Statement {
    let row = format!("({})", vec!["?"; columns].join(","));
    sqlx::query(AssertSqlSafe(format!(
        "INSERT {into} SELECT * FROM (VALUES {}) WHERE column1 IS NOT NULL",
        repeated(&row, rows)
    )))
}

/// `what` as often as the power of two above `rows`. SQLite reads parameters that nobody binds as null.
fn repeated(what: &str, rows: usize) -> String {
    vec![what; rows.next_power_of_two()].join(",")
}

/// SQLite's integers are signed; times and sizes stay far below their limit.
fn integer(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
