//! What a look at the whole database finds: faults, sizes, and what nobody needs.

use crate::blob::Blob;
use crate::lease;
use crate::reader::{Reader, named};
use crate::segment;
use futures_util::TryStreamExt;
use sqlx::{Row, SqliteConnection};
use std::collections::HashSet;
use troupe_core::id::RunId;
use troupe_core::port::Error;
use troupe_core::port::blob::Digest;

/// Digits of a blob's name, wherever it is written.
const HEX_DIGITS: usize = 64;
/// Faults of the file that are told one by one.
const FAULTS: u32 = 20;

/// Which versions had to do with a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versions {
    /// Of its schema.
    pub schema: u32,
    /// Of the library that reads it.
    pub sqlite: String,
    /// Of Troupe, as they appended to runs last.
    pub writers: Vec<String>,
}

/// What takes how much room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sizes {
    /// Bytes of the database file.
    pub database: u64,
    /// Bytes of the write-ahead log beside it.
    pub log: u64,
    /// Bytes of the database file that hold nothing any more.
    pub free: u64,
    /// How many blobs there are, and their bytes as they are stored.
    pub blobs: (u64, u64),
    /// How many answers the cache holds.
    pub answers: u64,
    /// The bytes of every run's own events, blobs aside; the largest first.
    pub runs: Vec<(RunId, u64)>,
}

/// Blobs that no run's events or sources, no cached answer and no recent [`Blobs::put`] mentions.
///
/// [`Blobs::put`]: troupe_core::port::blob::Blobs::put
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Orphans {
    /// Their names.
    pub names: Vec<Digest>,
    /// Their bytes as they are stored.
    pub bytes: u64,
}

impl Reader {
    /// Which versions had to do with the database.
    ///
    /// # Errors
    /// As [`Reader::runs`].
    pub async fn versions(&self) -> Result<Versions, Error> {
        let (schema, sqlite) = sqlx::query_as("SELECT max(version), sqlite_version() FROM _sqlx_migrations")
            .fetch_one(&self.pool)
            .await
            .map_err(|error| self.database.fault(&error))?;
        let writers = sqlx::query_scalar("SELECT DISTINCT writer FROM run ORDER BY writer")
            .fetch_all(&self.pool)
            .await
            .map_err(|error| self.database.fault(&error))?;
        Ok(Versions {
            schema,
            sqlite,
            writers,
        })
    }

    /// What SQLite finds wrong with the file, one sentence each; nothing when it is in order.
    ///
    /// # Errors
    /// `Corrupt` when it is so damaged that it cannot be looked through; as [`Reader::runs`].
    pub async fn faults(&self) -> Result<Vec<String>, Error> {
        let sql = format!("PRAGMA integrity_check({FAULTS})");
        let found: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
            .fetch_all(&self.pool)
            .await
            .map_err(|error| self.database.fault(&error))?;
        let mut faults: Vec<String> = found.into_iter().filter(|line| line != "ok").collect();
        let dangling = sqlx::query("PRAGMA foreign_key_check")
            .fetch_all(&self.pool)
            .await
            .map_err(|error| self.database.fault(&error))?;
        for row in dangling.iter().take(FAULTS as usize) {
            let (table, of): (&str, &str) = (row.get(0), row.get(2));
            faults.push(format!("a row of `{table}` points to one of `{of}` that is missing"));
        }
        Ok(faults)
    }

    /// The blobs whose content is not what was stored, and how many blobs were looked at.
    ///
    /// # Errors
    /// As [`Reader::runs`].
    pub async fn damaged_blobs(&self) -> Result<(Vec<String>, u64), Error> {
        let mut rows = sqlx::query("SELECT hash, bytes FROM blob").fetch(&self.pool);
        let (mut damaged, mut seen) = (Vec::new(), 0);
        while let Some(row) = rows.try_next().await.map_err(|error| self.database.fault(&error))? {
            seen += 1;
            let (name, bytes): (&[u8], &[u8]) = (row.get(0), row.get(1));
            match named(name) {
                Some(name) if Blob::content(&name, bytes).is_some() => {}
                Some(name) => damaged.push(name.to_string()),
                None => damaged.push("a blob without a name".to_owned()),
            }
        }
        Ok((damaged, seen))
    }

    /// How many segments belong to no run.
    ///
    /// # Errors
    /// As [`Reader::runs`].
    pub async fn stray_segments(&self) -> Result<u64, Error> {
        sqlx::query_scalar("SELECT count(*) FROM segment WHERE position >> 32 NOT IN (SELECT key FROM run)")
            .fetch_one(&self.pool)
            .await
            .map_err(|error| self.database.fault(&error))
    }

    /// What takes how much room.
    ///
    /// # Errors
    /// As [`Reader::runs`].
    pub async fn sizes(&self) -> Result<Sizes, Error> {
        let fault = |error: sqlx::Error| self.database.fault(&error);
        let free: u64 =
            sqlx::query_scalar("SELECT freelist_count * page_size FROM pragma_freelist_count, pragma_page_size")
                .fetch_one(&self.pool)
                .await
                .map_err(fault)?;
        let blobs: (u64, u64) = sqlx::query_as("SELECT count(*), coalesce(sum(length(bytes)), 0) FROM blob")
            .fetch_one(&self.pool)
            .await
            .map_err(fault)?;
        let answers: u64 = sqlx::query_scalar("SELECT count(*) FROM answer")
            .fetch_one(&self.pool)
            .await
            .map_err(fault)?;
        let runs: Vec<(String, u64)> = sqlx::query_as(
            "SELECT id, coalesce(size, 0) FROM run LEFT JOIN \
             (SELECT position >> 32 AS key, sum(length(bytes)) AS size FROM segment GROUP BY position >> 32) USING (key) \
             ORDER BY 2 DESC, id",
        )
        .fetch_all(&self.pool)
        .await
        .map_err(fault)?;
        let (database, log) = self.database.bytes();
        Ok(Sizes {
            database,
            log,
            free,
            blobs,
            answers,
            runs: runs
                .into_iter()
                .map(|(name, bytes)| Ok((self.id(&name)?, bytes)))
                .collect::<Result<_, Error>>()?,
        })
    }

    /// The blobs that nobody mentions; those that were put at `kept_after_ms` or later do not count.
    ///
    /// # Errors
    /// `Corrupt` when an event is damaged: what it mentions cannot be told. As [`Reader::runs`].
    pub async fn orphans(&self, kept_after_ms: u64) -> Result<Orphans, Error> {
        let mut snapshot = self.pool.begin().await.map_err(|error| self.database.fault(&error))?;
        let names = orphans(&mut snapshot, kept_after_ms).await;
        let names = names.map_err(|error| self.database.fault(&error))?;
        let names = names.ok_or_else(|| self.undecided())?;
        let mut bytes = 0;
        for name in &names {
            bytes += sqlx::query_scalar::<_, u64>("SELECT length(bytes) FROM blob WHERE hash = ?")
                .bind(name.0.as_slice())
                .fetch_one(&mut *snapshot)
                .await
                .map_err(|error| self.database.fault(&error))?;
        }
        Ok(Orphans { names, bytes })
    }

    pub(crate) fn undecided(&self) -> Error {
        self.database.corrupt(
            "an event is damaged, so that it cannot be told which blobs are needed: all stay; `troupe doctor` names the run",
        )
    }

    /// The runs that are gone and whose lease files are still there.
    ///
    /// # Errors
    /// As [`Reader::runs`].
    pub async fn stray_leases(&self) -> Result<Vec<RunId>, Error> {
        let mut strays = Vec::new();
        for run in lease::named(self.database.folder()) {
            match self.run_exists(&run).await {
                Ok(true) => {}
                Ok(false) => strays.push(run),
                Err(error) => return Err(error),
            }
        }
        strays.sort();
        Ok(strays)
    }

    async fn run_exists(&self, run: &RunId) -> Result<bool, Error> {
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM run WHERE id = ?)")
            .bind(run.as_str())
            .fetch_one(&self.pool)
            .await
            .map_err(|error| self.database.fault(&error))
    }
}

/// The blobs that nobody mentions, in order; none when an event is damaged.
pub(crate) async fn orphans(
    connection: &mut SqliteConnection,
    kept_after_ms: u64,
) -> Result<Option<Vec<Digest>>, sqlx::Error> {
    let unused: Vec<Vec<u8>> = sqlx::query_scalar(
        "SELECT hash FROM blob WHERE hash NOT IN (SELECT sources FROM header) \
         AND hash NOT IN (SELECT hash FROM answer) AND hash NOT IN (SELECT hash FROM kept WHERE at_ms >= ?)",
    )
    .bind(i64::try_from(kept_after_ms).unwrap_or(i64::MAX))
    .fetch_all(&mut *connection)
    .await?;
    let mut unused: HashSet<Digest> = unused.iter().filter_map(|bytes| named(bytes)).collect();
    {
        let mut rows = sqlx::query("SELECT bytes FROM segment").fetch(&mut *connection);
        while !unused.is_empty() {
            let Some(row) = rows.try_next().await? else { break };
            let Some((lines, _)) = segment::lines(row.get(0)) else {
                return Ok(None);
            };
            take_mentioned(&lines, &mut unused);
        }
    }
    if !take_mentioned_by_blobs(connection, &mut unused).await? {
        return Ok(None);
    }
    let mut unused: Vec<Digest> = unused.into_iter().collect();
    unused.sort_unstable();
    Ok(Some(unused))
}

/// Long texts of events are blobs: what was put may be named in one of those. False when one is damaged.
async fn take_mentioned_by_blobs(
    connection: &mut SqliteConnection,
    unused: &mut HashSet<Digest>,
) -> Result<bool, sqlx::Error> {
    let put: Vec<Vec<u8>> = sqlx::query_scalar("SELECT hash FROM kept")
        .fetch_all(&mut *connection)
        .await?;
    let put: Vec<Digest> = put.iter().filter_map(|bytes| named(bytes)).collect();
    if !put.iter().any(|name| unused.contains(name)) {
        return Ok(true);
    }
    let mut rows = sqlx::query("SELECT hash, bytes FROM blob").fetch(connection);
    while let Some(row) = rows.try_next().await? {
        let Some(name) = named(row.get(0)) else {
            return Ok(false);
        };
        if unused.contains(&name) {
            continue;
        }
        let Some(content) = Blob::content(&name, row.get(1)) else {
            return Ok(false);
        };
        take_mentioned(&content, unused);
    }
    Ok(true)
}

/// Takes out of `names` those that are written anywhere in `text`.
pub(crate) fn take_mentioned(text: &[u8], names: &mut HashSet<Digest>) {
    let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    for digits in text.split(|byte| !is_digit(byte)) {
        // What stands before a name may look like a digit: the `b` of a marker does.
        for window in digits.windows(HEX_DIGITS) {
            if let Some(name) = std::str::from_utf8(window).ok().and_then(Digest::parse) {
                names.remove(&name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blob::digest;

    #[test]
    fn names_are_found_wherever_they_are_written() {
        let [a, b, c, d] = ["a", "b", "c", "d"].map(|text| digest(text.as_bytes()));
        let mut names = HashSet::from([a, b, c, d]);
        let shortened = &c.to_string()[1..];
        let text = format!(
            "{{\"x\":\"\\u0010b{a}\"}}\n{b}{} {shortened} {}",
            "0f",
            d.to_string().to_uppercase()
        );
        take_mentioned(text.as_bytes(), &mut names);
        assert_eq!(names, HashSet::from([c, d]));
    }
}
