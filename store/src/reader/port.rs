//! What the ports beside the journal ask of the database: blobs, cached answers, words, runs that are due.

use super::{Reader, named};
use crate::blob::Blob;
use troupe_core::id::RunId;
use troupe_core::port::blob::Digest;
use troupe_core::port::dispatch::Post;
use troupe_core::port::pool::Environment;
use troupe_core::port::{Error, ErrorKind};

impl Reader {
    /// A kept content.
    ///
    /// # Errors
    /// `Missing` when there is none of that name, `Corrupt` when it is not what was kept.
    pub async fn blob(&self, name: &Digest) -> Result<Vec<u8>, Error> {
        let bytes: Option<Vec<u8>> = sqlx::query_scalar("SELECT bytes FROM blob WHERE hash = ?")
            .bind(name.0.as_slice())
            .fetch_optional(&self.pool)
            .await
            .map_err(|error| self.database.fault(&error))?;
        let bytes = bytes.ok_or_else(|| Error::new(ErrorKind::Missing, format!("there is no blob {name}")))?;
        Blob::content(name, &bytes).ok_or_else(|| {
            let damage = format!("the blob {name} is damaged: restore the database from a backup");
            self.database.corrupt(damage)
        })
    }

    /// The verified environments, the newest first, for whoever only looks.
    ///
    /// # Errors
    /// `Corrupt` when one is of a shape that is not known.
    pub async fn environments(&self) -> Result<Vec<Environment>, Error> {
        let rows: Vec<(String, String)> =
            sqlx::query_as("SELECT image, record FROM environment ORDER BY at_ms DESC, image")
                .fetch_all(&self.pool)
                .await
                .map_err(|error| self.database.fault(&error))?;
        let read = |(image, record): (String, String)| {
            serde_json::from_str(&record).map_err(|error| {
                let message = format!("environment {image} is of a shape that is not known: use a newer Troupe");
                self.database.corrupt(message).caused_by(error)
            })
        };
        rows.into_iter().map(read).collect()
    }

    /// The answer that was kept for a question, unless it is older than `not_before_ms`. A damaged one is
    /// none: it is asked for again.
    pub(crate) async fn answer(&self, question: &Digest, not_before_ms: u64) -> Result<Option<Vec<u8>>, Error> {
        let found: Option<(Vec<u8>, Vec<u8>)> =
            sqlx::query_as("SELECT hash, bytes FROM answer JOIN blob USING (hash) WHERE question = ?1 AND at_ms >= ?2")
                .bind(question.0.as_slice())
                .bind(i64::try_from(not_before_ms).unwrap_or(i64::MAX))
                .fetch_optional(&self.pool)
                .await
                .map_err(|error| self.database.fault(&error))?;
        Ok(found.and_then(|(name, bytes)| Blob::content(&named(&name)?, &bytes)))
    }

    /// The words that wait for a run, oldest first.
    pub(crate) async fn posted(&self, run: &RunId) -> Result<Vec<Post>, Error> {
        let rows: Vec<(u64, String)> = sqlx::query_as(
            "SELECT number, word FROM word WHERE run = (SELECT key FROM run WHERE id = ?) ORDER BY number",
        )
        .bind(run.as_str())
        .fetch_all(&self.pool)
        .await
        .map_err(|error| self.database.fault(&error))?;
        let post = |(number, word): (u64, String)| {
            let word = serde_json::from_str(&word).map_err(|error| {
                let message =
                    format!("word {number} for run {run} is of a shape that is not known: use a newer Troupe");
                self.database.corrupt(message).caused_by(error)
            })?;
            Ok(Post { number, word })
        };
        rows.into_iter().map(post).collect()
    }

    /// The runs that could be gone on with at `now_ms`, those that were heard of least recently first.
    pub(crate) async fn due(&self, now_ms: u64, limit: u32) -> Result<Vec<RunId>, Error> {
        let names: Vec<String> = sqlx::query_scalar(
            "SELECT id FROM ( \
               SELECT id, updated_ms FROM run \
               WHERE instr(id, '.') = 0 AND progress ->> 'status' = 'running' \
               UNION \
               SELECT id, updated_ms FROM run \
               WHERE instr(id, '.') = 0 AND progress ->> 'status' = 'waiting' AND progress ->> 'wake_ms' <= ?1 \
               UNION \
               SELECT id, updated_ms FROM run \
               WHERE instr(id, '.') = 0 AND progress ->> 'status' = 'waiting' AND key IN (SELECT run FROM word) \
             ) ORDER BY updated_ms, id LIMIT ?2",
        )
        .bind(i64::try_from(now_ms).unwrap_or(i64::MAX))
        .bind(limit)
        .fetch_all(&self.pool)
        .await
        .map_err(|error| self.database.fault(&error))?;
        names.iter().map(|name| self.id(name)).collect()
    }
}
