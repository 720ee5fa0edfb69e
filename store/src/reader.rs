//! Reading runs: lists, headers, events. Never writes.

use crate::blob::{Blob, Hash};
use crate::database::{Database, Settings, VERSION};
use crate::fault;
use crate::segment::{self, Damage, Payloads, Slot, Stored};
use crate::writer::{Position, missing};
use futures_util::TryStreamExt;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteRow};
use sqlx::{Row, SqlitePool};
use std::path::Path;
use std::time::Duration;
use tokio::task::JoinHandle;
use troupe_core::id::RunId;
use troupe_core::port::journal::{Entry, RunHeader, RunRecord};
use troupe_core::port::{Error, ErrorKind};

/// Connections for reading: people and reports read, a few at a time.
const CONNECTIONS: u32 = 3;
/// Segments that are decoded at once, while the next ones are read.
const BATCH: usize = 2048;
/// Rows that SQLite's thread may be ahead: a switch of threads for every 50, the default, takes longer
/// than reading them.
const ROWS_AHEAD: usize = 1024;
/// How long to wait for a connection that others use.
const PATIENCE: Duration = Duration::from_secs(30);

/// The runs of a folder, for commands that only look: nothing is created and nothing is written.
#[derive(Debug, Clone)]
pub struct Reader {
    database: Database,
    pool: SqlitePool,
}

impl Reader {
    /// Opens the database of `folder`.
    ///
    /// # Errors
    /// `Missing` when there is none; `Corrupt` when it is damaged or of another version; `Storage` when
    /// it may not be read; `Unavailable` when another program holds it.
    pub async fn open(folder: &Path) -> Result<Self, Error> {
        let database = Database::of(folder, Settings::default());
        if !database.exists() {
            let message = format!("no run was started in {}: it holds no database", folder.display());
            return Err(Error::new(ErrorKind::Missing, message));
        }
        let reader = Self::of(database.clone());
        let reader = match (reader.probe().await, database.reading_untouched()) {
            (Err(error), Some(options)) if fault::cannot_open(&error) => Self::connect(database, options),
            (probed, _) => probed.map(|()| reader).map_err(|error| database.fault(&error))?,
        };
        let mut connection = reader
            .pool
            .acquire()
            .await
            .map_err(|error| reader.database.fault(&error))?;
        reader.database.check_readable(&mut connection).await?;
        drop(connection);
        Ok(reader)
    }

    /// Reads a database that is known to be in order.
    pub(crate) fn of(database: Database) -> Self {
        let options = database.reading();
        Self::connect(database, options)
    }

    fn connect(database: Database, options: SqliteConnectOptions) -> Self {
        let pool = SqlitePoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(PATIENCE)
            .test_before_acquire(false)
            .connect_lazy_with(options.row_buffer_size(ROWS_AHEAD));
        Self { database, pool }
    }

    /// The least that touches the file.
    async fn probe(&self) -> Result<(), sqlx::Error> {
        sqlx::query("PRAGMA schema_version").fetch_one(&self.pool).await?;
        Ok(())
    }

    /// All events of a run in order.
    ///
    /// # Errors
    /// `Missing` when there is no such run; `Corrupt` when an event is damaged, missing, or of a kind
    /// that this version does not know: other runs can still be read.
    pub async fn load(&self, run: &RunId) -> Result<Vec<Entry>, Error> {
        let (position, writer) = self.position(run).await?;
        let slots = self.slots(run, position, &writer).await?;
        // More may have been appended since the run was looked up; fewer cannot be.
        let expected = position.next.max(slots.len() as u64);
        let found = slots
            .iter()
            .map(|slot| Some(slot.sequence()))
            .chain(std::iter::repeat(None));
        if let Some((sequence, _)) = (0..expected)
            .zip(found)
            .find(|(sequence, found)| *found != Some(*sequence))
        {
            return Err(self.damaged(run, &writer, Damage::Gap { sequence }));
        }
        let payloads = self.payloads(&slots).await?;
        let fill = move || {
            slots
                .into_iter()
                .map(|slot| slot.fill(&payloads))
                .collect::<Result<_, _>>()
        };
        in_background(fill)
            .await?
            .map_err(|damage| self.damaged(run, &writer, damage))
    }

    async fn position(&self, run: &RunId) -> Result<(Position, String), Error> {
        let found: Option<(i64, i64, String)> =
            sqlx::query_as("SELECT key, next_sequence, writer FROM run WHERE id = ?")
                .bind(run.as_str())
                .fetch_optional(&self.pool)
                .await
                .map_err(|error| self.database.fault(&error))?;
        let (key, next, writer) = found.ok_or_else(|| missing(run))?;
        let next = u64::try_from(next).map_err(|_| self.database.corrupt(format!("run {run} has no length")))?;
        Ok((Position { key, next }, writer))
    }

    /// Reads segments on SQLite's thread and decodes them on others at the same time.
    async fn slots(&self, run: &RunId, position: Position, writer: &str) -> Result<Vec<Slot>, Error> {
        let mut rows = sqlx::query(
            "SELECT position, at_ms, bytes FROM segment WHERE position >= ?1 AND position < ?2 ORDER BY position",
        )
        .bind(Position::of_segment(position.key, 0))
        .bind(Position::of_segment(position.key + 1, 0))
        .fetch(&self.pool);
        let mut batches: Vec<JoinHandle<Result<Vec<Slot>, Damage>>> = Vec::new();
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            let row = rows.try_next().await.map_err(|error| self.database.fault(&error))?;
            let full = batch.len() == BATCH || row.is_none();
            if full {
                let ready = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
                batches.push(tokio::task::spawn_blocking(move || decode(ready)));
            }
            let Some(row) = row else { break };
            batch.push(stored(&row).map_err(|error| self.database.fault(&error))?);
        }
        let mut slots = Vec::with_capacity(usize::try_from(position.next).unwrap_or_default());
        for batch in batches {
            let decoded = batch.await.map_err(|_| ending())?;
            slots.extend(decoded.map_err(|damage| self.damaged(run, writer, damage))?);
        }
        Ok(slots)
    }

    async fn payloads(&self, slots: &[Slot]) -> Result<Payloads, Error> {
        let mut wanted: Vec<Hash> = slots.iter().flat_map(Slot::mentioned).collect();
        wanted.sort_unstable_by(|a, b| a.as_slice().cmp(b.as_slice()));
        wanted.dedup();
        let mut payloads = Payloads::with_capacity(wanted.len());
        for hash in wanted {
            // A payload that is gone or damaged is reported by the event that needs it.
            if let Some(text) = self
                .payload(&hash)
                .await?
                .and_then(|content| String::from_utf8(content).ok())
            {
                payloads.insert(hash, text);
            }
        }
        Ok(payloads)
    }

    async fn payload(&self, hash: &Hash) -> Result<Option<Vec<u8>>, Error> {
        let bytes: Option<Vec<u8>> = sqlx::query_scalar("SELECT bytes FROM blob WHERE hash = ?")
            .bind(hash.as_slice())
            .fetch_optional(&self.pool)
            .await
            .map_err(|error| self.database.fault(&error))?;
        Ok(bytes.and_then(|bytes| Blob::content(hash, &bytes)))
    }

    /// One run, with its sources.
    ///
    /// # Errors
    /// `Missing` when there is no such run; `Corrupt` when its sources are damaged.
    pub async fn run(&self, run: &RunId) -> Result<RunRecord, Error> {
        let row = sqlx::query(
            "SELECT id, started_ms, updated_ms, next_sequence, progress, workflow, path, fingerprint, settings, sources \
             FROM run JOIN header ON header.run = run.key WHERE id = ?",
        )
        .bind(run.as_str())
        .fetch_optional(&self.pool)
        .await
        .map_err(|error| self.database.fault(&error))?
        .ok_or_else(|| missing(run))?;
        let mut record = self.record(&row)?;
        let hash: Vec<u8> = row.try_get("sources").map_err(|error| self.database.fault(&error))?;
        let content = match Hash::from_slice(&hash) {
            Some(hash) => self.payload(&hash).await?,
            None => None,
        };
        record.header.sources = content
            .and_then(|content| serde_json::from_slice(&content).ok())
            .ok_or_else(|| self.database.corrupt(format!("the sources of run {run} are damaged")))?;
        Ok(record)
    }

    /// The newest `limit` runs, newest first, without their sources.
    ///
    /// # Errors
    /// `Storage`, `Corrupt` or `Unavailable` when the database cannot be read.
    pub async fn runs(&self, limit: u32) -> Result<Vec<RunRecord>, Error> {
        let rows = sqlx::query(
            "SELECT id, started_ms, updated_ms, next_sequence, progress, workflow, path, fingerprint, settings \
             FROM run JOIN header ON header.run = run.key ORDER BY started_ms DESC, id DESC LIMIT ?",
        )
        .bind(limit)
        .fetch_all(&self.pool)
        .await
        .map_err(|error| self.database.fault(&error))?;
        rows.iter().map(|row| self.record(row)).collect()
    }

    /// The runs whose names begin with `prefix`, newest first.
    ///
    /// # Errors
    /// As [`Reader::runs`].
    pub async fn find(&self, prefix: &str) -> Result<Vec<RunId>, Error> {
        let names: Vec<String> = sqlx::query_scalar(
            "SELECT id FROM run WHERE substr(id, 1, length(?1)) = ?1 ORDER BY started_ms DESC, id DESC",
        )
        .bind(prefix)
        .fetch_all(&self.pool)
        .await
        .map_err(|error| self.database.fault(&error))?;
        names.iter().map(|name| self.id(name)).collect()
    }

    /// Closes the connections.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    fn id(&self, name: &str) -> Result<RunId, Error> {
        RunId::parse(name).ok_or_else(|| self.database.corrupt(format!("`{name}` is no name of a run")))
    }

    fn record(&self, row: &SqliteRow) -> Result<RunRecord, Error> {
        let name: &str = row.try_get("id").map_err(|error| self.database.fault(&error))?;
        let run = self.id(name)?;
        record(run, row).map_err(|error| self.database.fault(&error))
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

fn decode(batch: Vec<Stored>) -> Result<Vec<Slot>, Damage> {
    let mut slots = Vec::with_capacity(batch.len());
    for stored in batch {
        segment::decode(stored, &mut slots)?;
    }
    Ok(slots)
}

fn stored(row: &SqliteRow) -> Result<Stored, sqlx::Error> {
    Ok(Stored {
        first: Position::sequence_of(row.try_get(0)?),
        at_ms: row.try_get(1)?,
        bytes: row.try_get(2)?,
    })
}

fn record(run: RunId, row: &SqliteRow) -> Result<RunRecord, sqlx::Error> {
    let progress: &str = row.try_get("progress")?;
    Ok(RunRecord {
        header: RunHeader {
            run,
            workflow: row.try_get("workflow")?,
            path: row.try_get("path")?,
            fingerprint: row.try_get("fingerprint")?,
            sources: Vec::new(),
            settings: row.try_get("settings")?,
            started_ms: row.try_get("started_ms")?,
            forked: None,
        },
        progress: serde_json::from_str(progress).map_err(|error| sqlx::Error::Decode(error.into()))?,
        updated_ms: row.try_get("updated_ms")?,
        events: row.try_get("next_sequence")?,
    })
}
