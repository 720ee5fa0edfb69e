//! Forgetting a run, and the runs that it started.

use crate::database::Database;
use crate::writer::{Position, missing};
use sqlx::{Connection, SqliteConnection};
use troupe_core::id::RunId;
use troupe_core::port::{Error, ErrorKind};

/// The names below a run's lie between `RUN.` and `RUN/`, the next sign.
const FAMILY: &str = "(id = ?1 OR (id > ?1 || '.' AND id < ?1 || '/'))";

/// Forgets `run`, the runs that it started, and their words. What they had stored as blobs may be stored
/// for others too and stays.
pub(crate) async fn remove(database: &Database, run: &RunId) -> Result<(), Error> {
    let fault = |error: sqlx::Error| database.fault(&error);
    let mut connection = database.connect().await.map_err(fault)?;
    let removed = within(&mut connection, run).await;
    // Closing rolls back what was not committed.
    let closed = connection.close().await;
    match removed.map_err(fault)? {
        Verdict::Removed => closed.map_err(fault),
        Verdict::Missing => Err(missing(run)),
        Verdict::Shared { past, by } => Err(Error::new(
            ErrorKind::Conflict,
            format!("run {run} stays: run {by} was forked from run {past}; remove {by} first"),
        )),
    }
}

enum Verdict {
    Removed,
    Missing,
    Shared { past: String, by: String },
}

async fn within(connection: &mut SqliteConnection, run: &RunId) -> Result<Verdict, sqlx::Error> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let keys: Vec<i64> = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT key FROM run WHERE {FAMILY}")))
        .bind(run.as_str())
        .fetch_all(&mut *transaction)
        .await?;
    if keys.is_empty() {
        return Ok(Verdict::Missing);
    }
    let sharing: Option<(String, String)> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "SELECT past.id, forked.id FROM (SELECT key, id FROM run WHERE {FAMILY}) AS past \
         JOIN fork ON fork.past = past.key JOIN run AS forked ON forked.key = fork.run \
         WHERE fork.run NOT IN (SELECT key FROM run WHERE {FAMILY}) ORDER BY forked.id LIMIT 1"
    )))
    .bind(run.as_str())
    .fetch_optional(&mut *transaction)
    .await?;
    if let Some((past, by)) = sharing {
        return Ok(Verdict::Shared { past, by });
    }
    for key in keys {
        sqlx::query("DELETE FROM segment WHERE position >= ?1 AND position < ?2")
            .bind(Position::of_segment(key, 0))
            .bind(Position::of_segment(key + 1, 0))
            .execute(&mut *transaction)
            .await?;
    }
    sqlx::query(sqlx::AssertSqlSafe(format!("DELETE FROM run WHERE {FAMILY}")))
        .bind(run.as_str())
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(Verdict::Removed)
}
